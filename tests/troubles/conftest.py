"""The town of the desk's turns: troubles of 2021 are lived through by its people."""

from tests.turns.conftest import empty_town, town, world

__all__ = ["empty_town", "town", "world"]
