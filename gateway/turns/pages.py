"""Options a few at a time: a page fits an SMS and the keys of a phone."""

from collections.abc import Sequence
from typing import Any


def page_of(options: Sequence[dict[str, Any]], page: object, most: int) -> dict[str, Any]:
    """A page of options; after the last one comes the first again."""
    number = page if isinstance(page, int) and page >= 0 else 0
    begin = number * most
    if begin >= len(options):
        begin = 0
    return {"options": list(options[begin : begin + most]), "more": begin + most < len(options)}
