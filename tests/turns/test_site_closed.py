"""A site that closes while somebody registers: she is told, chooses another, and loses nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from conversations.library import load_library
from core.messages import SMS_CHANNEL, Address
from core.sites.pauses import Pause
from core.store import tables as t
from core.store.site_history import Origin
from gateway.channels.loopback import Loopback
from gateway.turns.runner import TurnRunner
from tests.turns.conftest import JANA, NUMBER, Town
from tests.workers.town import NOW, OTHER_SITE, SITE


def pause(town: Town) -> None:
    with town.store.begin() as work:
        today = NOW.date()
        work.pauses.begin(
            SITE, Pause(today, today + timedelta(days=7), "painting"), Origin("Eva", "by hand"), now=NOW
        )


def close(town: Town) -> None:
    with town.store.begin() as work:
        work.db.execute(update(t.sites).where(t.sites.c.site_id == SITE).values(is_active=False))
    town.later(timedelta(minutes=1))  # what an import of the registry says at once, we see when we look again


@pytest.mark.parametrize("happens", [pause, close])
def test_nobody_registers_at_a_site_that_is_not_offered_any_more(town: Town, happens) -> None:
    happens(town)
    assert town.register().name == "site_closed"
    with town.store.begin() as work:
        assert work.db.scalar(select(func.count()).select_from(t.registrations)) == 0
    assert town.register(site=OTHER_SITE).name == "registered"


def test_who_waits_there_already_is_told_her_place(town: Town) -> None:
    town.register()
    pause(town)
    assert town.register().name == "already"


def test_who_waits_elsewhere_keeps_her_place_there(town: Town) -> None:
    town.register(site=OTHER_SITE)
    pause(town)
    assert town.register(site=SITE).name == "site_closed"
    with town.store.begin() as work:
        living = work.registrations.living(NUMBER)
    assert living is not None
    assert living.site_id == OTHER_SITE


def test_the_dialogue_goes_on_with_all_that_was_typed(town: Town) -> None:
    loopback, runner = Loopback(town.store, by="test"), TurnRunner(town.store, load_library(), town.world)

    def say(text: str) -> str:
        town.later(timedelta(minutes=1))
        loopback.say(JANA, text, now=town.now)
        runner.run_address(Address(SMS_CHANNEL, JANA), town.now)
        return " ".join(mt.text for mt in loopback.collect(JANA, now=town.now))

    assert "1 Nemocnice Jihlava" in say(f"REG {NUMBER} Jana Nováková 111 58601")
    assert "misto Nemocnice Jihlava" in say("1")
    pause(town)
    told = say("ANO jana@seznam.cz")
    assert told.startswith("Nemocnice Jihlava uz nove registrace neprijima.")
    assert "1 Nemocnice Trebic" in told
    summary = say("1")
    assert "Jana Novakova, nar. 1940, pojistovna 111, PSC 58601, misto Nemocnice Trebic" in summary
    assert "jana@seznam.cz" in summary
    assert say("ANO").startswith("Registrace prijata: Nemocnice Trebic")
