"""Rounds of offers: leftover doses of a site, who was asked, and who was first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    bindparam,
    cast,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from core.calendars import Pair, Round
from core.messages import MtState
from core.products import Product
from core.services import VACCINATION
from core.states import HAS_DATES, OFFER, REGISTRATION, Offering, Registering, Reserving
from core.store import tables as t
from core.store.pairs import PairFinder
from core.store.places import Places, slot_ids
from core.store.reservation_rows import Reservation, ReservationRows, State
from core.store.reservations import MOST_TRIES
from core.store.responses import IN_ORDER
from core.substitutes import Answers, Window
from core.world import World

_d, _f, _r, _u = t.substitute_rounds.c, t.substitute_offers.c, t.registrations.c, t.substitutes.c
_c, _s, _o = t.calendars.c, t.slots.c, t.outbox.c

PURPOSE: Final = "leftover_dose"
"""Of the message that asks: the block of its words."""
STILL_ANSWERED: Final = timedelta(hours=12)
"""So long after it a yes is told that the doses are gone; later nobody remembers what it is about."""


@dataclass(frozen=True, slots=True)
class LeftoverRound:
    """Leftover doses that a site offers; ``ended_at`` None: they may still be taken."""

    round_id: int
    site_id: UUID
    site: str
    product: str
    slot_id: int
    doses: int
    taken: int
    opened_at: datetime
    answer_until: datetime
    come_by: datetime
    widened_at: datetime
    ended_at: datetime | None

    @property
    def left(self) -> int:
        return self.doses - self.taken


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody was asked; ``is_open``: a yes may still get it."""

    round_id: int
    registration_id: int
    is_open: bool
    site: str
    come_by: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """It is hers. ``second`` is None where one dose is enough, or ``owes_second``: none was free."""

    dates: Reservation
    owes_second: bool


@dataclass(frozen=True, slots=True)
class Gone:
    """Others were faster, or nobody could come in time any more."""


@dataclass(frozen=True, slots=True)
class MayNotBook:
    """She has dates by now, or is not in the queue any more."""


TakeOutcome: TypeAlias = Taken | Gone | MayNotBook


