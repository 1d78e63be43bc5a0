"""Policies: the presets, and what a file may not say."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.invitations import BANDS, Claims, UnusablePolicy, load_policies
from core.stock import Reserve

TEXT = (Path(__file__).parents[2] / "data" / "policies.toml").read_text(encoding="utf-8")


def test_the_policies_of_2021_and_our_own_are_shipped():
    policies = load_policies(TEXT)
    told = {p.name: (p.claims, p.epsilon, p.validity, p.most_invitations) for p in policies.values()}
    assert told == {
        "2021-01-21": (Claims.HELD, 0, None, 1),
        "2021-02-10": (Claims.HELD, 0, timedelta(hours=72), None),
        "2021-06": (Claims.HELD, 0, timedelta(days=3), 3),
        "chance": (Claims.DECAYING, 0.05, None, None),
        "ignoring": (Claims.IGNORED, 1, None, None),
    }
    assert all(set(p.response) == set(BANDS) for p in policies.values())


def test_a_policy_may_believe_and_reserve_otherwise():
    own = """
        [response."80+"]
        answers = 0.6
        half_within_hours = 8
        watched = 30
        [policy.ours]
        claims = "decaying"
        epsilon = 0.01
        reserve = "rolling"
        haircut = 0.3
        [policy.ours.response."16-64"]
        answers = 0.4
        half_within_hours = 1.5
        watched = 10
    """
    ours = load_policies(own)["ours"]
    assert (ours.reserve, ours.haircut) == (Reserve.ROLLING, 0.3)
    assert ours.prior("80+").answers == 0.6
    assert ours.prior("16-64").half_within == timedelta(minutes=90)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('claims = "kept"', "'kept' is not a valid Claims"),
        ("epsilon = 0.1", "KeyError('claims')"),
        ('claims = "held"\nepsilon = 0.1', "Policy ours: held claims leave nothing to chance"),
        ('claims = "decaying"\nepsilon = 5', "Policy ours: epsilon is a chance, from 0 up to 1"),
        ('claims = "held"\nvalidity = 72', "Policy ours: unknown validity"),
        ('claims = "held"\nvalidity_hours = 0', "validity_hours must be above 0"),
        ('claims = "held"\npatience_hours = 72', "patience_hours is for decaying claims only"),
        ('claims = "held"\nmost_invitations = 3', "most_invitations needs validity_hours"),
        ('claims = "held"\nreserve = "half"', "HALF"),
        ('claims = "held"\nramp = 0.5\nprobe = -1', "ramp must be at least 1; probe cannot be below 0"),
        ('claims = "held"\nramp = "fast"', "cannot be read"),
        ('claims = "held"\n[response.old]', "Response: unknown old"),
        ('claims = "held"\n[response."80+"]\nanswers = 60', "KeyError"),
        (
            'claims = "held"\n[response."80+"]\nanswers = 60\nhalf_within_hours = 8\nwatched = 30',
            "Response of 80+: answers lies between 0 and 1",
        ),
        ("claims", "cannot be read"),
    ],
)
def test_what_a_file_may_not_say_is_told(line, said):
    with pytest.raises(UnusablePolicy) as refused:
        load_policies(f"[policy.ours]\n{line}\n")
    assert said in str(refused.value)
