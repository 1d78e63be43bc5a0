"""What a core could say: usual values to show a dialogue with, and the longest to measure it by."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Final

from conversations.verbs import BECAUSE, MAILS, MOST_PINS, STANDING, STATES, VERBS
from core.information import MOST_TEXT

# The longest of data/ocm_2021-06-14.csv.
_LONGEST_SITE: Final = (
    "Nemocnice TGM Hodonín, přísp. organizace Dům kultury Hodonín - očkovací centrum COVID-19"
)
_LONGEST_ADDRESS: Final = (
    "U Nemocnice 499/2, 128 08 Praha 2, "
    "Očkovací centrum ve Fakultní poliklinice, Karlovo náměstí 32, III. patro"
)
_FIRST, _SECOND = "2021-11-22T10:30", "2021-12-27T10:30"
REASONS: Final = (
    "digits_count",
    "not_digits",
    "month",
    "day",
    "no_such_date",
    "check_digit",
    "too_old",
    "future",
    "series",
    "ending",
    "other",
)

USUAL: Final[Mapping[str, Any]] = {
    "insurance_number": "405123123",
    "insurer": "111",
    "psc": "58601",
    "email": "jan@novak.cz",
    "mail": "sent",
    "masked": "j…@novak.cz",
    "refused": None,
    "pin": "47110922",
    "digits": "3123",
    "code": "471109223516",
    "phone": "+420601123456",
    "ending": "456",
    "pin1": "123456",
    "wait": None,
    "channel": "telegram",
    "group": "80+",
    "registration": "1",
    "picked": "1",
    "name": "Jan Novák",
    "city": "Jihlava",
    "km": 2.3,
    "site": "Nemocnice Jihlava",
    "old_site": "Nemocnice Třebíč, p.o.",
    "new_site": "Nemocnice Jihlava",
    "address": "Vrchlického 59, 586 33 Jihlava",
    "birth_year": 1940,
    "birth_date": "1940-01-12",
    "reason": "check_digit",
    "doubted": "13",
    "label": "osoby 70-79",
    "opens_on": "2021-03-01",
    "place": 12,
    "old_place": 12,
    "new_place": 340,
    "of": 340,
    "lately": 300,
    "left": 4,
    "people": 1,
    "others": 0,
    "first": "2021-01-25T08:00",
    "second": "2021-02-15T08:00",
    "until": "2021-01-22T09:15",
    "registered": "2021-01-22T09:00",
    "hours": None,
    "registered_on": "2021-01-22",
    "state": "waiting",
    "because": None,
    "service": "PCR test",
    "referral": "2104123456",
    "price": 1756,
    "text": "Očkujeme už i v hale na Žižkově ulici.",
    "heard": "Nejdřív se registrujte. Až bude na vašem místě vakcína a volný termín, pošleme vám zprávu.",
    "where": "Jihlava",
    "people_registered": 12_345,
    "people_waiting": 12_000,
    "people_reserved": 345,
    "doses": 678,
    "more": True,
    "problem": "",
}
LONGEST: Final[Mapping[str, Any]] = {
    **USUAL,
    "email": "nejdelsi.jmeno.adresy@postovni-server-uradu.cz",
    "masked": "n…@postovni-server-uradu.cz",
    "name": "Maxmiliána Františka Nejedlá-Křivohlavá Novotná",
    "city": "Rychnov nad Kněžnou",
    "km": 128.4,
    "site": _LONGEST_SITE,
    "old_site": _LONGEST_SITE,
    "new_site": _LONGEST_SITE,
    "address": _LONGEST_ADDRESS,
    "doubted": "29.12.",
    "label": "osoby s chronickým onemocněním - druhá skupina",
    "opens_on": "2021-12-27T08:00",
    "place": 987_654,
    "old_place": 987_654,
    "new_place": 987_654,
    "of": 987_654,
    "lately": 12_345,
    "service": "vyšetření na protilátky",
    "price": 99_999,
    "text": "Očkujeme 7 dní. " * (MOST_TEXT // 16),
    "where": "Rychnov nad Kněžnou",
    "people_registered": 1_987_654,
    "people_waiting": 1_987_654,
    "people_reserved": 1_987_654,
    "doses": 1_987_654,
    "people": MOST_PINS,
    "others": 120,
    "channel": "whatsapp",
    "first": _FIRST,
    "second": _SECOND,
    "until": "2021-11-22T10:45",
    "registered_on": "2021-11-22",
}
# What may be told in several ways, and none of them is always the longest.
_VARIED: Final[Mapping[str, tuple[Any, ...]]] = {
    "reason": REASONS,
    "opens_on": ("2021-12-27T08:00", None),
    "problem": ("", "past_day", "no_such_day", "wrong_weekday"),
    "page": (0, 1),
    "after": (None, "2021-12-27"),
    "email": (None, LONGEST["email"]),
    "mail": MAILS,
    "refused": (None, LONGEST["masked"]),
    "hours": (None, 168),
    "wait": (None, 120),
    "referral": (None, USUAL["referral"]),
}


def values(verb: str, outcome: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """What one outcome brings, made of ``said``."""
    found: dict[str, Any] = {"outcome": outcome}
    for name in VERBS[verb].outcomes[outcome]:
        match name:
            case "options":
                shown = {key: said[_sampled(key, verb)] for key in VERBS[verb].option}
                found[name] = [{"value": str(n), **shown} for n in range(1, VERBS[verb].most + 1)]
            case "registrations":
                found[name] = [{key: said[key] for key in STANDING}] * said.get("count", 1)
            case "pins":
                found[name] = [{"name": said["name"], "pin": said["pin"]}] * said["people"]
            case _:
                found[name] = said[name]
    return found


def _sampled(key: str, verb: str) -> str:
    """An option's name is a site's, but where it has a site beside it."""
    return "site" if key == "name" and "site" not in VERBS[verb].option else key


def usual(verb_outcomes: Mapping[str, str]) -> dict[str, Any]:
    """One usual context, in which these verbs had these outcomes."""
    return _context(USUAL, verb_outcomes)


def contexts(
    verbs: Iterator[str] | list[str], names: set[str], of: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Every context worth measuring a block in that speaks of these verbs and names; ``of`` their values."""
    spoken = list(verbs)
    told = {value for verb in spoken for of in VERBS[verb].outcomes.values() for value in of}
    varied = {name: ways for name, ways in _VARIED.items() if name in names | told}
    if "registrations" in told:
        varied = {**varied, "state": STATES, "because": BECAUSE, "count": (3, 4)}
    for outcomes in product(*(VERBS[verb].outcomes for verb in spoken)):
        for said in product(*varied.values()):
            yield _context(
                {**of, **dict(zip(varied, said, strict=True))}, dict(zip(spoken, outcomes, strict=True))
            )


def _context(said: Mapping[str, Any], verb_outcomes: Mapping[str, str]) -> dict[str, Any]:
    facts = {verb: values(verb, outcome, said) for verb, outcome in verb_outcomes.items()}
    return {
        "page": 0,
        "after": None,
        "weekday": None,
        "missing": [],
        **said,
        **facts,
        "chosen": {"site": {"name": said["site"], "city": said["city"]}, "group": {"label": said["label"]}},
    }


def options(verb: str, said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A full page of what a verb offers."""
    outcome = next(name for name, brings in VERBS[verb].outcomes.items() if "options" in brings)
    found: list[dict[str, Any]] = values(verb, outcome, said)["options"]
    return found
