"""The words around the facts of a registration: labels, insurers, titles; plain, all languages together."""

from enum import StrEnum
from typing import Final


class Field(StrEnum):
    """What a message may answer."""

    INSURANCE_NUMBER = "insurance_number"
    INSURER = "insurer"
    PSC = "psc"
    EMAIL = "email"
    NAME = "name"
    PHONE = "phone"


# Source: data/health_insurers_cz.csv.
INSURERS: Final = {
    "111": (
        *(
            "vzp",
            "vzp cr",
            "vseobecna",
            "vseobecna zdravotni pojistovna",
            "vseobecna zdravotni pojistovna cr",
        ),
        *("vseobecna zdravotni pojistovna ceske republiky", "vseobecna pojistovna", "vseobecna zp"),
    ),
    "201": (
        *("vozp", "vozp cr", "vojenska", "vojenska zdravotni pojistovna", "vojenska zdravotni pojistovna cr"),
        *("vojenska zdravotni pojistovna ceske republiky", "vojenska pojistovna", "vojenska zp"),
    ),
    "205": ("cpzp", "ceska prumyslova", "ceska prumyslova zdravotni pojistovna", "ceska prumyslova zp"),
    "207": (
        *("ozp", "oborova", "oborova zdravotni pojistovna", "oborova pojistovna", "oborova zp"),
        "oborova zdravotni pojistovna zamestnancu bank pojistoven a stavebnictvi",
    ),
    "209": (
        *("zps", "zp skoda", "zps skoda", "pojistovna skoda", "skoda pojistovna", "zamestnanecka pojistovna"),
        "zamestnanecka pojistovna skoda",
    ),
    "211": (
        *("zpmv", "zp mv", "zpmv cr", "zp mv cr", "pojistovna ministerstva vnitra", "ministerstva vnitra"),
        *("zdravotni pojistovna ministerstva vnitra", "zdravotni pojistovna ministerstva vnitra cr"),
        *("zdravotni pojistovna ministerstva vnitra ceske republiky", "ministerstvo vnitra"),
    ),
    "213": (
        *("rbp", "rbp zp", "rbp zdravotni pojistovna", "revirni", "revirni bratrska pokladna"),
        *("revirni bratrska pojistovna", "revirni pojistovna"),
    ),
}
INSURER_CODES: Final = frozenset(INSURERS)
# A surname far more often than an insurer, unless it is all that was said.
SKODA: Final = ("skoda", "209")

LABELS: Final = {
    Field.INSURANCE_NUMBER: (
        *("rc", "r c", "rodne cislo", "rodne c", "cislo pojistence", "c pojistence", "cp"),
        *("insurance number", "insurance no", "birth number"),
    ),
    Field.INSURER: (
        *("pojistovna", "zdravotni pojistovna", "poj", "zp", "kod pojistovny", "pojistovnu", "u pojistovny"),
        *("insurer", "insurance company", "insurance", "insurance code"),
    ),
    Field.PSC: (
        "psc",
        "p s c",
        "cz",
        "postovni smerovaci cislo",
        "zip",
        "zip code",
        "postcode",
        "postal code",
    ),
    Field.EMAIL: ("email", "mail", "e mail", "e-mail", "e-mailem", "emailem"),
    Field.NAME: (
        *("jmeno", "prijmeni", "jmeno a prijmeni", "jmeno prijmeni", "jmenuji se", "jmenuju se", "ja jsem"),
        *("jsem", "name", "my name is", "i am", "first name", "last name", "surname", "full name"),
    ),
    Field.PHONE: (
        "tel",
        "telefon",
        "tel c",
        "tel cislo",
        "telefonni cislo",
        "mobil",
        "mob",
        "phone",
        "mobile",
    ),
}

TITLES: Final = frozenset(
    (
        *(
            "ing",
            "arch",
            "mudr",
            "mgr",
            "phd",
            "bc",
            "bca",
            "mga",
            "judr",
            "phdr",
            "rndr",
            "paeddr",
            "pharmdr",
        ),
        *("thdr", "thlic", "thmgr", "doc", "prof", "csc", "drsc", "mba", "llm", "dis", "mvdr", "mddr", "dr"),
        *("ml", "st", "jr", "sr", "icdr", "rsdr", "artd", "msc", "bsc"),
        *("pan", "pani", "pane", "slecna", "mr", "mrs", "ms", "miss"),
    )
)
PHD: Final = ("ph", "d")

MANNERS: Final = frozenset(
    (
        *("dobry den", "dobry vecer", "dobre rano", "hezky den", "pekny den", "zdravim", "ahoj", "prosim"),
        *("prosim vas", "dekuji", "dekuju", "diky", "predem dekuji", "s pozdravem", "s pranim hezkeho dne"),
        *("please", "thanks", "thank you", "hello", "hi", "good morning", "good evening", "regards"),
    )
)

# What follows is no longer the name: Jana Nováková, bytem Jihlava.
AFTER_A_NAME: Final = (
    *("bytem", "trvale bytem", "bydliste", "trvale bydliste", "bydlim", "adresa", "obec", "mesto"),
    *("narozen", "narozena", "nar", "living in", "address", "born"),
)

# A sentence, a command or an answer, not a name. Words that are names too (Do, To, My, Dobrý) are left out.
NOT_A_NAME: Final = frozenset(
    (
        *(
            "a",
            "i",
            "ano",
            "ne",
            "jo",
            "ok",
            "nechci",
            "chci",
            "chtel",
            "chtela",
            "bych",
            "nemam",
            "mam",
            "nevim",
        ),
        *(
            "neznam",
            "souhlasim",
            "nesouhlasim",
            "pomoc",
            "napoveda",
            "zpet",
            "konec",
            "operator",
            "dalsi",
            "stop",
        ),
        *(
            "kdy",
            "kde",
            "jak",
            "co",
            "proc",
            "kolik",
            "bude",
            "budu",
            "muj",
            "moje",
            "moji",
            "muzu",
            "mohu",
            "je",
        ),
        *(
            "jsou",
            "nejsem",
            "neni",
            "nejde",
            "jeste",
            "uz",
            "ale",
            "nebo",
            "protoze",
            "pro",
            "od",
            "se",
            "si",
            "na",
        ),
        *(
            "ockovani",
            "ockovat",
            "registrace",
            "registraci",
            "registrovat",
            "rezervace",
            "rezervaci",
            "termin",
        ),
        *(
            "reg",
            "registruj",
            "prihlasit",
            "objednat",
            "vakcina",
            "vakcinu",
            "test",
            "testovani",
            "pin",
            "kod",
        ),
        *("cislo", "ulice", "okres", "zdravotni"),
        *(
            "yes",
            "no",
            "help",
            "the",
            "what",
            "how",
            "when",
            "where",
            "why",
            "is",
            "are",
            "want",
            "would",
            "have",
        ),
        *(
            "need",
            "dont",
            "do not",
            "not",
            "register",
            "registration",
            "vaccine",
            "vaccination",
            "appointment",
        ),
    )
)
# Small inside a name when typed small: Jan z Lobkovic.
PARTICLES: Final = frozenset({"von", "der", "de", "z", "ze"})
