"""Files that are there as a whole or not at all: readers see the old one until the new one is complete."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def replaced(path: Path) -> Iterator[IO[str]]:
    """A file in UTF-8, line ends as written, that takes the place of ``path`` when the block ends well.

    Whatever interrupts it leaves the old file as it was. Raises OSError.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
