"""The job that sends letters: claim, hand over, settle; whoever dies in between leaves a doubt, counted."""

from collections import Counter, deque
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Final

import structlog

from core.mails import Mail, MailState, Purpose
from core.store.work import Work
from workers.mails.carrier import (
    AddressUnknown,
    Carrier,
    CarrierAway,
    LetterRefused,
    Post,
    TakenLater,
    Unanswered,
)
from workers.mails.letters import Registered, Writer
from workers.workshop import Workshop, installed

log = structlog.get_logger()

AT_ONCE: Final = 20  # letters claimed for one connection; well within CLAIM_LASTS
SEND_FOR: Final = timedelta(seconds=30)  # other jobs of the worker wait; the next tick comes soon


def send_mails() -> None:
    """Job: send every letter that is due; nothing where no mail server is set."""
    workshop = installed()
    if workshop.post is None:
        return
    counts = send_due(workshop, workshop.post)
    if counts:
        log.info("mails.done", **{state.value: count for state, count in counts.items()})


def send_due(workshop: Workshop, post: Post) -> Counter[MailState]:
    """Send what is due, and say what became of it; what cannot leave now is left for later."""
    ends_at = workshop.clock() + SEND_FOR
    with workshop.store.begin() as work:
        if doubted := work.mails.doubt(now=workshop.clock()):
            log.warning("mails.doubted", count=doubted)
    counts: Counter[MailState] = Counter()
    while workshop.clock() < ends_at and (left := deque(_claim(workshop))):
        try:
            with post.open() as carrier:
                while left:
                    counts[_send(workshop, post, carrier, left[0])] += 1
                    left.popleft()
        except CarrierAway as away:
            log.warning("mails.no_server", error=str(away))
            if isinstance(away, Unanswered):
                left.popleft()  # stays claimed: in doubt like the letters of a sender that died
            with workshop.store.begin() as work:
                work.mails.give_back(left, now=workshop.clock(), because=str(away))
            break
    return counts


def _claim(workshop: Workshop) -> list[Mail]:
    with workshop.store.begin() as work:
        return work.mails.claim(at_most=AT_ONCE, now=workshop.clock())


def _send(workshop: Workshop, post: Post, carrier: Carrier, mail: Mail) -> MailState:
    """One letter; the database is asked before and told after, and never waits for the mail server."""
    now = workshop.clock()
    with workshop.store.begin() as work:
        message = _written(workshop, post, work, mail, now=now)
        if message is None:
            work.mails.settle(mail, MailState.DROPPED, now=now)
            return MailState.DROPPED
    try:
        carrier.hand_over(message, to=mail.address)
    except TakenLater as later:
        with workshop.store.begin() as work:
            return work.mails.put_off(mail, now=workshop.clock(), because=later.because)
    except AddressUnknown as unknown:
        return _settled(workshop, mail, MailState.BOUNCED, unknown.because)
    except LetterRefused as refused:
        return _settled(workshop, mail, MailState.FAILED, refused.because)
    return _settled(workshop, mail, MailState.SENT)


def _settled(workshop: Workshop, mail: Mail, state: MailState, because: str | None = None) -> MailState:
    with workshop.store.begin() as work:
        work.mails.settle(mail, state, now=workshop.clock(), because=because)
        if state is MailState.BOUNCED:
            work.mails.refuse(mail.address, now=workshop.clock())
    return state


def _written(workshop: Workshop, post: Post, work: Work, mail: Mail, *, now: datetime) -> EmailMessage | None:
    """The letter as things stand now; None when it is no longer true."""
    from workers.mails.envelope import Enveloper  # noqa: PLC0415  its fonts and pictures take long to load

    enveloper = Enveloper(Writer(workshop.library.words, hotline=workshop.world.hotline), post.sender)
    if mail.reservation_id is None:
        return enveloper.registered(mail, _registered(work, mail), now=now)
    said = work.confirmations.of(mail.reservation_id, workshop.world.products)
    if said is None or said.is_valid is (mail.purpose is Purpose.CANCELLED):
        return None
    return enveloper.confirmation(mail, said, now=now)


def _registered(work: Work, mail: Mail) -> Registered:
    return Registered(**work.confirmations.registration(mail.registration_id)._asdict())
