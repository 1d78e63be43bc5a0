"""Telegram, from a person's phone through the whole gateway and back."""

import asyncio

import pytest
from aiohttp import ClientSession, web
from sqlalchemy import text

from core.messages import Button, Expected
from gateway import doctor
from gateway.settings import read
from tests.channels.contract import queue
from tests.telegram.bot_api import TOKEN, BotApi


@pytest.mark.parametrize("mode", ["webhook", "polling"])
async def test_a_person_writes_presses_and_is_answered(run, mode):
    async with run(mode=mode) as running:
        jana = running.api.person(4711)
        await jana.says("/start")
        menu = await jana.hears("Očkování proti covidu")
        assert list(menu.buttons)[:2] == ["Registrace", "Mám PIN"]
        await jana.presses("Mám PIN")
        await jana.hears("PIN", messages=2)
        await running.api.until(lambda: jana.screen[0].keyboard is None, "the pressed keyboard is gone")
        assert running.api.count("answerCallbackQuery") == 1
        await running.until("SELECT state, count(*) FROM outbox GROUP BY state", [("sent", 2)])


@pytest.mark.parametrize(
    ("status", "description", "parameters", "state", "outcome"),
    [
        pytest.param(
            400, "Bad Request: chat not found", {}, "failed", "rejected no such chat", id="no such chat"
        ),
        pytest.param(
            400,
            "Bad Request: can't parse entities",
            {},
            "failed",
            "rejected bad request",
            id="not understood",
        ),
        pytest.param(
            400,
            "Bad Request: group chat was upgraded to a supergroup chat",
            {"migrate_to_chat_id": -1001},
            "failed",
            "rejected became a group",
            id="moved",
        ),
        pytest.param(500, "Internal Server Error", {}, "unanswered", "unanswered", id="broken"),
        pytest.param(502, "Bad Gateway", {}, "unanswered", "unanswered", id="away"),
    ],
)
async def test_each_refusal_has_its_remedy(  # noqa: PLR0917  a table
    run, status, description, parameters, state, outcome
):
    async with run() as running:
        running.api.refuse("sendMessage", status, description, **parameters)
        queue(running, "4711", "jednou")
        await running.until(
            "SELECT o.state, a.outcome FROM outbox o JOIN attempts a USING (mt_id)", [(state, outcome)]
        )
        assert running.api.count("sendMessage") == 1


@pytest.mark.parametrize(
    ("body", "state"),
    [
        pytest.param(b"<html>", "unanswered", id="of somebody else"),
        pytest.param(b'{"ok": true}', "sent", id="accepted"),
        pytest.param(b'{"ok": true, "result": {"a": 1}}', "sent", id="accepted, in other words"),
    ],
)
async def test_an_mt_that_was_accepted_is_not_sent_again_whatever_the_answer_says(run, body, state):
    async with run() as running:
        running.api.instead("sendMessage", lambda: web.Response(body=body))
        queue(running, "4711", "jednou")
        await running.until("SELECT state FROM outbox", [(state,)])


async def test_a_token_that_is_revoked_for_a_while_loses_nothing(run):
    async with run() as running:
        running.api.refuse("sendMessage", 401, "Unauthorized")
        queue(running, "4711", "jednou")
        await running.until("SELECT state, attempt FROM outbox", [("sent", 2)])
        assert running.api.count("getMe") == 1, "the library asks once who we are"
        assert running.api.count("setWebhook") == 2


async def test_who_blocked_us_is_counted_and_no_fault_of_ours(run):
    async with run() as running:
        running.api.blocked.add("4711")
        queue(running, "4711", "jednou")
        await running.until("SELECT state FROM outbox", [("failed",)])
        async with ClientSession() as http, http.get(f"{running.api.webhook['url']}/../metrics") as page:
            metrics = await page.text()
    assert 'crs_rejected_total{operator="telegram",reason="blocked by the person"} 1' in metrics
    assert 'crs_throttled_total{operator="telegram"} 0' in metrics


async def test_to_whom_much_is_said_holds_up_nobody(run):
    async with run() as running:
        queue(running, "4711", *(str(n) for n in range(40)))
        queue(running, "4712", "rychle")
        await running.api.person(4712).hears("rychle")
        assert len(running.api.person(4711).screen) < 5


async def test_a_page_asked_for_too_late_is_not_turned_but_its_buttons_go(run):
    async with run() as running:
        jana = running.api.person(4711)
        expects = Expected("choice", "reservation.pairs:1", buttons=(Button("Další", "DALŠÍ"),))
        queue(running, "4711", "stránka", expects=expects)
        await jana.hears("stránka")
        await jana.presses("Další")
        menu = await jana.hears("To tlačítko patřilo k dřívější otázce.", messages=2)
        assert menu.buttons
        await running.api.until(lambda: jana.screen[0].keyboard is None)


async def test_bot_commands_are_set_for_every_language(run):
    async with run() as running:
        menus = [call.params for call in running.api.calls if call.method == "setMyCommands"]
        assert [menu.get("language_code") for menu in menus][:2] == [None, "en"]
        assert menus[0]["commands"][0] == {"command": "registrace", "description": "Registrace"}


async def test_an_operator_that_cannot_keep_it_is_told_so_and_delivers_again(run):
    async with run(mode="polling") as running:
        jana = running.api.person(4711)
        with running.store.engine.begin() as other:
            other.execute(text("ALTER TABLE inbox RENAME TO inbox_away"))
        await jana.says("ahoj")
        asked = running.api.count("getUpdates")
        await running.api.until(lambda: running.api.count("getUpdates") > asked + 1)
        offsets = {call.params.get("offset") for call in running.api.calls if call.method == "getUpdates"}
        assert offsets == {None}, "what is not durable is not confirmed"
        with running.store.engine.begin() as other:
            other.execute(text("ALTER TABLE inbox_away RENAME TO inbox"))
        await jana.hears("Očkování proti covidu")


async def test_the_doctor_says_which_bot_it_is_and_what_is_wrong_with_its_token(tmp_path, unused_tcp_port):
    async with BotApi() as api:

        async def look(**variables: str) -> doctor.Finding:
            environ = {"CRS_SECRETS_KEY": "0123456789abcdef", "CRS_TELEGRAM_TOKEN": TOKEN}
            bot = read(None, environ | {"CRS_TELEGRAM_BASE_URL": api.url} | variables, here=tmp_path).telegram
            return await asyncio.to_thread(doctor.telegram, bot)

        assert (await look()).seen == f"{api.url} knows the bot as @crs_bot"
        unknown = await look(CRS_TELEGRAM_TOKEN="110201543:AAother")
        assert isinstance(unknown, doctor.Wrong)
        assert "refuses the token" in unknown.seen
        assert "AAother" not in str(unknown)
        away = await look(CRS_TELEGRAM_BASE_URL=f"http://127.0.0.1:{unused_tcp_port}")
        assert "does not answer" in away.seen
