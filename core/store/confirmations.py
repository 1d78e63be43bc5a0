"""What can be confirmed of a reservation: read from everywhere it is written down."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from core.check_in import check_in_code
from core.confirmation import Confirmation, Visit
from core.products import Products
from core.states import HAS_DATES
from core.store import tables as t
from core.vault import Vault

VALID = (*HAS_DATES, "done")

_first, _second = t.slots.alias("first"), t.slots.alias("second")
_v, _r, _s, _c = t.reservations.c, t.registrations.c, t.sites.c, t.calendars.c
_NAME = func.concat_ws(" ", _r.first_name, _r.last_name).label("name")
_READ = (
    select(
        _v.registration_id,
        _v.state,
        _NAME,
        _r.language,
        _first.c.begins_at.label("first"),
        _second.c.begins_at.label("second"),
        _s.name.label("site"),
        _s.address,
        _s.latitude,
        _s.longitude,
        _c.product,
    )
    .select_from(t.reservations)
    .join(t.registrations, _r.registration_id == _v.registration_id)
    .join(_first, _first.c.slot_id == _v.first_slot_id)
    .outerjoin(_second, _second.c.slot_id == _v.second_slot_id)
    .join(t.calendars, _c.calendar_id == _first.c.calendar_id)
    .join(t.sites, _s.site_id == _c.site_id)  # where the dates are, wherever she registered
)


class RegistrationFacts(NamedTuple):
    """What an acknowledgement says."""

    name: str
    language: str
    site: str
    registered_at: datetime


class ConfirmationView:
    """Reads; nothing is written here."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def registration(self, registration_id: int) -> RegistrationFacts:
        """What can be acknowledged of a registration."""
        found = (
            select(_NAME, _r.language, _s.name.label("site"), _r.registered_at)
            .join(t.sites, _s.site_id == _r.site_id)
            .where(_r.registration_id == registration_id)
        )
        return RegistrationFacts(*self._db.execute(found).one())

    def of(self, reservation_id: int, products: Products) -> Confirmation | None:
        """The dates of a reservation, also of one that was cancelled; None if there is none."""
        row = self._db.execute(_READ.where(_v.reservation_id == reservation_id)).first()
        if row is None:
            return None
        product = products.find(row.product)
        moments = [moment for moment in (row.first, row.second) if moment is not None]
        return Confirmation(
            registration_id=row.registration_id,
            reservation_id=reservation_id,
            name=row.name,
            language=row.language,
            visits=tuple(Visit(dose, moment) for dose, moment in enumerate(moments, 1)),
            site=row.site,
            address=row.address,
            latitude=row.latitude,
            longitude=row.longitude,
            product=product.name if product else row.product,
            code=check_in_code(reservation_id, self._vault),
            is_valid=row.state in VALID,
        )
