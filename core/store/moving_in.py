"""People come over from an earlier system: many at once, each of them wholly or not at all."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from core.messages import SMS_CHANNEL
from core.moving_in import AlreadyHere, Fate, Fresh, KeepsDates, KeepsNewer, Known, Replaces, fate
from core.registrations_file import OldRegistration
from core.services import VACCINATION
from core.store import tables as t
from core.store.registrations import NUMBER, facts_of
from core.store.work import Work

LANGUAGE = "cs"  # the earlier system spoke nothing else

MovedIn: TypeAlias = Counter[type[Fate]]
"""How many people met each fate."""

_r = t.registrations.c


class MovingIn:
    """Registrations of an earlier system with their time and group, and the PINs that died there.

    Who registers here at the same moment is kept apart by the index of one living registration per number.
    """

    def __init__(self, work: Work) -> None:
        self._work = work

    def take(self, people: Sequence[OldRegistration], *, source: str, now: datetime) -> MovedIn:
        """Take people over; whoever is here already stays as they are."""
        known = self._known([person.number for person in people])
        fates = {
            person.number: fate(person.registered_at, known[person.number], source=source)
            for person in people
        }
        for met in fates.values():
            if isinstance(met, Replaces):
                self._end(met.registration_id, now=now)
        coming = [person for person in people if isinstance(fates[person.number], Fresh | Replaces)]
        added = self._add(coming, source=source)
        owners = {
            pin: registration_id
            for person in people
            for pin in person.old_pins
            if (registration_id := added.get(person.number) or _who_counts(fates[person.number]))
        }
        self._work.dead_pins.bury(owners)
        # Who is missing registered here since we looked, which is newer than any file.
        outrun = [person for person in coming if person.number not in added]
        met_by = Counter(type(met) for met in fates.values())
        for person in outrun:
            met_by[type(fates[person.number])] -= 1
            met_by[KeepsNewer] += 1
        return met_by

    def _known(self, numbers: Sequence[str]) -> Mapping[str, list[Known]]:
        """Every registration of these numbers, locked until the commit in the order of ids."""
        vault = self._work.vault
        number_of = {digest: number for number in numbers for digest in vault.digests(number, purpose=NUMBER)}
        rows = self._work.db.execute(
            select(
                _r.number_digest,
                _r.registration_id,
                _r.registered_at,
                _r.state.in_(["reserved", "done"]),
                _r.ended_at.is_(None),
                _r.imported_from,
            )
            .where(_r.number_digest.in_(number_of), _r.service == VACCINATION)
            .order_by(_r.registration_id)
            .with_for_update(key_share=True)
        )
        known: defaultdict[str, list[Known]] = defaultdict(list)
        for digest, *facts in rows:
            known[number_of[digest]].append(Known(*facts))
        return known

    def _end(self, registration_id: int, *, now: datetime) -> None:
        self._work.reservations.let_go(registration_id)
        self._work.registrations.replace(registration_id, now=now)
        self._work.invitations.void_of(registration_id, now=now)

    def _add(self, people: Sequence[OldRegistration], *, source: str) -> dict[str, int]:
        """Write those whose number has no living registration: the new ids by number."""
        if not people:
            return {}
        vault = self._work.vault
        rows = [
            facts_of(person, vault)
            | {
                "group_key": person.group_key,
                "score": person.score,
                "language": LANGUAGE,
                "channel": SMS_CHANNEL,
                "address": person.phone,
                "state": "waiting",
                "identify_at": person.registered_at,
                "registered_at": person.registered_at,
                "imported_from": source,
            }
            for person in people
        ]
        number_of = {row["number_digest"]: person.number for row, person in zip(rows, people, strict=True)}
        one_living = upsert(t.registrations).on_conflict_do_nothing(
            index_elements=[_r.number_digest, _r.service], index_where=_r.ended_at.is_(None)
        )
        added = self._work.db.execute(one_living.returning(_r.number_digest, _r.registration_id), rows)
        return {number_of[digest]: registration_id for digest, registration_id in added}


def _who_counts(met: Fate) -> int | None:
    match met:
        case AlreadyHere(registration_id) | KeepsNewer(registration_id) | KeepsDates(registration_id):
            return registration_id
        case Fresh() | Replaces():
            return None
