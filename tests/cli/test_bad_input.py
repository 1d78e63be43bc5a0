"""Every command and what is not meant for it: one line that says how to mend it, and nothing half done."""

import gzip
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import click
import pytest
from sqlalchemy import Engine, event, func, select

from core.store import tables as t
from core.store.work import Store
from gateway.cli import crs as root
from gateway.cli import main
from tests.workers.town import SITE, add_site, vault

OTHER: Final = "33333333-3333-4333-8333-333333333333"


@dataclass(frozen=True, slots=True)
class Import:
    """A command that reads a file: a header, and rows of which each is good."""

    command: str
    header: str
    rows: tuple[str, ...]

    def text(self, *rows: str) -> str:
        return "\n".join((self.header, *(rows or self.rows), ""))


REGISTRY: Final = (
    "ockovaci_misto_id,ockovaci_misto_nazev,okres_nuts_kod,operacni_status,ockovaci_misto_adresa,latitude,"
    "longitude,ockovaci_misto_typ,nrpzs_kod,minimalni_kapacita,bezbarierovy_pristup"
)
IMPORTS: Final = (
    Import(
        "sites import",
        REGISTRY,
        (
            f'{SITE},Nemocnice Jihlava,CZ0632,1,"Vrchlického 59",49.39,15.58,OČM,90638000,300,1',
            f'{OTHER},Nemocnice Třebíč,CZ0634,1,"Purkyňovo",49.21,15.87,OČM,839396000,200,1',
        ),
    ),
    Import(
        "calendars import",
        "site_id,calendar,round,product,links_to,date,from,to,slot_minutes,capacity",
        (
            f"{SITE},Děti,V1,Comirnaty,C2,2021-01-25,08:00,09:00,30,2",
            f"{SITE},C2,V2,Comirnaty,,2021-02-15,08:00,09:00,30,2",
        ),
    ),
    Import(
        "deliveries import",
        "datum,ockovaci_misto_id,cilove_ockovaci_misto_id,ockovaci_latka,akce,pocet_ampulek,pocet_davek",
        (f"2021-01-05,{SITE},,Comirnaty,Příjem,100,600", f"2021-01-06,{SITE},,Comirnaty,Výdej,1,6"),
    ),
    Import(
        "deliveries expect --now 2021-01-22",
        "datum,ockovaci_misto_id,ockovaci_latka,pocet_ampulek,pocet_davek,poznámka",
        (f"2021-02-15,{SITE},Comirnaty,10,60,ráno", f"2021-02-16,{SITE},Comirnaty,10,60,ráno"),
    ),
    Import(
        "registrations import",
        "jmeno,prijmeni,cislo_pojistence,pojistovna,psc,telefon,ockovaci_misto_id,skupina,datum_registrace",
        (
            f"Jana,Nová,405123123,111,58601,601000001,{SITE},age_80,2021-01-15 08:00",
            f"Eva,Malá,405123124,111,58601,601000002,{SITE},age_80,2021-01-15 08:00",
        ),
    ),
    Import(
        "doses import --now 2021-01-28",
        "datum,ockovaci_misto_id,ockovaci_latka,sarze,poradi_davky,ockoval,cislo_pojistence",
        (
            f"2021-01-25,{SITE},Comirnaty,EJ6796,1,MUDr. Malý,405123123",
            f"2021-01-25,{SITE},Comirnaty,EJ6796,1,MUDr. Malý,405123124",
        ),
    ),
)
REPORT: Final = Import(
    "calendars report",
    "datum,ockovaci_misto_id,ockovaci_misto_nazev,kraj_nuts_kod,kraj_nazev,kalendar_ockovani,volna_kapacita,"
    "maximalni_kapacita",
    (f"2021-01-25,{SITE},Nemocnice Jihlava,CZ063,Kraj Vysočina,V1,10,10",),
)
READERS: Final = (*IMPORTS, REPORT)
WRITTEN: Final = (
    t.sites,
    t.calendars,
    t.slots,
    t.stock_movements,
    t.expected_deliveries,
    t.registrations,
    t.doses,
)


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str


Say: TypeAlias = Callable[..., Said]


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.connect(database, vault(), connections=1)
    with store.begin() as work:
        add_site(work.db)
    yield store
    store.close()


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> Say:
    """The command as it is typed, with what it prints and ends with; no database is there."""
    config = tmp_path / "crs.toml"
    config.touch()
    monkeypatch.setenv("CRS_SECRETS_KEY", "k" * 32)

    def typed(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["crs", "--config", str(config), *words])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return typed


@pytest.fixture
def say(database: str, store: Store, tmp_path: Path, typed: Say) -> Say:
    """The same, on a database with one site."""
    url = database.replace("+psycopg", "")
    (tmp_path / "crs.toml").write_text(f'[database]\nurl = "{url}"\n', "utf-8")
    return typed


def counts(store: Store) -> list[int]:
    with store.begin() as work:
        return [work.db.execute(select(func.count()).select_from(table)).scalar_one() for table in WRITTEN]


def refused(said: Said) -> str:
    """The one line that says why; never a traceback."""
    assert said.code in (1, 2), said
    assert "Traceback" not in said.err + said.out
    lines = [line for line in said.err.splitlines() if line.startswith(("Error: ", "crs: "))]
    assert len(lines) == 1, said
    return lines[0]


