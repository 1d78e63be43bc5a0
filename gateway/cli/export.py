"""``crs export``: open data for everybody, in the ministry's schemas."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

import click

from core.exports import mista, registrace, rezervace
from core.exports.anonymity import Tally
from core.exports.sheet import Cells, Sheet
from core.exports.smart import MANIFEST, Publication
from core.geography import region_names
from core.store.exports import ExportView
from gateway.cli.importing import UNCHANGED
from gateway.compose import App
from gateway.web.scheduling import PATH
from gateway.whole_files import replaced

LINES_AT_ONCE: Final = 10_000

out_option = click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="A file, or a folder in which the file has its official name.",
)
since_option = click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="Only from this local day on (2021-01-15)."
)


@click.group()
def export() -> None:
    """Open data: files that everybody may have. docs/open-data.md says what is in them, and what is not."""


@export.command("registrace")
@out_option
@since_option
@click.option(
    "--smallest-group",
    "k",
    type=click.IntRange(min=2),
    help="No row of which there are fewer is published; usually [open_data] smallest_group.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be left out, and write nothing.")
@click.pass_obj
def registrace_(app: App, *, out: Path, since: datetime | None, k: int | None, dry_run: bool) -> None:
    """`ockovani-registrace`: a row for each registration, so that nobody can be told apart."""
    sheet, tally = registrace.SHEET, Tally()
    k = k or app.settings.open_data.smallest_group
    from_day = since.date() if since else None
    with _opened(app) as view:
        rows = registrace.published(
            view.registrations(on=datetime.now(app.settings.time_zone).date(), since=from_day),
            app.world.programme,
            region_names(app.world.postcodes),
            k=k,
            tally=tally,
        )
        total = view.count_registrations(since=from_day)
        file = nullcontext() if dry_run else _written(sheet, out)
        with file as opened, _progress(total, "Registrations") as bar:
            for cells, count in rows:
                if opened:
                    _repeat(opened, sheet.line(cells), count)
                bar.update(count)
    _tell(tally, k)
    click.echo(UNCHANGED if dry_run else f"{_path(sheet, out)}: {tally.published.total()} rows.")


@export.command("rezervace")
@out_option
@since_option
@click.pass_obj
def rezervace_(app: App, *, out: Path, since: datetime | None) -> None:
    """`ockovani-rezervace`: all and free places of each site, day and round."""
    regions = region_names(app.world.postcodes)
    services = app.world.services
    others = [each.key for each in services.products if not services.vaccination.products.find(each.key)]
    with _opened(app) as view:
        from_day = since.date() if since else None
        places = view.places(other_products=others, since=from_day)
        total = view.count_places(other_products=others, since=from_day)
        _write(rezervace.SHEET, out, (rezervace.cells(each, regions) for each in places), total)


@export.command("mista")
@out_option
@click.pass_obj
def mista_(app: App, *, out: Path) -> None:
    """`prehled-ockovacich-mist`: the sites that are in the registry now."""
    with app.store(connections=1) as store, store.begin() as work:
        listed = [site for site in work.sites.all().values() if mista.is_listed(site)]
        listed.sort(key=lambda site: (site.name, site.site_id))
        _write(mista.SHEET, out, map(mista.cells, listed), len(listed))


@export.command("smart")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder of a web server; it is made where there is none.",
)
@click.option(
    "--base-url", help="Where the folder is on the web; usually /smart-scheduling at [open_data] public_url."
)
@click.pass_obj
def smart_(app: App, *, out: Path, base_url: str | None) -> None:
    """Free dates as SMART Scheduling Links: a manifest, and Location, Schedule and Slot files."""
    here = app.settings.open_data.public_url
    base = base_url or (here and here.rstrip("/") + PATH)
    if not base.startswith(("https://", "http://")):
        raise click.BadParameter(
            "say where the folder is on the web, such as https://crs.example.cz/smart-scheduling",
            param_hint="--base-url",
        )
    now = datetime.now(UTC)
    with app.store(connections=1) as store:
        publication = app.free_dates(store, now)
    try:
        _put_into(out, publication, base, at=now)
    except OSError as wrong:
        raise click.BadParameter(f"{out} cannot be written: {wrong.strerror}", param_hint="--out") from wrong
    for each in publication.outputs:
        lines = each.body.count(b"\n")
        click.echo(f"{out / each.name}: {lines} {each.kind}{'' if lines == 1 else 's'}.")
    click.echo(f"{out / MANIFEST}: published at {base.rstrip('/')}/{MANIFEST}.")


def _put_into(folder: Path, publication: Publication, base_url: str, *, at: datetime) -> None:
    """Files first, then the manifest that names them; slots of regions that it does not name any more go."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in publication.outputs:
        with replaced(folder / each.name) as file:
            file.write(each.body.decode())
    with replaced(folder / MANIFEST) as file:
        json.dump(publication.manifest(base_url, at=at), file, indent=2)
    named = {each.name for each in publication.outputs}
    for old in folder.glob("slots-*.ndjson"):
        if old.name not in named:
            old.unlink()


@contextmanager
def _opened(app: App) -> Iterator[ExportView]:
    with app.store(connections=1) as store, store.begin() as work:
        yield ExportView(work.db)


def _write(sheet: Sheet, out: Path, rows: Iterable[Cells], total: int) -> None:
    count = 0
    with _written(sheet, out) as file, _progress(total, "Rows") as bar:
        lines = map(sheet.line, rows)
        while some := list(islice(lines, LINES_AT_ONCE)):
            file.writelines(some)
            count += len(some)
            bar.update(len(some))
    click.echo(f"{_path(sheet, out)}: {count} rows.")


@contextmanager
def _written(sheet: Sheet, out: Path) -> Iterator[IO[str]]:
    """The file with its header, as a whole or not at all."""
    path = _path(sheet, out)
    try:
        with replaced(path) as file:
            file.write(sheet.header)
            yield file
    except OSError as wrong:
        raise click.BadParameter(
            f"{path} cannot be written: {wrong.strerror}; what was there is unchanged", param_hint="--out"
        ) from wrong


def _path(sheet: Sheet, out: Path) -> Path:
    return out / sheet.file_name if out.is_dir() else out


def _repeat(file: IO[str], line: str, count: int) -> None:
    many, left = divmod(count, LINES_AT_ONCE)
    for _ in range(many):
        file.write(line * LINES_AT_ONCE)
    file.write(line * left)


def _progress(length: int, label: str) -> Any:
    return click.progressbar(length=length, label=label, file=sys.stderr, update_min_steps=LINES_AT_ONCE)


def _tell(tally: Tally, k: int) -> None:
    click.echo(f"Registrations {tally.rows}; of every published row there are at least {k}:")
    for step in registrace.STEPS:
        if count := tally.published[step.told]:
            click.echo(f"  {step.told}: {count}")
    if tally.left_out:
        click.echo(f"  left out: {tally.left_out}")
