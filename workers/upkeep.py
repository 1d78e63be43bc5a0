"""What time alone changes: holds lapse, invitations run out, messages that did not arrive are judged."""

from collections import Counter
from datetime import datetime
from typing import Final

import structlog

from conversations.media import medium_of
from conversations.session import SESSION_LASTS
from core.messages import SMS_CHANNEL, Address, NewMt
from core.store.stand_ins import Undelivered
from core.store.step_counts import NOWHERE, Way
from core.store.work import OUTBOX_CHANNEL
from core.unanswered import PATIENCE
from workers.notices import operators_of, written
from workers.workshop import installed

log = structlog.get_logger()

AT_ONCE: Final = 1_000  # messages in one transaction

MOST_LAPSED: Final = 1_000  # in one transaction


def release_lapsed_holds() -> None:
    """Job: free the dates of people who did not decide in time."""
    workshop = installed()
    with workshop.store.begin() as work:
        released = work.reservations.release_lapsed(workshop.clock())
    if released:
        log.info("upkeep.holds_released", count=released)


def end_unfinished_orders() -> None:
    """Job: end orders of tests and the like that were left without a date."""
    workshop = installed()
    now = workshop.clock()
    with workshop.store.begin() as work:
        ended = work.orders.end_unfinished(now - SESSION_LASTS, now=now)
    if ended:
        log.info("upkeep.orders_ended", count=ended)


def end_invitations() -> None:
    """Job: end invitations that ran out unanswered; their owners wait again, or are blocked by the policy."""
    workshop = installed()
    world = workshop.world
    with workshop.store.begin() as work:
        ended = work.withdrawals.run_out(
            most_invitations=world.policy.most_invitations,
            dialogue_lasts=world.hold_for,
            now=workshop.clock(),
        )
    if any(ended):
        log.info("upkeep.invitations_ended", **ended._asdict())


def reconcile_unanswered() -> None:
    """Job: doubt what a dead sender had claimed, send answers again, drop what is no longer true.

    An inviting SMS is never sent again on a doubt: a receipt decides.
    """
    workshop = installed()
    now = workshop.clock()
    with workshop.store.begin() as work:
        found = work.outbox.reconcile(PATIENCE, now=now)
        if found.resent:
            work.wake(OUTBOX_CHANNEL)
    if any(found):
        log.info("upkeep.reconciled", **found._asdict())


def lapse_sessions() -> None:
    """Job: end dialogues that nobody went on with, and count where they were left."""
    workshop = installed()
    before = workshop.clock() - SESSION_LASTS
    count = MOST_LAPSED
    while count == MOST_LAPSED:
        with workshop.store.begin() as work:
            left = work.sessions.lapse(before=before, at_most=MOST_LAPSED)
            work.step_counts.add(
                Counter(
                    Way(each.dialogue, each.version, medium_of(each.address.channel), each.step, NOWHERE)
                    for each in left
                )
            )
        count = len(left)
        if left:
            log.info("upkeep.sessions_lapsed", count=count)


def stand_in_by_sms() -> None:
    """Job: send by SMS, in the same words, what a chat could not deliver and nobody asked for."""
    workshop = installed()
    now = workshop.clock()
    with workshop.store.begin() as work:
        undelivered = work.stand_ins.take(now=now, at_most=AT_ONCE)
        operators = work.operators.as_they_are(workshop.operators, now=now)
        addresses = [Address(SMS_CHANNEL, each.phone) for each in undelivered]
        operator_of = operators_of(work, addresses, operators)
        stand_ins = [
            _stand_in(each, address, operator=operator_of(address), now=now)
            for each, address in zip(undelivered, addresses, strict=True)
        ]
        work.outbox.add(stand_ins)
        if stand_ins:
            work.wake(OUTBOX_CHANNEL)
    if stand_ins:
        log.info("upkeep.stand_ins", count=len(stand_ins))


def _stand_in(failed: Undelivered, address: Address, *, operator: str, now: datetime) -> NewMt:
    text, segments = written(lambda _: failed.text, address)
    return NewMt(
        address=address,
        operator=operator,
        lane=failed.lane,
        purpose=failed.purpose,
        text=text,
        segments=segments,
        created_at=now,
        rank=failed.rank,
        registration_id=failed.registration_id,
        invitation_id=failed.invitation_id,
        valid_until=failed.valid_until,
        instead_of=failed.mt_id,
    )
