"""The demo's people could live next door, and none of them is real."""

import random
from collections import Counter
from datetime import UTC, date, datetime

import pytest

from conversations.converse import converse
from conversations.events import Act, Outcome
from conversations.library import load_library
from conversations.session import Session
from core.insurance_number import Sex, Valid, judge
from core.phones import Phone, parse_phone
from core.programme import age
from gateway.compose import DATA, load_world
from gateway.demo.people import Census, Person, feminine
from gateway.demo.robots import Reply, Robot, Style
from tests.fakes_desk import FakeDesk

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
WORLD = load_world()
CENSUS = Census(DATA, WORLD.postcodes)
LIBRARY = load_library()
PEOPLE = CENSUS.people(1_000, chance=random.Random(2021), today=TODAY)


def test_every_insurance_number_is_valid_and_says_who_it_is() -> None:
    for person in PEOPLE:
        verdict = judge(person.insurance_number, today=TODAY)
        assert isinstance(verdict, Valid)
        assert (verdict.birth_date, verdict.sex) == (person.born, person.sex)


def test_nobody_shares_a_number_or_a_phone() -> None:
    assert len({p.insurance_number for p in PEOPLE}) == len(PEOPLE)
    assert len({p.phone for p in PEOPLE}) == len(PEOPLE)


def test_every_phone_is_a_czech_number_and_none_is_in_the_range_of_the_browser() -> None:
    for person in PEOPLE:
        phone = parse_phone(person.phone)
        assert isinstance(phone, Phone)
        assert phone.e164 == person.phone
        assert not person.phone.startswith("+42077")


def test_most_are_eighty_or_older_and_the_others_seventy() -> None:
    ages = Counter("80" if age(p.born, TODAY) >= 80 else "70" for p in PEOPLE)
    assert min(age(p.born, TODAY) for p in PEOPLE) >= 70
    assert 0.8 < ages["80"] / len(PEOPLE) < 0.9


def test_they_live_where_a_postcode_is_and_many_in_prague() -> None:
    homes = [WORLD.postcodes.find(p.psc) for p in PEOPLE]
    assert all(homes)
    assert 0.08 < sum(h is not None and h.city == "Praha" for h in homes) / len(homes) < 0.2


def test_women_bear_womens_names() -> None:
    women = [p for p in PEOPLE if p.sex is Sex.FEMALE]
    assert len(women) > len(PEOPLE) / 2
    assert all(p.last_name.endswith("á") for p in women)
    assert not any(p.last_name.endswith("ová") for p in PEOPLE if p.sex is Sex.MALE)


def test_the_same_chance_makes_the_same_people() -> None:
    assert CENSUS.people(50, chance=random.Random(2021), today=TODAY) == PEOPLE[:50]


@pytest.mark.parametrize(
    ("his", "hers"),
    [
        ("Novák", "Nováková"),
        ("Černý", "Černá"),
        ("Hájek", "Hájková"),
        ("Němec", "Němcová"),
        ("Svoboda", "Svobodová"),
    ],
)
def test_a_surname_has_a_womans_form(his: str, hers: str) -> None:
    assert feminine(his) == hers


@pytest.mark.parametrize("seed", range(60))
def test_a_robot_registers_is_invited_and_gets_its_dates(seed: int) -> None:
    chance = random.Random(seed)
    person = CENSUS.person(chance, today=TODAY, youngest=85, psc="58601")
    robot = Robot(person, chance=chance)
    phone = _Phone()
    assert "Registrace prijata" in phone.talk(robot, robot.begin())
    invitation = robot.read(
        "Jan Novak, zveme vas k ockovani: Jihlava. Odpovezte PINem 4711 0921 a vyberte si termin."
    )
    assert invitation is not None
    assert invitation.text.replace(" ", "") == "47110921"
    assert phone.talk(robot, invitation).startswith("Mate termin")
    assert len(phone.desk.registrations) == 1


def test_every_way_to_begin_is_met() -> None:
    styles = {Robot(person, chance=random.Random(n)).style for n, person in enumerate(PEOPLE[:100])}
    assert styles == set(Style)


def test_a_robot_chooses_the_group_of_its_own_age() -> None:
    robot = Robot(_somebody(), chance=random.Random(1))
    reply = robot.read("Vase skupina? 1 zdravotnici, 2 70 az 79 let. Odpovezte cislem, zadna: 0.")
    assert reply is not None
    assert reply.text == "2"


def _somebody() -> Person:
    return PEOPLE[0]


class _Phone:
    """A session on a fake desk."""

    def __init__(self) -> None:
        self.desk = FakeDesk()
        self._session = Session.new("cs")

    def talk(self, robot: Robot, reply: Reply | None) -> str:
        """Talk until the robot has nothing to say; the last MT but for the status it may have asked for."""
        last = ""
        for _ in range(20):
            if reply is None:
                return last
            answer = self._answer(reply.text)
            if reply.text.upper() != "STAV":
                last = answer
            reply = robot.read(answer)
        raise AssertionError(f"They never end: {last}")

    def _answer(self, text: str) -> str:
        def perform(act: Act) -> Outcome:
            return self.desk.perform(act, now=NOW)

        reply = converse(LIBRARY, self._session, text, now=NOW, perform=perform)
        self._session = reply.session
        return reply.text
