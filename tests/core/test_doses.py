"""Doses of one person: none is counted twice, none is missing, and the course ends when all were given."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.doses import (
    Contradicts,
    Dose,
    Follows,
    KnownAlready,
    Lacks,
    NotAfter,
    TooMany,
    Verdict,
    is_complete,
    judge,
    second_window,
)
from core.doses_file import Claim, Holder, Reported, by_person
from core.products import Products
from gateway.compose import load_vaccines

SITE = UUID(int=1)
JANUARY = date(2021, 1, 25)
PRODUCTS: Products = load_vaccines()


def dose(n: int = 1, on: date = JANUARY, product: str = "comirnaty", lot: str = "EJ6796") -> Dose:
    return Dose(n, product, on, SITE, lot, "sestra")


FIRST = dose()
SECOND = dose(2, JANUARY + timedelta(21))


@pytest.mark.parametrize(
    ("new", "earlier", "verdict"),
    [
        pytest.param(FIRST, [], Follows(is_last=False), id="first"),
        pytest.param(SECOND, [FIRST], Follows(is_last=True), id="second"),
        pytest.param(dose(product="janssen"), [], Follows(is_last=True), id="only"),
        pytest.param(FIRST, [FIRST, SECOND], KnownAlready(), id="known"),
        pytest.param(dose(lot="EP2163"), [FIRST], Contradicts(FIRST), id="another lot"),
        pytest.param(SECOND, [], Lacks(1), id="without the first"),
        pytest.param(
            dose(2), [dose(product="janssen")], TooMany(PRODUCTS.by_key["janssen"]), id="one too many"
        ),
        pytest.param(dose(2), [FIRST], NotAfter(JANUARY), id="on the same day"),
        pytest.param(
            dose(2, JANUARY + timedelta(20)),
            [FIRST],
            Follows(is_last=True, doubts=("too early: 20 days after dose 1, the interval is 21",)),
            id="too early",
        ),
        pytest.param(
            dose(2, JANUARY + timedelta(21), "vaxzevria"),
            [FIRST],
            Follows(is_last=True, doubts=("dose 2 of vaxzevria after dose 1 of comirnaty",)),
            id="mixed",
        ),
    ],
)
def test_what_a_dose_is_to_whoever_has_had_the_earlier_ones(
    new: Dose, earlier: list[Dose], verdict: Verdict
) -> None:
    assert judge(new, earlier, PRODUCTS) == verdict


DOSES = st.builds(
    dose,
    st.integers(1, 3),
    st.integers(0, 60).map(lambda days: JANUARY + timedelta(days)),
    st.sampled_from(sorted(PRODUCTS.by_key)),
    st.sampled_from(["EJ6796", "EP2163"]),
)


@given(st.lists(DOSES, max_size=12))
def test_no_dose_counts_twice_and_a_course_is_complete_when_all_were_given(reported: list[Dose]) -> None:
    counted: list[Dose] = []
    ends = 0
    for new in [*reported, *reported]:
        match judge(new, counted, PRODUCTS):
            case Follows(is_last=is_last):
                counted.append(new)
                ends += is_last
                assert is_last == is_complete(counted, PRODUCTS)
            case KnownAlready():
                assert new in counted
            case _:
                assert new not in counted
    assert [each.number for each in counted] == [*range(1, len(counted) + 1)]
    assert [each.given_on for each in counted] == sorted({each.given_on for each in counted})
    assert ends == is_complete(counted, PRODUCTS)


@given(st.permutations([FIRST, SECOND, FIRST]), st.data())
def test_the_order_of_a_file_and_how_it_names_people_do_not_matter(
    doses: list[Dose], data: st.DataObject
) -> None:
    reported = []
    for line, each in enumerate(doses, start=2):
        is_named = data.draw(st.booleans())
        number, reservation = ("405123123", None) if is_named else (None, 17)
        reported.append(Reported(line, each, number, reservation, is_by_code=False))
    found = by_person(reported, {17: Holder("405123123", SITE)})
    ((first, second),) = found.people
    assert (first.dose, second.dose) == (FIRST, SECOND)
    assert len(found.repeats) == 1
    assert not found.quarantined


def test_the_second_dose_follows_the_day_and_the_vaccine_of_the_first() -> None:
    in_three_weeks = JANUARY + timedelta(21)
    assert second_window(FIRST, PRODUCTS) == (in_three_weeks, in_three_weeks)
    late = dose(on=JANUARY + timedelta(2))
    assert second_window(late, PRODUCTS) == (in_three_weeks + timedelta(2), in_three_weeks + timedelta(2))
    assert second_window(dose(product="janssen"), PRODUCTS) is None


def test_what_is_kept_says_no_number() -> None:
    assert "405123123" not in repr(Claim(2, FIRST, "405123123"))
    assert "405123123" not in repr(Holder("405123123", SITE))
    assert "405123123" not in repr(Reported(2, FIRST, "405123123", None, is_by_code=False))
