"""Changes of sites that wait until somebody has looked at them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from core.sites import Changed, Doubt, Doubted, Event, Kind, Method, Origin, Site, SitesDiff
from core.store import tables as t
from core.store.site_history import Happened, SiteHistoryBook
from core.store.sites import SiteBook

ONE_AT_A_TIME: Final = 0x43524302  # the key of an advisory lock: sites are imported and approved one by one

_h = t.held_changes.c

Plain: TypeAlias = Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class HeldChange:
    """A question about a site: ``old`` and ``new`` are its doubted fields, empty when the site would go."""

    held_id: int
    site_id: UUID
    site: str
    doubt: Doubt
    old: Plain
    new: Plain
    words: str
    source: str
    brought_by: str
    held_at: datetime
    state: str
    """waiting, approved or rejected"""


@dataclass(frozen=True, slots=True)
class Questions:
    """What an import asks anew, again, or again although it was rejected; ``over`` is asked no more."""

    fresh: tuple[Doubted, ...] = ()
    waiting: tuple[HeldChange, ...] = ()
    rejected: tuple[HeldChange, ...] = ()
    over: tuple[HeldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """These were approved and are applied, or were rejected."""

    changes: tuple[HeldChange, ...]


@dataclass(frozen=True, slots=True)
class NotWaiting:
    """Nothing was decided: these do not wait, because there are none such, or somebody else decided."""

    held_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """Nothing was decided: these sites are not any more what the question was about."""

    changes: tuple[HeldChange, ...]


DecideOutcome: TypeAlias = Decided | NotWaiting | ChangedSince


class HeldChangeBook:
    """The `held_changes` table; a question is asked once, however often a file brings it."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._history = SiteHistoryBook(db)

    def one_at_a_time(self) -> None:
        """Let nobody else import or approve until the commit."""
        self._db.execute(select(func.pg_advisory_xact_lock(ONE_AT_A_TIME)))

    def waiting(self) -> list[HeldChange]:
        """What somebody has to look at, oldest first."""
        return [held for held in self._live() if held.state == "waiting"]

    # -- Imports -------------------------------------------------------------------------------------------

    def ask(
        self, doubted: Iterable[Doubted], *, about: Collection[UUID], silent: Collection[str]
    ) -> Questions:
        """Tell what an import about these sites asks anew; fields in ``silent`` it says nothing about."""
        live = {(held.site_id, held.doubt): held for held in self._live() if held.site_id in about}
        fresh: list[Doubted] = []
        waiting: list[HeldChange] = []
        rejected: list[HeldChange] = []
        for each in doubted:
            held = live.get((each.site_id, each.doubt))
            if held is None or (dict(held.old), dict(held.new)) != _sides(each):
                fresh.append(each)
                continue
            del live[each.site_id, each.doubt]
            (waiting if held.state == "waiting" else rejected).append(held)
        asked = {(each.site_id, each.doubt) for each in fresh}
        over = [
            held
            for key, held in live.items()
            if key in asked or not (held.new and held.new.keys() <= set(silent))
        ]
        return Questions(tuple(fresh), tuple(waiting), tuple(rejected), tuple(over))

    def hold(self, questions: Questions, origin: Origin, *, now: datetime) -> None:
        """Keep what is asked anew, and end what is not asked any more."""
        over = [held.held_id for held in questions.over]
        self._db.execute(update(t.held_changes).where(_h.held_id.in_(over)).values(over_at=now))
        rows = []
        for each in questions.fresh:
            old, new = _sides(each)
            rows.append(
                {
                    "site_id": each.site_id,
                    "doubt": each.doubt,
                    "old": old,
                    "new": new,
                    "words": each.words,
                    "source": origin.source,
                    "brought_by": origin.who,
                    "held_at": now,
                }
            )
        if rows:
            self._db.execute(insert(t.held_changes), rows)
        happened = (
            Happened(each.site_id, Event.HELD, each.doubt, new=each.words) for each in questions.fresh
        )
        self._history.note(happened, origin, now=now)

    # -- Decisions -----------------------------------------------------------------------------------------

    def approve(self, held_ids: Collection[int], *, by: str, now: datetime) -> DecideOutcome:
        """Apply all of these, or none."""
        self.one_at_a_time()
        found = self._find(held_ids)
        if isinstance(found, NotWaiting):
            return found
        book = SiteBook(self._db)
        now_is = {**book.all(), **book.gone()}
        stale = tuple(
            held
            for held in found
            if any(_plain(getattr(now_is[held.site_id], f)) != was for f, was in held.old.items())
        )
        if stale:
            return ChangedSince(stale)
        self._decide(found, "approved", by=by, now=now, over_at=now)
        for source in dict.fromkeys(held.source for held in found):
            of_source = [held for held in found if held.source == source]
            book.apply(_as_diff(of_source, now_is), now=now, origin=Origin(by, source))
        return Decided(tuple(found))

    def reject(self, held_ids: Collection[int], *, by: str, now: datetime) -> DecideOutcome:
        """Let these sites stay as they are; the same change is not asked about again."""
        self.one_at_a_time()
        found = self._find(held_ids)
        if isinstance(found, NotWaiting):
            return found
        self._decide(found, "rejected", by=by, now=now)
        for held in found:
            happened = Happened(held.site_id, Event.REJECTED, held.doubt, new=held.words)
            self._history.note([happened], Origin(by, held.source), now=now)
        return Decided(tuple(found))

    def _decide(self, found: Iterable[HeldChange], state: str, **more: Any) -> None:
        by, now = more.pop("by"), more.pop("now")
        which = update(t.held_changes).where(_h.held_id.in_([held.held_id for held in found]))
        self._db.execute(which.values(state=state, decided_by=by, decided_at=now, **more))

    def _find(self, held_ids: Collection[int]) -> list[HeldChange] | NotWaiting:
        waiting = {held.held_id: held for held in self.waiting()}
        if unknown := tuple(sorted(set(held_ids) - waiting.keys())):
            return NotWaiting(unknown)
        return [waiting[held_id] for held_id in sorted(set(held_ids))]

    def _live(self) -> list[HeldChange]:
        rows = self._db.execute(
            select(
                _h.held_id,
                _h.site_id,
                t.sites.c.name.label("site"),
                _h.doubt,
                _h.old,
                _h.new,
                _h.words,
                _h.source,
                _h.brought_by,
                _h.held_at,
                _h.state,
            )
            .join(t.sites)
            .where(_h.over_at.is_(None))
            .order_by(_h.held_id)
        )
        return [_held(row) for row in rows]


