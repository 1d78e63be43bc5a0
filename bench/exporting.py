"""Registrations as open data: how fast they are written, beside a plain COPY of the same columns to a file.

``python -m bench.exporting 1000000`` for a million; they registered over ninety days at all sites.
"""

import resource
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg

from bench.ground import Figure, ground
from bench.planning import register
from gateway.cli.export import export
from gateway.compose import App
from gateway.settings import read

DAYS = 90
COPY = (
    "COPY (SELECT registered_at, site_id, birth_date, group_key, reserved_at, state, blocked_because "
    "FROM registrations) TO STDOUT (FORMAT csv)"
)


def main(people: int = 200_000) -> list[Figure]:
    """Measure and print."""
    with ground() as here:
        app = App(settings=read(Path(here.environ["CRS_CONFIG"]), here.environ))
        with app.store() as store:
            register(store, people, apart=timedelta(days=DAYS) / people)
        assert app.world.programme  # read before anything is measured
        copied, written = here.folder / "copy.csv", here.folder / "registrace.csv"
        plain = _seconds(lambda: _copy(here.database_url, copied))
        before = _memory()
        said = ["registrace", "--out", str(written)]
        seconds = _seconds(lambda: export.main(said, obj=app, standalone_mode=False))
        grown = _memory() - before
        with written.open(encoding="utf-8") as file:
            rows = sum(1 for _ in file) - 1
    figure = Figure(f"open data of {people} registrations", people / seconds, "a plain COPY", people / plain)
    print(f"{figure}  {rows} rows in {seconds:.1f} s, {grown} MB more memory")
    return [figure]


def _copy(url: str, path: Path) -> None:
    with (
        psycopg.connect(url.replace("+psycopg", "")) as db,
        db.cursor() as cursor,
        cursor.copy(COPY) as copy,
        path.open("wb") as file,
    ):
        for block in copy:
            file.write(block)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _memory() -> int:
    """Megabytes that this process ever needed."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
