"""Leftover doses of the day: ask the next substitutes in order, more of them while doses are left."""

from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from conversations.session import Session
from core.messages import Lane
from core.products import Product
from core.store.date_notices import Recipient
from core.store.substitute_rounds import PURPOSE, LeftoverRound
from core.store.work import Work
from core.substitutes import WIDEN_AFTER, Window, how_many
from workers.telling import Notice, tell
from workers.workshop import Workshop, installed

log = structlog.get_logger()

LANE: Final = Lane.CONFIRMATION
"""Before any bulk: it is of no use later. The hours are the site's day, which no round leaves."""


def offer_leftovers() -> None:
    """Job: ask more substitutes where doses are left, and end rounds for which nobody can come any more.

    Whom a round asks is noted in the transaction that queues the message, under the lock of the round: any
    number of processes may do this at once, and be killed in between.
    """
    workshop = installed()
    with workshop.store.begin() as work:
        rounds = work.substitute_rounds.open_rounds()
    for each in rounds:
        with workshop.store.begin() as work:
            leftover = work.substitute_rounds.lock_open(each.round_id)
            if leftover:
                _go_on(work, workshop, leftover, now=workshop.clock())


def open_round(
    work: Work,
    workshop: Workshop,
    site_id: UUID,
    product: Product,
    doses: int,
    *,
    window: Window,
    who: str,
    now: datetime,
) -> tuple[LeftoverRound, int]:
    """Offer leftover doses to the first in order; gives the round, and how many are asked at once."""
    leftover = work.substitute_rounds.open(site_id, product, doses, window=window, who=who, now=now)
    return leftover, _ask(work, workshop, leftover, now=now)


def _go_on(work: Work, workshop: Workshop, leftover: LeftoverRound, *, now: datetime) -> None:
    if not leftover.left or now >= leftover.answer_until:
        lapsed = work.substitute_rounds.end(leftover, now=now)
        log.info("substitutes.ended", round_id=leftover.round_id, left=leftover.left, unanswered=lapsed)
    elif now - leftover.widened_at >= WIDEN_AFTER:
        _ask(work, workshop, leftover, now=now)


def _ask(work: Work, workshop: Workshop, leftover: LeftoverRound, *, now: datetime) -> int:
    most = how_many(leftover.left, work.substitute_rounds.answers_of(leftover.site_id))
    asked = work.substitute_rounds.ask(leftover, at_most=most, now=now)
    recipients = work.date_notices.recipients(asked)
    people = [recipients[each] for each in asked]
    busy = _in_a_dialogue(work, people, now=now)
    notices = [
        Notice(
            whom,
            {"first": leftover.come_by, "is_busy": whom.registration_id in busy},
            leftover.answer_until,
        )
        for whom in people
    ]
    tell(work, workshop, PURPOSE, notices, lane=LANE, now=now)
    if asked:
        log.info("substitutes.asked", round_id=leftover.round_id, count=len(asked))
    return len(asked)


def _in_a_dialogue(work: Work, people: list[Recipient], *, now: datetime) -> set[int]:
    """Those whose yes would answer something else that they were asked before."""
    found = work.sessions.find([whom.address for whom in people])
    is_open = {
        address: Session.resume(kept, moved_at, now=now).is_open
        for address, (kept, moved_at) in found.items()
    }
    return {whom.registration_id for whom in people if is_open.get(whom.address, False)}
