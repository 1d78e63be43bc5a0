"""What is published: nobody can be told apart, nothing is invented, and ages are those of the day."""

from collections import Counter
from datetime import date
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.blocking import Reason
from core.exports import registrace
from core.exports.anonymity import Tally
from core.exports.registrace import (
    AT_SITE,
    REASONS,
    SHEET,
    STEPS,
    YOUNGEST,
    Alike,
    age_group,
    born_by,
    published,
)
from core.exports.sheet import Cells, Sheet
from core.programme import Programme, age
from gateway.compose import load_world

PROGRAMME: Programme = load_world().programme
REGIONS = {"CZ063": "Kraj Vysočina", "CZ064": "Jihomoravský kraj"}
DAYS = st.sampled_from([date(2021, 1, 15), date(2021, 1, 16)])
SITES = (("CZ0632", UUID(int=1)), ("CZ0632", UUID(int=2)), ("CZ0642", UUID(int=3)), (None, UUID(int=4)))


def alike(count: int = 12, **facts: object) -> Alike:
    usual = {
        "site_id": UUID(int=1),
        "site": "Nemocnice Jihlava",
        "district": "CZ0632",
        "registered_on": date(2021, 1, 15),
        "youngest": 80,
        "group_key": "age_80",
        "state": "waiting",
        "blocked_because": None,
        "reserved_on": None,
    }
    return Alike(**{**usual, "count": count, **facts})  # type: ignore[arg-type]


def rows(*many: Alike, k: int = 10) -> tuple[list[tuple[Cells, int]], Tally]:
    tally = Tally()
    return list(published(many, PROGRAMME, REGIONS, k=k, tally=tally)), tally


def named(cells: Cells) -> dict[str, str]:
    return dict(zip(SHEET.columns, cells, strict=True))


def test_what_enough_people_share_is_told_whole():
    ((cells, count),), tally = rows(alike(12, state="reserved", reserved_on=date(2021, 1, 20)))
    assert count == 12
    assert tally.published == {registrace.WHOLE: 12}
    assert named(cells) == {
        "datum": "2021-01-15",
        "ockovaci_misto_id": str(UUID(int=1)),
        "ockovaci_misto_nazev": "Nemocnice Jihlava",
        "kraj_nuts_kod": "CZ063",
        "kraj_nazev": "Kraj Vysočina",
        "vekova_skupina": "80+",
        "povolani": "Na základě dosaženého věku",
        "stat": "",
        "rezervace": "1",
        "datum_rezervace": "2021-01-20",
        "zavora_status": "zablokován",
        "prioritni_skupina": "80 let a více",
        "zablokovano": "1",
        "duvod_blokace": "Již existuje rezervace",
    }


@pytest.mark.parametrize(
    ("state", "because", "gate", "reason"),
    [
        pytest.param("waiting", None, "před závorou", "", id="waits"),
        pytest.param("invited", None, "za závorou", "", id="may book"),
        pytest.param("returned", None, "vrácen před závoru", "", id="found nothing"),
        pytest.param("done", None, "zablokován", "Ztotožněn, ale již vakcinován", id="vaccinated"),
        pytest.param("blocked", "wrong PINs", "zablokován", "5x špatně zadané PIN2", id="guessed"),
    ],
)
def test_states_have_the_ministrys_words(state, because, gate, reason):
    ((cells, _),), _ = rows(alike(state=state, blocked_because=because))
    assert (named(cells)["zavora_status"], named(cells)["duvod_blokace"]) == (gate, reason)


def test_every_reason_of_a_block_has_words():
    assert set(REASONS) == set(Reason)


def test_a_group_that_the_programme_no_longer_knows_is_not_told():
    ((cells, _),), _ = rows(alike(group_key="80+"))
    assert (named(cells)["povolani"], named(cells)["prioritni_skupina"]) == ("", "")


