"""The code for the gate: found again however it is typed, and not to be guessed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.check_in import check_in_code, read_check_in_code
from core.vault import Vault

VAULT = Vault(b"a key that only the tests have..")
RESERVATIONS = st.integers(min_value=0, max_value=2**63 - 1)


@given(RESERVATIONS, st.sampled_from([str, str.lower, lambda code: code.replace("-", " ")]))
def test_a_code_is_read_back_however_it_is_typed(reservation_id, typed):
    code = check_in_code(reservation_id, VAULT)
    assert read_check_in_code(typed(code), VAULT) == reservation_id


@given(RESERVATIONS, st.data())
def test_one_wrong_letter_and_it_is_nobodys(reservation_id, data):
    code = check_in_code(reservation_id, VAULT)
    at = data.draw(st.sampled_from([i for i, letter in enumerate(code) if letter != "-"]))
    other = data.draw(st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ").filter(lambda x: x != code[at]))
    read = read_check_in_code(code[:at] + other + code[at + 1 :], VAULT)
    # A leading zero names the same reservation.
    assert read is None or (read == reservation_id and at == 0 and reservation_id == 0)


def test_letters_that_look_like_digits_are_digits():
    code = next(c for n in range(1000) if "1" in (c := check_in_code(n, VAULT)) and "0" in c)
    assert read_check_in_code(code.replace("1", "l").replace("0", "O"), VAULT) is not None


@pytest.mark.parametrize("text", ["", "-", "12", "ABCDE-FGHJK", "1-ABCDE-FGHJ!", "1-ÁBCDE-FGHJK", "🙂" * 12])
def test_what_is_no_code_is_nobodys(text):
    assert read_check_in_code(text, VAULT) is None


def test_a_code_of_an_older_key_is_still_read():
    old = b"another key that the tests have."
    code = check_in_code(7, Vault(old))
    assert read_check_in_code(code, Vault(b"a key that only the tests have..", old_keys=[old])) == 7
    assert read_check_in_code(code, VAULT) is None


def test_it_looks_like_something_to_type():
    assert re.fullmatch(r"[0-9A-Z]+-[0-9A-Z]{5}-[0-9A-Z]{5}", check_in_code(34, VAULT))
