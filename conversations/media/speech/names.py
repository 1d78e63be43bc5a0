"""Names as they are read aloud: those of sites and groups have figures and abbreviations in them."""

import re
from collections.abc import Callable
from typing import Final

# Those of data/ocm_2021-06-14.csv that a voice would spell.
_ABBREVIATIONS: Final = {
    "FN": "Fakultní nemocnice",
    "PCR": "P C R",
    "ПЛР": "П Л Р",
    "OČM": "očkovací místo",
    "OC": "očkovací centrum",
    "LDN": "léčebna dlouhodobě nemocných",
    "TGM": "Tomáše Garrigua Masaryka",
    "COVID": "covid",
    "VÚ": "vojenský útvar",
    "NsP": "nemocnice s poliklinikou",
}
_WORD: Final = re.compile(r"\w+")
_FIGURES: Final = re.compile(r"\d+")
_LONGEST_NUMBER: Final = 4  # figures; more are read one by one


def name_aloud(name: str, *, cardinal: Callable[[int], str], digits: Callable[[str], str]) -> str:
    """A name with its figures and abbreviations written out, and without the mark of a cut."""

    def figures(found: re.Match[str]) -> str:
        written = found[0]
        return cardinal(int(written)) if len(written) <= _LONGEST_NUMBER else digits(written)

    full = _WORD.sub(lambda word: _ABBREVIATIONS.get(word[0], word[0]), name)
    return " ".join(_FIGURES.sub(figures, full).removesuffix("...").replace("-", " ").split())
