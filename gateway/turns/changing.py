"""Other dates for somebody who has some, or none any more: the verbs of the dialogue change."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from conversations.events import Outcome
from conversations.verbs import BUSY, VERBS
from core.mails import Purpose
from core.states import Registering
from core.store.pairs import on_days
from core.store.rebooking import Changed, NothingToChange, is_all_ahead, may_change_second
from core.store.registrations import Registration
from core.store.reservation_rows import Reservation
from core.store.reservations import Lapsed, PairTaken
from core.store.work import Work
from core.world import World
from gateway.turns.mailing import announce
from gateway.turns.person import Person
from gateway.turns.reserving import both, dates_asked_for, pair_of, pairs_asked_for
from gateway.turns.standing import iso, place_of, site_of

Said: TypeAlias = Mapping[str, Any]

CANCELLED: Final = "dates cancelled"
LEFT: Final = "dates and registration cancelled"
CHANGED: Final = "dates changed"


class Changing:
    """The verbs of one turn; nobody's dates are touched but from the phone that she registered with."""

    def __init__(self, work: Work, world: World, person: Person, *, now: datetime) -> None:
        self._work = work
        self._world = world
        self._person = person
        self._now = now

    def see_dates(self, said: Said) -> Outcome:
        mine = self._mine(said)
        dates = self._work.rebooking.dates_of(mine.registration_id) if mine else None
        if dates is None:
            return Outcome("none")
        if is_all_ahead(dates, self._now):
            return Outcome("both" if dates.second else "single", both(dates))
        return Outcome("second_only", both(dates)) if may_change_second(dates, self._now) else Outcome("none")

    def find_new_pairs(self, said: Said) -> Outcome:
        mine = self._mine(said)
        if mine is None:
            return Outcome(BUSY)
        # Who asks for other dates does not want those she holds.
        self._work.rebooking.let_go_new(mine.registration_id)
        dates = self._work.rebooking.dates_of(mine.registration_id)
        return pairs_asked_for(self._work, self._world, mine, said, now=self._now, instead_of=dates)

    def hold_new_pair(self, said: Said) -> Outcome:
        mine, picked = self._mine(said), pair_of(said["picked"])
        if mine is None or picked is None:
            return Outcome(BUSY)
        match self._work.rebooking.hold_new(
            mine.registration_id, picked, site_id=mine.site_id, world=self._world, now=self._now
        ):
            case PairTaken():
                return Outcome("taken")
            case NothingToChange():
                return Outcome("too_late")
            case Reservation() as held:
                return Outcome("held", {**both(held), "until": iso(held.hold_until)})

    def exchange(self, said: Said) -> Outcome:
        mine = self._mine(said)
        if mine is None:
            return Outcome(BUSY)
        match self._work.rebooking.exchange(mine.registration_id, world=self._world, now=self._now):
            case Changed() as changed:
                return self._changed(mine, changed)
            case Lapsed():
                return Outcome("lapsed")
            case NothingToChange():
                return Outcome("too_late")

    def let_go_new(self, said: Said) -> Outcome:
        if mine := self._mine(said):
            self._work.rebooking.let_go_new(mine.registration_id)
        return Outcome("gone")

    def find_seconds(self, said: Said) -> Outcome:
        mine = self._mine(said)
        if mine is None:
            return Outcome(BUSY)
        registration_id = mine.registration_id

        def seconds(at_most: int, **which: Any) -> list[dict[str, Any]]:
            found = self._work.rebooking.seconds(
                registration_id, self._world, now=self._now, at_most=at_most, is_wanted=on_days(**which)
            )
            return [{"value": str(slot.slot_id), "second": iso(slot.begins_at)} for slot in found]

        return dates_asked_for(seconds, said, most=VERBS["find_seconds"].most)

    def change_second(self, said: Said) -> Outcome:
        mine, picked = self._mine(said), str(said["picked_second"] or "")
        if mine is None or not picked.isdecimal():
            return Outcome(BUSY)
        match self._work.rebooking.change_second(
            mine.registration_id, int(picked), world=self._world, now=self._now
        ):
            case Changed() as changed:
                return self._changed(mine, changed)
            case PairTaken():
                return Outcome("taken")
            case NothingToChange():
                return Outcome("too_late")

    def cancel_and_wait(self, said: Said) -> Outcome:
        mine = self._cancelled(said)
        if mine is None:
            return Outcome("too_late")
        self._work.registrations.release(mine.registration_id, Registering.CANCELLED)
        self._note(CANCELLED, mine)
        waits = self._work.registrations.get(mine.registration_id)
        place = place_of(self._work, waits) if waits else None
        return Outcome("cancelled", {"site": site_of(self._work, mine)[0], "place": place})

    def cancel_and_leave(self, said: Said) -> Outcome:
        mine = self._cancelled(said)
        if mine is None:
            return Outcome("too_late")
        self._work.registrations.leave(mine.registration_id, now=self._now)
        self._note(LEFT, mine)
        return Outcome("cancelled")

    def _cancelled(self, said: Said) -> Registration | None:
        mine = self._mine(said)
        dates = (
            self._work.rebooking.cancel(mine.registration_id, now=self._now) if mine else NothingToChange()
        )
        if mine is None or isinstance(dates, NothingToChange):
            return None
        self._tell(mine, Purpose.CANCELLED, dates)
        return mine

    def _changed(self, mine: Registration, changed: Changed) -> Outcome:
        self._tell(mine, Purpose.CHANGED, changed.after)
        self._note(CHANGED, mine)
        return Outcome("changed", {**both(changed.after), "site": site_of(self._work, mine)[0]})

    def _tell(self, mine: Registration, purpose: Purpose, dates: Reservation) -> None:
        """Call off what is no longer true, and write a letter with what is."""
        self._work.date_notices.call_off(mine.registration_id, now=self._now)
        announce(
            self._work,
            self._world,
            mine.registration_id,
            purpose,
            reservation_id=dates.reservation_id,
            now=self._now,
        )

    def _note(self, what: str, mine: Registration) -> None:
        who = f"{self._person.address.channel} dialogue"
        self._work.audit.note(who, what, registration_id=mine.registration_id, now=self._now)

    def _mine(self, said: Said) -> Registration | None:
        return self._person.registration(said["registration"])