class SubstituteRoundBook:
    """The `substitute_rounds` and `substitute_offers` tables.

    Rows are locked in the order registration, reservation, round, slots by id.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db

    # -- Rounds --------------------------------------------------------------------------------------------

    def open(
        self, site_id: UUID, product: Product, doses: int, *, window: Window, who: str, now: datetime
    ) -> LeftoverRound:
        """Offer doses: their places are in a calendar of substitutes, at the moment to come by."""
        new = upsert(t.substitute_rounds).values(
            site_id=site_id,
            product=product.key,
            slot_id=self._make_room(site_id, product, doses, window.come_by),
            doses=doses,
            opened_at=now,
            opened_by=who,
            answer_until=window.answer_until,
            widened_at=now,
        )
        round_id = self._db.execute(new.returning(_d.round_id)).scalar_one()
        (opened,) = self._rounds(_d.round_id == round_id)
        return opened

    def get(self, round_id: int) -> LeftoverRound | None:
        return next(iter(self._rounds(_d.round_id == round_id)), None)

    def lock_open(self, round_id: int) -> LeftoverRound | None:
        """A round that has not ended; nobody else takes, widens or ends it until the commit."""
        lock = select(_d.round_id).where(_d.round_id == round_id, _d.ended_at.is_(None))
        if self._db.execute(lock.with_for_update(key_share=True)).first() is None:
            return None
        return self.get(round_id)

    def open_rounds(self) -> list[LeftoverRound]:
        """Those that have not ended, the oldest first."""
        return self._rounds(_d.ended_at.is_(None))

    def of_site(self, site_id: UUID, *, since: datetime) -> list[LeftoverRound]:
        """The rounds of a site that were opened since then, the oldest first."""
        return self._rounds(_d.site_id == site_id, _d.opened_at >= since)

    def counts(self, round_id: int) -> dict[str, int]:
        """How many offers are in which state."""
        counted = select(_f.state, func.count()).where(_f.round_id == round_id).group_by(_f.state)
        return {row[0]: row[1] for row in self._db.execute(counted)}

    def end(self, leftover: LeftoverRound, *, now: datetime) -> int:
        """End a round, its row locked; gives how many offers lapse.

        Places that nobody took go, and messages that have not left do not leave any more.
        """
        ended = update(t.substitute_rounds).where(_d.round_id == leftover.round_id, _d.ended_at.is_(None))
        if self._db.execute(ended.values(ended_at=now)).rowcount == 0:
            return 0
        fewer = update(t.slots).where(_s.slot_id == leftover.slot_id)
        self._db.execute(fewer.values(capacity=func.greatest(_s.taken, _s.capacity - leftover.left)))
        lapsed = update(t.substitute_offers).where(_f.round_id == leftover.round_id)
        people = self._db.execute(
            lapsed.where(_f.state.in_(OFFER.before(Offering.LAPSED)))
            .values(state=OFFER.after(Offering.LAPSED))
            .returning(_f.registration_id)
        ).scalars()
        return self._keep_back(list(people), now)

    def _keep_back(self, registration_ids: list[int], now: datetime) -> int:
        unsent = update(t.outbox).where(
            _o.registration_id.in_(registration_ids), _o.purpose == PURPOSE, _o.state == MtState.QUEUED
        )
        self._db.execute(unsent.values(state=MtState.EXPIRED, settled_at=now))
        return len(registration_ids)

    def _rounds(self, *which: ColumnElement[bool]) -> list[LeftoverRound]:
        rows = self._db.execute(
            select(*_ROUND)
            .join_from(t.substitute_rounds, t.sites)
            .join(t.slots, _s.slot_id == _d.slot_id)
            .where(*which)
            .order_by(_d.round_id)
        )
        return [LeftoverRound(*row) for row in rows]

    def _make_room(self, site_id: UUID, product: Product, doses: int, come_by: datetime) -> int:
        """A slot of substitutes with so many places more."""
        new = upsert(t.slots).values(
            calendar_id=self._calendar(site_id, product), begins_at=come_by, capacity=doses
        )
        wider = new.on_conflict_do_update(
            index_elements=["calendar_id", "begins_at"], set_={"capacity": _s.capacity + doses}
        )
        return int(self._db.execute(wider.returning(_s.slot_id)).scalar_one())

    def _calendar(self, site_id: UUID, product: Product) -> int:
        """The site's calendar of substitutes for a product; the first round makes it."""
        calendars = select(_c.calendar_id, _c.product).where(
            _c.site_id == site_id, _c.round == Round.SUBSTITUTE
        )
        for calendar_id, written in self._db.execute(calendars.order_by(_c.calendar_id)):
            if written == product.key:
                return int(calendar_id)
        name = f"{product.key} {Round.SUBSTITUTE}"
        new = upsert(t.calendars).values(
            site_id=site_id, name=name, round=Round.SUBSTITUTE, product=product.key
        )
        # Somebody who made it at the same moment made it the same.
        same = new.on_conflict_do_update(index_elements=["site_id", "name"], set_={"name": name})
        return int(self._db.execute(same.returning(_c.calendar_id)).scalar_one())

    # -- Whom to ask ---------------------------------------------------------------------------------------

    def answers_of(self, site_id: UUID) -> Answers:
        """What became of the offers of a site's rounds that have ended."""
        willing = _f.state.in_([OFFER.after(Offering.TAKEN), OFFER.after(Offering.TOO_LATE)])
        counted = (
            select(func.count(), func.coalesce(func.sum(cast(willing, Integer)), 0))
            .join_from(t.substitute_offers, t.substitute_rounds)
            .where(_d.site_id == site_id, _d.ended_at.is_not(None))
        )
        asked, said_yes = self._db.execute(counted).one()
        return Answers(int(asked), int(said_yes))

    def ask(self, leftover: LeftoverRound, *, at_most: int, now: datetime) -> list[int]:
        """Offer the doses to the next substitutes in order; gives their registrations. Its row is locked.

        Nobody who holds or has dates, was asked in this round, or whose phone is asked about another dose.
        """
        ahead = self._candidates(leftover).subquery()
        # One person of a phone at a time: the first in order.
        first = (
            select(ahead.c.registration_id, ahead.c.phone)
            .where(ahead.c.of_phone == 1)
            .order_by(ahead.c.rank)
            .limit(at_most)
        )
        people = self._db.execute(first).all()
        if not people:
            return []
        rows = [
            {
                "round_id": leftover.round_id,
                "registration_id": row.registration_id,
                "phone": row.phone,
                "state": OFFER.begins_as,
                "offered_at": now,
            }
            for row in people
        ]
        asked = upsert(t.substitute_offers).values(rows).on_conflict_do_nothing()
        fresh = set(self._db.execute(asked.returning(_f.registration_id)).scalars())
        self._db.execute(
            update(t.substitute_rounds).where(_d.round_id == leftover.round_id).values(widened_at=now)
        )
        return [row.registration_id for row in people if row.registration_id in fresh]

    def count_to_ask(self, leftover: LeftoverRound) -> int:
        """How many people could still be asked."""
        return int(
            self._db.execute(
                select(func.count()).select_from(self._candidates(leftover).subquery())
            ).scalar_one()
        )

    def _candidates(self, leftover: LeftoverRound) -> Select[Any]:
        was_asked = exists().where(_f.registration_id == _r.registration_id, _f.round_id == leftover.round_id)
        open_offer = t.substitute_offers.alias("open_offer")
        phone_is_asked = exists().where(open_offer.c.phone == _r.phone, open_offer.c.state == OFFER.begins_as)
        living = t.reservations.alias("living")
        has_dates = exists().where(
            living.c.registration_id == _r.registration_id, living.c.state.in_((State.HELD, *HAS_DATES))
        )
        return (
            select(
                _r.registration_id,
                _r.phone,
                func.row_number().over(order_by=IN_ORDER).label("rank"),
                func.row_number().over(partition_by=_r.phone, order_by=IN_ORDER).label("of_phone"),
            )
            .join(t.substitutes, _u.registration_id == _r.registration_id)
            .where(_u.until.is_(None), _r.site_id == leftover.site_id, _r.ended_at.is_(None))
            .where(_r.service == VACCINATION, _r.state.in_(REGISTRATION.before(Registering.BOOKED)))
            .where(~was_asked, ~phone_is_asked, ~has_dates)
        )

    # -- What she says -------------------------------------------------------------------------------------

    def offer_to(self, phone: str, *, now: datetime) -> Offer | None:
        """What a phone was asked last and has not answered; also when it is too late for a yes."""
        row = self._db.execute(_OF_PHONE, {"phone": phone, "since": now - STILL_ANSWERED}).first()
        if row is None or row.state not in OFFER.before(Offering.TOO_LATE):
            return None
        is_open = row.state == OFFER.begins_as and row.ended_at is None and row.answer_until > now
        return Offer(row.round_id, row.registration_id, is_open, row.name, row.begins_at)

    def decline(self, registration_id: int, *, now: datetime) -> bool:
        """She does not come; False when there is nothing to decline any more."""
        return self._answer(registration_id, Offering.DECLINED, now)

    def take(self, registration_id: int, *, world: World, now: datetime) -> TakeOutcome:
        """Give her the dose if one is left: a confirmed date to come by, and a second one where it is free.

        One statement decides who gets the last dose. What she held meanwhile is let go.
        """
        rows = ReservationRows(self._db)
        rows.lock(registration_id)
        offered = self._offered(registration_id)
        if offered is None:
            return Gone()
        held = rows.living(registration_id)
        if not self._may_book(registration_id) or (held and held.state is not State.HELD):
            self._answer(registration_id, Offering.OVERTAKEN, now)
            return MayNotBook()
        if held and not rows.keep(held):
            held = None
        if not self.one_less(offered.round_id, now=now):
            self._answer(registration_id, Offering.TOO_LATE, now)
            return Gone()
        leftover = self.get(offered.round_id)
        assert leftover, "its row is ours"  # noqa: S101
        product = world.products.by_key[leftover.product]
        pair = self._take_places(leftover, product, held.slot_ids if held else (), world)
        if pair is None:  # the site closed its calendar meanwhile
            self._one_more(leftover.round_id)
            self._answer(registration_id, Offering.TOO_LATE, now)
            return Gone()
        if held:
            rows.move(held.reservation_id, Reserving.LET_GO)
        dates = rows.add_hold(registration_id, pair, until=now, now=now)
        rows.move(dates.reservation_id, Reserving.CONFIRMED, now=now)
        self._answer(registration_id, Offering.TAKEN, now)
        if not leftover.left:
            self.end(leftover, now=now)
        return Taken(dates, owes_second=pair.second is None and not product.is_single_dose)

    def one_less(self, round_id: int, *, now: datetime) -> bool:
        """Take one dose of a round, or return False when none is left or nobody can come in time."""
        taken = update(t.substitute_rounds).where(
            _d.round_id == round_id, _d.ended_at.is_(None), _d.answer_until > now, _d.taken < _d.doses
        )
        return self._db.execute(taken.values(taken=_d.taken + 1)).rowcount == 1

    def _one_more(self, round_id: int) -> None:
        back = update(t.substitute_rounds).where(_d.round_id == round_id)
        self._db.execute(back.values(taken=_d.taken - 1))

    def _take_places(
        self, leftover: LeftoverRound, product: Product, freed: Collection[int], world: World
    ) -> Pair | None:
        """Her place today, and one for the second dose; None when not even the first is there."""
        places, finder = Places(self._db), PairFinder(self._db, world.products)
        track = None if product.is_single_dose else finder.track_for(leftover.site_id, product)
        first = ReservationRows(self._db).slot(leftover.slot_id)
        if first is None:
            return None
        for _ in range(MOST_TRIES):
            second = finder.second_for(track, first) if track else None
            if second is None:
                break
            if places.move(taken=slot_ids(first, second), freed=freed):
                return Pair(first, second)
        # A dose now is worth more than a date that nobody has: the second one is told later.
        return Pair(first, None) if places.move(taken=slot_ids(first, None), freed=freed) else None

    def _may_book(self, registration_id: int) -> bool:
        may = select(_r.registration_id).where(
            _r.registration_id == registration_id,
            _r.state.in_(REGISTRATION.before(Registering.BOOKED)),
            _r.ended_at.is_(None),
        )
        return self._db.execute(may).first() is not None

    def _offered(self, registration_id: int) -> Row[Any] | None:
        """Her latest offer that a yes may follow."""
        return self._db.execute(_LATEST, {"registration": registration_id}).first()

    def _answer(self, registration_id: int, event: Offering, now: datetime) -> bool:
        offered = self._offered(registration_id)
        if offered is None:
            return False
        said = update(t.substitute_offers).where(
            _f.round_id == offered.round_id,
            _f.registration_id == registration_id,
            _f.state.in_(OFFER.before(event)),
        )
        return self._db.execute(said.values(state=OFFER.after(event), answered_at=now)).rowcount == 1


# Built once: building a statement costs more than running it.

_ROUND: Final[tuple[ColumnElement[Any], ...]] = (
    _d.round_id,
    _d.site_id,
    t.sites.c.name,
    _d.product,
    _d.slot_id,
    _d.doses,
    _d.taken,
    _d.opened_at,
    _d.answer_until,
    _s.begins_at,
    _d.widened_at,
    _d.ended_at,
)
_OF_PHONE: Final = (
    select(
        _f.round_id,
        _f.registration_id,
        _f.state,
        _d.answer_until,
        _d.ended_at,
        t.sites.c.name,
        _s.begins_at,
    )
    .join_from(t.substitute_offers, t.substitute_rounds)
    .join(t.sites, t.sites.c.site_id == _d.site_id)
    .join(t.slots, _s.slot_id == _d.slot_id)
    .where(_f.phone == bindparam("phone"), _f.offered_at > bindparam("since"))
    .order_by(_f.offered_at.desc(), _f.round_id.desc())
    .limit(1)
)
_LATEST: Final = (
    select(_f.round_id)
    .where(_f.registration_id == bindparam("registration"))
    .where(_f.state.in_(OFFER.before(Offering.TOO_LATE)))
    .order_by(_f.round_id.desc())
    .limit(1)
)
