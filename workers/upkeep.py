"""What time alone changes: holds lapse, handed-over messages without an answer are judged."""

from datetime import timedelta
from typing import Final

import structlog

from core.messages import Lane
from core.store.work import OUTBOX_CHANNEL
from workers.workshop import installed

log = structlog.get_logger()

CLAIM_LASTS: Final = timedelta(minutes=5)  # a sender alive settles its claims within seconds
ANSWER_WAITS: Final = timedelta(minutes=2)  # for a receipt, before an unanswered answer goes again


def release_lapsed_holds() -> None:
    """Job: free the dates of people who did not decide in time."""
    workshop = installed()
    with workshop.store.begin() as work:
        released = work.reservations.release_lapsed(workshop.clock())
    if released:
        log.info("upkeep.holds_released", count=released)


def reconcile_unanswered() -> None:
    """Job: doubt what a dead sender had claimed, send answers again, drop what is no longer true.

    An inviting SMS is never sent again on a doubt: a receipt decides.
    """
    workshop = installed()
    now = workshop.clock()
    with workshop.store.begin() as work:
        found = work.outbox.reconcile(
            claims_before=now - CLAIM_LASTS,
            again=[Lane.ANSWER],
            unanswered_before=now - ANSWER_WAITS,
            now=now,
        )
        if found.resent:
            work.wake(OUTBOX_CHANNEL)
    if any(found):
        log.info("upkeep.reconciled", **found._asdict())
