"""``crs doses``: recorded once, wholly, with what follows, and without a number in what is printed."""

import csv
import stat
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, insert, select

from core.check_in import check_in_code
from core.open_data import UnreadableFile
from core.store import dosing
from core.store import tables as t
from core.store.work import Store
from gateway.cli import doses as command
from gateway.cli.doses import doses
from gateway.compose import App
from gateway.settings import Settings
from tests.workers.town import NOW, OTHER_SITE, SITE, add_dates, add_person, add_site, hold, vault

HEADER = "datum,ockovaci_misto_id,cislo_pojistence,rezervace,ockovaci_latka,sarze,poradi_davky,ockoval\n"
WALK_IN = "405123123"
ANNA = "400101101"
OTHERS = [f"4001{day:02}{end}" for day in range(2, 8) for end in (201, 202)]
THEN = "2021-01-25T18:00"
AFTER_BOTH = "2021-02-15T18:00"

Run: TypeAlias = Callable[..., Result]


class KeyedApp(App):
    """An installation with the tests' key."""

    vault = vault()


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.connect(database, vault(), connections=1)
    with store.begin() as work:
        add_site(work.db)
        add_site(work.db, site_id=OTHER_SITE, name="Nemocnice Třebíč")
    yield store
    store.close()


@pytest.fixture
def said(database: str) -> Run:
    url = database.replace("+psycopg", "")
    app = KeyedApp(settings=Settings.model_validate({"database": {"url": url}, "secrets": {"key": "k" * 32}}))

    def said(*words: str) -> Result:
        return CliRunner().invoke(doses, words, obj=app)

    return said


@pytest.fixture
def run(said: Run, tmp_path: Path) -> Run:
    def run(rows: str, *more: str, now: str = AFTER_BOTH) -> Result:
        file = tmp_path / "doses.csv"
        file.write_text(HEADER + rows, "utf-8")
        return said("import", str(file), "--by", "matron", "--now", now, *more)

    return run


def dose(
    number: str = "",
    *,
    n: int = 1,
    on: str = "2021-01-25",
    reservation: str = "",
    product: str = "Comirnaty",
    lot: str = "EJ6796",
    site: object = SITE,
) -> str:
    return f"{on},{site},{number},{reservation},{product},{lot},{n},sestra Malá\n"


def anna(store: Store, **more: object) -> int:
    """She has the first of three pairs of dates, on 25 January and 15 February."""
    with store.begin() as work:
        firsts, seconds = add_dates(work.db, pairs=3)
        person = add_person(work.db, 1, state="reserved", reserved_at=NOW, **numbered(ANNA), **more)
        hold(work.db, person, firsts[0], seconds[0], state="confirmed")
    return person


def numbered(number: str) -> dict[str, object]:
    return {
        "number_sealed": vault().seal(number),
        "number_digest": vault().digest(number, purpose="insurance number"),
    }


def states(store: Store) -> tuple[str, str]:
    """Of the only registration, and of the only reservation."""
    with store.begin() as work:
        return (
            work.db.scalar(select(t.registrations.c.state)),
            work.db.scalar(select(t.reservations.c.state)),
        )


def dump(store: Store) -> list[object]:
    """Every row that an import may touch; its line in the audit is not among them."""
    tables = (t.doses, t.registrations, t.reservations, t.slots, t.stock_movements, t.outbox, t.date_notices)
    with store.begin() as work:
        return [
            tuple(row)
            for table in tables
            for row in work.db.execute(select(table).order_by(*table.primary_key.columns))
        ]


def count(store: Store) -> int:
    with store.begin() as work:
        return work.db.execute(select(func.count()).select_from(t.doses)).scalar_one()


def lines(ran: Result, code: int = 0) -> list[str]:
    assert ran.exit_code == code, ran.output
    assert not any(secret in ran.output for secret in (WALK_IN, ANNA, *OTHERS))
    return ran.stdout.splitlines()


