"""What must hold after whatever happened: each law is a question whose every answer breaks it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import text

from core.blocking import RULES, Lifter, Reason
from core.store.figures import FigureBook
from core.store.outcomes import OutcomeBook
from core.store.supply import Supply
from core.store.work import Work
from core.world import World
from tests.transitions import in_tables, seen
from tests.workers.town import SITE

ROWS: Final[Mapping[str, str]] = {
    "one number has one living registration for a service": """
        SELECT min(registration_id) FROM registrations WHERE ended_at IS NULL
        GROUP BY number_digest, service HAVING count(*) > 1""",
    "reserved is who has dates to come": """
        SELECT registration_id FROM registrations r WHERE (state = 'reserved') <> EXISTS (
            SELECT FROM reservations v WHERE v.registration_id = r.registration_id
            AND v.state IN ('confirmed', 'arrived'))""",
    "done is who has had all doses": """
        SELECT registration_id FROM registrations r WHERE (state = 'done') <> EXISTS (
            SELECT FROM reservations v WHERE v.registration_id = r.registration_id AND v.state = 'done')""",
    "an ended registration holds nothing": """
        SELECT registration_id FROM registrations JOIN reservations v USING (registration_id)
        WHERE ended_at IS NOT NULL AND v.state IN ('held', 'confirmed', 'arrived')""",
    "other dates are held for dates that she still has": """
        SELECT c.reservation_id FROM reservations c JOIN reservations v ON v.reservation_id = c.changing_of
        WHERE c.state = 'held' AND v.state NOT IN ('confirmed', 'arrived', 'done')""",
    "an invitation is given once in its round": """
        SELECT registration_id FROM invitations WHERE state <> 'void'
        GROUP BY registration_id, round HAVING count(*) > 1""",
    "an invitation is told by one message": """
        SELECT invitation_id FROM outbox WHERE invitation_id IS NOT NULL AND instead_of IS NULL
        GROUP BY invitation_id HAVING count(*) > 1""",
    "a PIN is good for somebody who is to choose": """
        SELECT invitation_id FROM invitations i JOIN registrations r USING (registration_id)
        WHERE i.state = 'open'
        AND (r.ended_at IS NOT NULL OR r.state NOT IN ('invited', 'returned', 'blocked'))""",
    "whoever is invited has a PIN": """
        SELECT registration_id FROM registrations r WHERE state = 'invited' AND NOT EXISTS (
            SELECT FROM invitations i WHERE i.registration_id = r.registration_id AND i.state = 'open')""",
    "blocked is who is so for a reason": """
        SELECT registration_id FROM registrations
        WHERE (state = 'blocked') <> (blocked_because IS NOT NULL)""",
    "five wrong PINs block": """
        SELECT registration_id FROM registrations
        WHERE wrong_pins >= 5 AND state IN ('waiting', 'invited', 'returned')""",
}
"""SQL that gives ids: one row, and the law is broken."""
_ALL_AT_ONCE: Final = text(
    " UNION ALL ".join(
        f"SELECT '{law}', array_agg(id) FROM ({query}) broken(id) HAVING count(*) > 0"  # noqa: S608 - our own words
        for law, query in ROWS.items()
    )
)


def broken(work: Work, world: World, *, now: datetime, is_stocked: bool) -> Iterator[str]:
    """The laws that do not hold, with ids and numbers only.

    ``is_stocked``: no vaccine was taken from the site, so that what it promised is still there.
    """
    if slots := OutcomeBook(work.db).miscounted_slots():
        yield f"places taken are those of living reservations, never more than there are: {slots} slots"
    for law, ids in work.db.execute(_ALL_AT_ONCE):
        yield f"{law}: {ids}"
    yield from _figures(work)
    yield from _blocks(work)
    if others := seen(work.db) - in_tables():
        yield f"every change is in the tables: {sorted(others)}"
    if late := work.db.scalar(
        text("SELECT count(*) FROM reservations WHERE state = 'held' AND hold_until > :latest"),
        {"latest": now + world.hold_for},
    ):
        yield f"nothing is held for longer than is told: {late}"
    if is_stocked:
        yield from _vaccine(work, world, now=now)


def _figures(work: Work) -> Iterator[str]:
    told = FigureBook(work.db, work.vault).figures()
    blocked = work.db.scalar(
        text("SELECT count(*) FROM registrations WHERE ended_at IS NULL AND state = 'blocked'")
    )
    if told.registrations != told.reservations + told.waiting + blocked:
        yield f"registrations are reservations and waiting (and {blocked} blocked): {told}"


def _blocks(work: Work) -> Iterator[str]:
    rows = work.db.execute(
        text(
            "SELECT registration_id, blocked_because, blocked_until, ended_at FROM registrations "
            "WHERE blocked_because IS NOT NULL"
        )
    )
    for row in rows:
        rule = RULES[Reason(row.blocked_because)]
        ends_or_is_over = row.blocked_until is not None or row.ended_at is not None
        if rule.lifted_by in (Lifter.NOBODY, Lifter.TIME) and not ends_or_is_over:
            yield f"a block can be lifted, or ends: {row.registration_id} {row.blocked_because}"


def _vaccine(work: Work, world: World, *, now: datetime) -> Iterator[str]:
    twice = _held_twice(work)
    for key, supply in work.supply.of_site(SITE, world, now=now).items():
        if _promised(supply) - twice.get(key, 0) > supply.on_hand:
            yield f"no dose is promised twice: {key}, {supply}, {twice}"


def _promised(supply: Supply) -> int:
    return supply.promised.first + supply.promised.second


def _held_twice(work: Work) -> dict[str, int]:
    """Doses by vaccine of holds of other dates for whoever has dates for that vaccine: she gets hers once."""
    rows = work.db.execute(
        text(
            "SELECT lower(k.product) AS product, count(*) AS doses FROM reservations c "
            "JOIN reservations v ON v.reservation_id = c.changing_of "
            "JOIN slots f ON f.slot_id = v.first_slot_id JOIN calendars had USING (calendar_id) "
            "JOIN slots s ON s.slot_id IN (c.first_slot_id, c.second_slot_id) "
            "JOIN calendars k ON k.calendar_id = s.calendar_id AND k.product = had.product "
            "WHERE c.state = 'held' GROUP BY 1"
        )
    )
    return {row.product: row.doses for row in rows}
