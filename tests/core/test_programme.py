"""The programme: who may register, who is asked, who goes first."""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.programme import (
    Programme,
    Proof,
    UnusableProgramme,
    age,
    choices_for,
    group_of_age,
    groups_open,
    is_asked,
    load_programme,
    score,
)

TEXT = (Path(__file__).parents[2] / "data" / "programme.toml").read_text(encoding="utf-8")
PRAGUE = ZoneInfo("Europe/Prague")
BORN_1940, BORN_1948, BORN_1980, BORN_2012 = (date(year, 5, 13) for year in (1940, 1948, 1980, 2012))


@pytest.fixture(scope="module")
def programme() -> Programme:
    return load_programme(TEXT)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PRAGUE)


def test_the_programme_opens_to_the_minute(programme: Programme) -> None:
    assert groups_open(programme, now=_at("2021-01-15T07:59")) == []
    assert [g.key for g in groups_open(programme, now=_at("2021-01-15T08:00"))] == ["age_80"]
    assert [g.key for g in groups_open(programme, now=_at("2021-01-26T00:00"))] == [
        "age_80",
        "health_workers",
    ]


def test_groups_close_too(programme: Programme) -> None:
    def is_open(key: str, when: str) -> bool:
        return key in {g.key for g in groups_open(programme, now=_at(when))}

    assert is_open("school_staff", "2021-03-28T23:59")
    assert not is_open("school_staff", "2021-03-29T00:00")
    assert is_open("chronic", "2021-04-30T12:00")
    assert not is_open("chronic", "2021-05-01T00:00")
    assert not is_open("critical_infrastructure", "2021-06-01T00:00")


@pytest.mark.parametrize(
    ("born", "when", "keys", "asked"),
    [
        pytest.param(BORN_1940, "2021-01-22T09:00", ["age_80"], False, id="an 80-year-old is not asked"),
        pytest.param(BORN_1940, "2021-03-24T09:00", ["age_80"], False, id="nor later"),
        pytest.param(BORN_1980, "2021-01-22T09:00", [], False, id="not yet"),
        pytest.param(BORN_1980, "2021-01-26T09:00", ["health_workers"], True, id="a health worker says so"),
        pytest.param(
            BORN_1980,
            "2021-03-24T09:00",
            ["health_workers", "school_staff", "chronic"],
            True,
            id="one of three",
        ),
        pytest.param(
            BORN_1948, "2021-03-24T09:00", ["health_workers", "age_70"], True, id="only what brings forward"
        ),
        pytest.param(BORN_1980, "2021-06-01T09:00", ["health_workers", "age_40"], True, id="age opens late"),
        pytest.param(BORN_2012, "2021-07-01T09:00", [], False, id="a child"),
    ],
)
def test_people_choose_from_what_is_open_to_them(
    born: date, when: str, keys: list[str], asked: bool, programme: Programme
) -> None:
    choices = choices_for(programme, born, _at(when))
    assert [g.key for g in choices] == keys
    assert is_asked(choices) is asked


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        (date(1941, 1, 22), date(2021, 1, 22), 80),
        (date(1941, 1, 23), date(2021, 1, 22), 79),
        (date(1940, 2, 29), date(2021, 2, 28), 80),
        (date(1941, 3, 1), date(2021, 2, 28), 79),
    ],
)
def test_age_is_counted_in_full_years(born: date, on: date, years: int) -> None:
    assert age(born, on) == years


def test_age_is_that_of_the_local_day(programme: Programme) -> None:
    born = date(1941, 1, 23)
    group = group_of_age(programme, born, datetime(2021, 1, 22, 23, 30, tzinfo=ZoneInfo("UTC")))
    assert group is not None
    assert group.key == "age_80"


def test_scores_proofs_and_labels(programme: Programme) -> None:
    assert [
        score(programme, k) for k in ("age_80", "health_workers", "age_70", "school_staff", "chronic")
    ] == [
        13,
        11,
        7,
        6,
        5,
    ]
    assert score(programme, "abolished") == 0
    workers = programme.group("health_workers")
    assert workers is not None
    assert (workers.proof, workers.label("cs"), workers.label("en"), workers.label("de")) == (
        Proof.NRZP,
        "zdravotníci",
        "health workers",
        "zdravotníci",
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("ages = [70, 79]", "ages = [70, 80]", "aged 80 is in two groups: age_80, age_70"),
        ('key = "age_70"', 'key = "age_80"', "share the key age_80"),
        ("closes_at = 2021-05-01", "closes_at = 2021-03-01", "chronic closes before it opens"),
        ('proof = "nrzp"', 'proof = "word"', "'word' is not a valid Proof"),
        ('zone = "Europe/Prague"', "zone = ", "cannot be read"),
        ("opens_at = 2021-01-26", 'opens_at = "soon"', "neither a date nor a time"),
    ],
)
def test_a_programme_that_contradicts_itself_is_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(UnusableProgramme, match=words):
        load_programme(TEXT.replace(old, new, 1))
