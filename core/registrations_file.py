"""People registered in an earlier system: their file, read and doubted row by row.

A reason names the column and never quotes its cell: cells here are numbers, names, phones and PINs of people.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from core.applicant import Applicant
from core.calendars.calendar import PRAGUE
from core.insurance_number import Impossible, Valid, judge
from core.insurers import INSURERS
from core.open_data import BadRow, Quarantined, Row, Source, UnreadableFile, fold, read_table
from core.phones import NotAPhone, parse_phone
from core.programme import Group, Programme, age
from core.sites import Site

COLUMNS: Final = (
    "jmeno",
    "prijmeni",
    "cislo_pojistence",
    "pojistovna",
    "psc",
    "telefon",
    "ockovaci_misto_id",
    "skupina",
    "datum_registrace",
)
OPTIONAL: Final = ("email", "stary_pin")

LONGEST_NAME: Final = 80
LONGEST_EMAIL: Final = 254  # RFC 5321 §4.5.3.1.3, less the brackets

_PSC: Final = re.compile(r"[1-7]\d{4}")
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")
_OLD_PIN: Final = re.compile(r"[0-9]{4,12}")
_FORMS: Final = (
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d",
    "%d.%m.%YT%H:%M:%S",
    "%d.%m.%YT%H:%M",
    "%d.%m.%Y",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OldRegistration(Applicant):
    """Somebody's registration in the earlier system."""

    line_number: int
    group_key: str
    score: int
    registered_at: datetime
    old_pins: tuple[str, ...] = field(default=(), repr=False)
    """Digits only; of all rows of the same person."""


@dataclass(frozen=True, slots=True)
class Outdated:
    """A row of somebody whose newer registration is on another line."""

    line_number: int
    newer_line: int


@dataclass(frozen=True, slots=True)
class RegistrationsRead:
    """Each person once, in the order of the file."""

    people: tuple[OldRegistration, ...]
    outdated: tuple[Outdated, ...]
    quarantined: tuple[Quarantined, ...]


def read_registrations(
    source: Source,
    *,
    sites: Iterable[Site],
    programme: Programme,
    country: str,
    now: datetime,
    with_row: Callable[[], object] = lambda: None,
) -> RegistrationsRead:
    """Read the file; of several registrations of one person the newest holds, as it did there.

    ``ockovaci_misto_id`` is a site's id or its exact name. A group's proof is not asked for again: the
    earlier system did that. ``with_row`` is called with each row read, for whoever watches.

    Raises UnreadableFile for a wrong encoding or missing columns.
    """
    table = read_table(source)
    if missing := [column for column in COLUMNS if column not in table.columns]:
        # What stands in the first line instead may be a person.
        raise UnreadableFile(
            f"The header lacks {', '.join(missing)}. Is it the right file? The columns needed are "
            f"{','.join(COLUMNS)}; {' and '.join(OPTIONAL)} may be there."
        )
    known = _Sites(sites)

    def read(row: Row) -> OldRegistration:
        with_row()
        return _read(row, sites=known, programme=programme, country=country, now=now)

    rows, quarantined = table.sift(read)
    people, outdated = _newest(rows)
    return RegistrationsRead(people, outdated, tuple(quarantined))


class _Sites:
    def __init__(self, sites: Iterable[Site]) -> None:
        known = tuple(sites)
        self._ids = {str(site.site_id): site.site_id for site in known}
        self._names = {fold(site.name): site.site_id for site in known}
        self._bearers = Counter(fold(site.name) for site in known)

    def find(self, row: Row) -> UUID:
        written = row.filled("ockovaci_misto_id")
        name = fold(written)
        if self._bearers[name] > 1:
            raise BadRow("ockovaci_misto_id is the name of several sites; write the id of the one meant")
        found = self._ids.get(written.lower()) or self._names.get(name)
        if found is None:
            raise BadRow("ockovaci_misto_id is neither the id nor the name of a site in the registry")
        return found


