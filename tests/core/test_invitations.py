"""The hard guarantee, as a law and by examples."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.invitations import OpenInvitations, Policy, SiteState, plan

COUNTS = st.dictionaries(st.sampled_from(["comirnaty", "moderna", "janssen"]), st.integers(0, 3_000))


def site(pairs, courses, claims, closed="") -> SiteState:
    """A site where many wait, and `claims` people were invited an hour ago."""
    invited = (OpenInvitations("80+", timedelta(hours=1), claims),)
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
    ],
)
def test_a_wave_is_as_large_as_pairs_vaccine_and_claims_allow(state, size):
    assert plan(state).size == size


def test_a_plan_says_what_keeps_it_from_being_more():
    chosen = plan(site({"comirnaty": 10}, {"comirnaty": 4}, 1))
    assert (chosen.size, chosen.capacity, chosen.claims) == (3, 4, 1)
    assert chosen.reasons == (
        "comirnaty: vaccine for 4 people only, bookable pairs 10",
        "1 invited before hold a place each",
    )


def test_a_closed_gate_is_named():
    assert plan(site({}, {}, 0, "no calendar")).reasons == ("the site is not offered: no calendar",)
