"""Who is told what when one policy gives way to another."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.invitations import Policy
from core.rule_changes import (
    NothingToHear,
    OldPinIsDead,
    OpenPin,
    PinStays,
    PinUntil,
    PinWillExpire,
    Standing,
    Word,
    word_for,
)

NOW = datetime(2021, 2, 10, 9, tzinfo=UTC)
THREE_DAYS = timedelta(hours=72)
UNTIL_USED, LIMITED, LONGER = Policy(), Policy(validity=THREE_DAYS), Policy(validity=2 * THREE_DAYS)
FOREVER, SOON = OpenPin(1, None), OpenPin(1, NOW + timedelta(hours=5))


def standing(state: str, pin: OpenPin | None = None, *, came_over: bool = False) -> Standing:
    return Standing(state, pin, came_over)


@pytest.mark.parametrize(
    ("who", "old", "new", "word"),
    [
        pytest.param(
            standing("invited", FOREVER), UNTIL_USED, LIMITED, PinUntil(NOW + THREE_DAYS), id="gets an end"
        ),
        pytest.param(standing("invited", SOON), LIMITED, UNTIL_USED, PinStays(), id="loses its end"),
        pytest.param(
            standing("invited", SOON), LIMITED, LONGER, PinUntil(NOW + 2 * THREE_DAYS), id="another end"
        ),
        pytest.param(standing("invited", SOON), LIMITED, LIMITED, NothingToHear(), id="the same end"),
        pytest.param(standing("invited", FOREVER), LIMITED, UNTIL_USED, NothingToHear(), id="never had one"),
        pytest.param(
            standing("invited"), UNTIL_USED, LIMITED, NothingToHear(), id="invited by the new rules"
        ),
        pytest.param(
            standing("waiting"), UNTIL_USED, LIMITED, PinWillExpire(THREE_DAYS), id="was promised no end"
        ),
        pytest.param(standing("waiting"), LIMITED, UNTIL_USED, NothingToHear(), id="it becomes better"),
        pytest.param(
            standing("returned", FOREVER), UNTIL_USED, LIMITED, NothingToHear(), id="her PIN waits with her"
        ),
        pytest.param(
            standing("waiting", came_over=True), UNTIL_USED, UNTIL_USED, OldPinIsDead(), id="came over"
        ),
        pytest.param(
            standing("waiting", came_over=True), UNTIL_USED, LIMITED, OldPinIsDead(), id="never two words"
        ),
        pytest.param(
            standing("invited", SOON, came_over=True), LIMITED, LIMITED, NothingToHear(), id="has a new PIN"
        ),
    ],
)
def test_each_hears_what_changes_for_them(who: Standing, old: Policy, new: Policy, word: Word) -> None:
    assert word_for(who, old=old, new=new, readable_at=NOW) == word


@given(
    st.sampled_from(["waiting", "invited", "returned"]),
    st.sampled_from([FOREVER, SOON, None]),
    st.sampled_from([UNTIL_USED, LIMITED, LONGER]),
)
def test_the_same_rules_are_no_news(state: str, pin: OpenPin | None, policy: Policy) -> None:
    was_told_otherwise = pin is not None and (pin.expires_at is None) is not (policy.validity is None)
    word = word_for(standing(state, pin), old=policy, new=policy, readable_at=NOW)
    assert word == NothingToHear() or (state == "invited" and was_told_otherwise)
