"""Dates that the vaccine of a site does not last for: given elsewhere in the calendar, or taken away."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from core.calendars import Pair
from core.products import Product
from core.states import Reserving
from core.store.pairs import PairFinder
from core.store.places import Places
from core.store.rebooking import RebookingBook
from core.store.registrations import RegistrationBook
from core.store.reservation_rows import Reservation, ReservationRows, State
from core.vault import Vault
from core.world import World


class RationBook:
    """Confirmed rows of `reservations`; locked in the order registration, reservation, slots by id."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault
        self._rows = ReservationRows(db)
        self._places = Places(db)

    def lock_dates(self, registration_id: int) -> Reservation | None:
        """Her confirmed dates, which nobody changes until the commit."""
        self._rows.lock(registration_id)
        found = self._rows.living(registration_id)
        return found if found and found.state is State.CONFIRMED else None

    def free_pairs(
        self, site_id: UUID, product: Product, world: World, *, not_before: datetime, at_most: int
    ) -> list[Pair]:
        """Other dates for a vaccine, soonest first; whether it lasts for them is the caller's to say."""
        others = world.products.by_key.keys() - {product.key}
        finder = PairFinder(self._db, world.products)
        return finder.find(site_id, not_before=not_before, at_most=at_most, lacking=others)

    def take_away(self, dates: Reservation) -> None:
        """Free both places, and a hold of others; she stands at the head of the queue."""
        if self._rows.move(dates.reservation_id, Reserving.TAKEN_AWAY):
            RebookingBook(self._db).let_go_new(dates.registration_id)
            self._places.move(freed=dates.slot_ids)
            RegistrationBook(self._db, self._vault).lose_dates(dates.registration_id)
