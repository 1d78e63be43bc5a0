"""One spelling for what people type: no accents, no capitals, no stray spaces."""

import re
import unicodedata
from typing import Final

# Letters that keep their stroke when decomposed.
_STROKES: Final = str.maketrans("łđøħŧ", "ldoht")
_WORD: Final = re.compile(r"[0-9]+|[^\W\d_]+")


def plain(text: str) -> str:
    """The text without accents, in lower case, with single spaces; punctuation stays.

    Invisible characters (zero width, variation selectors) are dropped, compatibility forms
    (full width, keycaps, superscripts) become what they stand for.
    """
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        # Mn, Me: accents and keycaps; Cf: invisible.
        text = "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Me", "Cf"))
        text = text.translate(_STROKES)
    return " ".join(text.lower().split())


def words(text: str) -> list[str]:
    """The words and the numbers of the plain text, in order, without punctuation."""
    return _WORD.findall(plain(text))
