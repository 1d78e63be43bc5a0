"""``crs invite``: what the desk types, and what it is told."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr
from sqlalchemy import select

from core.sites.difference import Changed, SitesDiff
from core.store import tables as t
from core.store.gates import Standing, WaveGate
from core.store.work import Store
from gateway.cli.invite import invite
from gateway.compose import App
from gateway.settings import Settings
from tests.workers.town import NOW as THEN
from tests.workers.town import OTHER_SITE, SITE, add_dates, add_people, add_site, deliver

NOW = ("--now", "2021-01-22T10:00")
JIHLAVA = ("--site", "jihlava")

Run: TypeAlias = Callable[..., Result]


@pytest.fixture
def app(database: str) -> App:
    return App(
        settings=Settings.model_validate(
            {
                "database": {"url": database.replace("+psycopg", "")},
                "secrets": {"key": SecretStr("k" * 32)},
                "invitations": {"policy": "2021-02-10"},
            }
        )
    )


@pytest.fixture
def store(database: str, app: App) -> Iterator[Store]:
    store = Store.connect(database, app.vault)
    with store.begin() as work:
        add_site(work.db)
        add_site(work.db, site_id=OTHER_SITE, name="Nemocnice Třebíč")
        add_dates(work.db, pairs=4)
        deliver(work.db, 8)
        add_people(work.db, 6)
    yield store
    store.close()


@pytest.fixture
def run(app: App, store: Store) -> Run:
    return lambda *said: CliRunner().invoke(invite, said, obj=app)


def invited(store: Store) -> list[str]:
    with store.begin() as work:
        return list(work.db.scalars(select(t.waves.c.approved_by).order_by(t.waves.c.wave_id)))


def test_a_site_is_named_by_words_of_its_name_whatever_the_accents(run):
    assert "Nemocnice Třebíč: invited 0" in run("run", "--site", "trebic", *NOW).output


def test_a_name_that_means_several_sites_says_which(run):
    result = run("run", "--site", "nemocnice", *NOW)
    assert result.exit_code != 0
    assert "may be any of 2 sites" in result.output
    assert str(SITE) in result.output
    assert str(OTHER_SITE) in result.output


def test_a_site_that_nobody_knows_is_refused(run):
    for named in ("brno", "99999999-9999-4999-8999-999999999999"):
        assert "there is no site" in run("plan", "--site", named, *NOW).output


def test_a_plan_is_explained_and_nobody_is_invited(run, store):
    said = run("plan", *JIHLAVA, *NOW, "--explain").output
    assert '"2021-02-10": 4 would be invited now' in said
    assert "comirnaty: bookable pairs 4, vaccine for 4 people" in said
    assert "Can be served: 4" in said
    assert invited(store) == []


def test_another_policy_can_be_tried(run):
    assert '"chance": ' in run("plan", *JIHLAVA, *NOW, "--policy", "chance").output


def test_so_many_as_the_site_can_serve_are_invited_by_hand_and_it_is_kept_by_whom(run, store):
    assert "invited 3, 3 still waiting" in run("run", *JIHLAVA, *NOW, "--size", "3", "--by", "novak").output
    assert invited(store) == ["novak"]


def test_more_than_the_site_can_serve_is_refused_with_the_risk_unless_even_so(run, store):
    refused = run("run", *JIHLAVA, *NOW, "--size", "5")
    assert refused.exit_code == 1
    assert "5 are more than the site can serve, 4 are not" in refused.output
    assert "the chance that somebody answers and finds nothing is" in refused.output
    assert invited(store) == []
    assert "invited 5" in run("run", *JIHLAVA, *NOW, "--size", "5", "--even-so").output
    assert "by hand, even so" in run("waves", "--wave", "1").output


def test_a_wave_is_shown_with_its_reasons_and_its_list_in_order(run):
    run("run", *JIHLAVA, *NOW)
    assert (
        "#1 2021-01-22 10:00 Nemocnice Jihlava: invited 4, policy 2021-02-10, by desk" in run("waves").output
    )
    shown = run("waves", *JIHLAVA, "--wave", "1").output
    assert "- comirnaty: bookable pairs 4, vaccine for 4 people" in shown
    assert "    1. registration 1: open, its SMS queued" in shown
    assert "there is no wave 9" in run("waves", "--wave", "9").output


@pytest.mark.parametrize(
    ("before", "by_hand", "by_plan"),
    [
        pytest.param(("pause", *JIHLAVA), "inviting is paused here", "Nobody waits", id="paused"),
        pytest.param(("pause", "--all"), "inviting is paused here", "Nobody waits", id="all paused"),
        pytest.param(("gate", *JIHLAVA, "closed"), "the gate is closed", "Nobody waits", id="closed"),
        pytest.param(("gate", *JIHLAVA, "by_hand"), "invited 1", "Nobody waits", id="by hand"),
        pytest.param(("gate", *JIHLAVA, "automatic"), "invited 1", "invited 3", id="automatic"),
    ],
)
def test_who_may_invite_where(run, before, by_hand, by_plan):
    run(*before)
    assert by_hand in run("run", *JIHLAVA, *NOW, "--size", "1", "--even-so").output
    assert by_plan in run("run", *NOW).output


def test_a_pause_ends_and_the_gate_is_what_it_was(run, store):
    run("gate", *JIHLAVA, "by_hand")
    assert "Paused: 2" in run("pause", "--all").output
    assert "Resumed: 2" in run("resume", "--all").output
    with store.begin() as work:
        assert work.gates.of(SITE) == Standing(WaveGate.BY_HAND)


def test_every_change_of_a_gate_is_in_the_audit_and_what_changes_nothing_is_not(run, store):
    for gate in ("closed", "closed", "automatic"):
        run("gate", *JIHLAVA, gate, "--by", "novak")
    run("pause", *JIHLAVA)
    with store.begin() as work:
        told = [(line.who, line.what) for line in reversed(work.audit.latest(9))]
    assert told == [
        ("novak", f"gate closed at site {SITE}"),
        ("novak", f"gate automatic at site {SITE}"),
        ("desk", f"paused site {SITE}"),
    ]


def test_an_import_of_the_registry_leaves_the_gate_alone(run, store):
    run("gate", *JIHLAVA, "closed")
    with store.begin() as work:
        known = work.sites.get(SITE)
        moved = replace(known, capacity_per_day=200)
        work.sites.apply(SitesDiff((), (Changed(known, moved, ("capacity_per_day",)),), (), ()), now=THEN)
        assert work.sites.get(SITE) == moved
        assert work.gates.of(SITE).gate is WaveGate.CLOSED
