"""Waves: one decision each who is invited now, or of whom that is taken back, kept as it was made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select

from core.store import tables as t

_w, _i, _o = t.waves.c, t.invitations.c, t.outbox.c
MOST_LOOKED_AT = 500  # a site plans every minute, and its waves are kept for ever
WHO = "who"  # the inputs' list of registrations, in the order of their messages


@dataclass(frozen=True, slots=True)
class KeptWave:
    """A decision as it was made.

    ``size`` is what it adds to the invited: a brake, which takes back, has one below 0. ``who`` are the
    registrations, in order.
    """

    wave_id: int
    site_id: UUID
    planned_at: datetime
    policy: str
    inputs: Mapping[str, Any]
    reasons: tuple[str, ...]
    size: int
    approved_by: str

    @property
    def who(self) -> tuple[int, ...]:
        return tuple(self.inputs.get(WHO, ()))


@dataclass(frozen=True, slots=True)
class Reached:
    """What became since of an invitation that a wave gave: its state, and its message's."""

    state: str
    message: str | None


class WaveBook:
    """The `waves` table: rows are added, never changed."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(
        self,
        site_id: UUID,
        size: int,
        who: Sequence[int],
        *,
        policy: str,
        inputs: Mapping[str, Any],
        reasons: Sequence[str],
        approved_by: str,
        now: datetime,
    ) -> int:
        """Keep a decision; gives its number."""
        wave = insert(t.waves).values(
            site_id=site_id,
            planned_at=now,
            policy=policy,
            inputs={**inputs, WHO: list(who)},
            reasons=list(reasons),
            size=size,
            approved_by=approved_by,
        )
        return int(self._db.execute(wave.returning(_w.wave_id)).scalar_one())

    def get(self, wave_id: int) -> KeptWave | None:
        """A wave by its number."""
        row = self._db.execute(select(t.waves).where(_w.wave_id == wave_id)).one_or_none()
        return None if row is None else _kept(row)

    def latest(self, at_most: int, *, site_id: UUID | None = None) -> list[KeptWave]:
        """The newest waves, newest first; of one site if it is named."""
        waves = select(t.waves)
        if site_id is not None:
            waves = waves.where(_w.site_id == site_id)
        return [_kept(row) for row in self._db.execute(waves.order_by(_w.wave_id.desc()).limit(at_most))]

    def sizes(
        self, site_id: UUID, *, since: datetime, until: datetime, like: Mapping[str, Any]
    ) -> tuple[int, ...]:
        """How many the newest waves of a site invited, in that time and with such inputs; brakes left out."""
        newest = (
            select(t.waves)
            .where(_w.site_id == site_id, _w.size > 0)
            .order_by(_w.wave_id.desc())
            .limit(MOST_LOOKED_AT)
            .subquery()
        )
        n = newest.c
        some = select(n.size).where(n.planned_at.between(since, until), n.inputs.contains(like))
        return tuple(self._db.execute(some.order_by(n.wave_id)).scalars())

    def last_input(self, site_id: UUID, name: str) -> Any:
        """One of the inputs of a site's last wave; None before the first one."""
        last = (
            select(_w.inputs[name])
            .where(_w.site_id == site_id, _w.size > 0)
            .order_by(_w.wave_id.desc())
            .limit(1)
        )
        return self._db.execute(last).scalar()

    def reached(self, wave_id: int) -> dict[int, Reached]:
        """What became of the invitations that a wave gave, by registration."""
        rows = self._db.execute(
            select(_i.registration_id, _i.state, _o.state)
            .select_from(t.invitations.outerjoin(t.outbox, _o.invitation_id == _i.invitation_id))
            .where(_i.wave_id == wave_id)
        )
        return {registration_id: Reached(state, message) for registration_id, state, message in rows}


def _kept(row: Any) -> KeptWave:
    return KeptWave(
        row.wave_id,
        row.site_id,
        row.planned_at,
        row.policy,
        row.inputs,
        tuple(row.reasons),
        row.size,
        row.approved_by,
    )