def test_the_doses_of_a_course_move_the_reservation_and_complete_the_person(run, store) -> None:
    anna(store)
    assert lines(run(dose(ANNA))) == ["Doses: recorded 1, already here 0, set aside 0; people completed 0."]
    assert states(store) == ("reserved", "arrived")
    assert lines(run(dose(ANNA, n=2, on="2021-02-15"))) == [
        "Doses: recorded 1, already here 0, set aside 0; people completed 1."
    ]
    assert states(store) == ("done", "done")


@pytest.mark.parametrize("way", ["code", "number", "hash"])
def test_a_reservation_says_whose_dose_it_is(run, store, way) -> None:
    anna(store)
    written = {"code": check_in_code(1, vault()).lower(), "number": "1", "hash": "#1"}[way]
    lines(run(dose(reservation=written)))
    assert states(store) == ("reserved", "arrived")
    with store.begin() as work:
        assert len(work.doses.of_person(ANNA)) == 1


def test_importing_twice_or_a_longer_file_counts_nothing_twice(run, store) -> None:
    anna(store)
    lines(run(dose(ANNA)))
    before = dump(store)
    assert lines(run(dose(ANNA)))[0] == "Doses: recorded 0, already here 1, set aside 0; people completed 0."
    assert dump(store) == before
    assert "recorded 1, already here 1" in lines(run(dose(ANNA, n=2, on="2021-02-15") + dose(ANNA)))[0]


def test_the_order_of_the_rows_does_not_matter(run, store) -> None:
    anna(store)
    assert "recorded 2" in lines(run(dose(ANNA, n=2, on="2021-02-15") + dose(reservation="1")))[0]
    assert states(store) == ("done", "done")


def test_a_trial_changes_nothing_and_says_what_would_be(run, store) -> None:
    anna(store)
    before = dump(store)
    tried = lines(run(dose(ANNA) + dose(ANNA, n=2, on="2021-02-15"), "--dry-run"))
    assert tried == [
        "Doses: recorded 2, already here 0, set aside 0; people completed 1.",
        "Nothing was changed (--dry-run).",
    ]
    assert dump(store) == before


def test_who_walks_in_is_recorded_and_nobody_needs_a_registration_for_that(run, store) -> None:
    assert lines(run(dose(WALK_IN, product="Janssen", lot="XE393"), now="2021-06-01T12:00")) == [
        "Doses: recorded 1, already here 0, set aside 0; people completed 1.",
        "Given without a reservation: 1.",
    ]
    with store.begin() as work:
        sealed, digest = work.db.execute(select(t.doses.c.number_sealed, t.doses.c.number_digest)).one()
    assert WALK_IN.encode() not in sealed + digest
    assert vault().open(sealed) == WALK_IN


