"""The vault: opens only what its keys have sealed, and tells nothing."""

import logging
import pickle
import re
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.vault import BadKey, CannotOpen, Vault, new_key

KEY, OTHER = new_key(), new_key()
VAULT = Vault.from_text(KEY)
TEXTS = st.text(max_size=60)


@given(TEXTS)
def test_what_was_sealed_opens(text: str) -> None:
    assert VAULT.open(VAULT.seal(text)) == text


@given(TEXTS)
def test_the_same_text_never_looks_the_same(text: str) -> None:
    assert VAULT.seal(text) != VAULT.seal(text)


def test_sealed_bytes_do_not_hold_the_text() -> None:
    assert b"405123123" not in VAULT.seal("405123123")


@given(st.data())
def test_any_changed_byte_is_found_out(data: st.DataObject) -> None:
    sealed = VAULT.seal("405123123")
    at = data.draw(st.integers(0, len(sealed) - 1))
    changed = bytes([*sealed[:at], sealed[at] ^ data.draw(st.integers(1, 255)), *sealed[at + 1 :]])
    with pytest.raises(CannotOpen):
        VAULT.open(changed)


@given(st.binary(max_size=60))
def test_what_was_never_sealed_cannot_be_opened(sealed: bytes) -> None:
    with pytest.raises(CannotOpen):
        VAULT.open(sealed)


def test_another_key_cannot_open() -> None:
    with pytest.raises(CannotOpen):
        Vault.from_text(OTHER).open(VAULT.seal("405123123"))


def test_a_new_key_beside_the_old_opens_both_and_seals_with_the_new() -> None:
    both = Vault.from_text(OTHER, old_keys=[KEY])
    assert both.open(VAULT.seal("405123123")) == "405123123"
    assert Vault.from_text(OTHER).open(both.seal("405123123")) == "405123123"


def test_while_a_key_is_changed_both_digests_are_looked_for() -> None:
    both = Vault.from_text(OTHER, old_keys=[KEY])
    new, old = both.digests("47110921", purpose="pin2")
    assert new == both.digest("47110921", purpose="pin2")
    assert old == VAULT.digest("47110921", purpose="pin2")


@given(TEXTS, TEXTS)
def test_digests_are_equal_as_texts_are(one: str, other: str) -> None:
    assert (VAULT.digest(one, purpose="number") == VAULT.digest(other, purpose="number")) is (one == other)
    assert VAULT.digest(one, purpose="number") != VAULT.digest(one, purpose="pin2")
    assert len(VAULT.digest(one, purpose="number")) == 32


def test_a_digest_stays_the_same_for_a_key() -> None:
    """What is in the database is found by it: a change here needs a migration."""
    fixed = Vault.from_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    assert fixed.digest("405123123", purpose="insurance_number").hex() == (
        "5bfb8864cf03e37b7418f4a5d272fdbd59cf379d614d9da356c35f35feb1c734"
    )
    assert (
        fixed.open(
            bytes.fromhex("017e4a2676a8d7c62d8e6e6ba3ecfc6ec4c6142dddaea3b9661ab6de78f8b625076d4185a980")
        )
        == "405123123"
    )


def test_a_purpose_cannot_run_into_the_text() -> None:
    with pytest.raises(ValueError, match="purpose"):
        VAULT.digest("1", purpose="pin\x00")


@pytest.mark.parametrize(
    "wrong",
    ["", "short", KEY[:-1], KEY + "A", KEY + KEY, "…" * 43, "é" * 43, "hunter2hunter2hunter2", "=" * 44],
)
def test_a_wrong_key_says_how_to_mend_it_and_not_what_it_was(wrong: str) -> None:
    with pytest.raises(BadKey, match="crs secrets new") as failed:
        Vault.from_text(wrong)
    said = "".join(traceback.format_exception(failed.value))
    assert not wrong or wrong not in said
    with pytest.raises(BadKey):
        Vault.from_text(KEY, old_keys=[wrong])
    with pytest.raises(BadKey):
        Vault(b"too short")


@pytest.mark.parametrize(
    "written",
    [
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        " AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n",
    ],
)
def test_a_key_is_read_with_or_without_its_padding(written: str) -> None:
    assert Vault.from_text(written).open(Vault(bytes(range(32))).seal("x")) == "x"


def test_both_alphabets_of_base64_are_the_same_key() -> None:
    key = "-_" * 21 + "8"
    assert (
        Vault.from_text(key.translate(str.maketrans("-_", "+/"))).open(Vault.from_text(key).seal("x")) == "x"
    )


def test_a_vault_shows_nothing_and_never_leaves_the_process(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("%s %r", VAULT, VAULT)
    assert caplog.messages == ["Vault() Vault()"]
    assert not hasattr(VAULT, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(VAULT)


def test_what_cannot_be_opened_is_not_shown() -> None:
    sealed = VAULT.seal("405123123")
    with pytest.raises(CannotOpen) as failed:
        Vault.from_text(OTHER).open(sealed)
    assert sealed.hex() not in str(failed.value)
    assert "405123123" not in "".join(traceback.format_exception(failed.value))


def test_threads_may_share_a_vault() -> None:
    start = threading.Barrier(4)

    def many(thread: int) -> list[str]:
        start.wait(timeout=10)
        return [VAULT.open(VAULT.seal(f"{thread} {n}")) for n in range(500)]

    with ThreadPoolExecutor(4) as threads:
        for thread, opened in enumerate(threads.map(many, range(4))):
            assert opened == [f"{thread} {n}" for n in range(500)]


def test_a_new_key_fits_into_a_file_and_a_variable() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", KEY)
    assert KEY != OTHER
