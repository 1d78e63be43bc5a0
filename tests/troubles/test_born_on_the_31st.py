"""January 2021: people born on the 31st could not be saved, and nine digits were refused for twenty minutes.

Through the real desk, from the first SMS to a place in the queue.
"""

from datetime import date

import pytest
from sqlalchemy import select

from conversations.library import load_library
from core.messages import Address, MtState, NewMo
from core.store import tables as t
from gateway.turns.runner import TurnRunner
from tests.turns.conftest import JANA

HERS = Address("sms", JANA)
LIBRARY = load_library()


@pytest.fixture
def write(town):
    """Somebody who writes SMS; returns the last answer."""
    runner = TurnRunner(town.store, LIBRARY, town.world)

    def write(*texts):
        for text in texts:
            with town.store.begin() as work:
                work.inbox.add([NewMo(HERS, "o2", text, town.now)])
            runner.run_address(HERS, town.now)
            with town.store.begin() as work:
                mts = work.outbox.claim("o2", max_segments=9, by="test", now=town.now, address=HERS)
                work.outbox.settle(mts, MtState.DELIVERED, now=town.now)
        return " ".join(mt.text for mt in mts)

    return write


def saved(town):
    r = t.registrations.c
    with town.store.begin() as work:
        return [tuple(row) for row in work.db.execute(select(r.birth_date, r.number_verdict))]


@pytest.mark.parametrize(
    ("number", "born"),
    [
        pytest.param("400131123", date(1940, 1, 31), id="a man, nine digits"),
        pytest.param("405831/123", date(1940, 8, 31), id="a woman, nine digits"),
        pytest.param("400181123", date(1940, 1, 31), id="a foreigner, day 81"),
        pytest.param("401281123", date(1940, 12, 31), id="a foreigner born on New Year's Eve"),
        pytest.param("402181123", date(1940, 1, 31), id="a foreigner since 2014, month 21 and day 81"),
        pytest.param("407181123", date(1940, 1, 31), id="a foreign woman since 2014, month 71 and day 81"),
        pytest.param("400171700", date(1940, 1, 31), id="an EČP, day 71"),
        pytest.param("405171700", date(1940, 1, 31), id="a woman's EČP, day 71"),
    ],
)
def test_whoever_was_born_on_the_31st_is_saved(write, town, number, born):
    write(f"REG {number} Jana Nováková 111 58601", "1")
    assert write("ANO").startswith("Registrace prijata")
    assert saved(town) == [(born, "valid")]


def test_the_31st_with_ten_digits_has_her_day_understood(write, town):
    """Born 1954 and later: not open in January, and told so, which is no refusal of the number."""
    for number in ("5501310014", "5551310019", "5501810018", "5571810017"):
        typed = next(f"{number[:9]}{last}" for last in range(10) if int(f"{number[:9]}{last}") % 11 == 0)
        checked = town.perform("check_number", insurance_number=typed)
        assert (checked.name, checked.values["birth_year"]) == ("valid", 1955)


def test_nine_digits_are_taken_from_the_first_minute(write, town):
    write("REG", "405123123", "Jana Nováková", "111", "58601", "1")
    assert write("ANO").startswith("Registrace prijata")
    assert saved(town) == [(date(1940, 1, 23), "valid")]


def test_a_day_that_no_calendar_has_is_saved_once_she_says_it_is_on_the_card(write, town):
    """A check that is right a hundred times in a hundred does not exist: ask, and look into it later."""
    asked = write("REG 400631123 Jana Nováková 111 58601")
    assert "den 31.6. (3. az 6. cislice) v kalendari neni" in asked
    write("ANO", "1")
    assert write("ANO").startswith("Registrace prijata")
    assert saved(town) == [(date(1940, 6, 30), "suspicious")]


def test_an_impossible_number_says_which_digits_and_never_the_number(write, town):
    told = write("REG 400132123 Jana Nováková 111 58601")
    assert "5. a 6. cislice (den) 32 neni mozna" in told
    assert "400132123" not in told
    assert saved(town) == []
