"""``crs substitutes``: what a site types and reads."""

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from core.store import tables as t
from core.store.work import Store
from gateway.cli.substitutes import substitutes
from gateway.settings import Settings
from tests.cli.test_sites_opening import KeyedApp
from tests.workers.town import SITE, add_site, vault

ALL_DAY = ("--from", "0:00", "--until", "23:59")


@pytest.fixture
def store(database: str):
    store = Store.connect(database, vault())
    with store.begin() as work:
        add_site(work.db)
    yield store
    store.close()


@pytest.fixture
def run(database: str, store):
    url = database.replace("+psycopg", "")
    app = KeyedApp(settings=Settings.model_validate({"database": {"url": url}, "secrets": {"key": "k" * 32}}))
    return lambda *said: CliRunner().invoke(substitutes, said, obj=app)


def test_no_site_offers_leftovers_until_it_is_let(run):
    assert "No site offers leftover doses" in run("list").output
    refused = run("offer", "jihlava", "comirnaty", "3")
    assert refused.exit_code == 1
    assert "crs substitutes enable" in refused.output


def test_a_site_is_let_once_and_may_be_stopped(run):
    assert "from 0:00 to 23:59." in run("enable", "jihlava", *ALL_DAY).output
    assert "as before" in run("enable", "jihlava", *ALL_DAY).output
    assert "0:00 to 23:59, substitutes 0" in run("list").output
    assert "Rounds ended: 0" in run("disable", "jihlava").output
    assert run("disable", "jihlava").exit_code == 1


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (("enable", "jihlava", "--from", "20:00", "--until", "8:00"), "is no day"),
        (("enable", "nowhere"), "there is no site 'nowhere'"),
        (("offer", "jihlava", "aspirin", "3"), "a vaccine we do not know"),
        (("offer", "jihlava", "comirnaty", "0"), "0 is not in the range"),
        (("offer", "jihlava", "comirnaty", "3", "--come-by", "noon"), "does not match"),
    ],
)
def test_what_is_typed_wrong_is_told_and_changes_nothing(run, store, said, words):
    refused = run(*said)
    assert refused.exit_code == 2
    assert words in refused.output
    with store.begin() as work:
        assert work.substitutes.day_of(SITE) is None
        assert work.db.scalar(select(func.count()).select_from(t.substitute_rounds)) == 0
