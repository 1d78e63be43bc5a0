"""The main job over SMPP: a real `crs serve`, and a centre not ours (npm's smpp, where node has it)."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text

from core.vault import new_key
from gateway.compose import load_world
from tests.installation import ROOT, SITES, calendars, deliveries, operator

NODE = shutil.which("node")
PHONE = "420601000001"
ANSWER_WITHIN_SECONDS = 30


def _is_here() -> bool:
    asked = [NODE or "node", "-e", "require('smpp')"]
    return NODE is not None and subprocess.run(asked, capture_output=True, check=False).returncode == 0  # noqa: S603 - our own words


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not _is_here(), reason="node or its module smpp is not there"),
]


class Centre:
    """The foreign SMSC: tell it what to deliver, wait for what it sees."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin, process.stdout
        self._unread: list[dict[str, Any]] = []

    async def seen(self, event: str) -> dict[str, Any]:
        """The next event of that name; others keep their place."""
        for earlier in self._unread:
            if earlier["event"] == event:
                self._unread.remove(earlier)
                return earlier
        async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
            while True:
                one: dict[str, Any] = json.loads(await self._out.readline())
                if one["event"] == event:
                    return one
                self._unread.append(one)

    def tell(self, **told: object) -> None:
        self._in.write(json.dumps(told).encode() + b"\n")

    async def mt(self) -> str:
        """The next MT to the phone, its parts joined."""
        parts: dict[int, str] = {}
        while True:
            seen = await self.seen("submitted")
            assert (seen["to"], seen["from"], seen["registered_delivery"]) == (PHONE, "1221", 1)
            total, number = seen["part"]
            parts[number] = seen["text"]
            if len(parts) == total:
                return "".join(parts[n] for n in range(1, total + 1))

    async def write(self, words: str) -> str:
        """The person writes; what the person reads."""
        self.tell(**{"from": PHONE, "text": words})
        assert (await self.seen("mo_taken"))["status"] == 0
        return await self.mt()


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    assert NODE is not None
    process = await asyncio.create_subprocess_exec(
        NODE,
        str(Path(__file__).with_name("npm_main_job.js")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    yield Centre(process)
    process.kill()
    await process.wait()


class Installation:
    """Settings and databases of one test; runs `crs` as an operator's engineer does."""

    def __init__(self, folder: Path, database: str, redis_url: str, port: int) -> None:
        config = folder / "crs.toml"
        config.write_text(
            '[web]\nlisten = "127.0.0.1:0"\n[log]\nlevel = "warning"\n'
            '[sms]\nsending_hours = ["00:00", "23:59:59.999999"]\n' + operator("npm", port),
            "utf-8",
        )
        self._environ = os.environ | {
            "CRS_CONFIG": str(config),
            "CRS_DATABASE_URL": database,
            "CRS_REDIS_URL": redis_url,
            "CRS_SECRETS_KEY": new_key(),
        }

    def crs(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "gateway", *arguments]
        ended = subprocess.run(command, cwd=ROOT, env=self._environ, capture_output=True, check=False)  # noqa: S603
        assert ended.returncode == 0, ended.stderr.decode()
        return ended.stdout.decode()

    @contextmanager
    def serving(self) -> Iterator[None]:
        """`crs serve`, ended as an operator ends it: every claim is settled then."""
        command = [sys.executable, "-m", "gateway", "serve"]
        gateway = subprocess.Popen(command, cwd=ROOT, env=self._environ, stdout=subprocess.DEVNULL)  # noqa: S603
        try:
            yield
        finally:
            gateway.terminate()
            gateway.wait()


def _supply(here: Installation, folder: Path) -> tuple[date, date]:
    """Every site near Jihlava has one morning of pairs and forty doses; the days of both dates."""
    today = date.today()  # noqa: DTZ011  any day that is still to come
    first = today + timedelta(days=30)
    product = load_world().products.find("Comirnaty")
    assert product is not None
    interval = product.interval_on(first)
    assert interval is not None
    second, _ = interval.window(first)
    rows = [
        f"Prvni,V1,Comirnaty,Druha,{first},08:00,10:00,20,1",
        f"Druha,V2,Comirnaty,,{second},08:00,10:00,20,1",
    ]
    (folder / "calendars.csv").write_text(calendars(rows), "utf-8")
    (folder / "deliveries.csv").write_text(deliveries("Comirnaty", 42, today), "utf-8")
    here.crs("db", "upgrade")
    here.crs("sites", "import", str(SITES))
    here.crs("calendars", "import", str(folder / "calendars.csv"))
    here.crs("deliveries", "import", str(folder / "deliveries.csv"))
    return first, second


def _in_words(day: date) -> str:
    return f"{day.day}.{day.month}."


def _states(db: Connection) -> dict[str, int]:
    """How many MTs are in each state."""
    return {r.state: r.n for r in db.execute(text("SELECT state, count(*) AS n FROM outbox GROUP BY state"))}


async def test_a_registration_and_a_reservation_succeed_with_a_foreign_centre(
    centre: Centre, database: str, redis_url: str, tmp_path: Path
) -> None:
    port = (await centre.seen("listening"))["port"]
    here = Installation(tmp_path, database, redis_url, port)
    first, second = await asyncio.to_thread(_supply, here, tmp_path)

    with here.serving():
        bound = await centre.seen("bound")
        assert (bound["system_id"], bound["version"]) == ("crs", 0x34)
        assert "Nejblizsi mista" in await centre.write("REG 405123123 Jan Novak 111 58601")
        assert "Souhrn" in await centre.write("1")
        assert (await centre.write("ANO")).startswith("Registrace prijata")

        await asyncio.to_thread(here.crs, "invite", "run")
        invitation = await centre.mt()
        pin = re.search(r"\b\d{4} ?\d{4}\b", invitation)
        assert pin, invitation
        assert "Volno" in await centre.write(pin.group())
        held = await centre.write("1")
        confirmed = await centre.write("ANO")
    for said in (held, confirmed):
        assert _in_words(first) in said
        assert _in_words(second) in said
    assert confirmed.startswith("Mate termin")

    # The process that sent them is gone: receipts find their MTs by what is kept.
    engine = create_engine(database)
    with engine.connect() as db:
        sent = _states(db)
        parts = db.execute(text("SELECT count(*) FROM mt_parts")).scalar_one()
    assert sent == {"sent": 7}
    with here.serving():
        await centre.seen("bound")
        centre.tell(receipts=True)
        taken = Counter([(await centre.seen("receipt_taken"))["status"] for _ in range(parts)])
    assert taken == {0: parts}
    with engine.connect() as db:
        states = _states(db)
        reserved = db.execute(text("SELECT count(*) FROM reservations")).scalar_one()
    engine.dispose()
    assert states == {"delivered": 7}
    assert reserved == 1
