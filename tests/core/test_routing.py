"""Which operator carries a message."""

import pytest

from core.routing import OperatorChoice, choose_operator

O2 = OperatorChoice("o2", frozenset({"O2"}))
TMOBILE = OperatorChoice("tm", frozenset({"T-Mobile"}))
ANY = OperatorChoice("any")


@pytest.mark.parametrize(
    ("operators", "learned", "expected"),
    [
        pytest.param([O2, TMOBILE], {}, "o2", id="by the prefix"),
        pytest.param([TMOBILE, ANY], {}, "any", id="no operator serves the network: any that serves all"),
        pytest.param([TMOBILE], {}, "tm", id="nobody serves all: the first"),
        pytest.param(
            [O2, TMOBILE], {"+420601234567": "tm"}, "tm", id="a ported number goes where it was seen"
        ),
        pytest.param([O2], {"+420601234567": "gone"}, "o2", id="an operator we no longer have is forgotten"),
        pytest.param([O2], {"+420601234567": "loopback"}, "loopback", id="the terminal's phone stays there"),
        pytest.param([], {}, "loopback", id="without operators there is only the loopback"),
    ],
)
def test_an_mt_goes_by_the_operator_that_serves_its_number(operators, learned, expected):
    assert choose_operator("+420601234567", operators, learned) == expected
