"""``crs sites open, pause, reopen``: what the console types and reads."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result

from core.calendars.calendar import PRAGUE
from core.store.work import Store
from gateway.cli.sites import sites
from gateway.compose import App
from gateway.settings import Settings
from tests.workers.town import OTHER_SITE, SITE, add_dates, add_people, add_person, add_site, hold, vault

Run: TypeAlias = Callable[..., Result]
BY = ("--because", "malování", "--by", "Svobodová")


class KeyedApp(App):
    """An installation with the tests' key."""

    vault = vault()


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.connect(database, vault())
    with store.begin() as work:
        add_site(work.db)
        add_site(work.db, site_id=OTHER_SITE, name="Nemocnice Třebíč")
    yield store
    store.close()


@pytest.fixture
def run(database: str, store: Store) -> Run:
    url = database.replace("+psycopg", "")
    app = KeyedApp(settings=Settings.model_validate({"database": {"url": url}, "secrets": {"key": "k" * 32}}))
    return lambda *said: CliRunner().invoke(sites, said, obj=app)


def day(days: int) -> str:
    """Some days from today, as it is written."""
    return str((datetime.now(PRAGUE) + timedelta(days=days)).date())


def lines(ran: Result) -> list[str]:
    assert ran.exit_code == 0, ran.output
    return ran.stdout.splitlines()


def test_a_trial_says_how_many_would_be_told_and_in_which_words(run: Run, store: Store) -> None:
    tomorrow = datetime.now(PRAGUE).replace(hour=9, minute=0) + timedelta(days=1)
    with store.begin() as work:
        add_people(work.db, 3)
        (first,), (second,) = add_dates(work.db, pairs=1, first=tomorrow)
        hold(work.db, add_person(work.db, 9, state="done", reserved_at=tomorrow), first, second)
    shown = lines(run("pause", "jihlava", "--until", day(6), *BY, "--dry-run"))
    assert shown[0] == (
        f"Nemocnice Jihlava ({SITE}): it pauses from {day(0)}, and reopens on {day(7)} (malování)."
    )
    assert shown[1:3] == [
        "3 wait there and would be told.",
        "1 have dates on these days; they stay until the site moves them.",
    ]
    assert shown[3].startswith("  cs, segments 1: Jana Vzorova, Nemocnice Jihlava od ")
    assert [line.split(",")[0].strip() for line in shown[3:6]] == ["cs", "en", "uk"]
    assert shown[-1] == "Nothing was changed (--dry-run)."
    with store.begin() as work:
        assert work.pauses.of_site(SITE) == []


def test_a_pause_begins_and_ends_and_the_history_tells_of_both(run: Run, store: Store) -> None:
    assert lines(run("pause", "jihlava", *BY))[0].endswith("until further notice (malování).")
    assert f"it pauses from {day(0)}, until further notice (malování)" in "\n".join(lines(run("check")))
    assert lines(run("reopen", str(SITE), "--from", day(2))) == [
        f"Nemocnice Jihlava ({SITE}) is open again on {day(2)}."
    ]
    shown = lines(run("history", "jihlava"))
    assert shown[1].endswith("until further notice (malování) (crs sites pause, by Svobodová)")
    assert f"reopened reopens_on: nothing -> {day(2)} (crs sites reopen, by " in shown[2]


def test_a_site_opens_on_a_day(run: Run, store: Store) -> None:
    assert lines(run("open", "jihlava", "--from", day(3), "--by", "Svobodová")) == [
        f"Nemocnice Jihlava ({SITE}) opens on {day(3)}.",
        "Today: its opening day has not come; it has no calendar of first doses.",
    ]
    assert lines(run("open", "jihlava", "--from", day(3)))[0].endswith(", as before.")
    assert lines(run("open", "jihlava", "--from", day(0)))[1] == "Today: it has no calendar of first doses."
    assert f"changed opens_on: nothing -> {day(3)}" in lines(run("history", "jihlava"))[1]
    assert len(lines(run("history", "jihlava"))) == 3


@pytest.mark.parametrize(
    ("said", "words"),
    [
        pytest.param(["pause", "jihlava", "--from", "2021-01-22", *BY], "2021-01-22 has passed", id="past"),
        pytest.param(
            ["pause", "jihlava", "--until", "2021-01-22", *BY], "would end before it begins", id="backwards"
        ),
        pytest.param(["pause", "jihlava", "--by", "x"], "Missing option '--because'", id="no reason"),
        pytest.param(["pause", "jihlava", "--by", "x", "--because", " "], "say why", id="empty reason"),
        pytest.param(["pause", "jihlava", "--because", "x"], "Missing option '--by'", id="nobody"),
        pytest.param(["pause", "brno", *BY], "there is no site 'brno'", id="unknown"),
        pytest.param(["pause", "nemocnice", *BY], "may be any of 2 sites", id="ambiguous"),
        pytest.param(["pause", "jihlava", "--from", "zítra", *BY], "does not match the format", id="no day"),
        pytest.param(["reopen", "jihlava"], "Nemocnice Jihlava does not pause", id="open already"),
        pytest.param(["reopen", "jihlava", "--from", "2021-01-22"], "2021-01-22 has passed", id="too late"),
        pytest.param(["open", "jihlava"], "Missing option '--from'", id="opens when"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_changes(
    run: Run, store: Store, said: list[str], words: str
) -> None:
    ran = run(*said)
    assert ran.exit_code != 0
    assert words in ran.output
    with store.begin() as work:
        assert work.pauses.of_site(SITE) == []
        assert work.site_history.of(SITE) == []


def test_a_second_pause_on_the_same_days_is_refused(run: Run, store: Store) -> None:
    run("pause", "jihlava", "--until", day(6), *BY)
    for trial in ([], ["--dry-run"]):
        ran = run("pause", "jihlava", "--from", day(3), *BY, *trial)
        assert ran.exit_code == 1
        assert f"and reopens on {day(7)} (malování) already. End that first" in ran.output
    ran = run("reopen", "jihlava", "--from", day(9))
    assert f"reopens on {day(7)} anyway. For a longer pause: `crs sites pause --from {day(7)}`" in ran.output
