"""An independent witness: smpplib as ESME against our SMSC, over a real socket from a thread."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from smpplib import consts, exceptions, gsm
from smpplib.client import Client
from smpplib.command import Command

from gateway.smpp.behaviour import Behaviour, IdStyle
from gateway.smpp.receipt import same_id
from gateway.smpp.smsc import Smsc
from tests.smpp.parties import PERSON, US

PASSWORD = "secret"
LONG = "Nemocnice Jihlava, Vrchlického 59. Volné termíny: 1 po 25.1. 8:00, 2 po 25.1. 8:20. " * 3


@dataclass
class Witness:
    """What smpplib heard."""

    port: int
    answers: list[str] = field(default_factory=list)
    delivered: list[Command] = field(default_factory=list)

    def bind(self, password: str = PASSWORD) -> Client:
        client = Client("127.0.0.1", self.port, timeout=10, allow_unknown_opt_params=True)
        client.set_message_sent_handler(lambda pdu: self.answers.append(pdu.message_id.decode()))
        client.set_message_received_handler(lambda pdu: self.delivered.append(pdu))  # noqa: PLW0108 - called by keyword
        client.connect()
        try:
            client.bind_transceiver(system_id="crs", password=password)
        except exceptions.PDUError:
            client.disconnect()
            raise
        return client

    def send(self, client: Client, text: str) -> int:
        """Hand over every part; how many there were."""
        parts, coding, esm_class = gsm.make_parts(text)
        for part in parts:
            client.send_message(
                source_addr_ton=3,
                source_addr=US,
                dest_addr_ton=consts.SMPP_TON_INTL,
                dest_addr_npi=consts.SMPP_NPI_ISDN,
                destination_addr=PERSON[1:],
                short_message=part,
                data_coding=coding,
                esm_class=esm_class,
                registered_delivery=True,
            )
        return len(parts)

    def converse(self, texts: list[str]) -> None:
        """Send, then read until every part is answered and reported on."""
        client = self.bind()
        parts = sum(self.send(client, text) for text in texts)
        while len(self.answers) < parts or len(self.delivered) < parts:
            client.read_once()
        client.unbind()
        client.disconnect()

    def listen(self, count: int) -> None:
        """Read until that many were delivered."""
        client = self.bind()
        while len(self.delivered) < count:
            client.read_once()
        client.unbind()
        client.disconnect()


async def test_its_long_message_is_taken_in_parts_and_every_part_is_reported_on():
    behaviour = Behaviour(answer_ids=IdStyle.PADDED_HEX, receipt_ids=IdStyle.DECIMAL)
    async with Smsc(chance=random.Random(1), behaviour=behaviour) as smsc, asyncio.timeout(20):
        witness = Witness(smsc.port)
        await asyncio.to_thread(witness.converse, [LONG, "Ahoj {€}"])
    *parts, short = smsc.submitted
    assert "".join(part.text for part in parts) == LONG
    assert [part.part.number for part in parts] == list(range(1, len(parts) + 1))
    assert len(parts) == parts[0].part.total == 4
    assert (short.text, short.source, short.destination) == ("Ahoj {€}", US, PERSON)
    assert witness.answers == [taken.message_id for taken in smsc.submitted]
    reported = [pdu.receipted_message_id.decode().rstrip("\0") for pdu in witness.delivered]
    assert all(same_id(*ids) for ids in zip(witness.answers, reported, strict=True))
    assert all(pdu.message_state == 2 for pdu in witness.delivered)
    assert b"stat:DELIVRD" in witness.delivered[0].short_message


async def test_it_is_given_an_mo_and_its_answer_is_heard():
    async with Smsc(chance=random.Random(1)) as smsc, asyncio.timeout(20):
        witness = Witness(smsc.port)
        listening = asyncio.create_task(asyncio.to_thread(witness.listen, 3))
        assert await smsc.deliver(PERSON, US, "Žďár", "m1") == 0
        assert await smsc.deliver(PERSON, US, "x" * 161) == 0
        await listening
    first, second, third = witness.delivered
    assert first.short_message.decode("utf-16-be") == "Žďár"
    assert (first.source_addr, first.destination_addr) == (PERSON[1:].encode(), US.encode())
    assert second.short_message[6:] + third.short_message[6:] == b"x" * 161


async def test_the_validity_of_its_mt_is_understood():
    async with Smsc(chance=random.Random(1)) as smsc, asyncio.timeout(20):
        client = await asyncio.to_thread(Witness(smsc.port).bind)
        message = {"short_message": b"Ahoj", "validity_period": "000000013000000R"}
        await asyncio.to_thread(
            client.send_message, source_addr=US, destination_addr=PERSON, dest_addr_ton=1, **message
        )
        (taken,) = await smsc.taken(1)
        await asyncio.to_thread(client.disconnect)
    assert taken.valid_for == timedelta(hours=1, minutes=30)


async def test_its_wrong_password_is_refused():
    async with Smsc(chance=random.Random(1)) as smsc, asyncio.timeout(20):
        with pytest.raises(exceptions.PDUError) as refused:
            await asyncio.to_thread(Witness(smsc.port).bind, "wrong")
    assert refused.value.args[1] == consts.SMPP_ESME_RINVPASWD
