"""What is published, read as a stream: server-side cursors, so that a country fits in little memory."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Date, Select, case, cast, func, select, text

from core.calendars.calendar import PRAGUE, Round
from core.exports.registrace import STATES, YOUNGEST, Alike, born_by
from core.exports.rezervace import PlacesOfDay
from core.services import VACCINATION
from core.sites.site import Kind
from core.store import tables as t
from core.store.pairs import day_bounds

_r, _s, _c, _p = t.registrations.c, t.slots.c, t.calendars.c, t.sites.c
_REGION: Final = func.left(func.coalesce(_p.district, ""), 5)
_ROOM: Final = text("SET LOCAL work_mem = '64MB'")  # to group a million registrations without the disk
AT_ONCE: Final = 5_000


class ExportView:
    """Reads only."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def count_registrations(self, *, since: date | None = None) -> int:
        """How many registrations `registrations` is going to tell of."""
        return int(self._db.execute(_published(select(func.count()), since)).scalar_one())

    def registrations(self, *, on: date, since: date | None = None) -> Iterator[Alike]:
        """Registrations for vaccination counted by what is told of them, sorted by region, then site.

        Ages are those of that day; with ``since`` only people who registered from that local day on.
        """
        facts = (
            _r.site_id,
            _day(_r.registered_at).label("registered_on"),
            _age_group(on).label("youngest"),
            _r.group_key,
            _r.state,
            _r.blocked_because,
            _day(_r.reserved_at).label("reserved_on"),
        )
        # Grouped before the sites are joined: what is sorted is then a quarter as wide.
        alike = _published(select(*facts, func.count().label("count")), since).group_by(*facts).subquery()
        of_site, *others = alike.c
        rows = (
            select(of_site, _p.name, _p.district, *others)
            .join(t.sites, _p.site_id == of_site)
            .order_by(_REGION, of_site)
        )
        self._db.execute(_ROOM)
        for row in self._stream(rows):
            yield Alike(*row)

    def count_places(self, *, other_products: Collection[str] = (), since: date | None = None) -> int:
        """How many rows `places` is going to give."""
        found = _places(other_products, since).order_by(None).subquery()
        return int(self._db.execute(select(func.count()).select_from(found)).scalar_one())

    def places(
        self, *, other_products: Collection[str] = (), since: date | None = None
    ) -> Iterator[PlacesOfDay]:
        """The places of every site, local day and round, without those of ``other_products``."""
        found = _places(other_products, since)
        for on, site_id, name, district, round_, free, most in self._stream(found):
            yield PlacesOfDay(on, site_id, name, district, Round(round_), int(free), int(most))

    def _stream(self, rows: Select[Any]) -> Iterator[Any]:
        with self._db.execute(rows.execution_options(yield_per=AT_ONCE)) as streamed:
            yield from streamed


def _published(rows: Select[Any], since: date | None) -> Select[Any]:
    rows = rows.where(_r.service == VACCINATION, _r.state.in_(STATES))
    return rows if since is None else rows.where(_r.registered_at >= day_bounds(since)[0])


def _places(other_products: Collection[str], since: date | None) -> Select[Any]:
    day = _day(_s.begins_at).label("day")
    found = (
        select(
            day,
            _p.site_id,
            _p.name,
            _p.district,
            _c.round,
            func.sum(_s.capacity - _s.taken).label("free"),
            func.sum(_s.capacity).label("most"),
        )
        .select_from(t.slots.join(t.calendars, _c.calendar_id == _s.calendar_id).join(t.sites))
        .where(_c.product.not_in(other_products), _p.kind.is_distinct_from(Kind.SAMPLING.value))
        .group_by(day, _p.site_id, _c.round)
        .order_by(day, _REGION, _p.site_id, _c.round)
    )
    return found if since is None else found.where(_s.begins_at >= day_bounds(since)[0])


def _day(moment: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.timezone(PRAGUE.key, moment), Date)


def _age_group(on: date) -> ColumnElement[int]:
    """The youngest age of the group that somebody is in."""
    older = ((_r.birth_date <= born_by(on, years), years) for years in reversed(YOUNGEST[1:]))
    return case(*older, else_=YOUNGEST[0])
