"""Operator capacity where it is counted: submit_sm of real gateways, stamped by the operator's centre.

Any number of ``crs serve`` share three operators, with long and short texts waiting for each.
"""

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench.ground import ground
from bench.limiter import Row, row_of
from bench.stamping import StampingCentre
from conversations.media.gsm import segments
from core.messages import Address, Lane, NewMt
from core.store.work import OUTBOX_CHANNEL, Store
from core.vault import Vault
from gateway.sender import CLAIM_AHEAD_SECONDS, CLAIM_SECONDS
from tests.installation import ROOT, operator

CAPACITIES = (20, 50, 200)
TEXTS = ("Ano.", "a" * 300, "b" * 450)  # of one, two and three segments
START_WITHIN_SECONDS = 120.0
CLAIMED_SECONDS = CLAIM_SECONDS + CLAIM_AHEAD_SECONDS  # of the capacity, that one sender may have in hand


def measure(environ: Mapping[str, str], *, senders: int, seconds: float) -> list[Row]:
    """One row for each capacity, on the migrated database and the Redis that `environ` names."""
    with StampingCentre() as centre, _gateways(environ, centre.port, senders):
        centre.wait(lambda: centre.bound == senders * len(CAPACITIES), seconds=START_WITHIN_SECONDS)
        wanted = _queue(environ, seconds + _tail_seconds(senders))
        centre.wait(lambda: centre.taken >= sum(wanted.values()), seconds=3 * seconds + 30)
        stamps = centre.stamps()
    rows = []
    tail = _tail_seconds(senders)
    for capacity in CAPACITIES:
        mine = [(s.earliest, s.at, s.sender) for s in stamps if s.account == name(capacity)]
        rows.append(row_of(mine, capacity, senders, waiting=len(mine) - int(tail * capacity)))
    return rows


def name(capacity: int) -> str:
    """The operator of this capacity, and our account there."""
    return f"bench-{capacity}"


def _tail_seconds(senders: int) -> float:
    """From when on all that waits may be claimed by some of the senders, and the others go idle."""
    return 1.0 + senders * CLAIMED_SECONDS


def _queue(environ: Mapping[str, str], seconds: float) -> dict[int, int]:
    """Let so much work wait at each capacity; how many segments, by capacity."""
    chance = random.Random(1)
    now = datetime.now(UTC)
    wanted = dict.fromkeys(CAPACITIES, 0)
    messages: list[NewMt] = []
    for capacity in CAPACITIES:
        while wanted[capacity] < capacity * seconds:
            words = chance.choice(TEXTS)
            phone = Address("sms", f"+4206010{len(messages):05}")
            messages.append(NewMt(phone, name(capacity), Lane.ANSWER, "answer", words, segments(words), now))
            wanted[capacity] += segments(words)
    store = Store.connect(environ["CRS_DATABASE_URL"], Vault.from_text(environ["CRS_SECRETS_KEY"]))
    with store.begin() as work:
        work.outbox.add(messages)
        work.wake(OUTBOX_CHANNEL)
    store.close()
    return wanted


@contextmanager
def _gateways(environ: Mapping[str, str], port: int, count: int) -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="crs-pacing-") as folder:
        config = Path(folder) / "crs.toml"
        accounts = (
            operator(name(c), port, window=100, segments_per_second=c).replace('"crs"', f'"{name(c)}"')
            for c in CAPACITIES
        )
        config.write_text('[web]\nlisten = "127.0.0.1:0"\n' + "".join(accounts), "utf-8")
        with (Path(folder) / "serve.log").open("wb") as log:
            serving = [
                subprocess.Popen(
                    [sys.executable, "-m", "gateway", "serve"],
                    env=os.environ | environ | {"CRS_CONFIG": str(config)},
                    cwd=ROOT,
                    stdout=log,
                    stderr=log,
                )
                for _ in range(count)
            ]
            try:
                yield
            finally:
                for each in serving:
                    each.terminate()
                for each in serving:
                    each.wait()


def main(seconds: float = 8.0) -> list[Row]:
    """Measure and print."""
    rows = []
    print("capacity  senders  segments    used  worst second  closest n and n+capacity  least served")
    for senders in (1, 8):
        with ground(sites=False) as here:
            for row in measure(here.environ, senders=senders, seconds=seconds):
                rows.append(row)
                print(f"{row}  ({row.joined} stamps joined)", flush=True)
    return rows


if __name__ == "__main__":
    main()
