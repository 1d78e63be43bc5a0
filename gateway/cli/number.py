"""``crs number``: what an insurance number says, for the desk and for scripts."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypedDict

import click

from core.calendars.calendar import PRAGUE
from core.insurance_number import (
    OLDEST_YEARS,
    PLACES,
    Impossible,
    Kind,
    Reason,
    Suspicious,
    Valid,
    Verdict,
    judge,
)

KINDS: Final[Mapping[Kind, str]] = {
    Kind.BIRTH_NUMBER: "birth number",
    Kind.FOREIGNER: "foreigner's number",
    Kind.ECP: "EČP of the social security",
}
REASONS: Final[Mapping[Reason, str]] = {
    Reason.NOT_DIGITS: "There is something in it that is not a digit, a space, a dash or a slash.",
    Reason.DIGITS_COUNT: "Digits: {doubted}; there must be 10, or 9 for people born before 1954.",
    Reason.MONTH: (
        "The 3rd and 4th digit, {doubted}, are not a month: 01 to 12, 51 to 62 for women; "
        "21 to 32 and 71 to 82 in numbers of ten digits only."
    ),
    Reason.DAY: "The 5th and 6th digit, {doubted}, are not a day, nor a day with 40 or 50 added.",
    Reason.FUTURE: (
        "Its birth date is in the future: the first two digits are {doubted}. "
        "Numbers of people born before 1954 have only 9 digits; "
        "is there one too many, or are the first two wrong?"
    ),
    Reason.NO_SUCH_DATE: (
        "The calendar has no {doubted} in that year (digits 3 to 6). A few such numbers were given."
    ),
    Reason.CHECK_DIGIT: (
        "It is not divisible by 11: the last digit does not fit the others, so one of them may be wrong. "
        "Some such numbers were given."
    ),
    Reason.TOO_OLD: (
        f"The person would be older than {OLDEST_YEARS}: "
        "are the first two digits, {doubted}, right, or is one missing?"
    ),
    Reason.SERIES: (
        "The month has 20 added (digits 3 and 4, {doubted}), as numbers have it only since 2004, "
        "and the person was born before."
    ),
    Reason.ENDING: (
        "The day has 40 added (digits 5 and 6, {doubted}) as in an EČP, "
        "but the ending is below 600 (9 digits) or 6000 (10 digits)."
    ),
}


class Judged(TypedDict):
    """One number as ``--json`` has it."""

    number: str
    verdict: str
    kind: str | None
    birth_date: str | None
    sex: str | None
    reason: str | None
    digits: list[int]  # among which the wrong one is, from 1


@click.command()
@click.argument("numbers", nargs=-1, required=True, metavar="N [N …]")
@click.option("--json", "as_json", is_flag=True, help="A list with one object a number.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), hidden=True)
def number(numbers: tuple[str, ...], as_json: bool, today: datetime | None) -> None:
    """Judge insurance numbers: valid, suspicious or impossible, and why."""
    on = today.date() if today else datetime.now(PRAGUE).date()
    if as_json:
        judged = [_judged(typed, judge(typed, today=on)) for typed in numbers]
        click.echo(json.dumps(judged, ensure_ascii=False, indent=2))
        return
    for typed in numbers:
        click.echo(f"{' '.join(typed.split())}: {_in_words(judge(typed, today=on))}")


def _judged(typed: str, verdict: Verdict) -> Judged:
    said: Judged = {
        "number": typed,
        "verdict": type(verdict).__name__.lower(),
        "kind": None,
        "birth_date": None,
        "sex": None,
        "reason": None,
        "digits": [],
    }
    match verdict:
        case Valid(kind=kind, sex=sex, birth_date=born):
            said |= {"kind": kind, "sex": sex, "birth_date": born.isoformat()}
        case Suspicious(kind=kind, sex=sex, birth_date=maybe, reason=reason):
            said["digits"] = list(PLACES.get(reason, ()))
            born_on = maybe.isoformat() if maybe else None
            said |= {"kind": kind, "sex": sex, "birth_date": born_on, "reason": _why(verdict)}
        case Impossible(reason=reason):
            said |= {"reason": _why(verdict), "digits": list(PLACES.get(reason, ()))}
    return said


def _in_words(verdict: Verdict) -> str:
    match verdict:
        case Valid(kind=kind, sex=sex, birth_date=born):
            return f"valid, {KINDS[kind]}, {sex}, born {born}."
        case Suspicious(kind=kind, sex=sex, birth_date=None):
            return f"suspicious, {KINDS[kind]}, {sex}. {_why(verdict)}"
        case Suspicious(kind=kind, sex=sex, birth_date=born):
            return f"suspicious, {KINDS[kind]}, {sex}, born {born}. {_why(verdict)}"
        case Impossible():
            return f"impossible. {_why(verdict)}"


def _why(verdict: Suspicious | Impossible) -> str:
    return REASONS[verdict.reason].format(doubted=verdict.doubted)
