"""A file with secrets of people in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from gateway.whole_files import OWNER, replaced


@contextmanager
def private_file(out: Path) -> Iterator[IO[str]]:
    """A file that only its owner reads, there as a whole or not at all; it never replaces another."""
    if out.exists():
        raise click.BadParameter(f"{out} is there already; name a new file", param_hint="--out")
    try:
        # With a mark, so that a spreadsheet reads the accents.
        with replaced(out, readers=OWNER, encoding="utf-8-sig") as file:
            yield file
    except OSError as wrong:
        raise click.BadParameter(f"{out} cannot be written: {wrong.strerror}", param_hint="--out") from wrong
