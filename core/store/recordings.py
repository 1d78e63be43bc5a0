"""Names spoken on the hotline, until the desk has written them down."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, delete, func, insert, select, update

from core.messages import Address
from core.store import tables as t

_r, _g = t.recordings.c, t.registrations.c


@dataclass(frozen=True, slots=True)
class Recording:
    """A name that waits to be written down, and whose it is."""

    recording_id: int
    sound: str
    recorded_at: datetime
    registration_id: int


@dataclass(frozen=True, slots=True)
class Spent:
    """A recording whose sound can be deleted."""

    recording_id: int
    sound: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Named:
    """The registration has its name now."""

    registration_id: int


@dataclass(frozen=True, slots=True)
class NotRegisteredYet:
    """The caller has not finished her registration, or never did."""


@dataclass(frozen=True, slots=True)
class NamedAlready:
    """Somebody of the desk was first."""

    by: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NoRecording:
    """There is no recording of that number."""


NameOutcome: TypeAlias = Named | NotRegisteredYet | NamedAlready | NoRecording


class RecordingBook:
    """The `recordings` table; the sounds themselves are where Asterisk keeps them."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, sound: str, address: Address, *, now: datetime) -> int:
        """Note a recording by its place, and return its number."""
        new = insert(t.recordings).values(
            sound=sound, channel=address.channel, address=address.number, recorded_at=now
        )
        return int(self._db.execute(new.returning(t.recordings.c.recording_id)).scalar_one())

    def link(self, address: Address, registration_id: int) -> None:
        """Say whose name the last recording of a caller is."""
        last = (
            select(func.max(_r.recording_id))
            .where(_r.channel == address.channel, _r.address == address.number, _r.registration_id.is_(None))
            .scalar_subquery()
        )
        self._db.execute(
            update(t.recordings).where(_r.recording_id == last).values(registration_id=registration_id)
        )

    def waiting(self, at_most: int) -> list[Recording]:
        """The names of registrations that wait to be written down, oldest first."""
        found = (
            select(_r.recording_id, _r.sound, _r.recorded_at, _r.registration_id)
            .where(_r.transcribed_at.is_(None), _r.registration_id.is_not(None))
            .order_by(_r.recording_id)
            .limit(at_most)
        )
        return [Recording(*row) for row in self._db.execute(found)]

    def spent(self, at_most: int, *, before: datetime) -> list[Spent]:
        """Those that nobody needs any more, oldest first: written down, or left ``before`` unregistered."""
        is_left = _r.registration_id.is_(None) & (_r.recorded_at < before)
        found = (
            select(_r.recording_id, _r.sound, _r.recorded_at)
            .where(_r.transcribed_at.is_not(None) | is_left)
            .order_by(_r.recording_id)
            .limit(at_most)
        )
        return [Spent(*row) for row in self._db.execute(found)]

    def forget(self, recording_ids: Collection[int]) -> None:
        """Their sounds are deleted."""
        self._db.execute(delete(t.recordings).where(_r.recording_id.in_(recording_ids)))

    def name(
        self, recording_id: int, first_name: str, last_name: str, *, by: str, now: datetime
    ) -> NameOutcome:
        """Write the name that was heard into the registration that came of the call, once."""
        written = (
            update(t.recordings)
            .where(
                _r.recording_id == recording_id,
                _r.transcribed_at.is_(None),
                _r.registration_id.is_not(None),
            )
            .values(transcribed_at=now, transcribed_by=by)
            .returning(_r.registration_id)
        )
        registration_id = self._db.execute(written).scalar_one_or_none()
        if registration_id is None:
            return self._why_not(recording_id)
        self._db.execute(
            update(t.registrations)
            .where(_g.registration_id == registration_id)
            .values(first_name=first_name, last_name=last_name)
        )
        return Named(registration_id)

    def _why_not(self, recording_id: int) -> NameOutcome:
        known = select(_r.transcribed_by).where(_r.recording_id == recording_id)
        row = self._db.execute(known).first()
        if row is None:
            return NoRecording()
        return NotRegisteredYet() if row.transcribed_by is None else NamedAlready(row.transcribed_by)
