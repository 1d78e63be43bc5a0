"""2021: a site was offered that was not yet meant for vaccination: wrong parameters in the registry of sites.

Cured by the gate, which offers a site only when the registry says that it is active, public and open, and by
the import, which holds a change that would offer one until somebody has asked the site. Without the cure a
typing error in one cell sends people to an army base, or to a hall that is not furnished yet.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result

from core.calendars import CalendarDraft, Round, SlotDraft
from core.sites import Kind, Site, diff, read_sites
from core.store.offered import offered_sites
from gateway.cli.sites import sites
from gateway.compose import App
from gateway.settings import Settings
from tests.turns.conftest import Town
from tests.workers.town import FIRST_DAY, THREE_WEEKS

DATA = Path(__file__).parents[2] / "data"
REGISTRIES = ("ocm_2021-01-21.csv", "ocm_2021-06-14.csv")
NOT_PUBLIC = (Kind.SELF_PAYERS, Kind.ARMY, None)
HALL = "44444444-4444-4444-8444-444444444444"
HEADER = (
    "ockovaci_misto_id,ockovaci_misto_nazev,okres_nuts_kod,operacni_status,ockovaci_misto_adresa,latitude,"
    "longitude,ockovaci_misto_typ,nrpzs_kod,minimalni_kapacita,bezbarierovy_pristup,opens_on\n"
)
RIGHT = f'{HALL},Hala Jihlava,CZ0632,1,"Tolstého 23, Jihlava",49.39,15.58,OČM,90638000,300,1,\n'

# What the registry said, and what it says by mistake a day later.
MISTAKES = [
    pytest.param(RIGHT.replace("OČM", "AČR"), RIGHT, "public", id="an army base turns public"),
    pytest.param(RIGHT.replace("OČM", "SMPL"), RIGHT, "public", id="a site of self-payers turns public"),
    pytest.param(RIGHT.replace("OČM", ""), RIGHT, "public", id="a site of no known type turns public"),
    pytest.param(RIGHT.replace("1,\n", "1,2100-03-01\n"), RIGHT, "earlier", id="its opening day is lost"),
    pytest.param(
        RIGHT.replace("1,\n", "1,2100-03-01\n"),
        RIGHT.replace("1,\n", "1,2021-01-03\n"),
        "earlier",
        id="its opening day is read the American way",
    ),
]

Say: TypeAlias = Callable[..., Result]


@pytest.fixture
def say(database: str, tmp_path: Path) -> Say:
    """What the ministry's administrator types on the console; a text that begins as a table is a file."""
    url = database.replace("+psycopg", "")
    app = App(settings=Settings.model_validate({"database": {"url": url}, "secrets": {"key": "k" * 32}}))

    def say(*words: str) -> Result:
        written = tmp_path / "registry.csv"
        said = [str(written) if word.startswith(HEADER) else word for word in words]
        written.write_text(next((word for word in words if word.startswith(HEADER)), ""), "utf-8")
        ran = CliRunner().invoke(sites, said, obj=app)
        assert ran.exit_code == 0, ran.output
        return ran

    return say


def with_dates(town: Town) -> None:
    """Every site has sound calendars: only the registry decides whether it is offered."""
    with town.store.begin() as work:
        for site_id in work.sites.all():
            first, second = (SlotDraft(FIRST_DAY, 5),), (SlotDraft(FIRST_DAY + THREE_WEEKS, 5),)
            work.calendars.merge(
                [
                    CalendarDraft(site_id, "1", Round.FIRST, "comirnaty", "2", first),
                    CalendarDraft(site_id, "2", Round.SECOND, "comirnaty", None, second),
                ]
            )


def offered_by_sms(town: Town) -> list[str]:
    """What a citizen of Jihlava may choose from."""
    return [option["name"] for option in town.perform("find_sites", psc="58601").values.get("options", [])]


@pytest.mark.parametrize(("yesterday", "today", "_"), MISTAKES)
def test_the_trouble_is_real(empty_town: Town, say: Say, yesterday: str, today: str, _: str) -> None:
    """A registry that is taken at its word sends people there."""
    say("import", HEADER + yesterday)
    with_dates(empty_town)
    assert "Hala Jihlava" not in offered_by_sms(empty_town)
    with empty_town.store.begin() as work:
        read = read_sites(HEADER + today, empty_town.world.postcodes)
        known = {site.site_id: site for site in work.sites.all().values() if str(site.site_id) == HALL}
        work.sites.apply(diff(known, read.sites), now=empty_town.now)
    assert "Hala Jihlava" in offered_by_sms(empty_town)


@pytest.mark.parametrize(("yesterday", "today", "doubt"), MISTAKES)
def test_it_is_offered_only_when_somebody_has_asked_the_site(
    empty_town: Town, say: Say, yesterday: str, today: str, doubt: str
) -> None:
    say("import", HEADER + yesterday)
    with_dates(empty_town)
    for told in (f"? Hala Jihlava ({HALL}), {doubt}: ", "To be looked at: held before 1."):
        assert told in say("import", HEADER + today).output
        assert "Hala Jihlava" not in offered_by_sms(empty_town)
    (held,) = [line for line in say("held").output.splitlines() if f"Hala Jihlava, {doubt}: " in line]
    say("approve", held.split()[0], "--by", "Svobodová")
    assert "Hala Jihlava" in offered_by_sms(empty_town)


@pytest.mark.parametrize("name", REGISTRIES)
def test_no_real_registry_offers_a_site_that_is_not_for_the_public(empty_town: Town, name: str) -> None:
    read = read_sites((DATA / name).read_bytes(), empty_town.world.postcodes)
    with empty_town.store.begin() as work:
        work.sites.apply(diff(work.sites.all(), read.sites), now=empty_town.now)
    with_dates(empty_town)
    with empty_town.store.begin() as work:
        offered = offered_sites(work.db, empty_town.world, now=empty_town.now)
    assert {site.site_id for site in read.sites if _is_public(site)} == {site.site_id for site in offered}
    if name == "ocm_2021-06-14.csv":
        assert len(read.sites) - len(offered) == 30  # 18 of self-payers, 11 of the army, 1 of no known type


def _is_public(site: Site) -> bool:
    return site.is_active is True and site.kind not in NOT_PUBLIC
