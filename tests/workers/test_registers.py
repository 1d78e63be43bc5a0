"""What comes of registers' answers: who gets ahead, who is kept back; nobody is lost or told twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, update

from core.blocking import Reason
from core.doses import Dose
from core.registers import HealthWorkers, Name, PopulationRegister, Record, Registers, Unavailable
from core.store import tables as t
from tests.workers.town import NOW, SITE, add_dates, add_person, hold
from workers.planning import plan_all
from workers.registers import ASK_AGAIN_AFTER, MOST_IN_VAIN, TELL_DELAY_AFTER, ask_registers
from workers.workshop import Workshop, install

_r = t.registrations.c
ANNA = Record(Name("Anna", "Nováková 1"))


class Known:
    """A register that answers as told, and counts."""

    def __init__(self, *records: Record) -> None:
        self.answer: tuple[Record, ...] | Unavailable = records
        self.asked = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def records(self, number: str) -> tuple[Record, ...] | Unavailable:
        self.asked += 1
        self.meanwhile()
        return self.answer


class Hall:
    """The workshop with a register of each kind."""

    def __init__(self, workshop: Workshop) -> None:
        self.store = workshop.store
        self.nrzp, self.population = Known(), Known(ANNA)
        self.now = NOW
        self.workshop = replace(
            workshop,
            registers=Registers(PopulationRegister(self.population), HealthWorkers(self.nrzp)),
            clock=lambda: self.now,
        )
        install(self.workshop)

    def person(self, number: int = 1, **more: object) -> int:
        with self.store.begin() as work:
            return add_person(work.db, number, **more)

    def claiming(self, number: int = 1, **more: object) -> int:
        kept_back = {"state": "blocked", "blocked_because": Reason.UNPROVEN.value, "prove_at": NOW}
        return self.person(number, claimed_group="health_workers", **kept_back | more)

    def row(self, registration_id: int = 1):
        with self.store.begin() as work:
            return work.db.execute(select(t.registrations).where(_r.registration_id == registration_id)).one()

    def told(self) -> list[str]:
        with self.store.begin() as work:
            o = t.outbox.c
            rows = work.db.execute(select(o.text_sealed).where(o.purpose == "registers").order_by(o.mt_id))
            return [self.store.vault.open(sealed) for sealed in rows.scalars()]


@pytest.fixture
def hall(workshop: Workshop) -> Hall:
    return Hall(workshop)


# -- Groups -------------------------------------------------------------------------------------------------


def test_who_is_known_waits_in_her_group_with_the_time_she_registered_at(hall: Hall) -> None:
    hall.claiming(score=11, group_key="health_workers")
    before = hall.row().registered_at
    hall.nrzp.answer = (ANNA,)
    ask_registers()
    ask_registers()
    row = hall.row()
    assert (row.state, row.blocked_because, row.group_key, row.score) == (
        "waiting",
        None,
        "health_workers",
        11,
    )
    assert (row.claimed_group, row.prove_at, row.registered_at) == (None, None, before)
    assert [told.startswith("Anna Novakova 1, registr vasi skupinu potvrdil.") for told in hall.told()] == [
        True
    ]


def test_who_waits_by_age_meanwhile_keeps_her_state_and_gains_the_score(hall: Hall) -> None:
    hall.claiming(state="invited", blocked_because=None, score=7, group_key="age_70")
    hall.nrzp.answer = (ANNA,)
    ask_registers()
    assert (hall.row().state, hall.row().score, hall.row().group_key) == ("invited", 11, "health_workers")


def test_who_is_not_known_is_told_to_ask_her_employer_and_keeps_her_time(hall: Hall) -> None:
    hall.claiming(score=11)
    ask_registers()
    ask_registers()
    row = hall.row()
    assert (row.state, row.blocked_because) == ("blocked", Reason.NOT_IN_GROUP.value)
    assert hall.nrzp.asked == 1
    (told,) = hall.told()
    assert "zamestnavatele" in told
    with hall.store.begin() as work:
        assert work.blocks.ask_again(1, now=NOW)
    hall.nrzp.answer = (ANNA,)
    ask_registers()
    assert (hall.row().state, hall.row().registered_at) == ("waiting", row.registered_at)


def test_who_is_not_known_but_old_enough_waits_by_age(hall: Hall) -> None:
    hall.claiming(state="waiting", blocked_because=None, score=7, group_key="age_70")
    ask_registers()
    row = hall.row()
    assert (row.state, row.score, row.claimed_group, row.prove_at) == ("waiting", 7, None, None)
    assert "cekate podle veku" in hall.told()[0]


def test_nobody_is_invited_by_a_group_that_is_not_proven(hall: Hall) -> None:
    hall.claiming(score=11)
    hall.nrzp.answer = Unavailable("away")
    with hall.store.begin() as work:
        add_dates(work.db, pairs=10)
        work.db.execute(
            insert(t.stock_movements).values(
                movement_key="1",
                site_id=SITE,
                product="comirnaty",
                kind="Příjem",
                moved_on=NOW.date(),
                doses=60,
            )
        )
    ask_registers()
    plan_all()
    with hall.store.begin() as work:
        assert work.db.scalar(select(func.count()).select_from(t.invitations)) == 0


# -- Away ---------------------------------------------------------------------------------------------------


def test_a_register_that_is_away_refuses_nobody_and_says_so_once(hall: Hall) -> None:
    for number in range(1, 8):
        hall.claiming(number, identify_at=NOW, at=NOW)
    hall.nrzp.answer = hall.population.answer = Unavailable("away")
    ask_registers()
    assert hall.nrzp.asked == MOST_IN_VAIN, "the others are not asked in vain"
    assert not hall.told()
    for _ in range(3):
        hall.now += TELL_DELAY_AFTER
        ask_registers()
    assert len(hall.told()) == 7
    assert all("neodpovida" in told for told in hall.told())
    hall.nrzp.answer = tuple(Record(Name("Anna", f"Nováková {number}")) for number in range(1, 8))
    hall.now += ASK_AGAIN_AFTER
    ask_registers()
    assert {hall.row(number).state for number in range(1, 8)} == {"waiting"}


def test_a_register_that_is_away_does_not_put_off_the_other(hall: Hall) -> None:
    hall.claiming(state="waiting", blocked_because=None, identify_at=NOW)
    hall.nrzp.answer = Unavailable("away")
    ask_registers()
    assert (hall.nrzp.asked, hall.population.asked) == (1, 1)
    assert (hall.row().prove_at, hall.row().identify_at) == (NOW + ASK_AGAIN_AFTER, None)


def test_one_whom_the_register_cannot_bear_does_not_hold_up_the_others(hall: Hall) -> None:
    hall.claiming(1)
    hall.claiming(2, prove_at=NOW - timedelta(minutes=1))
    answers = [Unavailable("it answered HTTP 500"), (ANNA,)]

    def next_answer() -> None:
        hall.nrzp.answer = answers.pop(0)

    hall.nrzp.meanwhile = next_answer
    ask_registers()
    assert (hall.row(1).state, hall.row(2).state) == ("waiting", "blocked")


def test_an_answer_to_what_is_no_longer_asked_changes_nothing(hall: Hall) -> None:
    hall.claiming()

    def somebody_else() -> None:
        with hall.store.begin() as work:
            assert work.registrations.replace(1, now=NOW)

    hall.nrzp.answer = (ANNA,)
    hall.nrzp.meanwhile = somebody_else
    ask_registers()
    assert hall.row().blocked_because == Reason.REPLACED.value
    assert not hall.told()


# -- Who somebody is ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "reason", "words"),
    [
        pytest.param((), Reason.NOT_IDENTIFIED, "registrem obyvatel", id="not found"),
        pytest.param((Record(ANNA.name, True),), Reason.VACCINATED, "uz mate ockovani", id="vaccinated"),
        pytest.param(
            (Record(ANNA.name, positive_on=date(2021, 1, 5)),),
            Reason.POSITIVE_PCR,
            "po po 5.4.",
            id="positive",
        ),
    ],
)
@pytest.mark.parametrize("state", ["waiting", "returned"])
def test_who_may_not_be_invited_is_blocked_and_told_why_once(
    hall: Hall, state: str, records: tuple[Record, ...], reason: Reason, words: str
) -> None:
    hall.person(state=state, identify_at=NOW, number_verdict="suspicious")
    hall.population.answer = records
    ask_registers()
    ask_registers()
    assert (hall.row().state, hall.row().blocked_because, hall.row().blocked_from) == (
        "blocked",
        reason,
        state,
    )
    (told,) = hall.told()
    assert words in told


def test_who_is_identified_notices_nothing(hall: Hall) -> None:
    hall.person(identify_at=NOW)
    ask_registers()
    ask_registers()
    assert (hall.row().state, hall.row().identify_at, hall.population.asked) == ("waiting", None, 1)
    assert not hall.told()


def test_who_has_walked_in_and_registers_afterwards_is_vaccinated_whatever_the_register_says(
    hall: Hall,
) -> None:
    with hall.store.begin() as work:
        add_person(work.db, 1, identify_at=NOW)
        dose = Dose(1, "comirnaty", NOW.date(), SITE, "EJ6796", "sestra")
        work.doses.add(
            "400000001", dose, is_last=False, registration_id=None, reservation_id=None, by="site", now=NOW
        )
    ask_registers()
    assert (hall.row().state, hall.row().blocked_because) == ("blocked", Reason.VACCINATED)
    (told,) = hall.told()
    assert "uz mate ockovani" in told


def test_a_positive_test_keeps_her_back_until_its_time_is_over(hall: Hall) -> None:
    hall.person(state="returned", identify_at=NOW)
    hall.population.answer = (Record(ANNA.name, positive_on=date(2021, 1, 5)),)
    ask_registers()
    over: datetime = hall.row().blocked_until
    hall.now = over - timedelta(seconds=1)
    ask_registers()
    assert hall.row().state == "blocked"
    hall.now = over
    ask_registers()
    assert (hall.row().state, hall.row().blocked_because, hall.row().blocked_until) == (
        "returned",
        None,
        None,
    )


def test_who_has_dates_keeps_them(hall: Hall) -> None:
    hall.person(state="reserved", reserved_at=NOW, identify_at=NOW)
    with hall.store.begin() as work:
        firsts, seconds = add_dates(work.db, pairs=1)
        hold(work.db, 1, firsts[0], seconds[0], state="confirmed")
    hall.population.answer = ()
    ask_registers()
    assert hall.row().state == "reserved"
    assert not hall.told()
    with hall.store.begin() as work:
        (noted,) = work.audit.latest(10, registration_id=1)
    assert noted.what == "not identified, and keeps her state"


def test_an_error_of_the_register_is_mended_there_and_asked_again(hall: Hall) -> None:
    hall.person(identify_at=NOW)
    hall.population.answer = (Record(ANNA.name, True),)
    ask_registers()
    hall.population.answer = (ANNA,)
    ask_registers()
    assert hall.row().state == "blocked"
    with hall.store.begin() as work:
        assert work.blocks.ask_again(1, now=NOW)
    ask_registers()
    assert hall.row().state == "waiting"


def test_a_spoken_name_is_written_down_before_anybody_is_asked(hall: Hall) -> None:
    hall.person(identify_at=NOW)
    with hall.store.begin() as work:
        recording = {"sound": "a.wav", "channel": "ivr", "address": "1", "registration_id": 1}
        work.db.execute(insert(t.recordings).values(recorded_at=NOW, **recording))
    ask_registers()
    assert hall.population.asked == 0
    with hall.store.begin() as work:
        work.db.execute(update(t.recordings).values(transcribed_at=NOW))
    ask_registers()
    assert hall.population.asked == 1


def test_who_orders_a_test_is_not_kept_back_for_being_ill(hall: Hall) -> None:
    hall.person(identify_at=NOW, service="pcr")
    hall.population.answer = (Record(ANNA.name, positive_on=date(2021, 1, 20)),)
    ask_registers()
    assert (hall.row().state, hall.population.asked) == ("waiting", 0)


def test_without_registers_nobody_is_asked(workshop: Workshop) -> None:
    with workshop.store.begin() as work:
        add_person(work.db, 1, identify_at=NOW)
    ask_registers()
    with workshop.store.begin() as work:
        assert work.db.scalar(select(_r.identify_at)) == NOW
