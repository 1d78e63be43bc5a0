"""PINs: no slip of one finger is another PIN, and people may type them as they like."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.pins import (
    Mistyped,
    NotAPin,
    Pin2,
    PinReading,
    is_pin2,
    new_pin1,
    new_pin2,
    read_pin2,
    spaced,
)

PINS = st.integers().map(lambda seed: new_pin2(random.Random(seed)))
PIN = "47110921"


@given(PINS)
def test_a_new_pin2_is_eight_digits_without_a_leading_zero(pin: str) -> None:
    assert len(pin) == 8
    assert pin.isdigit()
    assert pin[0] != "0"
    assert read_pin2(pin) == Pin2(pin)


@given(st.integers())
def test_a_pin1_is_six_digits_and_never_read_as_pin2(seed: int) -> None:
    pin = new_pin1(random.Random(seed))
    assert len(pin) == 6
    assert pin.isdigit()
    assert pin[0] != "0"
    assert read_pin2(pin) == read_pin2(f"PIN1 {pin}") == NotAPin()


@given(PINS, st.integers(0, 7), st.integers(1, 9))
def test_every_single_wrong_digit_is_seen(pin: str, at: int, off: int) -> None:
    wrong = pin[:at] + str((int(pin[at]) + off) % 10) + pin[at + 1 :]
    assert read_pin2(wrong) == Mistyped(8, named=False)


@given(PINS, st.integers(0, 6))
def test_every_swap_of_neighbours_is_seen(pin: str, at: int) -> None:
    swapped = pin[:at] + pin[at + 1] + pin[at] + pin[at + 2 :]
    if swapped != pin:
        assert read_pin2(swapped) == Mistyped(8, named=False)


@given(PINS, st.integers(0, 7))
def test_a_digit_left_out_or_doubled_is_a_slip(pin: str, at: int) -> None:
    assert read_pin2(pin[:at] + pin[at + 1 :]) == Mistyped(7, named=False)
    assert read_pin2(pin[:at] + pin[at] + pin[at:]) == Mistyped(9, named=False)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("47110921", Pin2(PIN)),
        ("4711 0921", Pin2(PIN)),
        (" 4711-0921. ", Pin2(PIN)),
        ("47 11 09 21", Pin2(PIN)),
        ("4 7 1 1 0 9 2 1", Pin2(PIN)),
        ("4711\xa00921", Pin2(PIN)),
        ("４７１１０９２１", Pin2(PIN)),
        ("PIN 4711 0921", Pin2(PIN)),
        ("pin:47110921", Pin2(PIN)),
        ("PIN2 4711 0921", Pin2(PIN)),
        ("PIN 2 4711 0921", Pin2(PIN)),
        ("PIN247110921", Pin2(PIN)),
        ("PIN2: 4711 0921", Pin2(PIN)),
        ("PIN2-47110921", Pin2(PIN)),
        ("Můj PIN je 4711 0921, děkuji", Pin2(PIN)),
        ("pin kód: 4711 0921", Pin2(PIN)),
        ("PIN 4711 0921, tel. 601 123 456", Pin2(PIN)),
        ("4711 0922", Mistyped(8, named=False)),
        ("PIN2 4711 092", Mistyped(7, named=True)),
        ("PIN 4711 092", Mistyped(7, named=True)),
        ("PIN 4711 0922", Mistyped(8, named=True)),
        ("PIN 4711 09211", Mistyped(9, named=True)),
        ("405123123", Mistyped(9, named=False)),
        ("PIN", NotAPin()),
        ("", NotAPin()),
        ("1", NotAPin()),
        ("471109", NotAPin()),
        ("7103192745", NotAPin()),
        ("601 123 456 111", NotAPin()),
        ("22.01.2021", NotAPin()),
        ("4711 0921 děkuji", NotAPin()),
        ("405123/123", NotAPin()),
        ("špinavý 4711 0921", NotAPin()),
    ],
)
def test_a_pin_is_read_as_people_type_it(text: str, reading: PinReading) -> None:
    assert read_pin2(text) == reading


def test_a_pin_with_a_leading_zero_was_never_given() -> None:
    assert is_pin2(PIN)
    assert not any(is_pin2(f"0471109{last}") for last in range(10))


@given(st.text(max_size=40))
def test_whatever_is_typed_is_read_as_something(text: str) -> None:
    assert isinstance(read_pin2(text), Pin2 | Mistyped | NotAPin)


@given(PINS)
def test_a_pin_is_read_aloud_in_two_halves_and_read_back(pin: str) -> None:
    assert spaced(pin) == f"{pin[:4]} {pin[4:]}"
    assert read_pin2(spaced(pin)) == Pin2(pin)


@given(PINS)
def test_a_reading_never_shows_the_pin(pin: str) -> None:
    assert pin not in f"{read_pin2(pin)} {read_pin2(pin)!r}"
    assert pin[:7] not in repr(read_pin2(pin[:7]))
