"""Mendings: what is proposed, what is safe, and that the safe ones never cost anybody anything."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendars import Calendar, Cause, Inspection, Round, Severity, Slot, inspect, mend
from core.products import Products, load_products

DATA = Path(__file__).parents[2] / "data"
PRODUCTS = load_products((DATA / "vaccine_dose_intervals_cz_2021.csv").read_bytes())
SITE = UUID(int=1)
TODAY = date(2021, 1, 22)
MONDAY = datetime(2021, 1, 25, 8, tzinfo=UTC)


def calendar(
    name: str,
    round_: Round,
    *moments: datetime,
    links_to: str | None = None,
    product: str = "comirnaty",
    capacity: int = 2,
    taken: int = 0,
) -> Calendar:
    calendar_id = ord(name[0])
    slots = tuple(
        Slot(calendar_id * 1000 + n, calendar_id, at, capacity, taken) for n, at in enumerate(moments)
    )
    return Calendar(calendar_id, SITE, name, round_, product, links_to, slots)


FIRST = calendar("A", Round.FIRST, MONDAY)
SECOND = calendar("B", Round.SECOND, MONDAY + timedelta(days=21))
OTHER_SECOND = calendar("C", Round.SECOND, MONDAY + timedelta(days=21))


def seen(*calendars: Calendar, elsewhere: tuple[str, ...] = (), products: Products = PRODUCTS) -> Inspection:
    return inspect(calendars, products, today=TODAY, elsewhere=elsewhere)


def links_after(*calendars: Calendar) -> dict[str, str | None]:
    return {c.name: c.links_to for c in mend(calendars, seen(*calendars, elsewhere=("Z",)).safe)}


@pytest.mark.parametrize(
    "linked_to",
    [
        pytest.param(None, id="unlinked"),
        pytest.param("A", id="to itself"),
        pytest.param("Q", id="to nothing"),
        pytest.param("Z", id="to another site"),
        pytest.param("M", id="to another product"),
        pytest.param("X", id="to another round"),
    ],
)
def test_a_link_that_can_mean_one_calendar_is_mended(linked_to: str | None) -> None:
    first = calendar("A", Round.FIRST, MONDAY, links_to=linked_to)
    moderna = calendar("M", Round.SECOND, MONDAY + timedelta(days=28), product="spikevax")
    substitutes = calendar("X", Round.SUBSTITUTE, MONDAY)
    calendars = (first, SECOND, moderna, substitutes)
    before = seen(*calendars, elsewhere=("Z",))
    assert before.lint.has_broken_link
    assert links_after(*calendars)["A"] == "B"
    after = seen(*mend(calendars, before.safe), elsewhere=("Z",))
    assert not after.lint.has_broken_link
    assert after.lint.pairs_by_product == {"comirnaty": 2}


def test_where_two_calendars_may_be_meant_a_person_decides() -> None:
    found = seen(FIRST, SECOND, OTHER_SECOND)
    assert found.safe == ()
    (unlinked,) = (a for a in found.advice if a.cause is Cause.UNLINKED)
    assert unlinked.mending.words == "decide which calendar of second doses is meant, and link it: B, C"


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(calendar("B", Round.SECOND, MONDAY - timedelta(days=7)), id="over"),
        pytest.param(calendar("B", Round.SECOND), id="empty"),
        pytest.param(calendar("B", Round.SECOND, MONDAY, product="spikevax"), id="another vaccine"),
    ],
)
def test_nothing_is_linked_to_a_calendar_that_cannot_be_meant(second: Calendar) -> None:
    assert seen(FIRST, second).safe == ()


def test_an_unknown_vaccine_is_not_linked_to_another_unknown_one() -> None:
    sputnik = (
        calendar("A", Round.FIRST, MONDAY, product="Sputnik V"),
        calendar("B", Round.SECOND, MONDAY, product="Sputnik V"),
    )
    assert seen(*sputnik).safe == ()


def test_the_worst_comes_first() -> None:
    at_night = calendar("A", Round.FIRST, MONDAY.replace(hour=23), links_to=None)
    severities = [a.severity for a in seen(at_night, SECOND).advice]
    assert severities == sorted(severities)
    assert severities[0] is Severity.CLOSES_GATE
    assert severities[-1] is Severity.HINT


def test_every_cause_has_a_mending_in_words() -> None:
    """Each cause is met once here, so that none is forgotten when another is added."""
    met = {advice.cause: advice.mending.words for each in _one_of_each() for advice in each.advice}
    assert set(met) == set(Cause)
    assert all(met.values())


def _one_of_each() -> Iterator[Inspection]:
    linked = calendar("A", Round.FIRST, MONDAY, links_to="B")
    for to in (None, "A", "Q", "Z", "X"):
        first = calendar("A", Round.FIRST, MONDAY, links_to=to)
        yield seen(first, calendar("X", Round.SUBSTITUTE, MONDAY), SECOND, elsewhere=("Z",))
    yield seen(linked, calendar("B", Round.SECOND, MONDAY, product="spikevax"))
    yield seen(calendar("A", Round.FIRST, MONDAY, product="Sputnik V"))
    yield seen(calendar("A", Round.FIRST, MONDAY, links_to="B", product="vaxzevria"),
               calendar("B", Round.SECOND, MONDAY + timedelta(days=90), product="vaxzevria"))  # fmt: skip
    yield seen(linked, calendar("B", Round.SECOND, MONDAY + timedelta(days=20)))
    yield seen(linked, calendar("B", Round.SECOND, *(MONDAY + timedelta(days=n) for n in (20, 22))))
    yield seen(linked, calendar("B", Round.SECOND, MONDAY + timedelta(days=21), capacity=0))
    yield seen(linked, calendar("B", Round.SECOND, MONDAY + timedelta(days=21), capacity=1))
    yield seen(calendar("A", Round.FIRST, MONDAY - timedelta(days=7), links_to="B"), SECOND)
    easter = datetime(2021, 4, 5, 8, tzinfo=UTC)
    quarters = [easter + timedelta(minutes=m) for m in (0, 20, 30, 40, 60, 80, 90, 100, 120)]
    yield seen(*(calendar(name, Round.SUBSTITUTE, *quarters, capacity=8_000) for name in "KL"))
    weekdays = [MONDAY + timedelta(days=n) for n in range(33) if n % 7 < 5 or n == 5]
    yield seen(calendar("K", Round.SUBSTITUTE, *weekdays, MONDAY.replace(hour=2)))


def test_an_absurd_capacity_is_proposed_and_never_changed_without_asking() -> None:
    moments = [MONDAY + timedelta(minutes=10 * n) for n in range(20)]
    first = calendar("A", Round.SUBSTITUTE, *moments, capacity=4)
    absurd = Slot(99, first.calendar_id, MONDAY + timedelta(days=1), 1_000, 7)
    with_absurd = Calendar(
        first.calendar_id, SITE, "A", Round.SUBSTITUTE, "comirnaty", None, (*first.slots, absurd)
    )
    found = seen(with_absurd)
    (advice,) = (a for a in found.advice if a.cause is Cause.ABSURD_CAPACITY)
    assert [f.words for f in advice.findings] == ["1000 places at once, where 4 are usual"]
    assert found.safe == ()
    assert advice.mending.change is not None
    (mended,) = mend([with_absurd], [advice.mending.change])
    assert mended.slots[-1].capacity == 7, "nobody loses the place they have"


_moments = st.integers(-5, 40).map(lambda n: MONDAY + timedelta(days=n))


@st.composite
def _sites(draw: st.DrawFn) -> list[Calendar]:
    calendars = []
    for name in "ABCDE"[: draw(st.integers(1, 5))]:
        moments = sorted(draw(st.sets(_moments, max_size=6)))
        calendars.append(
            calendar(
                name,
                draw(st.sampled_from(Round)),
                *moments,
                links_to=draw(st.sampled_from([None, "A", "B", "C", "D", "Z"])),
                product=draw(st.sampled_from(["comirnaty", "spikevax", "janssen", "Sputnik V"])),
                capacity=draw(st.integers(2, 4)),
                taken=draw(st.integers(0, 2)),
            )
        )
    return calendars


@given(_sites())
def test_safe_mendings_never_lower_the_pairs_and_never_touch_a_slot(calendars: list[Calendar]) -> None:
    before = seen(*calendars, elsewhere=("Z",))
    mended = mend(calendars, before.safe)
    after = seen(*mended, elsewhere=("Z",))
    for product, pairs in before.lint.pairs_by_product.items():
        assert after.lint.pairs_by_product[product] >= pairs
    assert [c.slots for c in mended] == [c.slots for c in calendars]
    assert after.safe == (), "what is mended is not mended again"
    right = {c.name for c in calendars} - {change.calendar.name for change in before.safe}
    assert {c.name: c.links_to for c in mended if c.name in right} == {
        c.name: c.links_to for c in calendars if c.name in right
    }
