"""One rehearsal: a scenario under one policy, from the first person to the last figure."""

import csv
import random
import time as wall
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, make_url, text

from core.calendars.calendar import PRAGUE
from core.invitations import Policy
from core.messages import SMS_CHANNEL, Address, Lane
from core.programme import group_of_age
from core.routing import OperatorChoice
from core.store.registrations import NewRegistration
from core.store.schema import upgrade
from core.store.work import Store
from core.vault import Vault
from gateway import embedded
from gateway.compose import DATA, App
from gateway.demo.people import Census, Person
from gateway.simulation.citizens import Citizen, Heard
from gateway.simulation.exchange import Exchange, Sender
from gateway.simulation.measures import Sampler, result
from gateway.simulation.operator import FakeOperator
from gateway.simulation.places import Places
from gateway.simulation.scenario import SCENARIOS, Scenario
from gateway.simulation.timeline import Timeline
from gateway.turns.backlog import Backlog
from gateway.turns.runner import TurnRunner
from workers.planning import plan_all
from workers.schedule import JOBS
from workers.workshop import Workshop, install

DAY: Final = (time(8), time(20))
COUNTRY, NUMBER = "CZ", "1221"
KEY: Final = b"no secret: nobody here is real\0\0"

Progress = Callable[[datetime], None]


@contextmanager
def databases(folder: Path) -> Iterator[Callable[[], Store]]:
    """A PostgreSQL of our own in a folder; each call gives an empty store, closed at the end."""
    stores: list[Store] = []
    try:
        with embedded.postgres(folder) as url:

            def fresh() -> Store:
                stores.append(_empty_store(url, f"rehearsal_{len(stores)}"))
                return stores[-1]

            try:
                yield fresh
            finally:
                for store in stores:
                    store.close()
    finally:
        embedded.remove(folder)


def open_store(url: str) -> Store:
    """The store in a migrated database, for one process that may lose it all."""
    # Losing a rehearsal to a power cut costs nothing, and nobody takes its connection away.
    quick = make_url(url).update_query_dict({"options": "-csynchronous_commit=off -cjit=off"})
    return Store(create_engine(quick, pool_size=1, hide_parameters=True), Vault(KEY))


def _empty_store(url: str, name: str) -> Store:
    """A new database on the server of ``url``, and the store in it."""
    _create(url, name)
    here = make_url(url).set(database=name).render_as_string(hide_password=False)
    upgrade(here)
    return open_store(here)


