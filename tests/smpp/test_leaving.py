"""An ESME that takes leave while its receipts are on the way."""

import asyncio
import random

from gateway.smpp.codec import encode
from gateway.smpp.pdu import BindTransceiver, SubmitSm, Unbind
from gateway.smpp.smsc import Smsc
from tests.smpp.parties import PERSON, US, Memory, bound


async def test_the_smsc_keeps_a_receipt_for_the_next_bind_when_the_esme_has_taken_leave():
    # In one write: the receipt is due when the link has been closed, and before it is gone.
    last_words = [
        BindTransceiver(sequence=1, system_id="crs", password="secret"),
        SubmitSm(
            sequence=2,
            source=US,
            destination=PERSON.removeprefix("+"),
            registered_delivery=1,
            short_message=b"ahoj",
        ),
        Unbind(sequence=3),
    ]
    async with asyncio.timeout(10), Smsc(chance=random.Random(1)) as smsc:
        reader, writer = await asyncio.open_connection("127.0.0.1", smsc.port)
        writer.write(b"".join(encode(pdu) for pdu in last_words))
        assert await reader.read()
        while await reader.read():
            pass
        writer.close()
        await writer.wait_closed()
        memory = Memory()
        async with bound(smsc.port, memory):
            receipt = await memory.receipts.get()
    assert receipt.message_id == smsc.submitted[0].message_id
