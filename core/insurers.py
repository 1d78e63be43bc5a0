"""The health insurers of 2021.

Source: ``data/health_insurers_cz.csv``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Insurer:
    """An insurer: the code on the card, what people call it, and its full name."""

    code: str
    short: str
    name: str


_ALL: Final = (
    Insurer("111", "VZP ČR", "Všeobecná zdravotní pojišťovna ČR"),
    Insurer("201", "VoZP ČR", "Vojenská zdravotní pojišťovna České republiky"),
    Insurer("205", "ČPZP", "Česká průmyslová zdravotní pojišťovna"),
    Insurer("207", "OZP", "Oborová zdravotní pojišťovna zaměstnanců bank, pojišťoven a stavebnictví"),
    Insurer("209", "ZPŠ", "Zaměstnanecká pojišťovna Škoda"),
    Insurer("211", "ZPMV ČR", "Zdravotní pojišťovna ministerstva vnitra ČR"),
    Insurer("213", "RBP", "Revírní bratrská pokladna, zdravotní pojišťovna"),
)

INSURERS: Final[Mapping[str, Insurer]] = MappingProxyType({each.code: each for each in _ALL})
"""By code, in the order of the codes."""
