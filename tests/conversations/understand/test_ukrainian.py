"""What people type in Ukrainian, on a Ukrainian keyboard."""

from datetime import date

import pytest

from conversations.understand.answers import Command, No, Yes, choice, command, yes_or_no
from conversations.understand.dates import Day, Weekday, read_day

FRIDAY = date(2021, 1, 22)


@pytest.mark.parametrize(
    "text", ["Так", "так, будь ласка", "ТАК!", "Звичайно", "добре", "Згодна", "все вірно"]
)
def test_yes(text):
    assert yes_or_no(text) == Yes()


@pytest.mark.parametrize("text", ["Ні", "ні, дякую", "НІ", "не хочу", "неправильно"])
def test_no(text):
    assert yes_or_no(text) == No()


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("ДОПОМОГА", Command.HELP),
        ("назад", Command.BACK),
        ("Кінець", Command.QUIT),
        ("ще", Command.MORE),
        ("Оператор", Command.OPERATOR),
        ("не надсилайте", Command.STOP),
    ],
)
def test_what_may_be_said_anywhere(text, known):
    assert command(text) is known


@pytest.mark.parametrize(
    ("text", "number"), [("перший", 1), ("дві", 2), ("третій варіант", 3), ("хочу другу", 2), ("номер 4", 4)]
)
def test_the_number_of_an_option(text, number):
    assert choice(text, 4) == number


@pytest.mark.parametrize(
    ("text", "day"),
    [("завтра", date(2021, 1, 23)), ("27 січня", date(2021, 1, 27)), ("1 березня", date(2021, 3, 1))],
)
def test_a_day(text, day):
    reading = read_day(text, today=FRIDAY)
    assert isinstance(reading, Day)
    assert reading.day == day


@pytest.mark.parametrize(("text", "weekday"), [("у середу", 3), ("субота", 6), ("пн", 1), ("у вівторок", 2)])
def test_a_weekday(text, weekday):
    reading = read_day(text, today=FRIDAY)
    assert isinstance(reading, Weekday)
    assert reading.iso_weekday == weekday
