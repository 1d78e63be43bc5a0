"""``python -m gateway`` is the `crs` command."""

from gateway.cli import main

main()
