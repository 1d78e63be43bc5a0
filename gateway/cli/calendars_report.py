"""``crs calendars report``: the linter over what a whole country published, without a database."""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final
from uuid import UUID

import click

from core.calendars.published import Published, read_published
from core.calendars.survey import Survey, survey
from core.open_data import UnreadableFile, refuse_no_text
from core.sites import read_sites
from gateway.cli.importing import FILE
from gateway.compose import App

MOST_NAMED: Final = 10
GZIP: Final = b"\x1f\x8b"


@click.command()
@click.argument("file", type=FILE)
@click.option("--sites", "registry", type=FILE, help="The registry, to see which sites it knows.")
@click.option(
    "--product", "named", default="Comirnaty", show_default=True, help="Whose interval: the file has none."
)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def report(app: App, *, file: Path, registry: Path | None, named: str, as_json: bool) -> None:
    """Lint FILE, the open data `ockovani-rezervace` (.csv or .csv.gz), and sum up what is wrong in it.

    Every site's V1 is taken as linked to its V2. Nothing is imported or changed.
    """
    products = app.world.products
    product = products.find(named)
    if product is None or product.is_single_dose:
        known = ", ".join(each.name for each in products if not each.is_single_dose)
        raise click.BadParameter(f"{named!r} is none of {known}", param_hint="--product")
    published = read_published(_lines(file))
    seen = survey(published, products, product)
    known_sites = None
    if registry is not None:
        read = read_sites(registry.read_bytes(), app.world.postcodes)
        known_sites = {site.site_id for site in read.sites}
    if as_json:
        click.echo(json.dumps(_as_json(published, seen), ensure_ascii=False, indent=2, default=str))
        return
    _tell_file(published, known_sites)
    _tell(seen, product.name)


def _lines(path: Path) -> Iterator[str]:
    """Decode line by line, packed or not: the file need not fit in memory."""
    with path.open("rb") as raw:
        begins = raw.read(4)
    is_packed = begins.startswith(GZIP)
    if not is_packed:
        refuse_no_text(begins)
    at = 0
    try:
        with gzip.open(path) if is_packed else path.open("rb") as lines:
            for at, line in enumerate(lines, start=1):
                yield line.decode("utf-8-sig" if at == 1 else "utf-8")
    except UnicodeDecodeError as wrong:
        raise UnreadableFile(
            f"The file is not in UTF-8 (line {at}). Save it again: iconv -f WINDOWS-1250 -t UTF-8 FILE > NEW"
        ) from wrong
    except (EOFError, gzip.BadGzipFile, zlib.error) as wrong:
        raise UnreadableFile(
            f"The packed file breaks off or is damaged after line {at}. Download it again."
        ) from wrong


def _tell_file(published: Published, known: set[UUID] | None) -> None:
    click.echo(
        f"{published.rows} rows of {len(published.sites)} sites, {published.first} to {published.last}; "
        f"{published.empty} state no place."
    )
    for wrong, count in published.wrong.most_common():
        click.echo(f"  {count} rows: {wrong.value}; left out")
    for row in published.set_aside[:MOST_NAMED]:
        click.echo(f"    line {row.line_number}: {row.reason}")
    if not published.wrong:
        click.echo("  No row is unreadable, below 0, over its capacity or repeated.")
    if known is not None:
        strangers = published.sites.keys() - known
        silent = known - published.sites.keys()
        click.echo(f"  {len(strangers)} sites are not in the registry; of {len(silent)} there is no row.")


def _tell(seen: Survey, product: str) -> None:
    click.echo(f"  {seen.idle} sites never state a place.")
    click.echo(f"Absurd capacity, left out below: {len(seen.absurd)} days.")
    for each in seen.absurd[:MOST_NAMED]:
        click.echo(
            f"  {each.site}, {each.round} on {each.day}: {each.places} places, usual are {each.usual or '?'}"
        )
    click.echo(
        f"First dates up to {seen.judged_until}, as if all were {product}: places {seen.first_places}, "
        f"with a second one within the interval {seen.pairs}."
    )
    for cause, found in sorted(seen.by_cause.items(), key=lambda each: (each[1].severity, -each[1].places)):
        lost = f", {found.places} places" if found.places else ""
        click.echo(f"  {cause.value} ({found.severity.words}): {found.sites} sites, {found.days} days{lost}")
    click.echo(f"First doses and never a second: {len(seen.only_first)} sites.")
    for name in seen.only_first[:MOST_NAMED]:
        click.echo(f"  {name}")
    click.echo("Sites with first dates on public holidays, of those with any that week:")
    for day, (count, of) in seen.closed_holidays.items():
        click.echo(f"  {day}: {count} of {of}")


def _as_json(published: Published, seen: Survey) -> dict[str, object]:
    facts = asdict(seen) | {
        "by_cause": {cause.value: asdict(found) for cause, found in seen.by_cause.items()},
        "closed_holidays": {str(day): counts for day, counts in seen.closed_holidays.items()},
    }
    wrong = {kind.value: count for kind, count in published.wrong.items()}
    return {"rows": published.rows, "sites": len(published.sites), "wrong": wrong, **facts}
