"""Phone numbers: one form for all ways of writing them, and never shown whole."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.phones import NotAPhone, Phone, carrier, mask, parse_phone


@pytest.mark.parametrize(
    "written",
    [
        "601 123 456",
        "601123456",
        "+420601123456",
        "+420 601 123 456",
        "00420601123456",
        "00420 601 123 456",
        "420601123456",
        "(+420) 601 123 456",
        "601-123-456",
        "601/123456",
        " 601.123.456 ",
        "601\xa0123\xa0456",
    ],
)
def test_a_czech_number_is_read_however_it_is_written(written: str) -> None:
    assert parse_phone(written) == Phone("+420601123456")


@pytest.mark.parametrize(
    ("written", "country", "e164"),
    [
        ("+421 905 123 456", "CZ", "+421905123456"),
        ("0905 123 456", "SK", "+421905123456"),
        ("567 157 111", "CZ", "+420567157111"),
        ("+49 1512 3456789", "CZ", "+4915123456789"),
    ],
)
def test_other_countries_and_fixed_lines_are_read(written: str, country: str, e164: str) -> None:
    assert parse_phone(written, country) == Phone(e164)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "1221",
        "112",
        "405123123",
        "60112345",
        "6011234567",
        "+420",
        "+999123456789",
        "tel. 601 123 456",
        "601 123 456 linka 5",
        "601123456;ext=5",
        "banka",
        "٦٠١١٢٣٤٥٦",
        "+" * 300,
        "6" * 300,
    ],
)
def test_what_cannot_be_called_is_no_phone(written: str) -> None:
    assert parse_phone(written) == NotAPhone()


@given(st.text(max_size=40) | st.text(alphabet="0123456789 +-/().", max_size=30))
def test_whatever_is_written_is_read_as_something(text: str) -> None:
    match parse_phone(text):
        case Phone(e164=e164) as phone:
            assert parse_phone(e164) == phone
        case NotAPhone():
            pass


@pytest.mark.parametrize(
    ("e164", "name"),
    [
        ("+420601123456", "O2"),
        ("+420603123456", "T-Mobile"),
        ("+420608123456", "Vodafone"),
        ("+420567157111", ""),
        ("+420999", ""),
        ("1221", ""),
        ("", ""),
    ],
)
def test_a_prefix_tells_the_first_network(e164: str, name: str) -> None:
    assert carrier(e164) == name


@pytest.mark.parametrize(
    ("e164", "shown"),
    [
        ("+420601123456", "+420 601 ••• 456"),
        ("+421905123456", "+421 905 ••• 456"),
        ("+4915123456789", "+49 151 ••• 789"),
        ("+3726123456", "+372 ••• 56"),
        ("601123456", "•••"),
        ("1221", "•••"),
        ("", "•••"),
        ("telegram:123456789", "•••"),
        ("+420601123456 ", "•••"),
    ],
)
def test_a_number_is_shown_without_its_middle(e164: str, shown: str) -> None:
    assert mask(e164) == shown


def test_a_phone_never_shows_its_number() -> None:
    phone = Phone("+420601123456")
    assert "123" not in f"{phone} {phone!r}"
    assert phone.masked == "+420 601 ••• 456"


def test_the_tables_of_networks_are_loaded_when_first_asked_for() -> None:
    said = (
        "import sys; from core.phones import carrier, parse_phone; parse_phone('601123456');"
        "before = 'phonenumbers.carrier' in sys.modules; carrier('+420601123456');"
        "print(before, 'phonenumbers.carrier' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)  # noqa: S603
    assert ran.stdout.split() == ["False", "True"]
