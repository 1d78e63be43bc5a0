"""What a chat could not deliver and nobody asked for: an SMS stands in for it, once."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, exists, func, or_, select, update

from core.messages import SMS_CHANNEL, Lane, MtState
from core.store import tables as t
from core.vault import Vault

STAND_IN_LOCK = 8  # namespace of the advisory lock: one process at a time makes stand-ins

_o, _r, _i = t.outbox.c, t.registrations.c, t.invitations.c


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A message that failed for good in a chat; ``phone`` is the registered one."""

    mt_id: int
    lane: Lane
    rank: int
    purpose: str
    text: str = field(repr=False)
    phone: str = field(repr=False)
    registration_id: int
    invitation_id: int | None
    valid_until: datetime | None


class StandInBook:
    """What failed of `outbox` elsewhere than by SMS."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def take(self, *, now: datetime, at_most: int) -> list[Undelivered]:
        """The oldest that are still true and that no SMS stands in for.

        They give their invitations away: the caller queues an SMS ``instead_of`` each, in this transaction.
        """
        self._db.execute(select(func.pg_advisory_xact_lock(STAND_IN_LOCK, 0)))
        stand_in = t.outbox.alias("stand_in")
        rows = self._db.execute(
            select(
                _o.mt_id,
                _o.lane,
                _o.rank,
                _o.purpose,
                _o.text_sealed,
                _r.phone,
                _o.registration_id,
                _o.invitation_id,
                _o.valid_until,
            )
            .select_from(
                t.outbox.join(t.registrations).outerjoin(t.invitations, _i.invitation_id == _o.invitation_id)
            )
            .where(_o.state == MtState.FAILED, _o.channel != SMS_CHANNEL, _o.lane > Lane.ANSWER)
            .where(or_(_o.valid_until.is_(None), _o.valid_until > now), _r.ended_at.is_(None))
            .where(or_(_o.invitation_id.is_(None), _i.state == "open"))
            .where(~exists().where(stand_in.c.instead_of == _o.mt_id))
            .order_by(_o.mt_id)
            .limit(at_most)
        ).all()
        given_away = update(t.outbox).where(_o.mt_id.in_([row.mt_id for row in rows]))
        self._db.execute(given_away.values(invitation_id=None))
        return [
            Undelivered(
                row.mt_id,
                Lane(row.lane),
                row.rank,
                row.purpose,
                self._vault.open(row.text_sealed),
                row.phone,
                row.registration_id,
                row.invitation_id,
                row.valid_until,
            )
            for row in rows
        ]