def test_who_is_rare_loses_only_what_makes_her_rare():
    """Two days of reservations with six people each: the day is not told, everything else is."""
    ((cells, count),), tally = rows(
        *(alike(6, state="reserved", reserved_on=date(2021, 1, day)) for day in (20, 21))
    )
    assert count == 12
    assert tally.published == {AT_SITE[1].told: 12}
    assert named(cells)["datum_rezervace"] == ""
    assert named(cells)["datum"] == "2021-01-15"


def test_people_of_small_sites_are_told_by_region():
    found, _ = rows(
        alike(6, district="CZ0632"), alike(6, district="CZ0632", site_id=UUID(int=2), site="Třebíč")
    )
    ((cells, count),) = found
    assert count == 12
    assert (named(cells)["ockovaci_misto_id"], named(cells)["kraj_nuts_kod"]) == ("", "CZ063")


def test_fewer_than_k_in_the_whole_country_are_left_out_and_counted():
    found, tally = rows(alike(9))
    assert (found, tally.left_out, tally.rows) == ([], 9, 9)


COUNTED = st.lists(
    st.builds(
        lambda place, **facts: alike(
            district=place[0], site_id=place[1], site=f"Místo {place[1].int}", **facts
        ),
        place=st.sampled_from(SITES),
        registered_on=DAYS,
        youngest=st.sampled_from((65, 70, 80)),
        group_key=st.sampled_from(("age_80", "health_workers")),
        state=st.sampled_from(("waiting", "invited", "reserved")),
        reserved_on=st.none() | DAYS,
        count=st.integers(1, 15),
    ),
    max_size=40,
)


@given(COUNTED, st.integers(2, 12))
def test_every_published_row_stands_there_k_times_and_none_is_lost(many, k):
    many.sort(key=lambda each: (each.district or "", each.site_id))
    found, tally = rows(*many, k=k)
    assert min((count for _, count in found), default=k) >= k
    assert tally.published.total() == sum(count for _, count in found)
    assert tally.rows == sum(each.count for each in many)
    assert tally.left_out < k


@given(COUNTED, st.integers(2, 12))
def test_a_published_row_says_nothing_that_is_not_so(many, k):
    """Each cell is that of somebody, or empty; and no fact has more rows than people."""
    many.sort(key=lambda each: (each.district or "", each.site_id))
    found, _ = rows(*many, k=k)
    whole, _ = rows(*many, k=1)
    for column in range(len(SHEET.columns)):
        true, told = Counter[str](), Counter[str]()
        for cells, count in whole:
            true[cells[column]] += count
        for cells, count in found:
            told[cells[column]] += count
        assert all(count <= true[cell] for cell, count in told.items() if cell)


def test_each_step_at_a_site_tells_less_than_the_one_before():
    emptied = [step.emptied for step in AT_SITE]
    assert all(fine < coarse for fine, coarse in pairwise(emptied))
    assert STEPS[-1].emptied == set(range(len(SHEET.columns)))


@given(st.dates(date(1900, 1, 1), date(2030, 12, 31)), st.dates(date(2000, 1, 1), date(2030, 12, 31)))
def test_the_age_groups_are_those_of_full_years(born, on):
    for years in YOUNGEST[1:]:
        if born <= on:
            assert (born <= born_by(on, years)) == (age(born, on) >= years)


def test_age_groups_are_named_as_the_ministry_does():
    assert [age_group(youngest) for youngest in YOUNGEST] == [
        "0-11", "12-15", "16-17", "18-24", "25-29", "30-34", "35-39", "40-44",
        "45-49", "50-54", "55-59", "60-64", "65-69", "70-74", "75-79", "80+",
    ]  # fmt: skip


def test_a_sheet_quotes_what_has_to_be_and_what_the_original_does():
    sheet = Sheet("x.csv", ("a", "b"), quoted=frozenset({"b"}), line_end="\r\n")
    assert sheet.header == "a,b\r\n"
    assert sheet.line(('řekl "ano", a šel', "x")) == '"řekl ""ano"", a šel","x"\r\n'
    assert sheet.line(("x", "")) == 'x,""\r\n'