def test_who_waits_and_walks_in_is_not_invited_for_another_first_dose(run, store) -> None:
    with store.begin() as work:
        person = add_person(work.db, 1, **numbered(WALK_IN))
    lines(run(dose(WALK_IN)))
    with store.begin() as work:
        now_is = work.registrations.get(person)
    assert (now_is.state, now_is.blocked_because) == ("blocked", "already vaccinated")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param(dose("4051231"), "cislo_pojistence is no insurance number", id="no number"),
        pytest.param(dose(), "neither cislo_pojistence nor rezervace", id="nobody"),
        pytest.param(dose(reservation="7"), "rezervace is no reservation", id="no reservation"),
        pytest.param(dose(reservation="4K-7QD2M-9XVTB"), "neither a check-in code", id="forged code"),
        pytest.param(dose(WALK_IN, reservation="1"), "is not that of whose", id="two people"),
        pytest.param(dose(reservation="1", site=OTHER_SITE), "of another site", id="bare number elsewhere"),
        pytest.param(dose(WALK_IN, on="2031-01-25"), "datum is in the future", id="future"),
        pytest.param(dose(WALK_IN, on="2020-12-26"), "datum is before 2020-12-27", id="before the first"),
        pytest.param(dose(WALK_IN, on=WALK_IN), "datum is not a date", id="slipped columns"),
        pytest.param(dose(WALK_IN, site="jihlava"), "is not the id of a site", id="no site"),
        pytest.param(
            dose(WALK_IN, site="00000000-0000-0000-0000-000000000009"), "is no site", id="unknown site"
        ),
        pytest.param(dose(WALK_IN, product=WALK_IN), "is a vaccine we do not know", id="no vaccine"),
        pytest.param(dose(WALK_IN, lot="N/A"), "sarze is no lot", id="no lot"),
        pytest.param(dose(WALK_IN, lot=""), "sarze is empty", id="empty lot"),
        pytest.param(dose(WALK_IN, n=3), "poradi_davky is not from 1 to 2", id="third"),
        pytest.param(dose(WALK_IN, n=2), "dose 1 of this person is not recorded", id="without the first"),
        pytest.param(dose(WALK_IN)[:-40] + "\n", "the row has", id="half a row"),
    ],
)
def test_a_row_that_cannot_be_believed_is_set_aside_with_its_line(run, store, row, reason) -> None:
    anna(store)
    told = lines(run(dose(ANNA) + row), code=3)
    assert any(line.startswith("  line 3: ") and reason in line for line in told), told
    assert count(store) == 1


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        pytest.param(dose(ANNA, on="2021-01-26"), "is recorded already, and otherwise", id="another day"),
        pytest.param(dose(ANNA, lot="EP2163"), "lot EJ6796, 2021-01-25", id="another lot"),
        pytest.param(dose(ANNA, n=2), "datum is not after that of the dose before", id="same day"),
    ],
)
def test_what_contradicts_a_recorded_dose_is_set_aside(run, store, second, reason) -> None:
    anna(store)
    lines(run(dose(ANNA)))
    told = lines(run(second), code=3)
    assert any(reason in line for line in told), told
    assert count(store) == 1


def test_one_dose_said_twice_in_a_file_is_one(run, store) -> None:
    told = lines(run(dose(WALK_IN) + dose(WALK_IN)))
    assert told[0].startswith("Doses: recorded 1, already here 0")
    assert "  line 3: the same dose as in line 2" in told


def test_more_doses_than_the_vaccine_has_are_set_aside(run, store) -> None:
    told = lines(
        run(
            dose(WALK_IN, product="Janssen", on="2021-06-01") + dose(WALK_IN, n=2, on="2021-06-22"),
            now="2021-06-30",
        ),
        code=3,
    )
    assert told[-1].startswith("  line 3: poradi_davky is 2, and ")
    assert told[-1].endswith("has 1 in all")


def test_what_does_not_fit_but_was_given_counts_and_is_pointed_out(run, store) -> None:
    told = lines(run(dose(WALK_IN) + dose(WALK_IN, n=2, on="2021-02-08", product="Moderna")))
    assert "people completed 1" in told[0]
    assert told[2:] == [
        "Read all the same, but look at them: 2.",
        "  line 3: dose 2 of spikevax after dose 1 of comirnaty",
        "  line 3: too early: 14 days after dose 1, the interval is 21",
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"datum,ockovaci_misto_id\n", "lacks ockovaci_latka", id="columns lack"),
        pytest.param(
            b"datum,ockovaci_misto_id,ockovaci_latka,sarze,poradi_davky,ockoval\n",
            "cislo_pojistence or rezervace",
            id="nobody named",
        ),
        pytest.param((HEADER + dose(WALK_IN)).encode("cp1250"), "not in UTF-8", id="another encoding"),
        pytest.param((HEADER + dose(WALK_IN)).encode("utf-16"), "UTF-16", id="UTF-16"),
        pytest.param(dose(WALK_IN).encode(), "header lacks", id="no header"),
    ],
)
def test_a_file_of_something_else_changes_nothing(said, store, tmp_path, content, says) -> None:
    file = tmp_path / "other.csv"
    file.write_bytes(content)
    ran = said("import", str(file), "--now", AFTER_BOTH)
    assert isinstance(ran.exception, UnreadableFile)
    assert says in str(ran.exception)
    assert WALK_IN not in str(ran.exception)
    assert count(store) == 0


