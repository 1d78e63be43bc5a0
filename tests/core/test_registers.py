"""What an answer of a register means, whose name is the same, and when asking is left off."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.breaker import Breaker
from core.registers import (
    AlreadyVaccinated,
    Found,
    HealthWorkers,
    Known,
    Name,
    NotFound,
    PopulationRegister,
    PositivePcr,
    Record,
    Unavailable,
    Unknown,
    is_same_name,
)

TODAY = date(2021, 1, 26)
NOW = datetime(2021, 1, 26, 9, tzinfo=UTC)
JANA = Name("Jana", "Nováková")
names = st.sampled_from(["Jana", "Marie", "Nováková", "Čapková", "Petr", "Žák", "Øyvind"])


class Fixed:
    def __init__(self, *records: Record) -> None:
        self._records = records

    def records(self, number: str) -> tuple[Record, ...]:
        return self._records


class Away:
    def records(self, number: str) -> Unavailable:
        return Unavailable("away")


@pytest.mark.parametrize(
    ("said", "known", "is_same"),
    [
        pytest.param(JANA, Name("JANA", "NOVAKOVA"), True, id="accents and case"),
        pytest.param(Name("Nováková", "Jana"), JANA, True, id="order"),
        pytest.param(Name("Jana", "Nováková Čapková"), Name("Jana", "Nováková-Čapková"), True, id="hyphen"),
        pytest.param(JANA, Name("Jana Marie", "Nováková"), True, id="second name left out"),
        pytest.param(Name("Jana Marie", "Nováková"), JANA, True, id="second name unknown there"),
        pytest.param(JANA, Name("Jana", "Nováková Čapková"), True, id="one of two surnames"),
        pytest.param(JANA, Name("Jana", "Čapková"), False, id="other surname"),
        pytest.param(JANA, Name("Marie", "Nováková"), False, id="other first name"),
        pytest.param(Name("Nováková", ""), JANA, False, id="surname alone"),
        pytest.param(Name("", ""), Name("", ""), False, id="nothing at all"),
        pytest.param(
            Name("Jana Eva", "Nováková"), Name("Jana Marie", "Nováková"), False, id="two that differ"
        ),
    ],
)
def test_names_are_compared_as_clerks_do(said: Name, known: Name, is_same: bool) -> None:
    assert is_same_name(said, known) is is_same


@given(st.lists(names, min_size=1, max_size=2), st.lists(names, min_size=1, max_size=2), st.randoms())
def test_a_name_is_the_same_however_it_is_ordered_and_written(first, last, random) -> None:
    parts = [*first, *last]
    random.shuffle(parts)
    written = " ".join(random.choice((str.upper, str.lower))(part) for part in parts)
    said = Name(*(written.split(" ", 1) if " " in written else (written, "")))
    assert is_same_name(said, Name(" ".join(first), " ".join(last)))


@pytest.mark.parametrize(
    ("records", "answer"),
    [
        pytest.param([], NotFound(), id="nobody"),
        pytest.param([Record(Name("Eva", "Malá"))], NotFound(), id="the number of somebody else"),
        pytest.param([Record(JANA)], Found(), id="found"),
        pytest.param([Record(Name("Eva", "Malá"), True), Record(JANA)], Found(), id="a duplicate of another"),
        pytest.param(
            [Record(JANA), Record(JANA, True)], AlreadyVaccinated(), id="one of two says vaccinated"
        ),
        pytest.param(
            [Record(JANA, positive_on=date(2021, 1, 5))], PositivePcr(date(2021, 4, 5)), id="ill lately"
        ),
        pytest.param(
            [Record(JANA, positive_on=TODAY - timedelta(days=89))],
            PositivePcr(date(2021, 1, 27)),
            id="89 days",
        ),
        pytest.param([Record(JANA, positive_on=TODAY - timedelta(days=90))], Found(), id="90 days"),
    ],
)
def test_the_population_register_says_who_may_be_invited(records, answer) -> None:
    assert PopulationRegister(Fixed(*records)).look_up("405123123", JANA, today=TODAY) == answer


def test_nrzp_knows_a_number_only_with_its_name() -> None:
    assert HealthWorkers(Fixed(Record(JANA))).knows("405123123", Name("jana", "novakova")) == Known()
    assert HealthWorkers(Fixed(Record(JANA))).knows("405123123", Name("Eva", "Malá")) == Unknown()


def test_a_register_that_is_away_says_neither_yes_nor_no() -> None:
    assert HealthWorkers(Away()).knows("405123123", JANA) == Unavailable("away")
    assert PopulationRegister(Away()).look_up("405123123", JANA, today=TODAY) == Unavailable("away")


@given(st.lists(st.booleans(), max_size=30))
def test_a_breaker_opens_after_failures_in_a_row_and_at_no_other_time(answers: list[bool]) -> None:
    breaker, in_a_row = Breaker(most_failures=3), 0
    for is_answer in answers:
        breaker = breaker.answered() if is_answer else breaker.failed(NOW)
        in_a_row = 0 if is_answer else in_a_row + 1
        assert breaker.may_ask(NOW) is (in_a_row < 3)


def test_after_its_rest_one_try_decides() -> None:
    breaker = Breaker(most_failures=2, rests_for=timedelta(minutes=1)).failed(NOW).failed(NOW)
    later = NOW + timedelta(minutes=1)
    assert not breaker.may_ask(later - timedelta(seconds=1))
    assert breaker.may_ask(later)
    assert not breaker.failed(later).may_ask(later)
    assert breaker.answered().failed(later).may_ask(later)
