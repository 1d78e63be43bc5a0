"""How many are invited: the guarantee and the chance as laws, the limits and the words by examples."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.invitations import (
    BANDS,
    BUCKETS,
    Claims,
    Observed,
    OpenInvitations,
    Policy,
    SiteState,
    load_policies,
    plan,
    risk,
)

HOUR = timedelta(hours=1)
POLICIES = load_policies((Path(__file__).parents[2] / "data" / "policies.toml").read_text(encoding="utf-8"))
CHANCE = replace(POLICIES["chance"], probe=0, ramp=None)
COUNTS = st.dictionaries(st.sampled_from(["comirnaty", "moderna", "janssen"]), st.integers(0, 3_000))
BY_BUCKET = st.lists(st.floats(0, 50), min_size=len(BUCKETS), max_size=len(BUCKETS)).map(tuple)
INVITED = st.builds(
    OpenInvitations,
    st.sampled_from(BANDS),
    st.integers(0, 600).map(lambda hours: hours * HOUR),
    st.integers(0, 80),
)
SEEN = st.builds(
    SiteState,
    pairs_by_product=st.fixed_dictionaries({"comirnaty": st.integers(0, 300)}),
    courses_by_product=st.just({"comirnaty": 200}),
    in_line=st.lists(st.sampled_from(BANDS), min_size=40, max_size=40).map(lambda some: some * 10),
    open=st.lists(INVITED, max_size=5).map(tuple),
    choosing=st.integers(0, 10),
    observed=st.dictionaries(st.sampled_from(BANDS), st.builds(Observed, BY_BUCKET, BY_BUCKET)),
)


def site(pairs, courses, claims, closed="") -> SiteState:
    """A site where many wait, and `claims` people were invited an hour ago."""
    invited = (OpenInvitations("80+", HOUR, claims),)
    return SiteState(pairs, courses, ["80+"] * 10_000, invited, closed_because=closed)


@given(pairs=COUNTS, courses=COUNTS, claims=st.integers(0, 5_000), most=st.integers(1, 2_000))
def test_open_claims_never_exceed_what_a_site_can_serve(pairs, courses, claims, most):
    state = site(pairs, courses, claims)
    size = plan(state, policy=Policy(most_at_once=most)).size
    served = sum(min(pairs[product], courses.get(product, 0)) for product in pairs)
    assert 0 <= size <= most
    assert size == 0 or claims + size <= served
    assert size in (most, max(0, served - claims))


@given(pairs=COUNTS, courses=COUNTS, claims=st.integers(0, 5_000))
def test_after_a_wave_of_any_size_there_is_nobody_more_to_invite(pairs, courses, claims):
    policy = Policy(most_at_once=10_000)
    first = plan(site(pairs, courses, claims), policy=policy)
    again = plan(site(pairs, courses, claims + first.size), policy=policy)
    assert again.size == 0


@given(
    steps=st.lists(st.tuples(st.sampled_from(["plan", "book", "expire", "cut"]), st.integers(1, 30))),
    policy=st.sampled_from([POLICIES["2021-01-21"], POLICIES["2021-06"], replace(CHANCE, epsilon=0)]),
)
def test_without_risk_everybody_invited_is_served_whatever_happens(steps, policy):
    free, claims = 40, 0
    for step, count in steps:
        match step:
            case "plan":
                wave = plan(site({"comirnaty": free}, {"comirnaty": 90}, claims), policy=policy)
                assert wave.size == max(0, free - claims)
                assert wave.risk == 0 or free < claims
                claims += wave.size
            case "book":
                booked = min(count, claims, free)
                free, claims = free - booked, claims - booked
            case "expire":
                claims -= min(count, claims)
            case "cut":
                free -= min(count, max(0, free - claims))
        assert claims <= free


@given(state=SEEN, epsilon=st.floats(0.001, 0.2))
def test_the_wave_is_the_largest_whose_chance_is_allowed(state, epsilon):
    policy = replace(CHANCE, epsilon=epsilon)
    chosen = plan(state, policy=policy)
    assert chosen.size == 0 or chosen.risk <= epsilon
    assert chosen.size in (policy.most_at_once, len(state.in_line)) or (
        risk(state, chosen.size + 1, policy=policy) > epsilon
    )


@given(state=SEEN, more=st.integers(1, 60))
def test_more_capacity_never_means_fewer_invitations(state, more):
    richer = replace(state, pairs_by_product={"comirnaty": state.pairs_by_product["comirnaty"] + more})
    for policy in (CHANCE, *POLICIES.values()):
        assert plan(richer, policy=policy).size >= plan(state, policy=policy).size


@given(state=SEEN, invited=INVITED)
def test_more_open_invitations_never_mean_more(state, invited):
    busier = replace(state, open=(*state.open, invited))
    for policy in (CHANCE, *POLICIES.values()):
        assert plan(busier, policy=policy).size <= plan(state, policy=policy).size


@given(state=SEEN, longer=st.integers(0, 400))
def test_longer_silence_never_means_fewer_invitations(state, longer):
    quieter = replace(
        state, open=tuple(replace(some, invited_ago=some.invited_ago + longer * HOUR) for some in state.open)
    )
    assert plan(quieter, policy=CHANCE).claims <= plan(state, policy=CHANCE).claims
    assert plan(quieter, policy=CHANCE).size >= plan(state, policy=CHANCE).size


@given(state=SEEN)
def test_the_same_state_gives_the_same_plan(state):
    for policy in POLICIES.values():
        assert plan(state, policy=policy) == plan(state, policy=policy)


@pytest.mark.parametrize(
    ("state", "size"),
    [
        pytest.param(site({"comirnaty": 10}, {"comirnaty": 4}, 0), 4, id="vaccine is short"),
        pytest.param(site({"comirnaty": 3}, {"comirnaty": 40}, 0), 3, id="pairs are short"),
        pytest.param(site({"comirnaty": 10}, {"comirnaty": 10}, 7), 3, id="some were invited before"),
        pytest.param(site({"comirnaty": 1}, {"comirnaty": 1}, 5), 0, id="dates were taken back"),
        pytest.param(
            site({"comirnaty": 5, "moderna": 5}, {"comirnaty": 2, "moderna": 9}, 1), 6, id="two products"
        ),
        pytest.param(site({"comirnaty": 5}, {"moderna": 9}, 0), 0, id="vaccine of another product"),
        pytest.param(site({}, {"comirnaty": 9}, 0), 0, id="no calendar"),
        pytest.param(site({"comirnaty": 5}, {"comirnaty": 5}, 0, "not active"), 0, id="gate closed"),
        pytest.param(
            replace(site({"comirnaty": 10}, {"comirnaty": 10}, 2), choosing=3), 5, id="some are choosing"
        ),
        pytest.param(
            replace(site({"comirnaty": 10}, {"comirnaty": 10}, 0), in_line=["80+"] * 2), 2, id="few wait"
        ),
    ],
)
def test_a_wave_is_as_large_as_pairs_vaccine_and_claims_allow(state, size):
    assert plan(state).size == size


def test_those_invited_before_may_be_left_out_of_account():
    ignoring = POLICIES["ignoring"]
    assert ignoring.claims is Claims.IGNORED
    chosen = plan(site({"comirnaty": 50}, {"comirnaty": 50}, 60), policy=ignoring)
    assert (chosen.size, chosen.claims) == (50, 0)
    assert chosen.risk > 0.9


SEEN_HERE = {"80+": Observed(answered=(600.0,) + (0.0,) * 17, silent=(0.0,) * 17 + (400.0,))}
JUST_NOW = OpenInvitations("80+", timedelta(minutes=5), 12)


@pytest.mark.parametrize(
    ("changes", "size", "words"),
    [
        pytest.param(
            {}, 20, "nobody was seen responding here: 20 are invited to try it out", id="a new site"
        ),
        pytest.param(
            {"observed": SEEN_HERE, "is_changed": True, "recent_waves": (90,)},
            20,
            "something changed here: 20 are invited to try it out",
            id="a change",
        ),
        pytest.param(
            {"observed": SEEN_HERE, "recent_waves": (8, 35, 4)},
            70,
            "waves grow step by step: 70 within an hour, the largest before was 35",
            id="the ramp",
        ),
        pytest.param(
            {"observed": SEEN_HERE, "recent_waves": (1, 0)},
            20,
            "waves grow step by step: 20 within an hour, the largest before was 1",
            id="the ramp begins at the probe",
        ),
        pytest.param(
            {"open": (JUST_NOW, OpenInvitations("80+", 2 * HOUR, 9))},
            8,
            "nobody was seen responding here: 20 are invited to try it out, 12 of them just now",
            id="a try is under way",
        ),
        pytest.param(
            {"observed": SEEN_HERE, "recent_waves": (8, 12), "open": (JUST_NOW,)},
            12,
            "waves grow step by step: 24 within an hour, 12 of them just now, the largest before was 12",
            id="the step is taken once an hour, however often one plans",
        ),
        pytest.param(
            {"observed": SEEN_HERE, "recent_waves": (150,)},
            200,
            "200 at once is the most",
            id="one transaction",
        ),
        pytest.param(
            {"observed": SEEN_HERE, "in_line": ["80+"] * 7}, 7, "waiting to be invited: 7", id="few wait"
        ),
        pytest.param(
            {"observed": SEEN_HERE, "in_line": []}, 0, "waiting to be invited: 0", id="nobody waits"
        ),
    ],
)
def test_a_wave_is_kept_small_and_it_is_said_why(changes, size, words):
    state = replace(site({"comirnaty": 500}, {"comirnaty": 500}, 0), **changes)
    chosen = plan(state, policy=POLICIES["chance"])
    assert (chosen.size, chosen.reasons[-1]) == (size, words)


def test_a_plan_says_what_keeps_it_from_being_more():
    chosen = plan(site({"comirnaty": 10}, {"comirnaty": 4}, 1))
    assert (chosen.size, chosen.capacity, chosen.claims) == (3, 4, 1)
    assert chosen.reasons == (
        "comirnaty: vaccine for 4 people only, bookable pairs 10",
        "invited before and silent: 1, each holding a place",
    )


def test_the_chance_is_told_in_words():
    state = SiteState(
        {"comirnaty": 60},
        {"comirnaty": 80},
        ["80+"] * 30 + ["16-64"] * 300,
        (OpenInvitations("16-64", 6 * HOUR, 100),),
        choosing=2,
        observed=SEEN_HERE,
    )
    chosen = plan(state, policy=CHANCE)
    assert chosen.reasons == (
        "comirnaty: bookable pairs 60, vaccine for 80 people",
        "choosing a date now: 2",
        "invited before and silent: 100, of whom about 29 will still answer",
        "of 100 people aged 80+ about 60 answer within 72 hours (learned from 1000 invitations)",
        "about 41 will answer in all, and 60 can be served",
        "the chance that too many answer is 4.88 %",
        "with one more it would be 5.44 %, and 5 % is allowed",
    )


def test_where_nothing_is_to_be_expected_no_chance_is_told():
    nobody = SiteState({"comirnaty": 60}, {"comirnaty": 80}, [])
    assert plan(nobody, policy=CHANCE).reasons == (
        "comirnaty: bookable pairs 60, vaccine for 80 people",
        "waiting to be invited: 0",
    )


def test_deliveries_not_here_yet_are_named():
    state = replace(site({"comirnaty": 10}, {"comirnaty": 4}, 0), awaited_by_product={"comirnaty": 3})
    assert plan(state).reasons[0] == (
        "comirnaty: vaccine for 4 people only, 3 of them by deliveries not here yet, bookable pairs 10"
    )


def test_a_closed_gate_is_named():
    assert plan(site({}, {}, 0, "no calendar")).reasons == ("the site is not offered: no calendar",)
