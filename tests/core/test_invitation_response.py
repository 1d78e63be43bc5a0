"""Responses: what is believed, what was seen, and how sure one may be of the number of answers."""

from datetime import timedelta
from math import exp, lgamma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.invitations import BANDS, BUCKETS, Observed, Prior, Watched, band_of, bucket_of, observe
from core.invitations.chance import Crowd
from core.invitations.curve import learn

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
COUNTS = st.lists(st.floats(0, 1_000), min_size=len(BUCKETS), max_size=len(BUCKETS)).map(tuple)
PRIORS = st.builds(
    Prior, st.floats(0.01, 0.99), st.integers(1, 200).map(lambda h: h * HOUR), st.floats(0.5, 500)
)
GROUPS = st.lists(
    st.tuples(st.integers(0, 25), st.floats(0, 1)), min_size=1, max_size=6
).map(tuple)  # fmt: skip


def seen(after: timedelta, *, is_answered: bool, count: int = 100) -> dict[str, Observed]:
    watched = Watched("80+", timedelta(), after, is_answered, count)
    return observe([watched], half_life=14 * DAY)


@pytest.mark.parametrize(
    ("age", "band"),
    [(103, "80+"), (80, "80+"), (79, "70-79"), (70, "70-79"), (69, "65-69"), (65, "65-69"), (64, "16-64")],
)
def test_everybody_is_in_one_band(age, band):
    assert band_of(age) == band
    assert band in BANDS


def test_a_message_on_its_way_is_in_the_first_bucket():
    assert bucket_of(-3 * HOUR) == bucket_of(timedelta()) == 0
    assert bucket_of(90 * DAY) == len(BUCKETS) - 1


@given(prior=PRIORS, answered=COUNTS, silent=COUNTS, patience=st.sampled_from([None, 3 * DAY]))
def test_a_claim_never_grows_with_silence(prior, answered, silent, patience):
    curve = learn(prior, Observed(answered, silent), patience=patience)
    claims = [curve.claim(k) for k in range(len(BUCKETS))]
    assert claims == sorted(claims, reverse=True)
    assert all(0 <= claim < 1 for claim in claims)


def test_answers_that_come_too_late_are_not_reckoned_with():
    all_count, in_time = learn(Prior()), learn(Prior(), patience=3 * DAY)
    assert all_count.claim(0) - 0.05 < in_time.claim(0) < all_count.claim(0)
    assert in_time.claim(bucket_of(2 * DAY)) > 0
    assert in_time.claim(bucket_of(3 * DAY)) == in_time.variance[bucket_of(3 * DAY)] == 0


def test_before_anybody_was_seen_the_belief_holds():
    curve = learn(Prior(answers=0.6, half_within=6 * HOUR, watched=30))
    assert curve.claim(0) == pytest.approx(0.6)
    # Half of the 60 have answered after 6 hours: 30 of the 70 who are silent then still will.
    assert curve.claim(bucket_of(6 * HOUR)) == pytest.approx(30 / 70)
    assert curve.claim(bucket_of(14 * DAY)) < 0.02
    # As sure as after 30 people: the beta distribution of 18 who answer and 12 who do not.
    assert curve.variance[0] == pytest.approx(0.6 * 0.4 / 31)


def test_many_seen_outweigh_the_belief():
    watched = [
        Watched("80+", timedelta(), 2 * HOUR, True, 300),
        Watched("80+", timedelta(), 20 * DAY, False, 700),
    ]
    curve = learn(Prior(), observe(watched, half_life=14 * DAY)["80+"])
    assert curve.claim(0) == pytest.approx(0.31, abs=0.01)
    assert curve.variance[0] < learn(Prior()).variance[0] / 20


def test_silence_of_an_hour_is_not_a_refusal():
    believed = learn(Prior()).claim(0)
    young = learn(Prior(), seen(HOUR / 2, is_answered=False)["80+"]).claim(0)
    old = learn(Prior(), seen(20 * DAY, is_answered=False)["80+"]).claim(0)
    assert young > 0.9 * believed
    assert old < 0.25 * believed


def test_what_is_long_ago_counts_for_less():
    watched = [Watched("80+", ago * DAY, HOUR, True, 8) for ago in (0, 14, 28)]
    assert observe(watched, half_life=14 * DAY)["80+"].answered[1] == pytest.approx(8 + 4 + 2)


def exact_chance_above(groups, served):
    """The same by adding one person after another."""
    chances = [1.0]
    for count, chance in groups:
        for _ in range(count):
            longer = [p * (1 - chance) for p in chances] + [0.0]
            for k, p in enumerate(chances):
                longer[k + 1] += p * chance
            chances = longer
    return sum(chances[served + 1 :])


@given(groups=GROUPS, served=st.integers(0, 120))
def test_the_chance_is_exact(groups, served):
    assert Crowd(groups).chance_above(served) == pytest.approx(exact_chance_above(groups, served), abs=1e-10)


@given(groups=GROUPS, spread=st.floats(0, 400))
def test_as_many_places_as_people_leave_nothing_to_chance(groups, spread):
    crowd = Crowd(groups, spread)
    assert crowd.chance_above(crowd.count) == 0


@given(groups=GROUPS, spread=st.floats(0, 400), served=st.integers(0, 150))
def test_one_place_more_never_raises_the_chance(groups, spread, served):
    crowd = Crowd(groups, spread)
    assert crowd.chance_above(served + 1) <= crowd.chance_above(served) + 1e-12


@pytest.mark.parametrize("invited", [10, 50, 300])
@pytest.mark.parametrize("share", [0.6, 0.7, 0.8])
def test_not_knowing_the_curve_widens_the_chance_as_it_should(invited, share):
    """Nobody seen yet: the number of answers has a beta-binomial distribution, known in closed form."""
    curve = learn(Prior(answers=0.6, watched=30))
    counts = (invited,) + (0,) * (len(BUCKETS) - 1)
    served = int(invited * share)
    chance = Crowd(((invited, curve.claim(0)),), curve.spread(counts)).chance_above(served)
    exact = sum(beta_binomial(k, invited, 18, 12) for k in range(served + 1, invited + 1))
    assert chance == pytest.approx(exact, abs=0.012)


def beta_binomial(k, n, a, b):
    return exp(
        lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
        + lgamma(k + a) + lgamma(n - k + b) - lgamma(n + a + b)
        + lgamma(a + b) - lgamma(a) - lgamma(b)
    )  # fmt: skip
