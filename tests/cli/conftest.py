"""The town of the desk's turns, for commands that are about its people."""

from tests.turns.conftest import empty_town, town, world

__all__ = ["empty_town", "town", "world"]
