"""The GSM 7-bit default alphabet: what an MT costs, where it is cut, how it is folded and coded.

Source: 3GPP TS 23.038 §6.2.1 (alphabet, extension), TS 23.040 §9.2.3.24.1 (joined parts).
"""

import re
import unicodedata
from typing import Final

SINGLE_SEPTETS: Final = 160
JOINED_SEPTETS: Final = 153  # 140 octets less a 6-octet UDH, in septets
SINGLE_UNITS: Final = 70
JOINED_UNITS: Final = 67

ESCAPE: Final = 0x1B

# In code order; NUL stands for 0x1B, which is no character but the way to the extension.
_DEFAULT: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\0ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
# A septet to an octet, written as the Latin-1 character of that octet, for str.translate.
_CODED: Final = {ord(char): chr(code) for code, char in enumerate(_DEFAULT) if code != ESCAPE} | {
    ord(char): chr(ESCAPE) + chr(code) for code, char in _EXTENSION.items()
}

_ALPHABET: Final = frozenset(map(chr, _CODED))
_FOREIGN: Final = re.compile(f"[^{re.escape(''.join(sorted(_ALPHABET)))}]")
_TWO_SEPTETS: Final = re.compile(f"[{re.escape(''.join(_EXTENSION.values()))}]")
_BEYOND_BMP: Final = re.compile("[\U00010000-\U0010ffff]")

# Letters that do not decompose into an ASCII letter and an accent, and typography that has a plain twin.
_TWINS: Final = {
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ħ": "h", "Ħ": "H", "ı": "i", "ĸ": "k",
    "ŋ": "n", "Ŋ": "N", "ŧ": "t", "Ŧ": "T", "þ": "th", "Þ": "Th", "œ": "oe", "Œ": "OE", "ẞ": "ß", "ƒ": "f",
    "„": '"', "“": '"', "”": '"', "‟": '"', "«": '"', "»": '"', "″": '"', "〝": '"', "〞": '"',
    "‚": "'", "‘": "'", "’": "'", "‛": "'", "‹": "'", "›": "'", "′": "'", "´": "'", "`": "'", "ʼ": "'",
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "\u00ad": "",
    "…": "...", "•": "*", "·": "*", "×": "x", "÷": "/", "⁄": "/", "©": "(c)", "®": "(R)", "™": "TM",
    "№": "No", "\t": " ", "\v": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n",
    "\u200b": "", "\u200e": "", "\u200f": "", "\u2060": "", "\ufeff": "",
}  # fmt: skip
# GSM has é and É but none of their Czech neighbours: "přijeďte, léčíme" must not come out half accented.
_HALF_ACCENTED: Final = frozenset("éÉ")
_LATIN: Final = (
    *range(0xA0, 0x250),
    *range(0x1E00, 0x1F00),
    *range(0x2000, 0x2070),
    *range(0xFB00, 0xFB07),
    *range(0xFF01, 0xFF5F),
)
_LONELY_MARK: Final = re.compile("(?<=[A-Za-z\xc0-\u024f])[\u0300-\u036f]+")


def _fold_table() -> dict[int, str]:
    table = {ord(char): twin for char, twin in _TWINS.items()}
    for code in (*_LATIN, 0x3000):
        char = chr(code)
        if code in table or (char in _ALPHABET and char not in _HALF_ACCENTED):
            continue
        bare = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
        twin = "".join(_TWINS.get(c, c) for c in bare)
        if twin and twin.isascii() and _ALPHABET.issuperset(twin):
            table[code] = twin
    return table


_FOLD: Final = _fold_table()
_FOLDS_IN_ASCII: Final = re.compile(f"[{re.escape(''.join(chr(c) for c in _FOLD if c < 0x80))}]")


def is_gsm7(text: str) -> bool:
    """Every character is in the default alphabet or its extension."""
    return _FOREIGN.search(text) is None


def segments(text: str) -> int:
    """Count the SMS parts an MT will cost, at least 1.

    GSM-7 if every character is in the default alphabet or its extension (an extension character
    is two septets, kept in one part), else UCS-2 (outside the BMP is two units, kept in one part).

    Source: 3GPP TS 23.038 §6.2.1 (alphabet), TS 23.040 §9.2.3.24.1 (joined parts).
    """
    return len(_cuts(text))


def split(text: str) -> list[str]:
    """The text of every part as ``segments`` counts them; joined, they are the text again."""
    cuts = _cuts(text)
    return [text[begin:end] for begin, end in zip([0, *cuts], cuts, strict=False)]


def fold(text: str) -> str:
    """Take accents and typography away, as far as the result is in GSM-7.

    A letter that GSM has is kept (ä, ö, ü, ß, ñ …) but é and É, which alone of the Czech letters it has.
    What has no plain twin (Cyrillic, emoji) stays.
    """
    if text.isascii():
        return text.translate(_FOLD) if _FOLDS_IN_ASCII.search(text) else text
    # Composed first: u and a combining diaeresis are the ü that GSM has.
    folded = unicodedata.normalize("NFC", text).translate(_FOLD)
    return folded if folded.isascii() else _LONELY_MARK.sub("", folded)


def encode_gsm7(text: str) -> bytes:
    """One septet per octet, unpacked; ``UnicodeEncodeError`` (a ``ValueError``) for what GSM-7 has not."""
    if foreign := _FOREIGN.search(text):
        raise UnicodeEncodeError("gsm7", text, *foreign.span(), "not in GSM 03.38")
    return text.translate(_CODED).encode("latin-1")


def decode_gsm7(octets: bytes) -> str:
    """Read one septet per octet; an octet above 0x7F becomes U+FFFD.

    An escape to nothing we know shows the default character after it, a lone or doubled escape
    a space (TS 23.038 §6.2.1.1).
    """
    chars: list[str] = []
    rest = iter(octets)
    for octet in rest:
        if octet != ESCAPE:
            chars.append(_DEFAULT[octet] if octet < 0x80 else "\ufffd")
            continue
        code = next(rest, ESCAPE)
        if code == ESCAPE:
            chars.append(" ")
        elif code in _EXTENSION:
            chars.append(_EXTENSION[code])
        else:
            chars.append(_DEFAULT[code] if code < 0x80 else "\ufffd")
    return "".join(chars)


def _cuts(text: str) -> list[int]:
    """Where every part ends."""
    if is_gsm7(text):
        return _ends(text, _TWO_SEPTETS, single=SINGLE_SEPTETS, joined=JOINED_SEPTETS)
    return _ends(text, _BEYOND_BMP, single=SINGLE_UNITS, joined=JOINED_UNITS)


def _ends(text: str, doubled: re.Pattern[str], *, single: int, joined: int) -> list[int]:
    length = len(text)
    if length <= single // 2:
        return [length]
    twos = [match.start() for match in doubled.finditer(text)]
    if length + len(twos) <= single:
        return [length]
    ends: list[int] = []
    begin, seen = 0, 0  # seen: how many of ``twos`` lie before ``begin``
    while begin < length:
        end, room = begin, joined
        while seen < len(twos) and (cost := twos[seen] - end + 2) <= room:
            room -= cost
            end, seen = twos[seen] + 1, seen + 1
        begin = min(end + room, twos[seen] if seen < len(twos) else length)
        ends.append(begin)
    return ends
