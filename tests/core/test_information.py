"""What people are told who ask for information: which text holds where, and what is wrong with a file."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.geography import Postcode
from core.information import MOST_TEXT, UnusableInformation, doubts, load_information
from gateway.compose import DATA, load_world

POSTCODES = load_world().postcodes
HOME = POSTCODES.find("58601")
assert HOME
DAY = date(2021, 2, 1)
WORDS = 'cs = "{0}"\nen = "{0}"\nuk = "{0}"\n'


def text(words: str, *lines: str, since: str = "2021-01-15") -> str:
    return "\n".join(("[[text]]", f"from = {since}", *lines, WORDS.format(words)))


COUNTRY = text("country")
LOCAL = (
    text("region", 'region = "CZ063"'),
    text("district", 'district = ["CZ0632"]'),
    text("here", 'psc = "586 01"'),
)


def found(*texts: str, home: Postcode = HOME, on: date = DAY) -> list[str]:
    return [each.said("cs") for each in load_information("\n".join(texts)).local(home, on)]


def wrong(*texts: str, today: date = DAY) -> list[str]:
    return list(doubts(load_information("\n".join(texts)), POSTCODES, today=today))


def test_the_texts_we_ship_have_nothing_to_mend() -> None:
    shipped = load_information((DATA / "information.toml").read_text("utf-8"))
    assert list(doubts(shipped, POSTCODES, today=DAY)) == []


@given(st.permutations(LOCAL))
def test_the_nearest_is_told_first_whatever_the_order_of_the_file(texts: list[str]) -> None:
    assert found(COUNTRY, *texts) == ["here", "district", "region"]


def test_who_lives_elsewhere_is_told_nothing_of_it() -> None:
    tabor = POSTCODES.find("39001")
    assert tabor
    assert found(COUNTRY, *LOCAL, home=tabor) == []


@given(st.dates(date(2020, 1, 1), date(2023, 1, 1)))
def test_a_text_holds_from_its_first_day_to_its_last(on: date) -> None:
    since, until = date(2021, 2, 1), date(2021, 2, 28)
    texts = load_information(text("country", f"until = {until}", since=str(since)))
    assert (texts.national(on) is not None) is (since <= on <= until)


def test_of_two_for_one_place_the_later_is_told() -> None:
    later = text("later", since="2021-01-20")
    national = load_information(later + COUNTRY).national(DAY)
    assert national
    assert national.said("cs") == "later"


def test_a_language_without_words_is_told_in_czech() -> None:
    (only,) = load_information('[[text]]\nfrom = 2021-01-15\ncs = "Jen česky"').texts
    assert only.said("uk") == only.spoken("uk") == "Jen česky"


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        pytest.param((COUNTRY, text("a", "until = 2021-01-20")), "text 2: it ended on 2021-01-20", id="over"),
        pytest.param((COUNTRY, COUNTRY), "texts 1 and 2 hold on the same days for the whole", id="double"),
        pytest.param(
            (COUNTRY, LOCAL[1], text("a", 'district = ["CZ0631", "CZ0632"]')),
            "texts 2 and 3 hold on the same days for CZ0632",
            id="double in a district",
        ),
        pytest.param((COUNTRY, text("a", 'district = "CZ9999"')), "there is no district CZ9999", id="place"),
        pytest.param((text("a" * (MOST_TEXT + 1)),), f"have {MOST_TEXT + 1} characters", id="too long"),
        pytest.param(('[[text]]\nfrom = 2021-01-15\ncs = "a"',), "no words in en", id="language"),
        pytest.param((LOCAL[0],), "no text holds for the whole country today", id="nothing"),
    ],
)
def test_a_doubt_names_the_text_and_what_to_mend(texts: tuple[str, ...], says: str) -> None:
    assert any(says in doubt for doubt in wrong(*texts))


def test_texts_that_follow_each_other_are_not_in_doubt() -> None:
    before = text("a", f"until = {DAY}")
    assert wrong(before, text("b", since=str(DAY + timedelta(days=1)))) == []


@pytest.mark.parametrize(
    ("written", "says"),
    [
        pytest.param("[[text]\n", "it is not TOML", id="half a file"),
        pytest.param("[pcr]\n", "under a line", id="another file"),
        pytest.param('[[text]]\ncs = "a"', "write from", id="no first day"),
        pytest.param('[[text]]\nfrom = "2021-01-15"\ncs = "a"', "without quotes", id="a day in quotes"),
        pytest.param('[[text]]\nfrom = 2021-02-01\nuntil = 2021-01-01\ncs = "a"', "before", id="backwards"),
        pytest.param('[[text]]\nfrom = 2021-01-15\nen = "a"', "no words in cs", id="no Czech"),
        pytest.param('[[text]]\nfrom = 2021-01-15\ncs = " "', "empty", id="no words"),
        pytest.param('[[text]]\nfrom = 2021-01-15\ncs = "a"\nokres = "CZ0632"', "okres", id="unknown"),
        pytest.param(
            '[[text]]\nfrom = 2021-01-15\ncs = "a"\npsc = "58601"\nregion = "CZ063"', "one of them", id="two"
        ),
        pytest.param('[[text]]\nfrom = 2021-01-15\ncs = "a"\npsc = 58601', 'as "CODE"', id="a number"),
    ],
)
def test_what_cannot_be_read_says_what_to_write(written: str, says: str) -> None:
    with pytest.raises(UnusableInformation, match=says):
        load_information(written)