def _create(url: str, name: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as db:
            db.execute(text(f'CREATE DATABASE "{name}"'))
    finally:
        engine.dispose()


class Rehearsal:
    """Everything of one run; `run` gives what it has shown, as JSON."""

    def __init__(self, app: App, store: Store, scenario: Scenario, policy: Policy, *, seed: int) -> None:
        self._scenario = scenario
        self._policy = policy
        self._store = store
        self._world = world = replace(app.world, policy=policy)
        self._chance = random.Random(seed)  # noqa: S311 - a rehearsal is to be the same again
        self._timeline = Timeline(scenario.begins)
        self._heard = Heard()
        rates: dict[str, float] = {}
        self._exchange = Exchange(
            store,
            TurnRunner(store, app.library, world, backlog=Backlog(rates)),
            rates,
            timeline=self._timeline,
            moment=scenario.moment,
            country=COUNTRY,
            number=NUMBER,
        )
        self._sampler = Sampler(store, self._exchange, self._heard)
        self._hours = app.sending_hours
        self._workshop = Workshop(
            store=store,
            library=app.library,
            world=world,
            hours=self._hours,
            operators=[OperatorChoice(line.name) for line in scenario.operators],
            random=random.Random(seed + 1),  # noqa: S311
            clock=self._timeline.now,
        )
        self._mo_count = 0
        self._operator_of: dict[str, str] = {}
        self._citizens: dict[str, Citizen] = {}
        self._open_lines()

    def run(self, *, progress: Progress) -> dict[str, Any]:
        """Let everybody live until the end; ``progress`` is told the virtual time now and then."""
        started = wall.perf_counter()
        scenario, timeline = self._scenario, self._timeline
        arrivals = self._arrivals()
        people = self._people(arrivals)
        places = Places(scenario, self._world, people)
        with self._store.begin() as work:
            places.open(work, scenario.begins)
        for publication in places.publications:
            timeline.at(publication.at, lambda publication=publication: self._publish(places, publication))  # type: ignore[misc]
        for person, at in zip(people, arrivals, strict=True):
            self._settle_in(person, at)
        timeline.at(scenario.begins, lambda: self._register_before(places, people, arrivals))
        install(self._workshop)
        timeline.every(scenario.upkeep_every, self._tend, until=scenario.ends)
        timeline.every(scenario.plan_every, self._plan, until=scenario.ends)
        timeline.every(scenario.span / scenario.samples, lambda: self._sample(progress), until=scenario.ends)
        timeline.run(scenario.ends)
        self._exchange.tend()
        shown = result(
            self._store,
            self._exchange,
            self._sampler,
            self._heard,
            scenario,
        )
        seconds = wall.perf_counter() - started
        speed = {
            "seconds": round(seconds, 1),
            "times_faster": round(scenario.span.total_seconds() / seconds),
            "turns": self._exchange.turns,
        }
        return {"policy": self._policy.name, **shown, "speed": speed}

    def _open_lines(self) -> None:
        for line in self._scenario.operators:
            operator = FakeOperator(
                line.name,
                self._scenario.network,
                timeline=self._timeline,
                hear=self._hear,
                receipt=self._exchange.take_receipt,
                chance=random.Random(self._chance.random()),  # noqa: S311
            )
            sender = Sender(operator, line.capacity, self._scenario.scale, hours=self._hours)
            self._exchange.senders.append(sender)

    # -- People ----------------------------------------------------------------------------------------

    def _arrivals(self) -> list[datetime | None]:
        """When each begins, in order; None for those who have registered before."""
        arrivals, scenario = self._scenario.arrivals, self._scenario
        before = arrivals.registered_before
        steps: list[tuple[datetime, timedelta, float]] = []
        if arrivals.by_day:
            with (SCENARIOS / arrivals.by_day).open(encoding="utf-8", newline="") as lines:
                for row in csv.DictReader(lines):
                    opens = datetime.combine(datetime.fromisoformat(row["date"]), DAY[0], PRAGUE)
                    if scenario.begins <= opens < scenario.ends:
                        steps.append((opens, timedelta(hours=12), float(row["registrations"])))
        else:
            begins = (scenario.begins + n * arrivals.step for n in range(len(arrivals.shares)))
            steps = [(at, arrivals.step, share) for at, share in zip(begins, arrivals.shares, strict=True)]
        coming = scenario.people - before if steps else 0
        weights = list(accumulate(share for _, _, share in steps))
        chosen = self._chance.choices(steps, cum_weights=weights, k=coming) if coming else []
        return [
            *([None] * (scenario.people - coming)),
            *sorted(at + span * self._chance.random() for at, span, _ in chosen),
        ]

    def _people(self, arrivals: Sequence[datetime | None]) -> list[Person]:
        census = Census(DATA, self._world.postcodes)
        people: list[Person] = []
        seen: set[str] = set()
        for at in arrivals:
            today = (at or self._scenario.begins).astimezone(PRAGUE).date()
            while True:
                person = census.person(self._chance, today=today, youngest=self._youngest(at))
                if seen.isdisjoint((person.insurance_number, person.phone)):
                    break
            seen |= {person.insurance_number, person.phone}
            people.append(person)
        return people

    def _youngest(self, at: datetime | None) -> int:
        citizens = self._scenario.citizens
        if not citizens.by_opening:
            return citizens.youngest
        now = at or self._scenario.begins
        open_ages = [g.ages[0] for g in self._world.programme.groups if g.ages and g.is_open(now)]
        return min(open_ages, default=80)

    def _settle_in(self, person: Person, at: datetime | None) -> None:
        lines = self._scenario.operators
        name = self._chance.choices(lines, [line.share for line in lines])[0].name
        self._operator_of[person.phone] = name
        citizen = Citizen(
            person,
            self._scenario.citizens,
            response=self._response,
            timeline=self._timeline,
            heard=self._heard,
            send=self._send,
            chance=random.Random(self._chance.random()),  # noqa: S311
        )
        self._citizens[person.phone] = citizen
        if at is not None:
            self._timeline.at(at, citizen.begin)

    def _register_before(
        self, places: Places, people: Sequence[Person], arrivals: Sequence[datetime | None]
    ) -> None:
        """Those who wait already, registered in the days before in no special order."""
        waiting = [p for p, at in zip(people, arrivals, strict=True) if at is None]
        self._chance.shuffle(waiting)
        with self._store.begin() as work:
            for n, person in enumerate(waiting):
                registered_at = self._scenario.begins - timedelta(seconds=len(waiting) - n)
                new = self._registration(person, places)
                if new is not None:
                    work.registrations.add(new, now=registered_at)
            work.routes.learn(
                [(p.phone, self._operator_of[p.phone]) for p in waiting],
                source="mo",
                now=self._timeline.now(),
            )

    def _registration(self, person: Person, places: Places) -> NewRegistration | None:
        group = group_of_age(self._world.programme, person.born, self._scenario.begins)
        if group is None:
            return None
        return NewRegistration(
            first_name=person.first_name,
            last_name=person.last_name,
            number=person.insurance_number,
            verdict="valid",
            birth_date=person.born,
            insurer=person.insurer,
            psc=person.psc,
            phone=person.phone,
            email=None,
            site_id=places.nearest_of[person.phone],
            group_key=group.key,
            score=group.score,
            language="cs",
            address=Address(SMS_CHANNEL, person.phone),
        )

    def _response(self, now: datetime) -> float:
        """The share of people who answer an invitation that they get now."""
        habits, scenario = self._scenario.citizens, self._scenario
        at_end = habits.response if habits.response_at_end is None else habits.response_at_end
        return habits.response + (at_end - habits.response) * ((now - scenario.begins) / scenario.span)

    # -- Messages --------------------------------------------------------------------------------------

    def _send(self, phone: str, text: str) -> None:
        self._mo_count += 1
        self._exchange.receive(self._operator_of[phone], phone, text, f"mo{self._mo_count}")

    def _hear(self, phone: str, text: str) -> None:
        self._citizens[phone].hear(text)

    # -- What happens by the clock ---------------------------------------------------------------------

    def _publish(self, places: Places, publication: Any) -> None:
        with self._store.begin() as work:
            places.publish(work, publication, self._timeline.now())

    def _tend(self) -> None:
        self._exchange.tend()
        for job in JOBS:
            if job is not plan_all:
                job()

    def _plan(self) -> None:
        if self._scenario.plans_at_night or self._hours.is_open(Lane.INVITATION, self._timeline.now()):
            plan_all()
            self._exchange.wake()

    def _sample(self, progress: Progress) -> None:
        self._sampler.take(self._timeline.now())
        progress(self._timeline.now())
