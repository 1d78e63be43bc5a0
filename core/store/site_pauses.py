"""Pauses of sites: on which days nobody is vaccinated there."""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, TypeAlias
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    bindparam,
    cast,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from core.calendars.calendar import PRAGUE
from core.sites.pauses import Pause
from core.sites.record import Event, Origin
from core.store import tables as t
from core.store.site_history import Happened, SiteHistoryBook

_p = t.site_pauses.c

IsPaused: TypeAlias = Callable[[int, date], bool]
"""Says of a calendar and a local day whether its site pauses then."""


@dataclass(frozen=True, slots=True)
class KeptPause:
    """A pause of a site, as somebody decided it."""

    pause_id: int
    site_id: UUID
    site: str
    pause: Pause
    paused_by: str


@dataclass(frozen=True, slots=True)
class PausedAlready:
    """The site pauses on some of these days already."""

    kept: KeptPause


@dataclass(frozen=True, slots=True)
class NotPaused:
    """There is no pause to end."""


@dataclass(frozen=True, slots=True)
class ReopensEarlier:
    """The site will be open before that day anyway."""

    kept: KeptPause


PauseOutcome: TypeAlias = KeptPause | PausedAlready
ReopenOutcome: TypeAlias = KeptPause | NotPaused | ReopensEarlier


class PauseBook:
    """The `site_pauses` table; pauses of a site have no day in common."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._history = SiteHistoryBook(db)

    def of_site(self, site_id: UUID) -> list[KeptPause]:
        """Every pause of a site, in order of time."""
        return self._kept(_p.site_id == site_id)

    def in_force(self, site_ids: Collection[UUID], *, today: date) -> dict[UUID, Pause]:
        """The sites that pause today."""
        kept = self._kept(
            _p.site_id.in_(site_ids), _p.from_on <= today, or_(_p.reopens_on.is_(None), _p.reopens_on > today)
        )
        return {each.site_id: each.pause for each in kept}

    def met_by(self, site_id: UUID, pause: Pause) -> KeptPause | None:
        """The pause of this site that has a day in common with one; others cannot make another meanwhile."""
        self._lock(site_id)
        return next((each for each in self.of_site(site_id) if each.pause.meets(pause)), None)

    def begin(self, site_id: UUID, pause: Pause, origin: Origin, *, now: datetime) -> PauseOutcome:
        """Let a site pause; the job tells whoever waits there."""
        if met := self.met_by(site_id, pause):
            return PausedAlready(met)
        new = insert(t.site_pauses).values(
            site_id=site_id,
            from_on=pause.from_on,
            reopens_on=pause.reopens_on,
            because=pause.because,
            paused_by=origin.who,
            paused_at=now,
        )
        pause_id = self._db.execute(new.returning(_p.pause_id)).scalar_one()
        self._history.note([Happened(site_id, Event.PAUSED, new=pause.words())], origin, now=now)
        return self._kept(_p.pause_id == pause_id)[0]

    def reopen(self, site_id: UUID, on: date, origin: Origin, *, today: date, now: datetime) -> ReopenOutcome:
        """Let a site's pause end so that it is open on that day; one that has not begun is called off."""
        self._lock(site_id)
        kept = next((each for each in self.of_site(site_id) if not each.pause.is_over(today)), None)
        if kept is None:
            return NotPaused()
        if kept.pause.reopens_on is not None and kept.pause.reopens_on <= on:
            return ReopensEarlier(kept)
        pause = replace(kept.pause, from_on=min(kept.pause.from_on, on), reopens_on=on)
        ended = update(t.site_pauses).where(_p.pause_id == kept.pause_id)
        self._db.execute(ended.values(from_on=pause.from_on, reopens_on=pause.reopens_on))
        was = None if kept.pause.reopens_on is None else str(kept.pause.reopens_on)
        happened = Happened(site_id, Event.REOPENED, "reopens_on", was or "nothing", str(on))
        self._history.note([happened], origin, now=now)
        return replace(kept, pause=pause)

    def to_tell(self) -> list[KeptPause]:
        """The pauses of which somebody may not have been told yet, in order of time."""
        return self._kept(_p.told_all_at.is_(None))

    def told_all(self, pause_id: int, *, now: datetime) -> None:
        """Nobody else has to hear of a pause."""
        done = update(t.site_pauses).where(_p.pause_id == pause_id, _p.told_all_at.is_(None))
        self._db.execute(done.values(told_all_at=now))

    def _lock(self, site_id: UUID) -> None:
        self._db.execute(select(t.sites.c.site_id).where(t.sites.c.site_id == site_id).with_for_update())

    def _kept(self, *which: ColumnElement[bool]) -> list[KeptPause]:
        rows = self._db.execute(
            select(t.site_pauses, t.sites.c.name)
            .join(t.sites)
            .where(*which)
            .order_by(_p.from_on, _p.pause_id)
        )
        return [
            KeptPause(
                row.pause_id,
                row.site_id,
                row.name,
                Pause(row.from_on, row.reopens_on, row.because),
                row.paused_by,
            )
            for row in rows
        ]


def paused_days(db: Connection, calendar_ids: Collection[int]) -> IsPaused:
    """Read once which days of these calendars fall into a pause of their site."""
    pauses: dict[int, list[Pause]] = defaultdict(list)
    for calendar_id, *pause in db.execute(_OF_CALENDARS, {"calendars": list(calendar_ids)}):
        pauses[calendar_id].append(Pause(*pause))
    return lambda calendar_id, day: any(pause.covers(day) for pause in pauses.get(calendar_id, ()))


# Built once: building a statement costs more than running it.
_OF_CALENDARS: Final = (
    select(t.calendars.c.calendar_id, _p.from_on, _p.reopens_on, _p.because)
    .join(t.site_pauses, _p.site_id == t.calendars.c.site_id)
    .where(t.calendars.c.calendar_id.in_(bindparam("calendars", expanding=True)))
)


def pauses_on(site_id: ColumnElement[UUID], begins_at: ColumnElement[datetime]) -> ColumnElement[bool]:
    """For a query: the site pauses on the day of a slot."""
    day = cast(func.timezone(PRAGUE.key, begins_at), Date)
    return exists().where(
        _p.site_id == site_id, _p.from_on <= day, or_(_p.reopens_on.is_(None), _p.reopens_on > day)
    )
