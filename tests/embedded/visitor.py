"""A process that uses an embedded server until its standard input ends: ``visitor.py SERVER FOLDER``."""

import sys
from pathlib import Path

from gateway import embedded

with getattr(embedded, sys.argv[1])(Path(sys.argv[2])) as url:
    print(url, flush=True)  # noqa: T201
    sys.stdin.read()
