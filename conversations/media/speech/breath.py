"""How figures that must be written down are read: one by one, with time to breathe."""

from collections.abc import Callable


def breaths(written: str, figure: Callable[[int], str]) -> str:
    """``4711 0922`` by twos, nine figures by threes; a comma is a breath."""
    figures = [int(c) for c in written if c in "0123456789"]
    size = 3 if len(figures) in (3, 9) else 2
    groups = [figures[i : i + size] for i in range(0, len(figures), size)]
    return ", ".join(" ".join(figure(each) for each in group) for group in groups)