named = pytest.mark.parametrize("reader", READERS, ids=lambda each: each.command)
importing = pytest.mark.parametrize("reader", IMPORTS, ids=lambda each: each.command)

FILES: Final[dict[str, tuple[Callable[[Import], bytes], str]]] = {
    "windows-1250": (lambda each: each.text().encode("cp1250"), "iconv -f WINDOWS-1250"),
    "UTF-16": (lambda each: each.text().encode("utf-16"), "UTF-16"),
    "empty": (lambda _: b"", "is empty"),
    "a column lacks": (
        lambda each: each.text().partition(",")[2].encode(),
        "The columns needed are",
    ),
    "another file": (lambda _: b"a,b\n1,2\n", "lacks"),
    "packed": (lambda each: gzip.compress(each.text().encode()), "packed"),
    "packed, half": (lambda each: gzip.compress(each.text().encode() * 99)[:60], "packed"),
    "a workbook": (lambda _: b"PK\x03\x04\x14\x00\x06\x00\x08\x00", "workbook"),
}


@pytest.mark.parametrize(
    ("reader", "fault"),
    [
        pytest.param(reader, fault, id=f"{reader.command}, {fault}")
        for reader in READERS
        for fault in FILES
        if not (reader is REPORT and fault == "packed")  # it reads packed files
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_changes_nothing(
    say: Say, store: Store, tmp_path: Path, reader: Import, fault: str
) -> None:
    make, told = FILES[fault]
    file = tmp_path / "file.csv"
    file.write_bytes(make(reader))
    before = counts(store)
    why = refused(say(*reader.command.split(), str(file)))
    assert told in why
    assert counts(store) == before


@importing
def test_half_a_row_is_set_aside_by_its_line(say: Say, tmp_path: Path, reader: Import) -> None:
    file = tmp_path / "file.csv"
    file.write_text(reader.text()[:-12], "utf-8")
    said = say(*reader.command.split(), str(file))
    assert said.code in (0, 3), said
    assert "line 3: " in said.out


@importing
def test_a_row_said_twice_is_taken_once_or_named(
    say: Say, store: Store, tmp_path: Path, reader: Import
) -> None:
    file = tmp_path / "file.csv"
    file.write_text(reader.text(*reader.rows, reader.rows[0]), "utf-8")
    said = say(*reader.command.split(), str(file))
    assert said.code in (0, 3), said
    after = counts(store)
    again = say(*reader.command.split(), str(file))
    assert again.code in (0, 3), again
    assert counts(store) == after, "and the same file again changes nothing"


@contextmanager
def killed_at_the_end() -> Iterator[None]:
    """The process dies when all is done but the commit."""

    def die(_: object) -> None:
        raise KeyboardInterrupt

    event.listen(Engine, "commit", die)
    try:
        yield
    finally:
        event.remove(Engine, "commit", die)


@importing
def test_an_import_that_is_killed_leaves_nothing_half_done(
    say: Say, store: Store, tmp_path: Path, reader: Import
) -> None:
    file = tmp_path / "file.csv"
    file.write_text(reader.text(), "utf-8")
    before = counts(store)
    with killed_at_the_end():
        assert say(*reader.command.split(), str(file)).code != 0
    assert counts(store) == before
    assert say(*reader.command.split(), str(file)).code in (0, 3)
    assert counts(store) != before


# -- Arguments, of every command there is ----------------------------------------------------------------


def commands(group: click.Group, *above: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)
        elif command is not None:
            yield " ".join((*above, name)), command


COMMANDS: Final = dict(commands(root))
WRONG: Final = (click.types.IntParamType, click.DateTime, click.Choice, click.types.UUIDParameterType)


def reads_file(param: click.Parameter) -> bool:
    is_path = isinstance(param, click.Argument) and isinstance(param.type, click.Path)
    return is_path and bool(param.type.exists) and not param.type.dir_okay


def wrong_options() -> Iterator[object]:
    for name, command in COMMANDS.items():
        for param in command.params:
            if isinstance(param, click.Option) and isinstance(param.type, WRONG):
                yield pytest.param(name, param.opts[-1], id=f"{name} {param.opts[-1]}")


def test_every_command_that_reads_a_file_is_tried_here() -> None:
    reading = {
        name
        for name, command in COMMANDS.items()
        for p in command.params
        if isinstance(p, click.Argument) and reads_file(p)
    }
    assert reading == {" ".join(each.command.split()[:2]) for each in READERS}


@named
@pytest.mark.parametrize(("path", "told"), [(".", "is a directory"), ("missing.csv", "does not exist")])
def test_what_is_no_file_is_said(typed: Say, reader: Import, path: str, told: str) -> None:
    assert told in refused(typed(*reader.command.split(), path))


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_that_there_is_not_is_said(typed: Say, name: str) -> None:
    assert "No such option" in refused(typed(*name.split(), "--no-such-thing"))


@pytest.mark.parametrize("name", [n for n, c in COMMANDS.items() if any(p.required for p in c.params)])
def test_what_lacks_is_named(typed: Say, name: str) -> None:
    assert "Missing " in refused(typed(*name.split()))


@pytest.mark.parametrize(("name", "option"), [*wrong_options()])
def test_a_value_that_cannot_be_names_its_option(typed: Say, name: str, option: str) -> None:
    assert option in refused(typed(*name.split(), option, "včera"))
