"""A second date that does not suit the first dose as it was given: say so once, and offer another."""

from collections.abc import Collection
from datetime import datetime

from core.store.date_notices import SECOND_UNFIT, DateOf, Recipient
from core.store.dosing import Misfit
from core.store.work import Work
from workers.telling import Notice, tell
from workers.workshop import Workshop


def tell_misfits(work: Work, workshop: Workshop, misfits: Collection[Misfit], *, now: datetime) -> int:
    """Tell each how to choose another second date, once; returns how many that are."""
    of_slot = {(each.reservation_id, each.second.slot_id): each for each in misfits}
    dates = [
        DateOf(each.reservation_id, each.registration_id, each.second.slot_id, 2, each.second.begins_at)
        for each in of_slot.values()
    ]
    mine = work.date_notices.claim(dates, SECOND_UNFIT, now=now)
    people = work.date_notices.recipients([each.registration_id for each in mine])
    notices = [
        _about(of_slot[each.reservation_id, each.slot_id], people[each.registration_id]) for each in mine
    ]
    tell(work, workshop, SECOND_UNFIT, notices, now=now)
    return len(mine)


def _about(misfit: Misfit, whom: Recipient) -> Notice:
    values = {
        "second": misfit.second.begins_at,
        "given": misfit.given_on.isoformat(),
        "opens": misfit.opens.isoformat(),
        "closes": None if misfit.closes == misfit.opens else misfit.closes.isoformat(),
        "instead": misfit.instead.begins_at if misfit.instead else None,
        "is_other_vaccine": misfit.is_other_vaccine,
    }
    return Notice(whom, values, misfit.second.begins_at)