def _read(row: Row, *, sites: _Sites, programme: Programme, country: str, now: datetime) -> OldRegistration:
    first_name, last_name = row.filled("jmeno"), row.filled("prijmeni")
    if len(first_name) + len(last_name) >= LONGEST_NAME:
        raise BadRow(f"jmeno and prijmeni are longer than {LONGEST_NAME} characters")
    registered_at = _moment(row, now=now)
    verdict = judge(row.filled("cislo_pojistence"), today=now.astimezone(PRAGUE).date())
    if isinstance(verdict, Impossible):
        raise BadRow(f"cislo_pojistence is no insurance number ({verdict.reason.value})")
    phone = parse_phone(row.filled("telefon"), country)
    if isinstance(phone, NotAPhone):
        raise BadRow("telefon is not a phone number")
    group = _group(row, programme, verdict.age_from, registered_at=registered_at, now=now)
    return OldRegistration(
        line_number=row.line_number,
        first_name=first_name,
        last_name=last_name,
        number=verdict.number,
        verdict="valid" if isinstance(verdict, Valid) else "suspicious",
        birth_date=verdict.age_from,
        insurer=_insurer(row),
        psc=_psc(row),
        phone=phone.e164,
        email=_email(row),
        site_id=sites.find(row),
        group_key=group.key,
        score=group.score,
        registered_at=registered_at,
        old_pins=_old_pins(row),
    )


def _moment(row: Row, *, now: datetime) -> datetime:
    """The time of registration; without an offset it is Prague's, without a time the day's midnight."""
    written = row.filled("datum_registrace")
    compact = re.sub(r"(?<=[0-9]) +(?=[0-9]{1,2}:)", "T", written).replace(" ", "")
    for form in _FORMS:
        try:
            moment = datetime.strptime(compact, form)  # noqa: DTZ007 - the zone is added below
        except ValueError:
            continue
        aware = moment if moment.tzinfo else moment.replace(tzinfo=PRAGUE)
        if aware > now:
            raise BadRow("datum_registrace is in the future")
        return aware
    raise BadRow("datum_registrace is not a time (write it as 2021-01-31 08:00:00)")


def _group(row: Row, programme: Programme, born: date, *, registered_at: datetime, now: datetime) -> Group:
    group = programme.group(row.filled("skupina"))
    if group is None:
        keys = ", ".join(each.key for each in programme.groups)
        raise BadRow(f"skupina is not the key of a group in the programme: write one of {keys}")
    ages = [age(born, at.astimezone(programme.zone).date()) for at in (registered_at, now)]
    # Who has grown out of a group since keeps it.
    if group.ages is not None and not any(group.has_age(years) for years in ages):
        raise BadRow("skupina does not fit the age in cislo_pojistence")
    return group


def _insurer(row: Row) -> str:
    if (code := row.filled("pojistovna")) not in INSURERS:
        raise BadRow(f"pojistovna is none of {', '.join(INSURERS)}")
    return code


def _psc(row: Row) -> str:
    psc = "".join(row.filled("psc").split())
    if not _PSC.fullmatch(psc):
        raise BadRow("psc is not a postcode of five digits")
    return psc


def _email(row: Row) -> str | None:
    email = row["email"]
    if email and not (len(email) <= LONGEST_EMAIL and _EMAIL.fullmatch(email)):
        raise BadRow("email is not an e-mail address (leave it empty where there is none)")
    return email or None


def _old_pins(row: Row) -> tuple[str, ...]:
    pin = re.sub(r"[\s-]", "", row["stary_pin"])
    if pin and not _OLD_PIN.fullmatch(pin):
        raise BadRow("stary_pin is not 4 to 12 digits (leave it empty where there is none)")
    return (pin,) if pin else ()


def _newest(
    rows: Iterable[OldRegistration],
) -> tuple[tuple[OldRegistration, ...], tuple[Outdated, ...]]:
    """Each person's newest row, of equal times the later one; it answers for the PINs of the others too."""
    newest: dict[str, OldRegistration] = {}
    older: list[OldRegistration] = []
    for row in rows:
        known = newest.get(row.number)
        if known is None:
            newest[row.number] = row
            continue
        loser, winner = sorted((known, row), key=lambda each: each.registered_at)
        newest[row.number] = replace(winner, old_pins=_together(winner, loser))
        older.append(loser)
    outdated = (Outdated(row.line_number, newest[row.number].line_number) for row in older)
    in_order = sorted(newest.values(), key=lambda each: each.line_number)
    return tuple(in_order), tuple(sorted(outdated, key=lambda each: each.line_number))


def _together(winner: OldRegistration, loser: OldRegistration) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*winner.old_pins, *loser.old_pins)))
