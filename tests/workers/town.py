"""A town to plan in: one site with dates and vaccine, and people who wait there."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert

from core.calendars.calendar import PRAGUE
from core.messages import Lane
from core.sending_hours import SendingHours
from core.store import tables as t
from core.vault import Vault

SITE = UUID(int=1)
OTHER_SITE = UUID(int=2)
NOW = datetime(2021, 1, 22, 9, tzinfo=UTC)
FIRST_DAY = datetime(2021, 1, 25, 8, tzinfo=UTC)
THREE_WEEKS = timedelta(days=21)
HOURS = SendingHours({Lane.INVITATION: (time(8), time(20))}, PRAGUE)


def vault() -> Vault:
    return Vault(b"a key that only the tests have..")


def add_site(db: Connection, *, site_id: UUID = SITE, name: str = "Nemocnice Jihlava") -> UUID:
    db.execute(
        insert(t.sites).values(
            site_id=site_id,
            name=name,
            address="Vrchlického 59, 586 33 Jihlava",
            city="Jihlava",
            psc="58633",
            latitude=49.39,
            longitude=15.58,
            kind="OČM",
            is_active=True,
            capacity_per_day=100,
            imported_at=NOW,
        )
    )
    return site_id


def add_person(
    db: Connection,
    number: int,
    *,
    site_id: UUID = SITE,
    score: int = 13,
    born: date = date(1940, 1, 1),
    at: datetime = NOW - timedelta(days=1),
    state: str = "waiting",
    **more: object,
) -> int:
    """A registration; `number` makes the person and her phone."""
    phone = f"+420601{number:06}"
    digits = f"40{number:07}"
    row = {
        "first_name": "Anna",
        "last_name": f"Nováková {number}",
        "number_sealed": vault().seal(digits),
        "number_digest": vault().digest(digits, purpose="insurance number"),
        "number_verdict": "valid",
        "birth_date": born,
        "insurer": "111",
        "psc": "58601",
        "phone": phone,
        "site_id": site_id,
        "group_key": "80+",
        "score": score,
        "language": "cs",
        "channel": "sms",
        "address": phone,
        "state": state,
        "registered_at": at,
        **more,
    }
    new = insert(t.registrations).values(row).returning(t.registrations.c.registration_id)
    return int(db.execute(new).scalar_one())


def add_people(db: Connection, count: int, *, start: int = 1, site_id: UUID = SITE) -> list[int]:
    return [add_person(db, number, site_id=site_id) for number in range(start, start + count)]


def add_dates(
    db: Connection,
    *,
    pairs: int,
    site_id: UUID = SITE,
    product: str = "comirnaty",
    apart: timedelta = THREE_WEEKS,
    first: datetime = FIRST_DAY,
) -> tuple[list[int], list[int]]:
    """Two linked calendars with a slot of one place per pair; the slots' ids."""
    second = _add_calendar(db, site_id, "V2", product, None)
    linked = _add_calendar(db, site_id, "V1", product, second)
    return (
        _add_slots(db, linked, (first + timedelta(minutes=5 * n) for n in range(pairs))),
        _add_slots(db, second, (first + apart + timedelta(minutes=5 * n) for n in range(pairs))),
    )


def _add_calendar(db: Connection, site_id: UUID, round_: str, product: str, linked: int | None) -> int:
    new = insert(t.calendars).values(
        site_id=site_id,
        name=f"{product} {round_}",
        round=round_,
        product=product,
        links_to=None if linked is None else f"{product} V2",
        linked_id=linked,
    )
    return int(db.execute(new.returning(t.calendars.c.calendar_id)).scalar_one())


def _add_slots(db: Connection, calendar_id: int, moments: Iterable[datetime]) -> list[int]:
    rows = [{"calendar_id": calendar_id, "begins_at": moment, "capacity": 1} for moment in moments]
    new = insert(t.slots).returning(t.slots.c.slot_id, sort_by_parameter_order=True)
    return list(db.execute(new, rows).scalars())


def hold(
    db: Connection,
    registration_id: int,
    first: int,
    second: int | None,
    *,
    state: str = "held",
    changing_of: int | None = None,
) -> None:
    """Dates kept for somebody, their places taken."""
    db.execute(
        insert(t.reservations).values(
            registration_id=registration_id,
            state=state,
            first_slot_id=first,
            second_slot_id=second,
            held_at=NOW,
            hold_until=NOW + timedelta(minutes=30),
            changing_of=changing_of,
        )
    )
    for slot_id in (first, second):
        db.execute(t.slots.update().where(t.slots.c.slot_id == slot_id).values(taken=t.slots.c.taken + 1))


def expect(db: Connection, doses: int, due_on: date, *, product: str = "comirnaty") -> None:
    """Vaccine is announced to the site."""
    db.execute(
        insert(t.expected_deliveries).values(
            site_id=SITE,
            product=product,
            due_on=due_on,
            announced=doses,
            doses=doses,
            changed_by="test",
            changed_at=NOW,
        )
    )


def deliver(db: Connection, doses: int, *, site_id: UUID = SITE, product: str = "comirnaty") -> None:
    """Vaccine comes to the site."""
    db.execute(
        insert(t.stock_movements).values(
            movement_key=str(uuid4()),
            site_id=site_id,
            product=product,
            kind="Příjem",
            moved_on=NOW.date(),
            doses=doses,
        )
    )
