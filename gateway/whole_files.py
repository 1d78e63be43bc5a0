"""Files that are there as a whole or not at all: readers see the old one until the new one is complete."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

ANYBODY: Final = 0o666  # as far as the umask lets them
OWNER: Final = 0o600


@contextmanager
def replaced(path: Path, *, readers: int = ANYBODY, encoding: str = "utf-8") -> Iterator[IO[str]]:
    """A file, line ends as written, that takes the place of ``path`` when the block ends well.

    Whatever interrupts it leaves the old file as it was. Raises OSError.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.unlink(missing_ok=True)  # of a run that was killed, with whatever mode
        made = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, readers)
        with os.fdopen(made, "w", encoding=encoding, newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
