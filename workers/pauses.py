"""A site pauses: tell whoever waits there, each exactly once, and once more when it is open again."""

from datetime import datetime, time
from functools import partial
from typing import Any, Final

import structlog

from conversations.library import Library
from core.calendars.calendar import PRAGUE
from core.messages import SMS_CHANNEL, Address, Lane, NewMt
from core.sites.pauses import Pause
from core.store.anew import anew
from core.store.pause_notices import PauseNotice, Waiting
from core.store.site_pauses import KeptPause
from core.store.work import OUTBOX_CHANNEL, Work
from workers.notices import Written, operators_of, written
from workers.workshop import Workshop, installed

log = structlog.get_logger()

AT_ONCE: Final = 1_000  # people in one transaction


def tell_of_pauses() -> None:
    """Job: tell whoever waits at a site that it pauses, and whoever was told so that it is open again.

    Who was told is noted in the transaction that queues the message: any number of processes may do this at
    once, and be killed in between.
    """
    workshop = installed()
    today = workshop.clock().astimezone(PRAGUE).date()
    with workshop.store.begin() as work:
        pauses = work.pauses.to_tell()
    for kept in pauses:
        if not kept.pause.is_over(today):
            _tell_all(workshop, kept, PauseNotice.PAUSES)
            continue
        others = (each.pause for each in pauses if each.site_id == kept.site_id)
        if not any(pause.covers(today) for pause in others):
            _tell_all(workshop, kept, PauseNotice.REOPENS)
        with workshop.store.begin() as work:
            work.pauses.told_all(kept.pause_id, now=workshop.clock())


def sample(library: Library, site: str, pause: Pause, purpose: PauseNotice, language: str) -> Written:
    """The SMS that somebody invented would get."""
    said = _said("Jana Vzorová", site, pause, has_pin=False)
    words = partial(library.words.render_notice, purpose.value, language, **said)
    return written(words, Address(SMS_CHANNEL, ""))


def _tell_all(workshop: Workshop, kept: KeptPause, purpose: PauseNotice) -> None:
    told = AT_ONCE
    while told == AT_ONCE:
        told = anew(lambda: _tell_next(workshop, kept, purpose))
        if told:
            log.info("pauses.told", pause_id=kept.pause_id, purpose=purpose.value, count=told)


def _tell_next(workshop: Workshop, kept: KeptPause, purpose: PauseNotice) -> int:
    now = workshop.clock()
    with workshop.store.begin() as work:
        people = work.pause_notices.take(kept, purpose, at_most=AT_ONCE)
        ids = [who.registration_id for who in people]
        fresh = work.pause_notices.note(kept, purpose, ids, now=now)
        if purpose is PauseNotice.REOPENS:
            fresh -= work.pause_notices.withdraw(kept, ids, now=now)
        to_tell = [who for who in people if who.registration_id in fresh]
        work.outbox.add(_messages(work, workshop, kept, purpose, to_tell, now=now))
        if to_tell:
            work.wake(OUTBOX_CHANNEL)
    return len(people)


def _messages(
    work: Work,
    workshop: Workshop,
    kept: KeptPause,
    purpose: PauseNotice,
    people: list[Waiting],
    *,
    now: datetime,
) -> list[NewMt]:
    operator_of = operators_of(work, [who.address for who in people], workshop.operators)
    # Once the site is open again, word of its pause would be false.
    ends = kept.pause.reopens_on if purpose is PauseNotice.PAUSES else None
    messages = []
    for who in people:
        said = _said(who.name, kept.site, kept.pause, has_pin=who.has_pin)
        words = partial(workshop.library.words.render_notice, purpose.value, who.language, **said)
        text, segments = written(words, who.address)
        messages.append(
            NewMt(
                address=who.address,
                operator=operator_of(who.address),
                lane=Lane.NOTICE,
                purpose=purpose.value,
                text=text,
                segments=segments,
                created_at=now,
                registration_id=who.registration_id,
                valid_until=None if ends is None else datetime.combine(ends, time(), PRAGUE),
            )
        )
    return messages


def _said(name: str, site: str, pause: Pause, *, has_pin: bool) -> dict[str, Any]:
    return {
        "name": name,
        "site": site,
        "from_on": pause.from_on.isoformat(),
        "last_day": pause.last_day and pause.last_day.isoformat(),
        "has_pin": has_pin,
    }
