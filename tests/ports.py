"""Ports to listen on, where port 0 will not do."""

import secrets
import socket
from contextlib import suppress

_given: set[int] = set()


def unused_port() -> int:
    """One of those below the kernel's own, that nobody listens on.

    Nobody takes it before the bind: port 0 and connections get theirs from above.
    """
    while True:
        port = secrets.choice(range(20_000, 32_000))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
