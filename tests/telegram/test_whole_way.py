"""From the first word to both dates in Telegram: the whole gateway, the real database, taps on buttons."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

from core.calendars.calendar import PRAGUE
from tests.telegram.bot_api import Person
from tests.workers.town import SITE, add_dates, add_site

NUMBER = "405123123"
PHONE = "420601000001"
ANSWERS = {
    "číslo pojištěnce": NUMBER,
    "jméno a příjmení": "Jana Nováková",
    "pojišťovny": "111",
    "PSČ bydliště": "58601",
}
PRESSED = {"Nejbližší místa": "Nemocnice Jihlava", "Souhrn": "Ano", "Zprávy": "Ano"}


async def answer_until(jana: Person, end: str) -> str:
    """Tap what can be tapped, type the rest, and return the text that ends it."""
    for heard in range(len(jana.screen), len(jana.screen) + 12):
        await jana.api.until(lambda heard=heard: len(jana.screen) > heard, end)
        shown = jana.screen[-1]
        if end in shown.text:
            return shown.text
        if shown.asks_for_contact:
            await jana.shares_contact(PHONE)
        elif label := next((PRESSED[words] for words in PRESSED if words in shown.text), None):
            await jana.presses(next(button for button in shown.buttons if button.startswith(label)))
        else:
            await jana.says(next(said for words, said in ANSWERS.items() if words in shown.text))
    raise AssertionError([shown.text for shown in jana.screen])


async def test_a_person_registers_and_reserves_with_taps(run):
    async with run() as running:
        soon = datetime.combine(datetime.now(PRAGUE).date() + timedelta(days=3), datetime.min.time(), PRAGUE)

        def open_site() -> None:
            with running.store.begin() as work:
                add_site(work.db)
                add_dates(work.db, pairs=9, first=soon + timedelta(hours=9))

        def invite() -> str:
            with running.store.begin() as work:
                wave = work.invitations.invite(
                    SITE,
                    1,
                    policy="test",
                    inputs={},
                    approved_by="test",
                    now=datetime.now(UTC),
                    random=random.Random(1),
                )
            assert wave
            return wave.invited[0].pin

        await asyncio.to_thread(open_site)
        jana = running.api.person(4711)
        await jana.says("/registrace")
        assert "Nemocnice Jihlava" in await answer_until(jana, "Registrace přijata")
        assert running.ask("SELECT channel, address, phone FROM proven_phones") == [
            ("telegram", "4711", f"+{PHONE}")
        ]
        assert running.ask("SELECT channel, phone FROM registrations") == [("telegram", f"+{PHONE}")]

        pin = await asyncio.to_thread(invite)
        await jana.says(f"/pin {pin}")
        offered = await jana.hears("Volno")
        messages, first_page = len(jana.screen), offered.text
        await jana.presses("Další")
        await running.api.until(lambda: jana.screen[-1].text != first_page)
        assert len(jana.screen) == messages, "the page is turned, not sent again"
        await jana.presses(next(iter(jana.screen[-1].buttons)))
        held = await jana.hears("Držíme")
        assert list(held.buttons) == ["Ano", "Ne"]
        await jana.presses("Ano")
        await jana.hears("Máte termín")
        assert running.ask("SELECT state FROM reservations") == [("confirmed",)]
        assert running.ask("SELECT state FROM registrations") == [("reserved",)]
