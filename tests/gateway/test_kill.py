"""Kill -9 at random points: every MO has its effect once, every answer is handed over at least once."""

import asyncio
import os
import random
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from core.vault import new_key
from gateway.cli import crs
from gateway.smpp.behaviour import Behaviour
from gateway.smpp.smsc import Smsc, Submitted
from tests.installation import ROOT, SITES, calendars, deliveries, operator

PHONES = 200
KILLS = 6
FINISH_WITHIN_SECONDS = 90
SCRIPT = ("REG {number} Jan Novák 111 58601", "1", "ANO")


def _install(folder: Path) -> None:
    day = date.today() + timedelta(days=30)  # noqa: DTZ011  any day that is still to come
    (folder / "calendars.csv").write_text(
        calendars([f"Jedna,V1,COVID-19 Vaccine Janssen,,{day},08:00,10:00,20,5"]), "utf-8"
    )
    (folder / "deliveries.csv").write_text(deliveries("COVID-19 Vaccine Janssen", 50, day), "utf-8")
    for command in (
        ["db", "upgrade"],
        ["sites", "import", str(SITES)],
        ["calendars", "import", str(folder / "calendars.csv")],
        ["deliveries", "import", str(folder / "deliveries.csv")],
    ):
        result = CliRunner().invoke(crs, command, catch_exceptions=False)
        assert result.exit_code == 0, result.output


@pytest.mark.slow
async def test_kill_9_at_random_points_loses_nothing_and_repeats_no_effect(
    database: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    chance = random.Random(20210115)
    heard: dict[str, asyncio.Event] = {f"+4206020{n:05}": asyncio.Event() for n in range(PHONES)}

    def on_submitted(mt: Submitted) -> None:
        heard[mt.destination].set()

    behaviour = Behaviour(window=50, deliver_attempts=100)
    async with Smsc(chance=random.Random(1), behaviour=behaviour, on_submitted=on_submitted) as smsc:
        config = tmp_path / "crs.toml"
        config.write_text(
            '[web]\nlisten = "127.0.0.1:0"\n[log]\nlevel = "error"\n'
            + operator("killed", smsc.port, window=50, segments_per_second=1000),
            "utf-8",
        )
        for name, value in {
            "CRS_CONFIG": str(config),
            "CRS_DATABASE_URL": database,
            "CRS_REDIS_URL": redis_url,
            "CRS_SECRETS_KEY": new_key(),
        }.items():
            monkeypatch.setenv(name, value)
        await asyncio.to_thread(_install, tmp_path)

        def start() -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", "gateway", "serve"]
            return subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.DEVNULL)  # noqa: S603

        async def talk(n: int, phone: str) -> None:
            for position, line in enumerate(SCRIPT):
                heard[phone].clear()
                words = line.format(number=f"40{1 + n % 12:02}{1 + n // 12:02}{123 + n}")
                assert await smsc.deliver(phone, "1221", words, message_id=f"{n}-{position}") == 0
                await heard[phone].wait()

        gateway = start()
        try:
            await smsc.bound()
            talking = [asyncio.ensure_future(talk(n, phone)) for n, phone in enumerate(heard)]
            async with asyncio.timeout(FINISH_WITHIN_SECONDS):
                for _ in range(KILLS):
                    if all(t.done() for t in talking):
                        break
                    await smsc.taken(
                        len(smsc.submitted) + chance.randint(1, PHONES * len(SCRIPT) // (2 * KILLS))
                    )
                    gateway.kill()
                    await asyncio.to_thread(gateway.wait)
                    gateway = start()
                    await smsc.bound()
                await asyncio.gather(*talking)
        finally:
            gateway.terminate()
            await asyncio.to_thread(gateway.wait)
        submitted = Counter(mt.destination for mt in smsc.submitted)

    engine = create_engine(database)
    with engine.connect() as db:
        mos, done = db.execute(text("SELECT count(*), count(done_at) FROM inbox")).one()
        answers = db.execute(text("SELECT count(*), count(DISTINCT mo_id) FROM outbox")).one()
        people = db.execute(text("SELECT count(*) FROM registrations")).scalar_one()
        attempts = dict(db.execute(text("SELECT address, sum(attempt) FROM outbox GROUP BY address")).all())
    engine.dispose()
    total = PHONES * len(SCRIPT)
    assert (mos, done) == (total, total), "every MO is there once, and done"
    assert tuple(answers) == (total, total), "every MO was answered by one MT"
    assert people == PHONES, "every person is registered once"
    assert all(submitted[phone] >= len(SCRIPT) for phone in heard), "every MT was handed over at least once"
    assert all(submitted[phone] <= attempts[phone] for phone in heard), (
        "what came twice was counted as in doubt"
    )
