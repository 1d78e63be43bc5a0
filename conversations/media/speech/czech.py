"""Czech read aloud, with the case and the gender that the noun and the preposition ask for.

Source: Internetová jazyková příručka ÚJČ (skloňování číslovek, čtení letopočtů a hodin).
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Final

from conversations.media.speech.breath import breaths


class Gender(Enum):
    """Of the noun that is counted."""

    MASCULINE = 0
    FEMININE = 1
    NEUTER = 2


class Case(Enum):
    """As far as sentences of ours need them."""

    NOMINATIVE = 0
    GENITIVE = 1
    ACCUSATIVE = 2


@dataclass(frozen=True, slots=True)
class Noun:
    """A counted thing: ``one`` and ``few`` by case, ``many`` is what stands after five."""

    gender: Gender
    one: tuple[str, str, str]
    few: tuple[str, str, str]
    many: str


NOUNS: Final = {
    "hodina": Noun(Gender.FEMININE, ("hodina", "hodiny", "hodinu"), ("hodiny", "hodin", "hodiny"), "hodin"),
    "minuta": Noun(Gender.FEMININE, ("minuta", "minuty", "minutu"), ("minuty", "minut", "minuty"), "minut"),
    "dávka": Noun(Gender.FEMININE, ("dávka", "dávky", "dávku"), ("dávky", "dávek", "dávky"), "dávek"),
    "koruna": Noun(Gender.FEMININE, ("koruna", "koruny", "korunu"), ("koruny", "korun", "koruny"), "korun"),
    "den": Noun(Gender.MASCULINE, ("den", "dne", "den"), ("dny", "dnů", "dny"), "dnů"),
    "rok": Noun(Gender.MASCULINE, ("rok", "roku", "rok"), ("roky", "let", "roky"), "let"),
    "kilometr": Noun(
        Gender.MASCULINE,
        ("kilometr", "kilometru", "kilometr"),
        ("kilometry", "kilometrů", "kilometry"),
        "kilometrů",
    ),
    "člověk": Noun(Gender.MASCULINE, ("člověk", "člověka", "člověka"), ("lidé", "lidí", "lidi"), "lidí"),
    "pokus": Noun(Gender.MASCULINE, ("pokus", "pokusu", "pokus"), ("pokusy", "pokusů", "pokusy"), "pokusů"),
    "číslice": Noun(
        Gender.FEMININE, ("číslice", "číslice", "číslici"), ("číslice", "číslic", "číslice"), "číslic"
    ),
    "místo": Noun(Gender.NEUTER, ("místo", "místa", "místo"), ("místa", "míst", "místa"), "míst"),
}

_ONE: Final = {
    Gender.MASCULINE: ("jeden", "jednoho", "jeden"),
    Gender.FEMININE: ("jedna", "jedné", "jednu"),
    Gender.NEUTER: ("jedno", "jednoho", "jedno"),
}
_TWO: Final = {
    Gender.MASCULINE: ("dva", "dvou", "dva"),
    Gender.FEMININE: ("dvě", "dvou", "dvě"),
    Gender.NEUTER: ("dvě", "dvou", "dvě"),
}
_THREE: Final = ("tři", "tří", "tři")
_FOUR: Final = ("čtyři", "čtyř", "čtyři")
_UNITS: Final = {
    0: ("nula", "nuly"),
    5: ("pět", "pěti"),
    6: ("šest", "šesti"),
    7: ("sedm", "sedmi"),
    8: ("osm", "osmi"),
    9: ("devět", "devíti"),
    10: ("deset", "deseti"),
    11: ("jedenáct", "jedenácti"),
    12: ("dvanáct", "dvanácti"),
    13: ("třináct", "třinácti"),
    14: ("čtrnáct", "čtrnácti"),
    15: ("patnáct", "patnácti"),
    16: ("šestnáct", "šestnácti"),
    17: ("sedmnáct", "sedmnácti"),
    18: ("osmnáct", "osmnácti"),
    19: ("devatenáct", "devatenácti"),
}
_TENS: Final = (
    "",
    "",
    "dvacet",
    "třicet",
    "čtyřicet",
    "padesát",
    "šedesát",
    "sedmdesát",
    "osmdesát",
    "devadesát",
)
_HUNDREDS: Final = (
    "",
    "sto",
    "dvě stě",
    "tři sta",
    "čtyři sta",
    "pět set",
    "šest set",
    "sedm set",
    "osm set",
    "devět set",
)
_HUNDREDS_GENITIVE: Final = (
    "",
    "sta",
    "dvou set",
    "tří set",
    "čtyř set",
    "pěti set",
    "šesti set",
    "sedmi set",
    "osmi set",
    "devíti set",
)
_ORDINALS_GENITIVE: Final = {
    1: "prvního",
    2: "druhého",
    3: "třetího",
    4: "čtvrtého",
    5: "pátého",
    6: "šestého",
    7: "sedmého",
    8: "osmého",
    9: "devátého",
    10: "desátého",
    11: "jedenáctého",
    12: "dvanáctého",
    13: "třináctého",
    14: "čtrnáctého",
    15: "patnáctého",
    16: "šestnáctého",
    17: "sedmnáctého",
    18: "osmnáctého",
    19: "devatenáctého",
    20: "dvacátého",
    30: "třicátého",
}
_MONTHS: Final = (
    "ledna",
    "února",
    "března",
    "dubna",
    "května",
    "června",
    "července",
    "srpna",
    "září",
    "října",
    "listopadu",
    "prosince",
)
_WEEKDAYS: Final = ("pondělí", "úterý", "středa", "čtvrtek", "pátek", "sobota", "neděle")
_ON_WEEKDAYS: Final = (
    "v pondělí",
    "v úterý",
    "ve středu",
    "ve čtvrtek",
    "v pátek",
    "v sobotu",
    "v neděli",
)
# Spoken "ve" before a cluster that "v" would drown in.
_VE: Final = ("dv", "tř", "čt")
MOST: Final = 999_999


def cardinal(number: int, gender: Gender = Gender.MASCULINE, case: Case = Case.NOMINATIVE) -> str:
    """``dvě stě čtyřicet jedna``; in a compound the last one or two does not agree with its noun.

    Raises ValueError below 0 and above MOST.
    """
    if not 0 <= number <= MOST:
        raise ValueError(f"{number} is not read aloud")
    thousands, rest = divmod(number, 1_000)
    if not thousands:
        return _below_thousand(number, gender, case)
    read = [_thousands(thousands, case)]
    if rest:
        read.append(_below_thousand(rest, gender, case, is_compound=True))
    return " ".join(read)


def counted(number: int, noun: str, case: Case = Case.NOMINATIVE) -> str:
    """``jedna dávka``, ``dvě dávky``, ``pět dávek``, ``dvacet jedna dávek``; ``noun`` is one of NOUNS."""
    thing = NOUNS[noun]
    read = cardinal(number, thing.gender, case)
    match number:
        case 1:
            return f"{read} {thing.one[case.value]}"
        case 2 | 3 | 4:
            return f"{read} {thing.few[case.value]}"
        case _:
            return f"{read} {thing.many}"


def digits(written: str) -> str:
    """A PIN, a phone or an insurance number: digit by digit, a comma is a breath."""
    return breaths(written, _figure)


def _figure(figure: int) -> str:
    return _unit(figure, Gender.MASCULINE, Case.NOMINATIVE, is_compound=True)


def day_of_month(at: date) -> str:
    """``dvacátého pátého ledna``."""
    tens, unit = divmod(at.day, 10)
    spoken = _ORDINALS_GENITIVE.get(at.day) or f"{_ORDINALS_GENITIVE[tens * 10]} {_ORDINALS_GENITIVE[unit]}"
    return f"{spoken} {_MONTHS[at.month - 1]}"


def day(at: date) -> str:
    """``pondělí dvacátého pátého ledna``."""
    return f"{_WEEKDAYS[at.weekday()]} {day_of_month(at)}"


def on_day(at: date) -> str:
    """``v pondělí dvacátého pátého ledna``."""
    return f"{_ON_WEEKDAYS[at.weekday()]} {day_of_month(at)}"


def year(number: int) -> str:
    """``devatenáct set čtyřicet``, ``dva tisíce dvacet jedna``."""
    hundreds, rest = divmod(number, 100)
    if not 11 <= hundreds <= 19:
        return cardinal(number)
    read = f"{cardinal(hundreds)} set"
    return f"{read} {cardinal(rest)}" if rest else read


def full_date(at: date) -> str:
    """``dvacátého pátého ledna devatenáct set čtyřicet``."""
    return f"{day_of_month(at)} {year(at.year)}"


def clock(at: datetime) -> str:
    """``v osm hodin``, ``ve dvě hodiny dvacet minut``, ``v jednu hodinu``."""
    hours = counted(at.hour, "hodina", Case.ACCUSATIVE)
    preposition = "ve" if hours.startswith(_VE) else "v"
    return f"{preposition} {hours}{_minutes(at.minute, Case.ACCUSATIVE)}"


def until(at: datetime) -> str:
    """``do osmi hodin dvaceti minut``."""
    hours = counted(at.hour, "hodina", Case.GENITIVE)
    return f"do {hours}{_minutes(at.minute, Case.GENITIVE)}"


def moment(at: datetime) -> str:
    """``pondělí dvacátého pátého ledna v osm hodin``."""
    return f"{day(at)} {clock(at)}"


def _minutes(minute: int, case: Case) -> str:
    return f" {counted(minute, 'minuta', case)}" if minute else ""


def _thousands(thousands: int, case: Case) -> str:
    is_genitive = case is Case.GENITIVE
    match thousands:
        case 1:
            return "tisíce" if is_genitive else "tisíc"
        case 2 | 3 | 4:
            return f"{cardinal(thousands, case=case)} {'tisíc' if is_genitive else 'tisíce'}"
        case _:
            return f"{_below_thousand(thousands, Gender.MASCULINE, case, is_compound=True)} tisíc"


def _below_thousand(number: int, gender: Gender, case: Case, *, is_compound: bool = False) -> str:
    hundreds, rest = divmod(number, 100)
    read = []
    if hundreds:
        read.append((_HUNDREDS_GENITIVE if case is Case.GENITIVE else _HUNDREDS)[hundreds])
    if rest or not hundreds:
        read.append(_below_hundred(rest, gender, case, is_compound=is_compound or bool(hundreds)))
    return " ".join(read)


def _below_hundred(number: int, gender: Gender, case: Case, *, is_compound: bool) -> str:
    if number < 20:
        return _unit(number, gender, case, is_compound=is_compound)
    tens, unit = divmod(number, 10)
    read = _TENS[tens] + ("i" if case is Case.GENITIVE else "")
    return f"{read} {_unit(unit, gender, case, is_compound=True)}" if unit else read


def _unit(number: int, gender: Gender, case: Case, *, is_compound: bool) -> str:
    match number:
        case 1:
            return "jedna" if is_compound else _ONE[gender][case.value]  # dvacet jedna dávek, dnů
        case 2:
            return _TWO[Gender.MASCULINE if is_compound else gender][case.value]  # dvacet dva dávek
        case 3 | 4:
            return (_THREE if number == 3 else _FOUR)[case.value]
        case _:
            nominative, genitive = _UNITS[number]
            return genitive if case is Case.GENITIVE else nominative
