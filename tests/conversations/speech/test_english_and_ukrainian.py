"""What the hotline says in English and Ukrainian."""

from datetime import date, datetime, time

import pytest

from conversations.media.speech import english, ukrainian

MONDAY = date(2021, 1, 25)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (21, "twenty-one"),
        (100, "one hundred"),
        (241, "two hundred and forty-one"),
        (1_001, "one thousand and one"),
        (36_021, "thirty-six thousand and twenty-one"),
        (12_400, "twelve thousand four hundred"),
    ],
)
def test_an_english_number(number, words):
    assert english.cardinal(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "first"),
        (2, "second"),
        (3, "third"),
        (5, "fifth"),
        (12, "twelfth"),
        (20, "twentieth"),
        (25, "twenty-fifth"),
        (31, "thirty-first"),
    ],
)
def test_an_english_ordinal(number, words):
    assert english.ordinal(number) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (time(8), "at eight o'clock in the morning"),
        (time(8, 20), "at eight twenty in the morning"),
        (time(13, 5), "at one oh five in the afternoon"),
        (time(0, 0), "at twelve o'clock in the morning"),
        (time(18, 30), "at six thirty in the evening"),
    ],
)
def test_an_english_time(at, words):
    assert english.clock(datetime.combine(MONDAY, at)) == words


def test_an_english_date():
    assert english.on_day(MONDAY) == "on Monday the twenty-fifth of January"
    assert english.full_date(date(1940, 3, 1)) == "the first of March nineteen forty"
    assert english.full_date(date(1905, 3, 2)) == "the second of March nineteen oh five"
    assert english.counted(1, "dose") == "one dose"
    assert english.counted(2, "person") == "two people"


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [
        (1, "доза", "одна доза"),
        (2, "доза", "дві дози"),
        (5, "доза", "п'ять доз"),
        (11, "доза", "одинадцять доз"),
        (21, "доза", "двадцять одна доза"),
        (1_000, "крона", "тисяча крон"),
        (2_500, "крона", "дві тисячі п'ятсот крон"),
        (3, "день", "три дні"),
    ],
)
def test_a_ukrainian_noun_follows_its_number(number, noun, words):
    assert ukrainian.counted(number, noun) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (time(8), "понеділок двадцять п'ятого січня о восьмій годині"),
        (time(11, 20), "понеділок двадцять п'ятого січня об одинадцятій годині двадцять хвилин"),
        (time(23, 1), "понеділок двадцять п'ятого січня о двадцять третій годині одна хвилина"),
    ],
)
def test_a_ukrainian_moment(at, words):
    assert ukrainian.moment(datetime.combine(MONDAY, at)) == words


def test_ukrainian_days():
    assert ukrainian.on_day(date(2021, 6, 3)) == "у четвер третього червня"
    assert ukrainian.on_day(date(2021, 6, 30)) == "у середу тридцятого червня"
    assert ukrainian.digits("4711 0922") == "чотири сім, один один, нуль дев'ять, два два"
