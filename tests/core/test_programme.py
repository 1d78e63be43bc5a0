"""The programme: who may register, who is asked, who goes first."""

import csv
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

DATA = Path(__file__).parents[2] / "data"
TEXT = (DATA / "programme.toml").read_text(encoding="utf-8")
PRAGUE = ZoneInfo("Europe/Prague")
BORN_1940, BORN_1948, BORN_1980, BORN_2012 = (date(year, 5, 13) for year in (1940, 1948, 1980, 2012))


@pytest.fixture(scope="module")
def programme() -> Programme:
    return load_programme(TEXT)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PRAGUE)


# The CSV's names of the groups, and its words about their end and their proof.
KEYS = {
    "osoby 80+": "age_80",
    "zdravotnici (NRZP-validated)": "health_workers",
    "pedagogicti a nepedagogicti pracovnici": "school_staff",
    "osoby 70-79": "age_70",
    "osoby s chronickym onemocnenim": "chronic",
    "kriticti zamestnanci kriticke infrastruktury": "critical_infrastructure",
    "pracovnici v socialnich sluzbach": "social_services",
    "osoby s chronickym onemocnenim - druha skupina": "chronic_second",
    **{f"osoby {a}-{b}": f"age_{a}" for a, b in ((65, 69), (60, 64), (55, 59), (50, 54), (45, 49), (40, 44))},
    **{f"osoby {a}-{b}": f"age_{a}" for a, b in ((35, 39), (30, 34), (16, 29), (12, 15))},
}
NOT_OURS = {"samoplatci / cizinci bez verejneho pojisteni": "self-payers have a form and sites of their own"}
ENDS = {
    "ended night 28./29.3.2021": "2021-03-29T00:00",
    "until 30.4.2021": "2021-05-01T00:00",
    "until 15.5.2021": "2021-05-16T00:00",
}
HOURS = {"CRS launch 08:00": "T08:00"}
CODES_UNSAID = {
    "critical_infrastructure": "the note does not speak of the code that the employer gave",
    "social_services": "the same",
    "chronic_second": "the note does not speak of the physician's code",
}


def _row(csv_row: dict[str, str]) -> tuple[object, ...]:
    note = csv_row["validity_note"]
    hour = next((hour for words, hour in HOURS.items() if words in note), "T00:00")
    ages = None
    if csv_row["age_min"]:
        ages = (int(csv_row["age_min"]), int(csv_row["age_max"]) if csv_row["age_max"] else None)
    key = KEYS[csv_row["group"]]
    proof = Proof.NRZP if "NRZP" in note else Proof.NONE
    return (
        key,
        int(csv_row["priority_score"] or 0),
        _at(csv_row["date"] + hour) if csv_row["date"] else None,
        next((_at(end) for words, end in ENDS.items() if words in note), None),
        ages,
        Proof.CODE if "code from" in note or key in CODES_UNSAID else proof,
    )


def test_the_programme_is_that_of_the_sources(programme: Programme) -> None:
    with (DATA / "priority_opening_dates_2021.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["group"] not in NOT_OURS]
    ours = {(g.key, g.score, g.opens_at, g.closes_at, g.ages, g.proof) for g in programme.groups}
    assert {_row(row) for row in rows} == ours


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
        ('proof = "nrzp"', 'proof = "word"', "health_workers: proof 'word' is none of none, nrzp, code"),
        ('zone = "Europe/Prague"', "zone = ", "cannot be read"),
        ('zone = "Europe/Prague"', 'zone = "Europe/Plzen"', "'Europe/Plzen' is no time zone"),
        ("opens_at = 2021-01-26", 'opens_at = "soon"', "health_workers: opens_at 'soon' is neither a date"),
        ("opens_at = 2021-01-26", "open_at = 2021-01-26", "open_at is not known; did you mean opens_at?"),
        ("score = 11", 'score = "high"', "health_workers: score 'high' is not a whole number"),
        ("score = 11\n", "", "group health_workers lacks score"),
        ("ages = [70, 79]", "ages = [79, 70]", r"age_70: ages \[79, 70\] is neither"),
        ('label.cs = "zdravotníci"\n', "", "health_workers has no label.cs"),
        ("[[group]]", "[group]", "cannot be read"),
        ("youngest_worker = 16", "youngest_worker = 1.6", "youngest_worker 1.6 is not a whole number"),
    ],
)
def test_a_programme_that_contradicts_itself_is_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(UnusableProgramme, match=words):
        load_programme(TEXT.replace(old, new, 1))
