"""Recording some people's doses in one transaction, and telling what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TypeAlias

import click

from core.doses import Contradicts, KnownAlready, Lacks, NotAfter, TooMany
from core.doses_file import Claim
from core.open_data import Quarantined
from core.stock import Doubt
from core.store.dosing import Given, Misfit, RecordOutcome, record
from core.store.work import Store
from workers.second_dates import tell_misfits
from workers.workshop import Workshop

People: TypeAlias = Sequence[Sequence[Claim]]


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of the doses of some people."""

    recorded: int = 0
    known: int = 0
    completed: int = 0
    without_dates: int = 0
    misfits: int = 0
    told: int = 0
    doubts: tuple[Doubt, ...] = ()
    refused: tuple[Quarantined, ...] = ()

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.recorded + other.recorded,
            self.known + other.known,
            self.completed + other.completed,
            self.without_dates + other.without_dates,
            self.misfits + other.misfits,
            self.told + other.told,
            self.doubts + other.doubts,
            self.refused + other.refused,
        )

    def tell(self) -> None:
        """In a few lines; the rows that need a look are the caller's to name."""
        click.echo(
            f"Doses: recorded {self.recorded}, already here {self.known}, set aside {len(self.refused)}; "
            f"people completed {self.completed}."
        )
        if self.without_dates:
            click.echo(f"Given without a reservation: {self.without_dates}.")
        if self.misfits:
            click.echo(f"Second dates that do not suit any more: {self.misfits}; told {self.told}.")


def record_people(
    store: Store, workshop: Workshop, people: People, *, by: str, now: datetime, dry_run: bool
) -> Tally:
    """Record these people's doses, all or none of them, and tell whose second date does not suit."""
    tally = Tally()
    misfits: list[Misfit] = []
    with store.begin() as work:
        given = set()
        for claim in chain.from_iterable(people):
            outcome = record(work, claim, world=workshop.world, by=by, now=now)
            if isinstance(outcome, Given):
                given.add((claim.dose.site_id, claim.dose.product, claim.dose.given_on))
                if outcome.misfit:
                    misfits.append(outcome.misfit)
            tally += _of(claim, outcome)
        work.stock.count_given(given)
        tally += Tally(misfits=len(misfits), told=tell_misfits(work, workshop, misfits, now=now))
        if dry_run:
            work.db.rollback()
    return tally


def _of(claim: Claim, outcome: RecordOutcome) -> Tally:
    line, number = claim.line_number, claim.dose.number
    match outcome:
        case Given(is_last=is_last, has_dates=has_dates, doubts=doubts):
            return Tally(
                recorded=1,
                completed=int(is_last),
                without_dates=int(not has_dates),
                doubts=tuple(Doubt(line, what) for what in doubts),
            )
        case KnownAlready():
            return Tally(known=1)
        case Contradicts(recorded=known):
            why = (
                f"dose {number} of this person is recorded already, and otherwise: {known.product}, lot "
                f"{known.lot}, {known.given_on}; if that is the mistake: `crs doses withdraw`"
            )
        case Lacks(number=lacking):
            why = f"dose {lacking} of this person is not recorded: import that first"
        case TooMany(course=course):
            why = f"poradi_davky is {number}, and {course.name} has {course.doses} in all"
        case NotAfter(day=day):
            why = f"datum is not after that of the dose before, {day}"
    return Tally(refused=(Quarantined(line, {}, why),))
