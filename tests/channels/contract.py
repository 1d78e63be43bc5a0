"""What every chat channel keeps to, whoever its operator is: each brings a `Party` and passes all of it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest
from sqlalchemy import text

from core.messages import Address, Button, Expected, Lane, NewMt
from core.store.work import OUTBOX_CHANNEL, Store

JANA = "420601000001"
KAREL = "420602000002"


class Party(Protocol):
    """The gateway at work, the channel's operator, and the people whose phones it serves."""

    channel: str
    store: Store

    def says(self, who: str, words: str) -> bytes:
        """The update of a new message, as the operator posts it."""
        ...

    def presses(self, who: str, label: str) -> bytes:
        """The update of the newest button that says so."""
        ...

    async def post(self, update: bytes, *, is_forged: bool = False) -> int:
        """Post an update to our webhook, and return the HTTP status."""
        ...

    def shown(self, who: str) -> list[str]:
        """The texts on her phone, oldest first."""
        ...

    def buttons(self, who: str) -> list[str]:
        """The labels under the newest text that has any."""
        ...

    def throttle(self) -> None:
        """Refuse the next message: too many."""
        ...

    def block(self, who: str) -> None:
        """She wants to hear nothing from us."""
        ...

    async def until(self, is_so: Callable[[], bool]) -> None: ...


def ask(party: Party, query: str) -> list[tuple[object, ...]]:
    with party.store.begin() as work:
        return [tuple(row) for row in work.db.execute(text(query))]


async def until(party: Party, query: str, expected: list[tuple[object, ...]]) -> None:
    seen: list[tuple[object, ...]] = []
    try:
        async with asyncio.timeout(30):
            while (seen := await asyncio.to_thread(ask, party, query)) != expected:
                pass
    except TimeoutError:
        pytest.fail(f"{query}: {seen}, not {expected}")


def queue(party: Party, who: str, *words: str, expects: Expected | None = None) -> None:
    """MTs that somebody else caused."""
    now = datetime.now(UTC) - timedelta(seconds=1)
    address = Address(party.channel, who)
    mts = [NewMt(address, party.channel, Lane.ANSWER, "answer", w, 1, now, expects=expects) for w in words]
    with party.store.begin() as work:
        work.outbox.add(mts)
        work.wake(OUTBOX_CHANNEL)


class ChannelContract:
    """The fixture ``party`` is what differs."""

    async def test_a_message_is_accepted_when_it_is_durable_and_not_before(self, party: Party):
        with party.store.engine.begin() as other:
            other.execute(text("LOCK TABLE inbox IN EXCLUSIVE MODE"))
            posting = asyncio.ensure_future(party.post(party.says(JANA, "ahoj")))
            waiting = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND mode = 'RowExclusiveLock'"
            await until(party, waiting, [(True,)])
            assert not posting.done()
        assert await posting == 200
        assert ask(party, "SELECT count(*) FROM inbox") == [(1,)]

    async def test_the_same_update_again_has_its_effect_once(self, party: Party):
        update = party.says(JANA, "ahoj")
        assert [await party.post(update), await party.post(update)] == [200, 200]
        await party.until(lambda: len(party.shown(JANA)) == 1)
        assert await party.post(update) == 200
        assert await party.post(party.says(JANA, "POMOC")) == 200
        await party.until(lambda: len(party.shown(JANA)) == 2)
        assert ask(party, "SELECT count(*) FROM inbox") == [(2,)]

    async def test_a_forgery_is_refused_and_leaves_nothing(self, party: Party):
        assert await party.post(party.says(JANA, "ahoj"), is_forged=True) in (401, 403)
        assert ask(party, "SELECT count(*) FROM inbox") == [(0,)]

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"1", b"[" * 100_000])
    async def test_what_is_no_update_is_refused(self, party: Party, body):
        assert await party.post(body) == 400

    async def test_an_update_too_large_to_be_one_is_refused_and_the_next_is_taken(self, party: Party):
        assert await party.post(b" " * (2 << 20)) == 413
        assert await party.post(party.says(JANA, "ahoj")) == 200

    async def test_a_choice_is_pressed_and_an_old_button_is_answered_politely(self, party: Party):
        assert await party.post(party.says(JANA, "ahoj")) == 200
        await party.until(lambda: "Registrace" in party.buttons(JANA))
        press = party.presses(JANA, "Registrace")
        old = party.presses(JANA, "Informace")
        assert await party.post(press) == 200
        await party.until(lambda: len(party.shown(JANA)) == 2)
        assert await party.post(old) == 200
        await party.until(lambda: "To tlačítko patřilo k dřívější otázce." in party.shown(JANA)[-1])

    async def test_every_character_arrives_as_it_was_written(self, party: Party):
        words = "Příliš žluťoučký kůň. _*[]()~`>#+-=|{}.!\\ <b>&amp;</b> https://a.cz 📱 č. 1) 25. 1."
        expects = Expected("yes_no", "test.step:0", buttons=(Button("Ano", "ANO"), Button("Ne", "NE")))
        queue(party, JANA, words, expects=expects)
        await party.until(lambda: party.shown(JANA) == [words])
        assert party.buttons(JANA) == ["Ano", "Ne"]

    async def test_what_was_throttled_is_sent_again(self, party: Party):
        party.throttle()
        queue(party, JANA, "jednou")
        await until(party, "SELECT state, attempt FROM outbox", [("sent", 2)])
        assert party.shown(JANA) == ["jednou"]

    async def test_whoever_blocked_us_is_known_and_harms_nobody(self, party: Party):
        party.block(JANA)
        queue(party, JANA, "nic")
        queue(party, KAREL, "něco")
        await until(party, "SELECT state FROM outbox ORDER BY mt_id", [("failed",), ("sent",)])
        ((outcome,),) = ask(
            party, "SELECT a.outcome FROM attempts a JOIN outbox USING (mt_id) WHERE state = 'failed'"
        )
        assert outcome == "rejected blocked by the person"

    async def test_the_messages_of_one_person_keep_their_order(self, party: Party):
        queue(party, JANA, "první", "druhá", "třetí")
        queue(party, KAREL, "jiná")
        await party.until(lambda: len(party.shown(JANA)) == 3)
        assert party.shown(JANA) == ["první", "druhá", "třetí"]
