"""Sites: what the registry's files say, what an import changes, and when a site may be offered."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from core.calendars import Calendar, Lint, Round, Slot, lint
from core.geography import Postcodes, load_postcodes
from core.open_data import UnreadableFile
from core.products import Products, load_products
from core.sites import Kind, Missing, Site, diff, gate, read_sites

DATA = Path(__file__).parents[2] / "data"
HEADER = (
    "ockovaci_misto_id,ockovaci_misto_nazev,okres_nuts_kod,operacni_status,ockovaci_misto_adresa,"
    "latitude,longitude,ockovaci_misto_typ,nrpzs_kod,minimalni_kapacita,bezbarierovy_pristup\n"
)
JIHLAVA = (
    '8ea4689e-b3a1-4a0a-a558-e3c5a20ab29b,"Nemocnice Jihlava",CZ0632,1,"Vrchlického 59, 586 33 Jihlava",'
    "49.4,15.6,OČM,90001,300,1\n"
)
TODAY = date(2021, 1, 22)


@pytest.fixture(scope="module")
def postcodes() -> Postcodes:
    return load_postcodes((DATA / "psc_geo.csv").read_bytes(), (DATA / "towns.csv").read_bytes())


@pytest.fixture(scope="module")
def products() -> Products:
    return load_products((DATA / "vaccine_dose_intervals_cz_2021.csv").read_bytes())


@pytest.fixture
def site(postcodes: Postcodes) -> Site:
    return read_sites(HEADER + JIHLAVA, postcodes).sites[0]


@pytest.fixture
def good(products: Products, site: Site) -> Lint:
    return lint(_calendars(site), products, today=TODAY)


def _calendars(site: Site, *, taken: int = 0) -> list[Calendar]:
    begins = datetime(2021, 1, 25, 7, 0, tzinfo=UTC)
    first = Slot(1, 1, begins, 5, taken)
    second = Slot(2, 2, begins + timedelta(days=21), 5, taken)
    return [
        Calendar(1, site.site_id, "first", Round.FIRST, "comirnaty", "second", (first,)),
        Calendar(2, site.site_id, "second", Round.SECOND, "comirnaty", None, (second,)),
    ]


def test_a_row_becomes_a_site(site: Site) -> None:
    assert site == Site(
        site_id=UUID("8ea4689e-b3a1-4a0a-a558-e3c5a20ab29b"),
        name="Nemocnice Jihlava",
        district="CZ0632",
        address="Vrchlického 59, 586 33 Jihlava",
        city="Jihlava",
        psc=None,  # 586 33 is the hospital's own postcode, no table has it
        latitude=49.4,
        longitude=15.6,
        kind=Kind.OCM,
        is_active=True,
        nrpzs_code="00000090001",
        capacity_per_day=300,
        is_barrier_free=True,
        opens_on=None,
    )


@pytest.mark.parametrize("name", ["ocm_2021-06-14.csv", "ocm_2021-01-21.csv"])
def test_the_registry_s_own_files_are_read_whole(name: str, postcodes: Postcodes) -> None:
    raw = (DATA / name).read_bytes()
    read = read_sites(raw, postcodes)
    assert len(read.sites) == {"ocm_2021-06-14.csv": 248, "ocm_2021-01-21.csv": 78}[name]
    assert read.quarantined == ()
    assert all(s.latitude and s.longitude and s.district for s in read.sites)
    assert read_sites(raw.decode("utf-8-sig"), postcodes) == read
    assert read_sites(raw.decode("utf-8-sig").splitlines(keepends=True), postcodes) == read


def test_the_list_without_ids_gives_the_same_ids_every_time(postcodes: Postcodes) -> None:
    raw = (DATA / "ocm_2021-01-21.csv").read_bytes()
    first, again = read_sites(raw, postcodes).sites, read_sites(raw, postcodes).sites
    assert [s.site_id for s in first] == [s.site_id for s in again]
    assert len({s.site_id for s in first}) == 78
    jihlava = next(s for s in first if s.name == "Nemocnice Jihlava")
    assert str(jihlava.site_id) == "937cd4af-af17-59a2-8fc9-c072e735e855"
    assert (jihlava.city, jihlava.district, jihlava.kind) == ("Jihlava", "CZ0632", Kind.OCM)


def test_a_file_without_kinds_holds_ordinary_sites(postcodes: Postcodes) -> None:
    text = (HEADER + JIHLAVA).replace(",ockovaci_misto_typ", "").replace(",OČM", "")
    read = read_sites(text, postcodes)
    assert read.sites[0].kind is Kind.OCM
    assert read.silent == {"kind", "opens_on"}


def test_semicolons_and_a_byte_order_mark_are_no_obstacle(postcodes: Postcodes) -> None:
    text = (HEADER + JIHLAVA).replace(", 586", " 586").replace(",", ";")
    assert len(read_sites(("\ufeff" + text).encode(), postcodes).sites) == 1
    assert len(read_sites("\ufeff" + text, postcodes).sites) == 1


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        pytest.param("8ea4689e-b3a1-4a0a-a558-e3c5a20ab29b", "", "ockovaci_misto_id is empty", id="no id"),
        pytest.param(
            "8ea4689e-b3a1-4a0a-a558-e3c5a20ab29b",
            "411659",
            "ockovaci_misto_id '411659' is not a UUID",
            id="bad id",
        ),
        pytest.param('"Nemocnice Jihlava"', '" "', "ockovaci_misto_nazev is empty", id="no name"),
        pytest.param("CZ0632", "CZ9999", "okres_nuts_kod 'CZ9999' is not a Czech district", id="district"),
        pytest.param(",1,", ",2,", "operacni_status '2' is neither 1 nor 0", id="status"),
        pytest.param(
            "49.4,15.6",
            "15.6,49.4",
            "coordinates 15.6, 49.4 are outside Czechia (they seem to be swapped)",
            id="swapped",
        ),
        pytest.param("49.4,15.6", "0,0", "coordinates 0.0, 0.0 are outside Czechia", id="in the sea"),
        pytest.param(
            "49.4,15.6",
            "nan,15.6",
            "coordinates nan, 15.6 are outside Czechia",
            id="not a number at all",
        ),
        pytest.param("49.4,", "N49,", "coordinates 'N49', '15.6' are not numbers", id="words"),
        pytest.param(
            "OČM", "KINO", "ockovaci_misto_typ 'KINO' is none of OČM, VOČM, DOČM, SMPL, AČR, UNI", id="kind"
        ),
        pytest.param(
            ",90001,",
            ",1234567890123,",
            "nrpzs_kod '1234567890123' is not a number of at most 11 digits",
            id="nrpzs",
        ),
        pytest.param(",300,", ",mnoho,", "minimalni_kapacita 'mnoho' is not a whole number", id="no number"),
        pytest.param(
            ",300,",
            ",157470,",
            "minimalni_kapacita 157470 a day cannot be right (at most 20000)",
            id="absurd",
        ),
        pytest.param(",300,1", ",300", "the row has 10 cells where the header has 11", id="short"),
        pytest.param("Jihlava", "Jih\0lava", "the line contains a NUL character", id="NUL"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_reason(
    old: str, new: str, reason: str, postcodes: Postcodes
) -> None:
    other = JIHLAVA.replace("8ea4689e", "00000000")
    read = read_sites(HEADER + other + JIHLAVA.replace(old, new), postcodes)
    assert len(read.sites) == 1
    assert [(q.line_number, q.reason) for q in read.quarantined] == [(3, reason)]


def test_the_second_row_with_an_id_is_set_aside(postcodes: Postcodes) -> None:
    read = read_sites(HEADER + JIHLAVA + "\n" + JIHLAVA, postcodes)
    assert [(q.line_number, q.reason) for q in read.quarantined] == [(4, "the same id as line 2")]
    assert read.set_aside == frozenset()


def test_a_quote_that_is_never_closed_costs_one_row(postcodes: Postcodes) -> None:
    broken = JIHLAVA.replace('Jihlava",CZ', "Jihlava,CZ")
    rest = JIHLAVA.replace("8ea4689e", "00000000") + JIHLAVA.replace("8ea4689e", "00000001")
    read = read_sites(HEADER + broken + rest, postcodes)
    assert len(read.sites) == 2
    assert [q.line_number for q in read.quarantined] == [2]
    assert "quotation mark" in read.quarantined[0].reason


def test_a_name_may_span_two_lines(postcodes: Postcodes) -> None:
    read = read_sites(
        HEADER + JIHLAVA.replace("Nemocnice Jihlava", "Nemocnice\nJihlava") + "\nx\n", postcodes
    )
    assert [s.name for s in read.sites] == ["Nemocnice Jihlava"]
    assert [q.line_number for q in read.quarantined] == [5]


def test_what_is_left_out_closes_the_gate_and_not_the_door(postcodes: Postcodes, good: Lint) -> None:
    row = JIHLAVA.replace(",1,", ",,").replace("49.4,15.6", ",").replace("OČM", "").replace("CZ0632", "")
    read = read_sites(HEADER + row.replace("Vrchlického 59, 586 33 Jihlava", "u lesa"), postcodes)
    assert read.quarantined == ()
    assert gate(read.sites[0], good, today=TODAY).missing == (Missing.ACTIVE, Missing.PUBLIC, Missing.PLACE)


@pytest.mark.parametrize(
    ("address", "district", "city", "psc"),
    [
        ("Na Šibeníku 914/1, Olomouc, 779 00", "CZ0712", "Olomouc", "77900"),
        ("Jívavská 1435/20, 78501 Šternberk", "CZ0712", "Šternberk", "78501"),
        ("Klub TEPLO, Horní. nám 9/9, Přerov", "CZ0714", "Přerov", None),
        ("Pekařská 53 656 91 BRNO", "CZ0642", "Brno", None),
        ("Alšova 462 Neratovice", "CZ0206", "Neratovice", None),
        ("Zlín čp. 5513", "CZ0724", "Zlín", None),
        ("Vídeňská 800/5, 14000 Praha 4", "CZ0100", "Praha", "14000"),
        ("Londýnská 160/39", "CZ0100", "Praha", None),
        ("Komenského 77, 356 01 Sokolov", "CZ0413", "Sokolov", "35601"),
        ("Skalka 1692, Česká Třebová", "CZ0534", "Česká Třebová", None),
        ("28. října\xa01000, Turnov", "CZ0514", "Turnov", None),
        ("Máchova 400", "CZ0201", None, None),
    ],
)
def test_town_and_postcode_are_read_from_the_address(
    address: str, district: str, city: str | None, psc: str | None, postcodes: Postcodes
) -> None:
    row = JIHLAVA.replace("Vrchlického 59, 586 33 Jihlava", address).replace("CZ0632", district)
    site = read_sites(HEADER + row, postcodes).sites[0]
    assert (site.city, site.psc) == (city, psc)


def test_a_missing_point_comes_from_the_postcode_else_from_the_town(postcodes: Postcodes) -> None:
    row = JIHLAVA.replace("49.4,15.6", ",15.6")
    town = read_sites(HEADER + row, postcodes).sites[0]
    assert town.latitude == pytest.approx(49.40, abs=0.05)
    assert town.longitude == pytest.approx(15.59, abs=0.05)
    code = read_sites(HEADER + row.replace("586 33", "586 01"), postcodes).sites[0]
    found = postcodes.find("58601")
    assert found is not None
    assert (code.latitude, code.longitude) == (found.latitude, found.longitude)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        pytest.param((HEADER + JIHLAVA).encode("cp1250"), "WINDOWS-1250", id="cp1250"),
        pytest.param((HEADER + JIHLAVA).encode("utf-16"), "UTF-16", id="utf-16"),
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"id,name\n1,a\n", "The columns needed are", id="another file"),
        pytest.param(HEADER.replace("latitude,", "").encode(), "lacks latitude", id="one column short"),
    ],
)
def test_an_unreadable_file_says_what_to_do(raw: bytes, words: str, postcodes: Postcodes) -> None:
    with pytest.raises(UnreadableFile, match=words):
        read_sites(raw, postcodes)


def test_importing_twice_changes_nothing(postcodes: Postcodes) -> None:
    read = read_sites((DATA / "ocm_2021-06-14.csv").read_bytes(), postcodes)
    everything = diff({}, read.sites)
    assert (len(everything.new), len(everything.gone)) == (248, 0)
    again = diff({s.site_id: s for s in read.sites}, read.sites, silent=read.silent)
    assert again.is_empty
    assert len(again.unchanged) == 248


def test_a_diff_tells_the_fields_that_changed(site: Site) -> None:
    bigger = replace(site, capacity_per_day=600, is_active=None)
    (changed,) = diff({site.site_id: site}, [bigger]).changed
    assert changed.fields == ("is_active", "capacity_per_day")
    assert changed.words() == "is_active True -> nothing, capacity_per_day 300 -> 600"


def test_a_file_that_is_silent_erases_nothing(site: Site) -> None:
    ours = replace(site, kind=Kind.SELF_PAYERS, opens_on=TODAY)
    assert diff({site.site_id: ours}, [site], silent={"kind", "opens_on"}).is_empty


def test_a_site_set_aside_is_not_gone(postcodes: Postcodes, site: Site) -> None:
    read = read_sites(HEADER + JIHLAVA.replace(",300,", ",157470,"), postcodes)
    assert read.set_aside == {site.site_id}
    assert diff({site.site_id: site}, read.sites, set_aside=read.set_aside).is_empty
    assert diff({site.site_id: site}, read.sites).gone == (site,)


def test_a_site_with_everything_in_order_is_open(site: Site, good: Lint) -> None:
    assert gate(site, good, today=TODAY).is_open
    assert gate(site, good, today=TODAY).words() == "open"


@pytest.mark.parametrize(
    ("wrong", "missing"),
    [
        ({"is_active": False}, Missing.ACTIVE),
        ({"is_active": None}, Missing.ACTIVE),
        ({"kind": Kind.SELF_PAYERS}, Missing.PUBLIC),
        ({"kind": Kind.ARMY}, Missing.PUBLIC),
        ({"kind": None}, Missing.PUBLIC),
        ({"opens_on": date(2021, 1, 23)}, Missing.OPENING_DAY),
        ({"latitude": None}, Missing.PLACE),
        ({"capacity_per_day": 157_470}, Missing.CAPACITY),
        ({"capacity_per_day": 0}, Missing.CAPACITY),
    ],
)
def test_one_precondition_closes_the_gate(
    wrong: dict[str, object], missing: Missing, site: Site, good: Lint
) -> None:
    verdict = gate(replace(site, **wrong), good, today=TODAY)  # type: ignore[arg-type]
    assert verdict.missing == (missing,)
    assert verdict.words() == missing.value


@pytest.mark.parametrize("fine", [{"opens_on": TODAY}, {"kind": Kind.UNIVERSITY}, {"capacity_per_day": None}])
def test_what_is_in_order_leaves_the_gate_open(fine: dict[str, object], site: Site, good: Lint) -> None:
    assert gate(replace(site, **fine), good, today=TODAY).is_open  # type: ignore[arg-type]


def test_calendars_decide_too(site: Site, products: Products) -> None:
    first, second = _calendars(site)

    def missing(*calendars: Calendar) -> tuple[Missing, ...]:
        return gate(site, lint(calendars, products, today=TODAY), today=TODAY).missing

    assert missing() == (Missing.CALENDAR,)
    assert missing(replace(first, links_to=None), second) == (Missing.LINK,)
    assert missing(replace(first, product="Sputnik"), second) == (Missing.PRODUCT,)
    late = replace(second, slots=(replace(second.slots[0], begins_at=datetime(2021, 2, 20, tzinfo=UTC)),))
    assert missing(first, late) == (Missing.PAIR,)
    assert missing(replace(first, product="janssen", links_to=None)) == ()


def test_a_full_site_stays_open_for_those_who_wait(site: Site, products: Products) -> None:
    full = lint(_calendars(site, taken=5), products, today=TODAY)
    assert full.pairs_by_product == {"comirnaty": 0}
    assert gate(site, full, today=TODAY).is_open
