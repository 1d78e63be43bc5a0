"""E-mail addresses: which can be used, and how they are shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.email_address import is_email_address, mask_email, same_mailbox


@pytest.mark.parametrize(
    "text", ["jana@seznam.cz", "j@x.cz", "jana.novakova+ocko@mail.firma.co.uk", "ja-na@x1.eu"]
)
def test_an_address(text):
    assert is_email_address(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "jana",
            "jana@",
            "@seznam.cz",
            "jana@seznam",
            "jana@@seznam.cz",
            "ja na@seznam.cz",
            "jana@seznam.1",
        ),
        pytest.param("jana@seznam.cz\nBcc: all@example.cz", id="a header smuggled in"),
        pytest.param("jana@seznam.cz,eva@seznam.cz", id="two"),
        pytest.param(f"jana@{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.cz", id="too long"),
    ],
)
def test_no_address(text):
    assert not is_email_address(text)


@given(st.emails())
def test_a_masked_address_shows_one_letter_and_the_domain(address):
    local, _, domain = address.rpartition("@")
    assert mask_email(address) == f"{local[0]}…@{domain}"


@pytest.mark.parametrize("text", ["", "jana", "@seznam.cz", "jana@"])
def test_what_is_no_address_is_hidden_whole(text):
    assert mask_email(text) == "…"


def test_capitals_make_no_other_mailbox():
    assert same_mailbox(" Jana@Seznam.CZ ") == same_mailbox("jana@seznam.cz")
