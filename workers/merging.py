"""Two registrations of one person become one, and she is told: one transaction."""

from datetime import datetime, timedelta
from typing import Final

from core.store.merging import MERGED, Merged, MergeOutcome, merge
from core.store.work import Work
from workers.telling import Notice, tell
from workers.workshop import Workshop

IS_NEWS: Final = timedelta(days=3)


def merge_and_tell(
    work: Work,
    workshop: Workshop,
    keep_id: int,
    end_id: int,
    *,
    by: str,
    is_sure: bool = False,
    now: datetime,
) -> MergeOutcome:
    """Merge them, and tell the person where and how she stands; a second time nothing is said."""
    outcome = merge(work, keep_id, end_id, by=by, is_sure=is_sure, now=now)
    kept = work.registrations.get(keep_id)
    if isinstance(outcome, Merged) and kept:
        whom = work.date_notices.recipients([keep_id])[keep_id]
        values = {
            "standing": kept.state,
            "place": work.registrations.place(kept),
            "took_pin": outcome.took_pin,
        }
        tell(work, workshop, MERGED, [Notice(whom, values, now + IS_NEWS)], now=now)
    return outcome
