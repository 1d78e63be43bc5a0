"""2021: a free slot that cannot be booked, because its site linked the 1st and 2nd dose calendars wrongly.

Cured by the linter, which names the cause and mends it, and by the gate, which keeps such a site from being
offered meanwhile. Without the cure people are registered and sent there, and find nothing.
"""

from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from core.calendars import CalendarDraft, Relink, Round, SlotDraft
from core.sites import Missing
from core.store.calendars import CalendarBook
from gateway.cli.calendars import calendars
from gateway.compose import App
from gateway.settings import Settings
from tests.turns.conftest import Town
from tests.workers.town import FIRST_DAY, OTHER_SITE, SITE, THREE_WEEKS

DAYS = [FIRST_DAY + timedelta(days=n) for n in range(3)]
WRONG_LINKS = [
    pytest.param(None, "unlinked", id="not linked"),
    pytest.param("1. dávka", "links to itself", id="to itself"),
    pytest.param("2. dávky", "links to nothing", id="a typing error"),
    pytest.param("Třebíč 2", "links to another site", id="to another site"),
    pytest.param("Moderna 2", "links to another product", id="to another vaccine"),
]


def series(
    name: str, round_: Round, *, apart: timedelta, site=SITE, product="comirnaty", links_to=None
) -> CalendarDraft:
    slots = tuple(SlotDraft(day + apart, 5) for day in DAYS)
    return CalendarDraft(site, name, round_, product, links_to, slots)


@pytest.fixture
def say(database: str):
    """What the site's administrator types on the console."""
    app = App(
        settings=Settings.model_validate(
            {"database": {"url": database.replace("+psycopg", "")}, "secrets": {"key": SecretStr("k" * 32)}}
        )
    )

    def say(*words: str) -> Result:
        ran = CliRunner().invoke(calendars, [*words, "--now", "2021-01-22"], obj=app)
        assert ran.exit_code == 0, ran.output
        return ran

    return say


def publish(town: Town, links_to: str | None) -> None:
    with town.store.begin() as work:
        work.calendars.merge(
            [
                series("1. dávka", Round.FIRST, apart=timedelta(0), links_to=links_to),
                series("2. dávka", Round.SECOND, apart=THREE_WEEKS),
                series("Moderna 2", Round.SECOND, apart=timedelta(days=28), product="spikevax"),
                series("Třebíč 2", Round.SECOND, apart=THREE_WEEKS, site=OTHER_SITE),
            ]
        )


def pairs_offered(town: Town) -> int:
    with town.store.begin() as work:
        return len(work.reservations.offers(SITE, town.world, now=town.now, at_most=10))


def missing(town: Town) -> tuple[Missing, ...]:
    with town.store.begin() as work:
        sites = [work.sites.all()[SITE]]
        return CalendarBook(work.db).gates(sites, town.world, today=town.now.date())[SITE].missing


@pytest.mark.parametrize(("links_to", "cause"), WRONG_LINKS)
def test_the_trouble_is_real(empty_town: Town, links_to: str | None, cause: str) -> None:
    publish(empty_town, links_to)
    with empty_town.store.begin() as work:
        (first, *_) = work.calendars.of_site(SITE)
    assert sum(slot.free for slot in first.slots) == 15, "the slots are free"
    assert pairs_offered(empty_town) == 0, "and nobody can book them"


@pytest.mark.parametrize(("links_to", "cause"), WRONG_LINKS)
def test_such_a_site_is_never_offered(empty_town: Town, links_to: str | None, cause: str) -> None:
    publish(empty_town, links_to)
    assert missing(empty_town) == (Missing.LINK,)
    assert empty_town.perform("find_sites", psc="58601").name == "none"


@pytest.mark.parametrize(("links_to", "cause"), WRONG_LINKS)
def test_the_console_names_the_cause_and_mends_it_and_people_book(
    empty_town: Town, say, links_to: str | None, cause: str
) -> None:
    publish(empty_town, links_to)
    told = say("check").stdout
    assert f"  1. dávka, {cause}: 25.01.2021 09:00, 26.01.2021 09:00, 27.01.2021 09:00" in told
    assert "closes gate; to mend: link it to 2. dávka (`crs calendars check --fix`)" in told

    was = f"1. dávka is linked to 2. dávka, was to {links_to or 'nothing'}"
    told = say("check", "--fix", "--dry-run").stdout.splitlines()
    assert told == [
        f"Nemocnice Jihlava: {was}",
        "  bookable pairs: comirnaty 0 → comirnaty 15",
        "Links to mend: 1.",
        "Nothing was changed (--dry-run).",
    ]
    assert missing(empty_town) == (Missing.LINK,)

    assert say("check", "--fix", "--by", "jana").stdout.splitlines() == [
        *told[:2],
        "Links mended: 1.",
        "What is left: `crs calendars check`.",
    ]
    assert missing(empty_town) == ()
    with empty_town.store.begin() as work:
        (noted,) = work.audit.latest(5)
    assert noted.who == "jana"
    assert noted.what.startswith("linked calendar ")
    assert say("check", "--fix", "--by", "jana").stdout.splitlines()[0] == "Links mended: 0."

    assert [o["value"] for o in empty_town.perform("find_sites", psc="58601").values["options"]] == [
        str(SITE)
    ]
    assert pairs_offered(empty_town) == 3
    registration = empty_town.opened()
    offered = empty_town.perform("find_pairs", registration=registration)
    held = empty_town.perform(
        "hold_pair", registration=registration, picked=offered.values["options"][0]["value"]
    )
    assert held.name == "held"


def test_a_link_that_somebody_changed_meanwhile_is_left_alone(empty_town: Town) -> None:
    publish(empty_town, None)
    with empty_town.store.begin() as work:
        first, second, *_ = work.calendars.of_site(SITE)
    publish(empty_town, "2. dávka")
    with empty_town.store.begin() as work:
        assert not work.live_calendars.relink(Relink(first, second))
