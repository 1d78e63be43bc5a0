"""The programme as people meet it: a group opens at its hour, and what is asked is configuration."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from conversations.library import load_library
from core.messages import SMS_CHANNEL, Address
from core.programme import load_programme
from core.store import tables as t
from gateway.channels.loopback import Loopback
from gateway.turns.runner import TurnRunner
from tests.turns.conftest import JANA, NEIGHBOUR, Town

PROGRAMME = (Path(__file__).parents[2] / "data" / "programme.toml").read_text("utf-8")
LIBRARY = load_library()
PRAGUE = ZoneInfo("Europe/Prague")
BORN_1940, BORN_1947, BORN_1960 = "405123123", "475123123", "6001014591"
VOLUNTEERS = """
[[group]]
key = "volunteers"
score = 9
proof = "none"
opens_at = 2021-01-20T10:00:00
label.cs = "dobrovolníci v nemocnici"
label.en = "hospital volunteers"
"""

Talk: TypeAlias = Callable[..., str]


@pytest.fixture
def talk(town: Town) -> Talk:
    """Write MOs one after another at a local time under a programme, and read the last answer."""

    def talk(at: str, *texts: str, phone: str = JANA, programme: str = PROGRAMME) -> str:
        world = replace(town.world, programme=load_programme(programme))
        runner, loopback = TurnRunner(town.store, LIBRARY, world), Loopback(town.store, by="test")
        now = datetime.fromisoformat(at).replace(tzinfo=PRAGUE)
        answer = ""
        for text in texts:
            loopback.say(phone, text, now=now)
            runner.run_address(Address(SMS_CHANNEL, phone), now)
            answer = " ".join(mt.text for mt in loopback.collect(phone, now=now))
        return answer

    return talk


@pytest.mark.parametrize(
    ("number", "opens_at", "told"),
    [
        pytest.param(
            BORN_1940, "2021-01-15T08:00:00", "(80 let a vice) registrace zacne pa 15.1. 8:00.", id="launch"
        ),
        pytest.param(
            BORN_1947, "2021-01-20T00:00:00", "(70 az 79 let) registrace zacne st 20.1.", id="midnight"
        ),
    ],
)
def test_a_group_opens_at_its_hour(talk: Talk, number: str, opens_at: str, told: str) -> None:
    programme = PROGRAMME.replace("opens_at = 2021-03-01", "opens_at = 2021-01-20")
    said = (f"REG {number} Jan Novák 111 58601", "1")
    before = datetime.fromisoformat(opens_at) - timedelta(seconds=1)
    assert told in talk(before.isoformat(), *said, phone=NEIGHBOUR, programme=programme)
    assert talk(opens_at, *said, programme=programme).startswith("Souhrn: Jan Novak")
    assert talk(opens_at, "ANO", programme=programme).startswith("Registrace prijata")


def test_a_group_added_by_configuration_alone_is_asked_about_and_scored(talk: Talk, town: Town) -> None:
    wider = PROGRAMME + VOLUNTEERS
    said = (f"REG {BORN_1960} Jan Novák 111 58601", "1")
    assert "registrace zacne" in talk("2021-01-20T08:00", *said), "by the programme as it is shipped"
    assert "registrace zacne" in talk("2021-01-20T09:00", *said, programme=wider), "before its hour"
    asked = talk("2021-01-20T10:00", *said, programme=wider)
    assert asked == "Vase skupina? 1 dobrovolnici v.... Odpovezte cislem, zadna: 0."
    talk("2021-01-20T10:02", "1", "ANO", programme=wider)
    with town.store.begin() as work:
        r = t.registrations.c
        assert work.db.execute(select(r.group_key, r.score)).one() == ("volunteers", 9)


def test_who_belongs_to_none_of_the_groups_is_told_when_theirs_opens(talk: Talk) -> None:
    said = (f"REG {BORN_1960} Jan Novák 111 58601", "1", "0")
    told = talk("2021-01-20T10:00", *said, programme=PROGRAMME + VOLUNTEERS)
    assert "registrace zacne pa 23.4." in told