def test_an_import_that_is_killed_leaves_nobody_half_done_and_goes_on(run, store, monkeypatch) -> None:
    rows = "".join(dose(number) + dose(number, n=2, on="2021-02-15") for number in OTHERS)
    monkeypatch.setattr(command, "AT_ONCE", 5)
    whole, calls = dosing.record, iter(range(1_000))

    def killed(*some: object, **more: object) -> object:
        outcome = whole(*some, **more)  # type: ignore[arg-type]
        if next(calls) == 12:
            raise KeyboardInterrupt
        return outcome

    monkeypatch.setattr("gateway.cli.doses_recorded.record", killed)
    assert run(rows).exit_code == 1
    assert count(store) == 10, "five people with both doses: the first transaction, nothing of the second"
    monkeypatch.setattr("gateway.cli.doses_recorded.record", whole)
    assert "recorded 14, already here 10, set aside 0" in lines(run(rows))[0]
    with store.begin() as work:
        used = dict(work.db.execute(select(t.stock_movements.c.moved_on, t.stock_movements.c.doses)).all())
    assert {day.isoformat(): gone for day, gone in used.items()} == {"2021-01-25": -12, "2021-02-15": -12}


def told_about_seconds(store: Store) -> list[str]:
    with store.begin() as work:
        o = t.outbox.c
        rows = work.db.execute(select(o.text_sealed).where(o.purpose == "second_unfit").order_by(o.mt_id))
        return [work.vault.open(row.text_sealed) for row in rows]


def test_a_second_date_that_does_not_suit_any_more_is_told_once_with_another(run, store) -> None:
    person = anna(store)
    with store.begin() as work:
        seconds = work.db.scalar(select(t.calendars.c.calendar_id).where(t.calendars.c.round == "V2"))
        work.db.execute(
            insert(t.slots).values(
                calendar_id=seconds, begins_at=datetime.fromisoformat("2021-02-17T09:00Z"), capacity=1
            )
        )
    late = dose(ANNA, on="2021-01-27")
    assert lines(run(late, now="2021-01-27T18:00"))[1] == (
        "Second dates that do not suit any more: 1; told 1."
    )
    lines(run(late, now="2021-01-27T19:00"))
    (text,) = told_about_seconds(store)
    assert text == (
        "Anna Novakova 1, po 1. davce st 27.1. se 2. davka po 15.2. nehodi. Ma byt st 17.2., "
        "volno st 17.2. 10:00. Vyberte: ZMENA."
    )
    with store.begin() as work:
        world, now = App().world, NOW + timedelta(days=6)
        (free,) = work.rebooking.seconds(person, world, now=now, at_most=9)
        work.rebooking.change_second(person, free.slot_id, world=world, now=now)
        assert work.rebooking.dates_of(person).second.slot_id == free.slot_id


def test_another_vaccine_needs_a_second_date_of_its_own(run, store) -> None:
    person = anna(store)
    with store.begin() as work:
        add_dates(work.db, pairs=1, product="spikevax", apart=timedelta(days=28))
    told = lines(run(dose(ANNA, product="Moderna", lot="300042698"), now="2021-01-25T18:00"))
    assert "  line 2: spikevax was given, her dates are for comirnaty" in told
    (text,) = told_about_seconds(store)
    assert "po jine vakcine se 2. davka po 15.2. nehodi" in text
    with store.begin() as work:
        (free,) = work.rebooking.seconds(person, App().world, now=NOW + timedelta(days=4), at_most=9)
        product = work.db.scalar(
            select(t.calendars.c.product).where(t.calendars.c.calendar_id == free.calendar_id)
        )
    assert product == "spikevax"


def test_a_second_date_that_suits_is_not_talked_about(run, store) -> None:
    anna(store)
    assert len(lines(run(dose(ANNA), now=THEN))) == 1
    assert told_about_seconds(store) == []


