"""Whose phone an address has shown to be its own."""

from datetime import UTC, datetime, timedelta

import pytest

from core.messages import Address

NOW = datetime(2021, 1, 22, 9, tzinfo=UTC)
JANA, NEIGHBOUR = "+420601000001", "+420602000002"


@pytest.mark.parametrize(
    "address", [Address("sms", JANA), Address("whatsapp", JANA), Address("whatsapp", "420601000001")]
)
def test_some_channels_vouch_for_the_phone_themselves(store, address):
    with store.begin() as work:
        assert work.proven_phones.phone_of(address, now=NOW) == JANA


@pytest.mark.parametrize("channel", ["telegram", "web", "voice"])
def test_elsewhere_a_phone_counts_once_it_was_proven(store, channel):
    address = Address(channel, JANA)
    with store.begin() as work:
        assert work.proven_phones.phone_of(address, now=NOW) is None
        work.proven_phones.prove(address, JANA, how="contact", now=NOW)
        assert work.proven_phones.phone_of(address, now=NOW) == JANA
        assert work.proven_phones.phone_of(Address(channel, "4711"), now=NOW) is None


def test_the_phone_proven_last_is_the_one_that_counts(store):
    address = Address("telegram", "4711")
    for phone in (JANA, NEIGHBOUR):
        with store.begin() as work:
            work.proven_phones.prove(address, phone, how="PIN1", now=NOW)
    with store.begin() as work:
        assert work.proven_phones.phone_of(address, now=NOW) == NEIGHBOUR


def test_a_call_proves_itself_and_the_next_one_does_not(store):
    address = Address("voice", JANA)
    with store.begin() as work:
        work.proven_phones.prove(address, JANA, how="PIN1", now=NOW)
        assert work.proven_phones.phone_of(address, now=NOW + timedelta(minutes=30)) == JANA
        assert work.proven_phones.phone_of(address, now=NOW + timedelta(hours=1)) is None
