"""The file of an earlier system: what is believed, what is set aside, and that no reason tells a secret."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.moving_in import AlreadyHere, Fresh, KeepsDates, KeepsNewer, Known, Replaces, fate
from core.open_data import UnreadableFile
from core.registrations_file import COLUMNS, OPTIONAL, RegistrationsRead, read_registrations
from core.sites import Site
from gateway.compose import load_world

NOW = datetime(2021, 1, 22, 9, tzinfo=UTC)
JIHLAVA, BRNO, OTHER_BRNO = (UUID(int=n) for n in (1, 2, 3))
HEADER = (*COLUMNS, *OPTIONAL)
JANA = {
    "jmeno": "Jana",
    "prijmeni": "Nováková",
    "cislo_pojistence": "405123/123",
    "pojistovna": "111",
    "psc": "586 01",
    "telefon": "601 000 001",
    "ockovaci_misto_id": str(JIHLAVA),
    "skupina": "age_80",
    "datum_registrace": "2021-01-15 08:03:11",
    "email": "jana@novakova.cz",
    "stary_pin": "4711-0922",
}


def site(site_id: UUID, name: str) -> Site:
    return Site(
        site_id, name, None, "", None, None, None, None, None, True, None, None, is_barrier_free=False
    )


SITES = (
    site(JIHLAVA, "Nemocnice Jihlava"),
    site(BRNO, "Výstaviště"),
    site(OTHER_BRNO, "Výstaviště"),
)
PROGRAMME = load_world().programme


def read(*rows: dict[str, str]) -> RegistrationsRead:
    text = "\n".join([";".join(HEADER), *(";".join(row[c] for c in HEADER) for row in rows)])
    return read_registrations(text, sites=SITES, programme=PROGRAMME, country="CZ", now=NOW)


def test_a_row_is_a_person_with_her_time_and_group() -> None:
    (jana,) = read(JANA).people
    assert (jana.first_name, jana.last_name, jana.number) == ("Jana", "Nováková", "405123123")
    assert (jana.psc, jana.phone, jana.email) == ("58601", "+420601000001", "jana@novakova.cz")
    assert (jana.site_id, jana.group_key, jana.score) == (JIHLAVA, "age_80", 13)
    assert jana.registered_at.astimezone(UTC) == datetime(2021, 1, 15, 7, 3, 11, tzinfo=UTC)
    assert (jana.verdict, jana.old_pins) == ("valid", ("47110922",))


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2021-01-15", "2021-01-14T23:00"),
        ("15.1.2021", "2021-01-14T23:00"),
        ("15. 1. 2021 8:03", "2021-01-15T07:03"),
        ("2021-01-15T08:03:11+01:00", "2021-01-15T07:03:11"),
        ("2021-01-15T07:03:11.250Z", "2021-01-15T07:03:11.250"),
    ],
)
def test_a_time_is_read_as_systems_write_it(written: str, utc: str) -> None:
    (jana,) = read(JANA | {"datum_registrace": written}).people
    assert jana.registered_at == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_a_site_may_be_named_by_its_exact_name_unless_another_has_it_too() -> None:
    (jana,) = read(JANA | {"ockovaci_misto_id": "nemocnice  jihlava"}).people
    assert jana.site_id == JIHLAVA
    (aside,) = read(JANA | {"ockovaci_misto_id": "Výstaviště"}).quarantined
    assert "name of several sites" in aside.reason


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("jmeno", "", "jmeno is empty"),
        ("prijmeni", "x" * 100, "longer than 80"),
        ("cislo_pojistence", "40512312", "no insurance number (digits_count)"),
        ("pojistovna", "999", "none of 111"),
        ("psc", "5860", "five digits"),
        ("telefon", "601", "not a phone number"),
        ("ockovaci_misto_id", "Jihlavaa", "neither the id nor the name"),
        ("skupina", "pensioners", "not the key of a group in the programme: write one of age_80, "),
        ("skupina", "age_70", "does not fit the age"),
        ("datum_registrace", "2021-01-22 10:00:01", "in the future"),
        ("datum_registrace", "leden", "is not a time"),
        ("email", "jana", "not an e-mail"),
        ("stary_pin", "12a4", "4 to 12 digits"),
    ],
)
def test_a_row_that_cannot_be_believed_is_set_aside(column: str, cell: str, words: str) -> None:
    found = read(JANA, JANA | {column: cell})
    assert len(found.people) == 1
    assert [(aside.line_number, words in aside.reason) for aside in found.quarantined] == [(3, True)]


@given(st.sampled_from(HEADER), st.text("0123456789+@. ěščřABC", min_size=5, max_size=20))
def test_no_reason_quotes_a_cell(column: str, cell: str) -> None:
    for aside in read(JANA | {column: cell}).quarantined:
        reason = aside.reason.partition(": write one of ")[0]  # then the programme's own keys follow
        assert not any(said in reason for said in (*JANA.values(), cell.strip()) if len(said) > 3)


def test_a_file_without_its_header_is_refused_without_quoting_the_person_in_its_first_line() -> None:
    with pytest.raises(UnreadableFile) as refused:
        read_registrations(";".join(JANA.values()), sites=SITES, programme=PROGRAMME, country="CZ", now=NOW)
    assert "The header lacks jmeno" in str(refused.value)
    assert not any(cell in str(refused.value) for cell in ("Nováková", "405123", "601 000"))


def test_of_two_registrations_the_newer_holds_and_knows_both_pins() -> None:
    newer = JANA | {"datum_registrace": "2021-01-16", "stary_pin": "12345678"}
    for rows, lines in (((JANA, newer), (2, 3)), ((newer, JANA), (3, 2))):
        found = read(*rows)
        assert [p.old_pins for p in found.people] == [("12345678", "47110922")]
        assert [(o.line_number, o.newer_line) for o in found.outdated] == [lines]


def test_who_has_grown_out_of_a_group_keeps_it() -> None:
    seventy_nine = JANA | {"cislo_pojistence": "410120123", "skupina": "age_70"}
    assert [p.score for p in read(seventy_nine).people] == [7], "79 on the day of registration"


EARLIER, LATER = NOW - timedelta(days=9), NOW - timedelta(days=1)


def known(at: datetime, *, dates: bool = False, living: bool = True, source: str | None = None) -> Known:
    return Known(7, at, has_dates=dates, is_living=living, imported_from=source)


@pytest.mark.parametrize(
    ("here", "met"),
    [
        pytest.param([], Fresh(), id="nobody"),
        pytest.param([known(EARLIER)], Replaces(7), id="registered here earlier"),
        pytest.param([known(LATER)], KeepsNewer(7), id="registered here later"),
        pytest.param([known(EARLIER, dates=True)], KeepsDates(7), id="has dates"),
        pytest.param([known(NOW - timedelta(days=5), source="old")], AlreadyHere(7), id="imported before"),
        pytest.param(
            [known(NOW - timedelta(days=5), living=False, source="old")],
            AlreadyHere(7),
            id="imported before and ended since",
        ),
        pytest.param([known(LATER, living=False)], KeepsNewer(7), id="ended here later"),
        pytest.param([known(EARLIER, living=False)], Fresh(), id="ended here earlier"),
    ],
)
def test_a_registration_meets_those_of_the_same_number(here: list[Known], met: object) -> None:
    assert fate(NOW - timedelta(days=5), here, source="old") == met
