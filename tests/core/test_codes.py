"""Codes for groups: read as people write them, and a slip is told from a guess."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.codes import CODE_DIGITS, Code, MistypedCode, NotACode, grouped, new_code, read_code

codes = st.integers().map(lambda seed: new_code(Random(seed)))


@given(codes)
def test_a_code_is_read_back_however_it_is_written(code: str) -> None:
    assert len(code) == CODE_DIGITS
    for typed in (
        code,
        grouped(code),
        f"Kód: {grouped(code)}.",
        f"KOD {code}",
        f"code is {code}",
        f"код {code}",
    ):
        assert read_code(typed) == Code(code)


@given(codes, st.integers(0, CODE_DIGITS - 1), st.integers(1, 9))
def test_every_wrong_digit_is_noticed(code: str, at: int, by: int) -> None:
    wrong = f"{code[:at]}{(int(code[at]) + by) % 10}{code[at + 1 :]}"
    assert read_code(wrong) == MistypedCode(CODE_DIGITS)


@given(codes, st.integers(0, CODE_DIGITS - 2))
def test_every_swap_of_neighbours_is_noticed(code: str, at: int) -> None:
    swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    assert isinstance(read_code(swapped), Code) is (swapped == code)


@given(codes, st.integers(0, CODE_DIGITS - 1))
def test_a_digit_left_out_or_typed_twice_is_a_slip(code: str, at: int) -> None:
    assert read_code(code[:at] + code[at + 1 :]) == MistypedCode(CODE_DIGITS - 1)
    assert read_code(code[: at + 1] + code[at:]) == MistypedCode(CODE_DIGITS + 1)


@pytest.mark.parametrize(
    "typed", ["", "kód", "pracovník školy", "405123123", "4711 0922", "1" * 15, "12a4 5678 9012"]
)
def test_something_else_is_no_code(typed: str) -> None:
    assert read_code(typed) == NotACode()


def test_no_phone_number_is_a_code() -> None:
    assert not [n for n in range(420_601_000_000, 420_601_001_000) if isinstance(read_code(str(n)), Code)]


def test_a_code_is_never_shown_by_accident() -> None:
    assert new_code(Random(1)) not in repr(read_code(new_code(Random(1))))
