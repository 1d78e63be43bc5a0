"""How the invited of a site respond: who is silent and since when, who is choosing, what was seen before."""

from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Double,
    Integer,
    Interval,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    select,
)

from core.invitations import BUCKETS, OpenInvitations, Watched, band_of
from core.messages import MtState
from core.states import IS_LIVING
from core.store import tables as t

ON_THE_WAY: Final = (MtState.QUEUED, MtState.CLAIMED)
ARRIVED: Final = (MtState.SENT, MtState.DELIVERED, MtState.UNANSWERED)
MOST_WATCHED: Final = 5_000  # the newest of a site are enough to learn from, however many were invited there

_r, _i, _o, _v = t.registrations.c, t.invitations.c, t.outbox.c, t.reservations.c
HOLDS_DATES: Final = exists().where(_v.registration_id == _r.registration_id, _v.state.in_(IS_LIVING))
IN_ORDER: Final = (_r.score.desc(), _r.birth_date, _r.registered_at, _r.registration_id)


class ResponseBook:
    """Counts over invitations and who they are for; none of them grows with those who only wait."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def silent(
        self, site_id: UUID, *, now: datetime, dialogue_lasts: timedelta
    ) -> tuple[OpenInvitations, ...]:
        """The invited of a site who hold no dates and are not choosing, by band and since they could read.

        A message that has not left was not read: it counts as just sent.
        """
        is_on_the_way = _o.state.in_(ON_THE_WAY)
        readable = func.greatest(_i.invited_at, case((is_on_the_way, now), else_=_o.settled_at))
        age, bucket = age_on(now.date()), _bucket(literal(now) - readable)
        rows = self._db.execute(
            select(age, bucket, func.count())
            .select_from(
                t.invitations.join(t.registrations).outerjoin(t.outbox, _o.invitation_id == _i.invitation_id)
            )
            .where(*_claims(site_id), ~_is_choosing(now - dialogue_lasts))
            .group_by(age, bucket)
            .order_by(age, bucket)
        )
        return tuple(OpenInvitations(band_of(years), BUCKETS[at], count) for years, at, count in rows)

    def choosing(self, site_id: UUID, *, now: datetime, dialogue_lasts: timedelta) -> int:
        """How many have answered, and look for dates now."""
        choosing = (
            select(func.count())
            .select_from(t.invitations.join(t.registrations))
            .where(*_claims(site_id), _is_choosing(now - dialogue_lasts))
        )
        return int(self._db.execute(choosing).scalar_one())

    def watched(self, site_id: UUID, *, now: datetime, since: datetime) -> list[Watched]:
        """How the newest invitations of a site were answered, or for how long they are silent."""
        w = t.waves.c
        newest = (
            select(
                _i.registration_id,
                func.greatest(_i.invited_at, _o.settled_at).label("read_at"),
                func.coalesce(_i.answered_at, _i.used_at).label("answered_at"),
                _i.expires_at,
            )
            .select_from(
                t.waves.join(t.invitations, _i.wave_id == w.wave_id).join(
                    t.outbox, _o.invitation_id == _i.invitation_id
                )
            )
            .where(w.site_id == site_id, w.planned_at >= since, _i.state != "void", _o.state.in_(ARRIVED))
            .order_by(w.wave_id.desc())
            .limit(MOST_WATCHED)
            .subquery()
        )
        n = newest.c
        until = func.least(func.coalesce(n.answered_at, literal(now)), n.expires_at)
        facts = (
            age_on(now.date()).label("age"),
            cast(func.date_part("day", literal(now) - n.read_at), Integer).label("days_ago"),
            _bucket(until - n.read_at).label("after"),
            n.answered_at.is_not(None).label("is_answered"),
        )
        rows = self._db.execute(
            select(*facts, func.count().label("people"))
            .select_from(newest.join(t.registrations, _r.registration_id == n.registration_id))
            .group_by(*facts)
        )
        return [
            Watched(
                band_of(row.age),
                timedelta(days=row.days_ago),
                BUCKETS[row.after],
                row.is_answered,
                row.people,
            )
            for row in rows
        ]

    def in_line(self, site_id: UUID, at_most: int, *, today: date) -> tuple[str, ...]:
        """The bands of the next people in order: first who came back with nothing."""
        ages: list[int] = []
        for state in ("returned", "waiting"):
            people = select(age_on(today)).where(
                _r.site_id == site_id, _r.state == state, _r.ended_at.is_(None)
            )
            ages += self._db.execute(people.order_by(*IN_ORDER).limit(at_most - len(ages))).scalars()
        return tuple(band_of(years) for years in ages)


def _claims(site_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (_r.site_id == site_id, _r.state == "invited", _i.state == "open", ~HOLDS_DATES)


def _is_choosing(since: datetime) -> ColumnElement[bool]:
    return and_(_i.answered_at.is_not(None), _i.answered_at > since)


def age_on(today: date) -> ColumnElement[int]:
    """Somebody's age in full years on a day."""
    return cast(func.date_part("year", func.age(today, _r.birth_date)), Integer)


def _bucket(elapsed: ColumnElement[Any]) -> ColumnElement[int]:
    """The number of a time in `BUCKETS`, as `bucket_of` has it."""
    begins = cast([bucket.total_seconds() for bucket in BUCKETS], ARRAY(Double))
    number = func.width_bucket(func.date_part("epoch", cast(elapsed, Interval)), begins) - 1
    return func.greatest(0, number)
