"""An independent witness where node has it (``NODE_PATH``): npm's smpp as SMSC for our ESME."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.smpp.coding import decode, encode_parts
from gateway.smpp.receipt import ReceiptState, same_id
from tests.smpp.parties import PERSON, US, Memory, bound

NODE = shutil.which("node")


def _is_here() -> bool:
    asked = [NODE or "node", "-e", "require('smpp')"]
    return NODE is not None and subprocess.run(asked, capture_output=True, check=False).returncode == 0  # noqa: S603 - our own words


pytestmark = pytest.mark.skipif(not _is_here(), reason="node or its module smpp is not there")


@pytest.fixture
async def port() -> AsyncIterator[int]:
    assert NODE is not None
    process = await asyncio.create_subprocess_exec(
        NODE,
        str(Path(__file__).with_name("npm_smsc.js")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    yield int(await process.stdout.readline())
    process.kill()
    await process.wait()


async def test_its_answers_receipts_and_mos_are_understood(port):
    memory = Memory()
    async with bound(port, memory) as esme:
        mo = await memory.mos.get()
        parts = encode_parts("Nemocnice Jihlava. " * 20, 7)
        ids = [await esme.submit(part, US, PERSON) for part in parts]
        receipts = [await memory.receipts.get() for _ in parts]
    assert (mo.source, decode(mo.payload, mo.data_coding), mo.message_id) == (PERSON, "Žďár", None)
    assert ids[0] == "0000BEEF"
    assert all(same_id(kept, receipt.message_id) for kept, receipt in zip(ids, receipts, strict=True))
    assert {receipt.state for receipt in receipts} == {ReceiptState.DELIVERED}
