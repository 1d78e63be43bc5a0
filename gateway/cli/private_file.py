"""A file with secrets of people in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click


@contextmanager
def private_file(out: Path) -> Iterator[IO[str]]:
    """A file that only its owner reads, there as a whole or not at all; it never replaces another."""
    if out.exists():
        raise click.BadParameter(f"{out} is there already; name a new file", param_hint="--out")
    part = out.with_name(f".{out.name}.part")
    try:
        part.unlink(missing_ok=True)  # of a run that was killed, with whatever mode
        made = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        # With a mark, so that a spreadsheet reads the accents.
        with os.fdopen(made, "w", encoding="utf-8-sig", newline="") as file:
            yield file
        part.replace(out)
    except OSError as wrong:
        raise click.BadParameter(f"{out} cannot be written: {wrong.strerror}", param_hint="--out") from wrong
    finally:
        part.unlink(missing_ok=True)
