"""Imports of sites on a real PostgreSQL: two at once, and files that speak of some sites only."""

from datetime import UTC, datetime
from threading import Thread
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from core.geography import Postcodes
from core.sites import Origin, SitesRead, read_sites
from core.store.held_changes import Decided, HeldChangeBook
from core.store.work import Store
from gateway.compose import load_world

NOW = datetime(2021, 1, 22, 9, tzinfo=UTC)
BY = Origin("Svobodová", "file.csv")
JIHLAVA, TREBIC = UUID(int=1), UUID(int=2)
HEADER = (
    "ockovaci_misto_id,ockovaci_misto_nazev,okres_nuts_kod,operacni_status,ockovaci_misto_adresa,latitude,"
    "longitude,ockovaci_misto_typ,nrpzs_kod,minimalni_kapacita,bezbarierovy_pristup\n"
)


@pytest.fixture(scope="module")
def postcodes() -> Postcodes:
    return load_world().postcodes


def registry(postcodes: Postcodes, *site_ids: UUID, capacity: int = 300) -> SitesRead:
    rows = (f"{site_id},Hala,CZ0632,1,Jihlava,49.39,15.58,OČM,1,{capacity},1\n" for site_id in site_ids)
    return read_sites(HEADER + "".join(rows), postcodes)


def bring_in(store: Store, read: SitesRead) -> None:
    with store.begin() as work:
        work.site_imports.carry_out(work.site_imports.compare(read, now=NOW), BY, now=NOW)


@pytest.mark.parametrize("is_guarded", [False, True])
def test_two_imports_of_one_file_ask_once(
    store: Store, postcodes: Postcodes, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """Without the guard the second compares before the first commits, asks the same, and breaks off."""
    bring_in(store, registry(postcodes, JIHLAVA))
    if not is_guarded:
        monkeypatch.setattr(HeldChangeBook, "one_at_a_time", lambda _: None)
    again = registry(postcodes, JIHLAVA, capacity=7000)
    broke_off: list[IntegrityError] = []

    def second() -> None:
        try:
            bring_in(store, again)
        except IntegrityError as error:
            broke_off.append(error)

    other = Thread(target=second)
    with store.begin() as work:
        work.site_imports.carry_out(work.site_imports.compare(again, now=NOW), BY, now=NOW)
        other.start()
        while not _somebody_waits(store):
            assert other.is_alive()
    other.join()
    assert bool(broke_off) is not is_guarded
    with store.begin() as work:
        assert len(work.held_changes.waiting()) == 1


def _somebody_waits(store: Store) -> bool:
    with store.begin() as work:
        waiting = work.db.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return waiting.scalar_one() == 1


def test_a_file_that_speaks_of_some_sites_leaves_the_others_alone(store: Store, postcodes: Postcodes) -> None:
    bring_in(store, registry(postcodes, JIHLAVA, TREBIC))
    bring_in(store, registry(postcodes, JIHLAVA, TREBIC, capacity=7000))
    with store.begin() as work:
        known = {site_id: site for site_id, site in work.sites.all().items() if site_id == JIHLAVA}
        found = work.site_imports.compare(registry(postcodes, JIHLAVA), now=NOW, known=known)
        assert found.safe.gone == ()
        assert [held.site_id for held in found.questions.over] == [JIHLAVA]


def test_all_questions_about_a_site_are_approved_together(store: Store, postcodes: Postcodes) -> None:
    bring_in(store, registry(postcodes, JIHLAVA))
    text = HEADER + f"{JIHLAVA},Hala,CZ0632,1,Jinde,49.99,15.58,OČM,1,7000,1\n"
    bring_in(store, read_sites(text, postcodes))
    with store.begin() as work:
        moved, bigger = work.held_changes.waiting()
        before = work.sites.all()[JIHLAVA]
        outcome = work.held_changes.approve([moved.held_id, bigger.held_id], by="Novák", now=NOW)
        assert isinstance(outcome, Decided)
        after = work.sites.all()[JIHLAVA]
        assert (before.latitude, before.capacity_per_day) == (49.39, 300)
        assert (after.latitude, after.address, after.capacity_per_day) == (49.99, "Jinde", 7000)
        who = {entry.who for entry in work.site_history.of(JIHLAVA) if entry.field == "latitude"}
        assert who == {"Novák"}
