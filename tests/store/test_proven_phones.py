"""Whose phone an address has shown to be its own."""

from datetime import UTC, datetime

import pytest

from core.messages import Address

NOW = datetime(2021, 1, 22, 9, tzinfo=UTC)
JANA, NEIGHBOUR = "+420601000001", "+420602000002"


@pytest.mark.parametrize(
    "address", [Address("sms", JANA), Address("whatsapp", JANA), Address("whatsapp", "420601000001")]
)
def test_some_channels_vouch_for_the_phone_themselves(store, address):
    with store.begin() as work:
        assert work.proven_phones.phone_of(address) == JANA


@pytest.mark.parametrize("channel", ["telegram", "web", "voice"])
def test_elsewhere_a_phone_counts_once_it_was_proven(store, channel):
    address = Address(channel, JANA)
    with store.begin() as work:
        assert work.proven_phones.phone_of(address) is None
        work.proven_phones.prove(address, JANA, how="contact", now=NOW)
        assert work.proven_phones.phone_of(address) == JANA
        assert work.proven_phones.phone_of(Address(channel, "4711")) is None


def test_the_phone_proven_last_is_the_one_that_counts(store):
    address = Address("telegram", "4711")
    for phone in (JANA, NEIGHBOUR):
        with store.begin() as work:
            work.proven_phones.prove(address, phone, how="PIN1", now=NOW)
    with store.begin() as work:
        assert work.proven_phones.phone_of(address) == NEIGHBOUR
