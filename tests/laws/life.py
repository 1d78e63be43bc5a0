"""A site, seven people and whatever may happen to them, in any order: a walk through the whole core.

Everything goes through the verbs of the desk, the jobs and the books, as it does in earnest; time is a value.
"""

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select, text, true

from conversations.events import Outcome
from conversations.library import load_library
from core.announcements import Announced
from core.blocking import Reason
from core.calendars import read_calendars
from core.calendars.calendar import PRAGUE
from core.codes import new_code
from core.doses import Dose
from core.doses_file import Claim
from core.invitations import Policy
from core.messages import MtState
from core.pins import new_pin2
from core.routing import OperatorChoice
from core.states import DOSE
from core.stock import Action, Movement
from core.store import tables as t
from core.store.attendance import arrive, finish, miss
from core.store.blocking import block, block_on_request, unblock_registration
from core.store.codes import Taken
from core.store.dosing import record, withdraw
from core.store.moving_days import move
from core.store.registrations import Registration
from core.store.reservation_rows import Reservation, State
from core.store.work import Store, Work
from core.world import World
from gateway.compose import load_world
from tests.conftest import EMPTY
from tests.laws.laws import broken
from tests.transitions import seen, watch
from tests.turns.conftest import Town
from tests.workers.town import HOURS, NOW, OTHER_SITE, SITE, add_site
from workers.planning import ByHand, plan_now
from workers.rationing import replan
from workers.workshop import Workshop

HEADER: Final = "site_id,calendar,round,product,links_to,date,from,to,slot_minutes,capacity\n"
CALENDARS: Final = HEADER + "".join(
    f"{SITE},{row}\n"
    for row in (
        "C1,V1,Comirnaty,C2,2021-01-25,09:00,10:00,30,1",
        "C1,V1,Comirnaty,C2,2021-01-26,09:00,10:00,30,2",
        "C2,V2,Comirnaty,,2021-02-15,09:00,10:00,30,1",
        "C2,V2,Comirnaty,,2021-02-16,09:00,10:00,30,2",
        "M1,V1,Moderna,M2,2021-01-25,11:00,12:00,30,1",
        "M2,V2,Moderna,,2021-02-22,11:00,12:00,30,1",
    )
)
DAYS: Final = [date(2021, 1, 25), date(2021, 1, 26), date(2021, 2, 15), date(2021, 2, 16), date(2021, 2, 22)]
PRODUCTS: Final = ("comirnaty", "moderna")
PEOPLE: Final = 7
GROUP: Final = "school_staff"
RULES_OF_SUMMER: Final = Policy("laws", validity=timedelta(hours=72), most_invitations=3)
LIBRARY: Final = load_library()
CHOICE: Final = ("find_pairs", "hold_pair", "confirm")
CHANGE: Final = ("find_new_pairs", "hold_new_pair", "exchange")
WAITS: Final = [timedelta(minutes=10), timedelta(minutes=40), timedelta(hours=5), timedelta(days=1)]

person = st.integers(0, PEOPLE - 1)
which = st.integers(0, 9)
day = st.sampled_from(DAYS)
product = st.sampled_from(PRODUCTS)


def number_of(person: int) -> str:
    """Insurance numbers of people of eighty: made up, with nine digits."""
    return f"4051{person + 10}123"


def phone_of(person: int) -> str:
    """Two share a phone."""
    return f"+42060100000{person // 2}"


