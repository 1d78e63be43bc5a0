"""What every measurement stands on: real servers with durable settings, real sites, and plain baselines."""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine, text

from core.insurance_number import Valid, judge
from core.vault import new_key
from gateway.compose import load_world
from gateway.embedded import postgres, remove, valkey
from tests.installation import ROOT, SITES, calendars


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: a rate, and how it compares with a plain baseline of the same run."""

    work: str
    per_second: float
    baseline: str
    baseline_per_second: float

    def __str__(self) -> str:
        ratio = self.per_second / self.baseline_per_second
        plain = f"{self.baseline} ({self.baseline_per_second:.0f}/s)"
        return f"{self.work:<44} {self.per_second:>7.0f}/s  {ratio:>6.2f} x {plain}"


@dataclass(frozen=True, slots=True)
class Ground:
    """An empty installation of its own; `environ` makes any `crs` command use it."""

    folder: Path
    database_url: str
    redis_url: str
    environ: dict[str, str]

    def crs(self, *arguments: str) -> None:
        """Run a command to its end."""
        command = [sys.executable, "-m", "gateway", *arguments]
        subprocess.run(command, env=self.environ, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command that goes on; its log is kept in the folder."""
        log = (self.folder / f"{arguments[0]}.log").open("ab")
        command = [sys.executable, "-m", "gateway", *arguments]
        return subprocess.Popen(command, env=self.environ, cwd=ROOT, stdout=log, stderr=log)  # noqa: S603


@contextmanager
def ground(settings: str = "", *, sites: bool = True) -> Iterator[Ground]:
    """Durable servers in a folder of their own, migrated, with the real sites of June 2021 and calendars."""
    folder = Path(tempfile.mkdtemp(prefix="crs-bench-"))
    folder.chmod(0o711)
    try:
        with postgres(folder) as database_url, valkey(folder) as redis_url:
            config = folder / "crs.toml"
            config.write_text(settings, "utf-8")
            environ = os.environ | {
                "CRS_CONFIG": str(config),
                "CRS_DATABASE_URL": database_url,
                "CRS_REDIS_URL": redis_url,
                "CRS_SECRETS_KEY": new_key(),
            }
            ready = Ground(folder, database_url, redis_url, environ)
            ready.crs("db", "upgrade")
            if sites:
                ready.crs("sites", "import", str(SITES))
                (folder / "calendars.csv").write_text(calendars(_mornings()), "utf-8")
                ready.crs("calendars", "import", str(folder / "calendars.csv"))
            yield ready
    finally:
        remove(folder)


def _mornings() -> list[str]:
    """Twenty days of first dates from tomorrow on, and the second ones when Comirnaty wants them."""
    today = datetime.now(UTC).date()
    product = load_world().products.find("Comirnaty")
    assert product is not None
    rows = []
    for day in (today + timedelta(days=n) for n in range(1, 21)):
        interval = product.interval_on(day)
        assert interval is not None
        second, _ = interval.window(day)
        rows.append(f"Prvni,V1,Comirnaty,Druha,{day},08:00,13:00,10,5")
        rows.append(f"Druha,V2,Comirnaty,,{second},08:00,13:00,10,5")
    return rows


def durable_commits_per_second(url: str, *, seconds: float = 2.0) -> float:
    """The baseline of everything that is kept: one small row, one connection, one commit at a time."""
    engine = create_engine(url)
    with engine.connect() as db:
        db.execute(text("CREATE TABLE IF NOT EXISTS bare (words text)"))
        db.commit()
        begun, count = time.perf_counter(), 0
        while time.perf_counter() - begun < seconds:
            db.execute(text("INSERT INTO bare VALUES ('a row of about the size of a short message')"))
            db.commit()
            count += 1
        elapsed = time.perf_counter() - begun
    engine.dispose()
    return count / elapsed


def seniors(chance: random.Random, count: int) -> list[str]:
    """Different valid insurance numbers of people born 1925 to 1940."""
    found: set[str] = set()
    while len(found) < count:
        born = date(chance.randint(1925, 1940), chance.randint(1, 12), chance.randint(1, 28))
        month = born.month + chance.choice((0, 50))
        number = f"{born.year % 100:02}{month:02}{born.day:02}{chance.randint(1, 999):03}"
        if isinstance(judge(number, today=date(2021, 1, 22)), Valid):
            found.add(number)
    return sorted(found, key=lambda _: chance.random())
