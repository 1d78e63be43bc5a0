"""``crs registrations merge``: one person registered twice, and is one registration again."""

from datetime import UTC, datetime

import click

from core.merging import BothHaveDates, KeptBack, NotProven, OtherHasDates
from core.store.anew import anew
from core.store.merging import (
    Ended,
    Merged,
    MergedBefore,
    MergeOutcome,
    NobodyKnown,
    SameOne,
    Unlike,
)
from gateway.cli.importing import UNCHANGED, by_option
from gateway.compose import App
from workers.merging import merge_and_tell


@click.command()
@click.argument("keep_id", metavar="KEEP", type=click.IntRange(min=1))
@click.argument("end_id", metavar="END", type=click.IntRange(min=1))
@by_option
@click.option(
    "--same-person", is_flag=True, help="You know that it is one person, though nothing here says so."
)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.pass_obj
def merge(app: App, keep_id: int, end_id: int, *, who: str, same_person: bool, dry_run: bool) -> None:
    """Merge two registrations of one person: END ends, KEEP has the better place of both.

    KEEP keeps its site, phone and dates. It gets the earlier time of registration, the higher score where
    that is proven, and END's codes; an open invitation of END is taken back, and the person is told once.
    Ends with 1 where they cannot be merged. Merged before, nothing is done again.
    """
    with app.store(connections=1) as store:

        def once() -> MergeOutcome:
            now = datetime.now(UTC)
            with store.begin() as work:
                shop = app.workshop(store)
                told = merge_and_tell(work, shop, keep_id, end_id, by=who, is_sure=same_person, now=now)
                if dry_run:
                    work.db.rollback()
            return told

        outcome = anew(once)
    click.echo(_told(outcome, keep_id, end_id) + (f" {UNCHANGED}" if dry_run else ""))


def _told(outcome: MergeOutcome, keep_id: int, end_id: int) -> str:
    """What came of it; raises ClickException where nothing did."""
    other_way = f"Keep that one: `crs registrations merge {end_id} {keep_id}`."
    match outcome:
        case Merged(gains=gains, took_pin=took_pin):
            pin = " Its invitation is taken back." if took_pin else ""
            return (
                f"#{end_id} has ended, #{keep_id} stays: registered {gains.registered_at:%Y-%m-%d}, "
                f"group {gains.group_key}.{pin} She is told."
            )
        case MergedBefore():
            return f"#{end_id} was merged into #{keep_id} before."
        case SameOne():
            why = "Name two registrations: `crs registrations duplicates` finds them."
        case NobodyKnown(registration_id=unknown):
            why = f"There is no registration #{unknown} for vaccination."
        case Ended(registration_id=ended):
            why = f"#{ended} has ended: there is nothing to merge. `crs desk audit --registration {ended}`."
        case Unlike():
            why = (
                "They do not look like one person: neither phone and day of birth nor number, with the name. "
                "Where you know better, say --same-person."
            )
        case BothHaveDates():
            why = "Both have dates. Let her cancel one of them (ZRUSIT), then merge."
        case OtherHasDates():
            why = f"Only #{end_id} has dates, which would be lost. {other_way}"
        case KeptBack(reason=reason):
            why = f"#{end_id} is blocked: {reason}. That holds for the person. {other_way}"
        case NotProven():
            why = f"#{keep_id} still waits for a register, #{end_id} does not. {other_way}"
    raise click.ClickException(why)