def _held(row: Any) -> HeldChange:
    return HeldChange(**dict(row._mapping) | {"doubt": Doubt(row.doubt)})


def _as_diff(held: Sequence[HeldChange], now_is: Mapping[UUID, Site]) -> SitesDiff:
    """What these would change, all fields of one site together."""
    gone = [now_is[each.site_id] for each in held if each.doubt is Doubt.GONE]
    returned = [_with(now_is[each.site_id], each.new) for each in held if each.doubt is Doubt.RETURNED]
    fields: dict[UUID, dict[str, Any]] = {}
    for each in held:
        if each.doubt not in (Doubt.GONE, Doubt.RETURNED):
            fields.setdefault(each.site_id, {}).update(each.new)
    changed = [
        Changed.between(now_is[site_id], _with(now_is[site_id], new)) for site_id, new in fields.items()
    ]
    return SitesDiff(tuple(returned), tuple(changed), tuple(gone), ())


def _sides(doubted: Doubted) -> tuple[dict[str, Any], dict[str, Any]]:
    """The doubted fields as they are and as they would be, in plain values."""
    if doubted.new is None:
        return {}, {}
    return (
        {f: _plain(getattr(doubted.old, f)) for f in doubted.fields},
        {f: _plain(getattr(doubted.new, f)) for f in doubted.fields},
    )


def _plain(value: Any) -> Any:
    match value:
        case date():
            return value.isoformat()
        case Kind():
            return value.value
        case frozenset():
            return sorted(value)
        case _:
            return value


def _with(site: Site, plain: Plain) -> Site:
    """The site with these fields, read back from plain values."""
    read: dict[str, Any] = dict(plain)
    if read.get("kind") is not None:
        read["kind"] = Kind(read["kind"])
    if read.get("opens_on") is not None:
        read["opens_on"] = date.fromisoformat(read["opens_on"])
    if "methods" in read:
        read["methods"] = frozenset(map(Method, read["methods"]))
    return replace(site, **read)
