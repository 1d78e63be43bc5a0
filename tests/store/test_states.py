"""Every change of a state in the store is one of `core.states`, and every one there is made."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select, text

from core.blocking import Reason
from core.doses import Dose
from core.doses_file import Claim
from core.sites.record import Origin
from core.states import MACHINES, REGISTRATION, Machine, Registering
from core.store import tables as t
from core.store.attendance import arrive, finish, miss
from core.store.dosing import record, withdraw
from core.store.merging import merge
from core.store.reservation_rows import Picked, Reservation
from core.store.substitute_rounds import Gone, MayNotBook, Taken
from core.store.work import Store, Work
from core.substitutes import Day, Window
from core.world import World
from gateway.cli.reservations import states
from gateway.compose import load_world
from tests.transitions import OF_TABLE, in_tables, seen, watch
from tests.workers.town import NOW, SITE, add_dates, add_person, add_site, vault

DOCS = Path(__file__).parents[2] / "docs"
A_MONTH = timedelta(days=30)


class Watched:
    """A site, its people one after another, and what changed on the way."""

    def __init__(self, store: Store, world: World) -> None:
        self.store = store
        self.world = world
        self.random = Random(1)
        self.people = 0

    def person(self, state: str = "waiting", **more: object) -> int:
        self.people += 1
        with self.store.begin() as work:
            return add_person(work.db, self.people, state=state, **more)

    def invited(self, *, leaves: bool = True) -> int:
        """Somebody of a wave that invites all; her SMS has left, or waits."""
        registration_id = self.person()
        with self.store.begin() as work:
            wave = work.invitations.invite(
                SITE,
                self.people,
                policy="test",
                inputs={},
                approved_by="test",
                expires_at=NOW + A_MONTH,
                now=NOW,
                random=self.random,
            )
            assert wave is not None
            (invited,) = (each for each in wave.invited if each.registration_id == registration_id)
            work.db.execute(
                insert(t.outbox).values(
                    channel="sms",
                    address=invited.address.number,
                    operator="o2",
                    lane=2,
                    purpose="invitation",
                    text_sealed=b"",
                    segments=1,
                    registration_id=registration_id,
                    invitation_id=invited.invitation_id,
                    state="sent" if leaves else "queued",
                    attempt=1 if leaves else 0,
                    created_at=NOW,
                )
            )
        return registration_id

    def dates(self, registration_id: int) -> Picked:
        """A pair of dates, held for her."""
        with self.store.begin() as work:
            pair = work.reservations.offers(SITE, self.world, now=NOW, at_most=1)[0]
            assert pair.second is not None
            picked = Picked(pair.first.slot_id, pair.second.slot_id)
            work.reservations.hold(registration_id, picked, site_id=SITE, world=self.world, now=NOW)
        return picked

    def other_dates(self, registration_id: int) -> None:
        """Another pair, held for somebody who has one."""
        with self.store.begin() as work:
            pair = work.reservations.offers(SITE, self.world, now=NOW, at_most=1)[0]
            assert pair.second is not None
            picked = Picked(pair.first.slot_id, pair.second.slot_id)
            held = work.rebooking.hold_new(registration_id, picked, site_id=SITE, world=self.world, now=NOW)
            assert isinstance(held, Reservation)

    def reservation_of(self, registration_id: int) -> Reservation:
        with self.store.begin() as work:
            dates = work.rebooking.dates_of(registration_id)
        assert dates is not None
        return dates

    def booked(self) -> int:
        registration_id = self.invited()
        self.dates(registration_id)
        with self.store.begin() as work:
            work.reservations.confirm(registration_id, world=self.world, now=NOW)
            work.registrations.reserve(registration_id, now=NOW)
            invitation = work.invitations.open_of(registration_id)
            assert invitation is not None
            work.invitations.use(invitation.invitation_id, now=NOW)
        return registration_id

    def do(self, act: Callable[[Work], object]) -> None:
        with self.store.begin() as work:
            act(work)


@pytest.fixture
def watched(database: str) -> Iterator[Watched]:
    store = Store.connect(database, vault())
    with store.begin() as work:
        add_site(work.db)
        add_dates(work.db, pairs=40)
        watch(work.db)
    yield Watched(store, load_world())
    store.close()


def test_every_transition_of_the_table_is_made_and_no_other(watched: Watched) -> None:
    w, do = watched, watched.do
    for begins in (w.person, lambda: w.person("returned"), w.invited):
        replaced, guessed, booked = begins(), begins(), begins()
        do(lambda work, of=replaced: work.registrations.replace(of, now=NOW))
        for _ in range(5):
            do(lambda work, of=guessed: work.registrations.count_wrong_pins([of]))
        do(lambda work, of=guessed: work.blocks.lift(of, [Reason.WRONG_PINS]))
        do(lambda work, of=booked: work.registrations.reserve(of, now=NOW))
    returned = w.invited()
    do(lambda work: work.registrations.send_back(returned))
    do(
        lambda work: work.invitations.invite(
            SITE, 1, policy="test", inputs={}, approved_by="test", now=NOW, random=w.random
        )
    )
    w.booked()
    waits, at_head = w.person(), w.person("returned")
    do(lambda work: merge(work, waits, at_head, by="Eva", is_sure=True, now=NOW))
    w.invited(leaves=False)
    do(lambda work: work.withdrawals.withdraw(work.withdrawals.lock_unsent(SITE, today=NOW.date()), now=NOW))
    w.invited()
    do(_runs_out(w, most=None))
    w.invited()
    do(_runs_out(w, most=1))
    voided = w.invited()
    do(lambda work: work.invitations.void_of(voided, now=NOW))
    for_long, let_go = w.person(), w.person()
    w.dates(for_long)
    later = NOW + 2 * w.world.hold_for
    do(lambda work: work.reservations.release_lapsed(later))
    do(lambda work: work.reservations.confirm(for_long, world=w.world, now=later))
    w.dates(let_go)
    do(lambda work: work.reservations.let_go(let_go))
    _change_dates(w)
    _keep_attendance(w)
    _give_and_withdraw(w)
    _offer_leftovers(w)
    short = w.booked()
    do(lambda work: work.rationing.take_away(work.rationing.lock_dates(short)))
    booked, replaced, _left = (w.person("choosing", service="pcr") for _ in range(3))
    do(lambda work: work.orders.book(booked, now=NOW))
    do(lambda work: work.orders.close(booked, now=NOW))
    do(lambda work: work.orders.leave(replaced, now=NOW))
    do(lambda work: work.orders.end_unfinished(NOW, now=NOW))
    with w.store.begin() as work:
        assert seen(work.db) == in_tables()


def _change_dates(w: Watched) -> None:
    changes, changes_late, cancels, leaves = (w.booked() for _ in range(4))
    for registration_id in (changes, changes_late):
        w.other_dates(registration_id)
    w.do(lambda work: work.rebooking.exchange(changes, world=w.world, now=NOW))
    later = NOW + 2 * w.world.hold_for
    w.do(lambda work: work.reservations.release_lapsed(later))
    w.do(lambda work: work.rebooking.exchange(changes_late, world=w.world, now=later))
    w.do(lambda work: work.rebooking.cancel(cancels, now=NOW))
    w.do(lambda work: work.registrations.release(cancels, Registering.CANCELLED))
    w.do(lambda work: work.rebooking.cancel(leaves, now=NOW))
    w.do(lambda work: work.registrations.leave(leaves, now=NOW))


def _keep_attendance(w: Watched) -> None:
    comes, has_all, misses = (w.reservation_of(w.booked()) for _ in range(3))
    w.do(lambda work: arrive(work, comes.reservation_id, now=comes.first.begins_at))
    assert comes.second is not None
    last = comes.second.begins_at
    w.do(lambda work: arrive(work, comes.reservation_id, now=last))
    w.do(lambda work: finish(work, has_all.reservation_id, now=last))
    w.do(lambda work: list(miss(work, SITE, misses.first.day, now=last)))


def _offer_leftovers(w: Watched) -> None:
    """One takes the dose; of the others, some answer while it is theirs to take and some when it is not."""
    product = w.world.products.by_key["janssen"]
    soon = Window(NOW + timedelta(hours=1), NOW + timedelta(hours=2))
    late = soon.answer_until
    with w.store.begin() as work:
        work.substitutes.enable(SITE, Day(), Origin("test", "test"), now=NOW)
    for says_no_later in (False, True):
        takes, too_late, declines, overtaken, lapses = (w.person() for _ in range(5))
        with w.store.begin() as work:
            for registration_id in (takes, too_late, declines, overtaken, lapses):
                work.substitutes.join(registration_id, now=NOW)
            opened = work.substitute_rounds.open(SITE, product, 2, window=soon, who="test", now=NOW)
            assert len(work.substitute_rounds.ask(opened, at_most=9, now=NOW)) == 5
            assert isinstance(work.substitute_rounds.take(takes, world=w.world, now=NOW), Taken)
            work.substitutes.leave(takes, now=NOW)
            if says_no_later:
                work.substitute_rounds.end(opened, now=late)
            assert work.substitute_rounds.take(too_late, world=w.world, now=late) == Gone()
            assert work.substitute_rounds.decline(declines, now=late)
            work.registrations.reserve(overtaken, now=late)
            assert work.substitute_rounds.take(overtaken, world=w.world, now=late) == MayNotBook()
            for registration_id in (too_late, declines, overtaken, lapses):
                work.substitutes.leave(registration_id, now=late)


def _give_and_withdraw(w: Watched) -> None:
    """Both doses of one course, the last one and then the first withdrawn; and the only one of another."""
    for products in (("comirnaty", "comirnaty"), ("janssen",)):
        dates = w.reservation_of(w.booked())
        assert dates.second is not None
        now = dates.second.begins_at
        with w.store.begin() as work:
            number = work.doses.holders([dates.reservation_id])[dates.reservation_id].number
            for n, (product, slot) in enumerate(
                zip(products, (dates.first, dates.second), strict=False), start=1
            ):
                dose = Dose(n, product, slot.day, SITE, "EJ6796", "sestra")
                record(work, Claim(n, dose, number), world=w.world, by="site", now=now)
        with w.store.begin() as work:
            given = select(t.doses.c.dose_id).where(t.doses.c.state == "given")
            for dose_id in work.db.execute(given.order_by(t.doses.c.dose_id.desc())).scalars().all():
                withdraw(work, dose_id, by="site", because="a slip", now=now)


def _runs_out(w: Watched, *, most: int | None) -> Callable[[Work], object]:
    def run_out(work: Work) -> object:
        return work.withdrawals.run_out(
            most_invitations=most, dialogue_lasts=w.world.hold_for, now=NOW + 2 * A_MONTH
        )

    return run_out


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_the_schema_knows_the_states_of_the_table(watched: Watched, machine: Machine) -> None:
    table = next(table for table, of in OF_TABLE.items() if machine in of)
    with watched.store.begin() as work:
        constraint = work.db.scalar(
            text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"),
            {"name": f"ck_{table}_state_known"},
        )
    known = set(constraint.replace("'", " ").split()) & {*machine.states, "done", "expired"}
    assert set(machine.states) <= known


def test_what_the_table_does_not_have_changes_nothing(watched: Watched) -> None:
    booked = watched.booked()
    with watched.store.begin() as work:
        assert not work.registrations.replace(booked, now=NOW)
        assert not work.registrations.send_back(booked)
        assert work.db.scalar(select(t.registrations.c.state)) == "reserved"


def test_the_page_is_drawn_from_the_table() -> None:
    printed = CliRunner().invoke(states).output
    assert printed == (DOCS / "states.md").read_text("utf-8")
    assert "invited --> returned: finds no dates" in printed


def test_an_event_with_two_ends_has_no_single_one() -> None:
    with pytest.raises(ValueError, match="unpack"):
        REGISTRATION.after(Registering.RAN_OUT)