def test_one_dose_that_is_enough_gives_the_second_place_to_others(run, store) -> None:
    anna(store)
    lines(run(dose(ANNA, product="Janssen", lot="XE393"), now=THEN))
    assert states(store) == ("done", "done")
    with store.begin() as work:
        assert work.db.scalar(select(func.sum(t.slots.c.taken))) == 1


def test_a_mistake_is_listed_withdrawn_and_undone(run, said, store) -> None:
    anna(store)
    lines(run(dose(ANNA) + dose(ANNA, n=2, on="2021-02-15")))
    assert lines(said("list", "Jihlava", "2021-02-15")) == [
        "#2 dose 2 of comirnaty, lot EJ6796, by sestra Malá, reservation #1, given"
    ]
    ran = said("withdraw", "1", "--because", "another person")
    assert ran.exit_code == 1
    assert "Dose 2 of the same person follows it" in ran.output
    assert states(store) == ("done", "done")
    for dose_id, after in (("2", ("reserved", "arrived")), ("1", ("reserved", "confirmed"))):
        lines(said("withdraw", dose_id, "--because", "another person", "--by", "matron"))
        assert states(store) == after
    assert lines(said("withdraw", "2", "--because", "again")) == ["Dose #2 was withdrawn before."]
    assert said("withdraw", "9", "--because", "none").exit_code == 1
    with store.begin() as work:
        assert work.db.scalar(select(func.count()).select_from(t.stock_movements)) == 0
        assert [line.who for line in work.audit.latest(2)] == ["matron", "matron"]
    assert "recorded 1" in lines(run(dose(ANNA, lot="EP2163")))[0], "what is true can be recorded now"


def test_withdrawing_the_dose_of_a_walk_in_lets_her_wait_again(run, said, store) -> None:
    with store.begin() as work:
        person = add_person(work.db, 1, **numbered(WALK_IN))
    lines(run(dose(WALK_IN)))
    lines(said("withdraw", "1", "--because", "a slip"))
    with store.begin() as work:
        assert work.registrations.get(person).state == "waiting"


def test_the_export_is_for_its_owner_only_and_audited(run, said, store, tmp_path) -> None:
    anna(store, insurer="205")
    lines(run(dose(ANNA) + dose(ANNA, n=2, on="2021-02-15") + dose(WALK_IN, lot="EP2163")))
    lines(said("withdraw", "2", "--because", "a slip"))
    out = tmp_path / "isin.csv"
    told = lines(said("export", "--since", "2021-01-01", "--out", str(out), "--by", "matron"))
    assert told == [f"Doses 3, in {out}. Send it safely and delete it: there are insurance numbers in it."]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines()))
    assert [
        (row["rodcis"], row["prijmeni"], row["cis_davky"], row["poc_davek"], row["ind_oprav_sd"])
        for row in rows
    ] == [
        (ANNA, "Nováková 1", "1", "2", "N"),
        (WALK_IN, "", "1", "2", "N"),
        (ANNA, "Nováková 1", "2", "2", "S"),
    ]
    assert rows[0]["pojistovna"] == "205"
    assert (rows[1]["dat_dn"], rows[1]["sex"]) == ("1940-01-23", "F"), "told by the number alone"
    with store.begin() as work:
        (noted,) = work.audit.latest(1)
    assert (noted.who, noted.what) == ("matron", "doses exported to ISIN: 3 since 2021-01-01 00:00")


def test_an_export_never_replaces_a_file_and_leaves_no_half_one(run, said, store, tmp_path) -> None:
    lines(run(dose(WALK_IN)))
    out = tmp_path / "isin.csv"
    out.write_text("mine")
    assert said("export", "--since", "2021-01-01", "--out", str(out)).exit_code == 2
    assert out.read_text() == "mine"
    missing = tmp_path / "no" / "isin.csv"
    assert said("export", "--since", "2021-01-01", "--out", str(missing)).exit_code == 2
    assert said("export", "--since", "2041-01-01", "--out", str(tmp_path / "new.csv")).exit_code == 2
    assert [path.name for path in tmp_path.iterdir() if "isin" in path.name or "new" in path.name] == [
        "isin.csv"
    ]
