"""Telegram, from a person's phone through the whole gateway and back."""

import pytest


@pytest.mark.parametrize("mode", ["webhook", "polling"])
async def test_a_person_writes_presses_and_is_answered(run, mode):
    async with run(mode=mode) as running:
        jana = running.api.person(4711)
        await jana.says("/start")
        menu = await jana.hears("Očkování proti covidu")
        assert list(menu.buttons)[:2] == ["Registrace", "Mám PIN"]
        await jana.presses("Registrace")
        await jana.hears("číslo pojištěnce", messages=2)
        await running.api.until(lambda: jana.screen[0].keyboard is None, "the pressed keyboard is gone")
        assert running.api.count("answerCallbackQuery") == 1
        await running.until("SELECT state, count(*) FROM outbox GROUP BY state", [("sent", 2)])
