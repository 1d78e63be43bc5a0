"""A real PostgreSQL and a real Valkey of our own, from wheels: nothing to install, nothing left running.

Any number of processes may enter the same folder; they share one server, and the last one out stops it,
however it went (the kernel drops the lock of a killed process).
"""

from gateway.embedded.sharing import DiedInUse, EmbeddedError, NotStarted, postgres, remove, valkey

__all__ = ["DiedInUse", "EmbeddedError", "NotStarted", "postgres", "remove", "valkey"]