class Life(RuleBasedStateMachine):
    """`store` is set by whoever runs it; every example begins with empty tables."""

    store: Store
    world: World
    went: set[tuple[str, str, str]]
    """The table and both states of every change so far, over all examples."""

    def __init__(self) -> None:
        super().__init__()
        self.town = Town(self.store, self.world)
        self.shop = Workshop(
            self.store,
            LIBRARY,
            self.world,
            (OperatorChoice("o2"),),
            HOURS,
            self.town.random,
            lambda: self.town.now,
        )
        self.movements = 0
        self.is_stocked = True
        self.opened: dict[int, str] = {}
        self.who: dict[int, int] = {}
        self.offered: list[str] = []
        self.owners: dict[str, int | None] = {}

    @initialize(doses=st.sampled_from([4, 6, 14, 40]), early=st.integers(1, PEOPLE))
    def begin(self, doses: int, early: int) -> None:
        with self.store.begin() as work:
            work.db.execute(text("SET LOCAL session_replication_role = replica"))
            work.db.execute(text(EMPTY))
        with self.store.begin() as work:
            add_site(work.db)
            add_site(work.db, site_id=OTHER_SITE, name="Nemocnice Třebíč")
            self._import(work)
            codes = work.codes.issue(GROUP, 2, issued_to="X", issued_by="Y", now=NOW, random=Random(1))[1]
        self.owners = dict.fromkeys(codes)
        self.vaccine_comes(doses, "comirnaty")
        self.vaccine_comes(2, "moderna")
        for who in range(early):
            self.registers(who, elsewhere=False)
        self.planner_plans()
        for _ in range(early // 2):
            self.books(0, 0)

    # -- Citizens ------------------------------------------------------------------------------------------

    @rule(who=person, elsewhere=st.booleans())
    def registers(self, who: int, elsewhere: bool) -> None:
        """Also who is registered already, for the same site or for another."""
        site = OTHER_SITE if elsewhere and who == 0 else SITE
        self.town.register(number_of(who), site, phone_of(who), name=f"Jana Nováková {who}")
        with self.store.begin() as work:
            if mine := work.registrations.living(number_of(who)):
                self.who[mine.registration_id] = who

    @rule(which=which)
    def opens_with_pin(self, which: int) -> None:
        self._open(which)

    @rule(which=which, times=st.integers(1, 5))
    def guesses(self, which: int, times: int) -> None:
        who = self._one(which)
        for _ in range(times if who is not None else 0):
            self._say("enter_pin", who, pin=new_pin2(self.town.random))

    @rule(which=which, pick=which)
    def holds(self, which: int, pick: int) -> None:
        self._choose(self._opened(which), pick, "find_pairs", "hold_pair")

    @rule(which=which, pick=which, is_change=st.booleans())
    def holds_what_was_offered_before(self, which: int, pick: int, is_change: bool) -> None:
        """To her or to others: a message is read late, and what it offers may be anybody's by now."""
        if self.offered:
            who = self._one(which, "reserved") if is_change else self._opened(which)
            picked = self.offered[-1 - pick % len(self.offered)]
            self._of(who, "hold_new_pair" if is_change else "hold_pair", picked=picked)

    @rule(which=which)
    def confirms(self, which: int) -> None:
        self._of(self._opened(which), "confirm")

    @rule(which=which, pick=which)
    def books(self, which: int, pick: int) -> None:
        who = self._open(which)
        self._choose(who, pick, "find_pairs", "hold_pair")
        self._of(who, "confirm")

    @rule(which=which, verb=st.sampled_from(["let_go", "let_go_new"]))
    def lets_go(self, which: int, verb: str) -> None:
        self._of(self._opened(which), verb)

    @rule(which=which, pick=which)
    def holds_others(self, which: int, pick: int) -> None:
        self._choose(self._one(which, "reserved"), pick, "find_new_pairs", "hold_new_pair")

    @rule(which=which)
    def exchanges(self, which: int) -> None:
        self._of(self._one(which, "reserved"), "exchange")

    @rule(which=which, pick=which)
    def changes(self, which: int, pick: int) -> None:
        self.holds_others(which, pick)
        self.exchanges(which)

    @rule(which=which, pick=which, is_change=st.booleans())
    def confirms_too_late(self, which: int, pick: int, is_change: bool) -> None:
        """The hold lapses before she makes up her mind."""
        who = self._one(which, "reserved") if is_change else self._open(which)
        find, hold, confirm = CHANGE if is_change else CHOICE
        self._choose(who, pick, find, hold)
        self.town.later(timedelta(minutes=40))
        self.jobs_run()
        self._of(who, confirm)

    @rule(which=which, pick=which)
    def moves_second(self, which: int, pick: int) -> None:
        self._pick(self._one(which, "reserved"), pick, "find_seconds", "change_second", "picked_second")

    @rule(which=which, verb=st.sampled_from(["cancel_and_wait", "cancel_and_wait", "cancel_and_leave"]))
    def cancels(self, which: int, verb: str) -> None:
        self._of(self._one(which, "reserved"), verb)

    @rule(which=which)
    def asks_for_pin(self, which: int) -> None:
        if (who := self._one(which)) is not None:
            self._say("tell_pin_again", who)

    @rule(which=which, code=st.integers(0, 2))
    def uses_code(self, which: int, code: int) -> None:
        if (who := self._one(which)) is None:
            return
        known = [*self.owners, new_code(Random(99))][code]
        with self.store.begin() as work:
            taken = work.codes.take(known, GROUP, number=number_of(who), now=self.town.now)
            mine = self._living(work, who)
            if isinstance(taken, Taken) and mine:
                work.codes.name_user(taken.code_id, mine.registration_id)
        is_free = known in self.owners and self.owners[known] in (None, who)
        assert isinstance(taken, Taken) == is_free, "a code is used by one person"
        if is_free:
            self.owners[known] = who

    # -- The planner, and time -----------------------------------------------------------------------------

    @rule()
    def planner_plans(self) -> None:
        plan_now(self.shop, SITE)

    @rule(size=st.integers(1, PEOPLE))
    def somebody_invites(self, size: int) -> None:
        """Also more than the site can serve: what has not left is taken back when it is planned again."""
        plan_now(self.shop, SITE, by_hand=ByHand("test", size, is_even_so=True))

    @rule()
    def messages_leave(self) -> None:
        with self.store.begin() as work:
            claimed = work.outbox.claim("o2", max_segments=1_000, by="test", now=self.town.now)
            work.outbox.settle(claimed, MtState.SENT, now=self.town.now)

    @rule(by=st.sampled_from(WAITS))
    def time_passes(self, by: timedelta) -> None:
        self.town.later(by)

    @rule()
    def jobs_run(self) -> None:
        now = self.town.now
        with self.store.begin() as work:
            work.reservations.release_lapsed(now)
            work.withdrawals.run_out(
                most_invitations=self.world.policy.most_invitations,
                dialogue_lasts=self.world.hold_for,
                now=now,
            )
            work.blocks.lift_over(now=now)

    # -- The site ------------------------------------------------------------------------------------------

    @rule(which=which, is_last=st.booleans())
    def comes(self, which: int, is_last: bool) -> None:
        """Time goes on to her next date, or to her last one."""
        who = self._one(which, "reserved")
        with self.store.begin() as work:
            dates = self._dates(work, who)
            if dates is None:
                return
            at = (dates.second if is_last and dates.second else dates.first).begins_at
            self.town.now = max(self.town.now, at)
            came = finish if is_last else arrive
            came(work, dates.reservation_id, now=self.town.now)

    @rule(which=which)
    def does_not_come(self, which: int) -> None:
        """Her first day is over, and with her all are missed who were awaited on it."""
        with self.store.begin() as work:
            if dates := self._dates(work, self._one(which, "reserved")):
                self.town.now = max(self.town.now, dates.first.begins_at + timedelta(days=1))
                list(miss(work, SITE, dates.first.day, now=self.town.now))

    @rule(which=which)
    def dose_is_recorded(self, which: int) -> None:
        """The next one of her course, on the day that she has a date for it."""
        who = self._one(which, "reserved")
        with self.store.begin() as work:
            dates = self._dates(work, who)
            _, known = work.rebooking.booked(dates, self.world) if dates else (None, None)
            if who is None or dates is None or known is None:
                return
            is_second = dates.state is State.ARRIVED and dates.second is not None
            slot = dates.second if is_second and dates.second else dates.first
            self.town.now = max(self.town.now, slot.begins_at)
            dose = Dose(2 if is_second else 1, known.key, slot.day, SITE, "EJ6796", "sestra")
            record(work, Claim(1, dose, number_of(who)), world=self.world, by="site", now=self.town.now)
            work.stock.count_given([(SITE, known.key, slot.day)])

    @rule(which=which)
    def dose_is_withdrawn(self, which: int) -> None:
        given = select(t.doses.c.dose_id).where(t.doses.c.state == DOSE.begins_as).order_by(t.doses.c.dose_id)
        with self.store.begin() as work:
            if ids := work.db.execute(given).scalars().all():
                last = ids[-1 - which % len(ids)]
                withdraw(work, last, by="site", because="a slip", now=self.town.now)

    @rule(on=day, to=day)
    def site_moves_day(self, on: date, to: date) -> None:
        with self.store.begin() as work:
            for visit in work.site_days.visits(SITE, on):
                move(work, visit, to, world=self.world, now=self.town.now)

    @rule(on=day, calendar=st.sampled_from(["C1", "C2", "M1"]))
    def site_closes_day(self, on: date, calendar: str) -> None:
        with self.store.begin() as work:
            work.live_calendars.close_day(SITE, calendar, on)

    @rule()
    def site_opens_again(self) -> None:
        with self.store.begin() as work:
            self._import(work)

    # -- Vaccine -------------------------------------------------------------------------------------------

    @rule(doses=st.integers(1, 12), of=product)
    def vaccine_comes(self, doses: int, of: str) -> None:
        self._move_vaccine(Action.RECEIVED, doses, of)

    @rule(doses=st.integers(0, 20), of=product, on=day)
    def vaccine_is_announced_or_cut(self, doses: int, of: str, on: date) -> None:
        with self.store.begin() as work:
            announced = [Announced(SITE, of, on, doses)]
            work.announcements.announce(announced, who="test", now=self.town.now)
            work.announcements.cut(SITE, of, on, to=doses // 2, who="test", now=self.town.now)

    @rule(doses=st.integers(1, 12), of=product)
    def vaccine_goes_and_dates_follow(self, doses: int, of: str) -> None:
        """From here on more may be held than is there; what is confirmed has its vaccine."""
        self._move_vaccine(Action.ISSUED, doses, of)
        self.is_stocked = False
        with self.store.begin() as work:
            site = work.sites.get(SITE)
        assert site
        replan(self.shop, site, who="test")
        assert replan(self.shop, site, who="test") == [], "to plan again affects nobody"

    # -- The desk ------------------------------------------------------------------------------------------

    @rule(
        which=which, reason=st.sampled_from([Reason.POSITIVE_PCR, Reason.NOT_IDENTIFIED, Reason.VACCINATED])
    )
    def register_keeps_back(self, which: int, reason: Reason) -> None:
        until = self.town.now + timedelta(days=2) if reason is Reason.POSITIVE_PCR else None
        who = self._one(which)
        with self.store.begin() as work:
            if mine := self._living(work, who):
                block(work, mine.registration_id, reason, until=until, now=self.town.now)

    @rule(which=which)
    def asks_to_be_blocked(self, which: int) -> None:
        who = self._one(which)
        with self.store.begin() as work:
            if mine := self._living(work, who):
                block_on_request(work, mine.registration_id, by="jana", why="", now=self.town.now)

    @rule(which=which)
    def hotline_unblocks(self, which: int) -> None:
        who = self._one(which, "blocked")
        with self.store.begin() as work:
            if mine := self._living(work, who):
                unblock_registration(work, mine.registration_id, by="jana", why="", now=self.town.now)

    # -- After every step ----------------------------------------------------------------------------------

    @invariant()
    def laws_hold(self) -> None:
        with self.store.begin() as work:
            laws = list(broken(work, self.world, now=self.town.now, is_stocked=self.is_stocked))
            self.went |= seen(work.db)
        assert not laws, "\n".join(laws)

    # -- Parts ---------------------------------------------------------------------------------------------

    def _one(self, which: int, *states: str) -> int | None:
        """One of those who are in these states, or in any: an act that is about nobody shows nothing."""
        r = t.registrations.c
        those = select(r.registration_id).where(
            r.ended_at.is_(None), r.state.in_(states) if states else true()
        )
        with self.store.begin() as work:
            ids = work.db.execute(those.order_by(r.registration_id)).scalars().all()
        return self.who[ids[which % len(ids)]] if ids else None

    def _open(self, which: int) -> int | None:
        """She opens the dialogue; its later steps may be said whenever, whatever has happened since."""
        who = self._one(which, "invited", "returned")
        with self.store.begin() as work:
            mine = self._living(work, who)
            invitation = work.invitations.open_of(mine.registration_id) if mine else None
            pin = work.invitations.pin_of(invitation.invitation_id) if invitation else None
        if who is not None and mine and pin and self._say("enter_pin", who, pin=pin).name == "opened":
            self.opened[who] = str(mine.registration_id)
        return who

    def _opened(self, which: int) -> int | None:
        """One of those who opened the dialogue some time, the last one first."""
        return [*self.opened][-1 - which % len(self.opened)] if self.opened else None

    def _say(self, verb: str, who: int, **said: Any) -> Outcome:
        return self.town.perform(verb, phone_of(who), **said)

    def _of(self, who: int | None, verb: str, **said: Any) -> Outcome | None:
        if who is None or who not in self.opened:
            return None
        return self._say(verb, who, registration=self.opened[who], **said)

    def _choose(self, who: int | None, pick: int, find: str, hold: str) -> None:
        self._pick(who, pick, find, hold, "picked")

    def _pick(self, who: int | None, pick: int, find: str, take: str, argument: str) -> None:
        found = self._of(who, find)
        if found and (options := found.values.get("options")):
            self._of(who, take, **{argument: options[pick % len(options)]["value"]})
            if argument == "picked":
                self.offered = [option["value"] for option in options]

    def _living(self, work: Work, who: int | None) -> Registration | None:
        return None if who is None else work.registrations.living(number_of(who))

    def _dates(self, work: Work, who: int | None) -> Reservation | None:
        mine = self._living(work, who)
        return work.rebooking.dates_of(mine.registration_id) if mine else None

    def _import(self, work: Work) -> None:
        drafts = read_calendars(CALENDARS, sites={SITE}, products=self.world.services.products).calendars
        work.calendars.merge(drafts)

    def _move_vaccine(self, action: Action, doses: int, of: str) -> None:
        self.movements += 1
        today = self.town.now.astimezone(PRAGUE).date()
        moved = Movement(str(self.movements), today, SITE, action, None, of, 0, doses)
        with self.store.begin() as work:
            work.announcements.settle(work.stock.add([moved]).arrivals)


def life_on(store: Store) -> type[Life]:
    """The walk on one database, whose changes are seen."""
    with store.begin() as work:
        watch(work.db)
    world = replace(load_world(), policy=RULES_OF_SUMMER)
    return type("LifeHere", (Life,), {"store": store, "world": world, "went": set()})
