"""The phone in the browser, on the real database."""

import json
import random
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from conversations.library import load_library
from core.messages import SMS_CHANNEL, Address
from core.store.work import Store
from core.vault import Vault
from gateway.channels.loopback import Loopback
from gateway.compose import DATA, load_world
from gateway.demo.people import Census
from gateway.turns.runner import TurnRunner
from gateway.voice.shelf import HttpShelf
from gateway.voice.turns import Turns
from gateway.web.call import Hotline
from gateway.web.pages import create_web
from gateway.web.parts import WebParts

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
NUMBER, TAKEN = "+420771234567", "+420601000001"
WORLD = load_world()
CENSUS = Census(DATA, WORLD.postcodes)

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.connect(database, Vault(bytes(32)), connections=2)
    yield store
    store.close()


@pytest.fixture
async def client(store: Store) -> AsyncIterator[Client]:
    parts = WebParts(
        store=store,
        loopback=Loopback(store, by="test"),
        clock=lambda: NOW,
        country="CZ",
        sender="1221",
        taken=frozenset({TAKEN}),
        somebody=lambda: CENSUS.person(random.Random(1), today=date(2026, 11, 24), youngest=80),
        capacity=50,
        in_use=lambda: 12.34,
    )
    turns = Turns(store, TurnRunner(store, load_library(), WORLD), lambda: NOW, by="test")
    hotline = Hotline(turns, None, HttpShelf("/voice"))
    async with TestClient(TestServer(create_web(parts, hotline), host="127.0.0.1")) as client:
        yield client


@pytest.fixture
def runner(store: Store) -> TurnRunner:
    return TurnRunner(store, load_library(), WORLD)


async def say(client: Client, text: str, number: str = NUMBER, origin: str | None = None) -> ClientResponse:
    here = str(client.make_url("/")).rstrip("/")
    return await client.post(
        "/phone/messages", json={"from": number, "text": text}, headers={"Origin": origin or here}
    )


async def hear(client: Client, *, after: int = 0, how_many: int = 1) -> list[tuple[int, str]]:
    """The next MTs with their ids, from a connection of its own that reconnects after ``after``."""
    heard = []
    async with client.get(
        "/phone/events", params={"number": NUMBER}, headers={"Last-Event-ID": str(after)}
    ) as answer:
        assert answer.status == 200
        event_id = 0
        async for line in answer.content:
            if line.startswith(b"id: "):
                event_id = int(line[4:])
            if line.startswith(b"data: "):
                heard.append((event_id, json.loads(line[6:])["text"]))
                if len(heard) == how_many:
                    break
    return heard


async def test_a_message_is_answered(client: Client, runner: TurnRunner) -> None:
    answer = await say(client, "REG")
    assert answer.status == 202
    assert await answer.json() == {"segments": 1}
    assert runner.run_batch(NOW) == 1
    [(_, text)] = await hear(client)
    assert text.startswith("Registrace k ockovani.")


async def test_what_a_broken_stream_lost_comes_again_and_nothing_comes_twice(
    client: Client, runner: TurnRunner
) -> None:
    await say(client, "REG")
    runner.run_batch(NOW)
    [(first, _)] = await hear(client)
    await say(client, "POMOC")
    runner.run_batch(NOW)
    again = await hear(client, how_many=2)
    assert again[0][0] == first
    rest = await hear(client, after=first)
    assert rest == again[1:]


async def test_the_number_is_reached_through_the_browser_from_then_on(client: Client, store: Store) -> None:
    await say(client, "REG")
    with store.begin() as work:
        assert work.routes.find([NUMBER]).learned == {NUMBER: "loopback"}


async def test_somebody_elses_number_is_refused(client: Client, store: Store) -> None:
    answer = await say(client, "REG", number=TAKEN)
    assert answer.status == 409
    assert (await client.get("/phone/events", params={"number": TAKEN})).status == 409
    with store.begin() as work:
        assert not work.inbox.claim_address(Address(SMS_CHANNEL, TAKEN))


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"])
async def test_a_message_from_a_foreign_page_is_refused(client: Client, store: Store, origin: str) -> None:
    assert (await say(client, "REG", origin=origin)).status == 403
    with store.begin() as work:
        assert work.inbox.waiting() == 0


async def test_a_message_that_does_not_say_where_it_comes_from_is_refused(client: Client) -> None:
    answer = await client.post("/phone/messages", json={"from": NUMBER, "text": "REG"})
    assert answer.status == 403


async def test_a_name_that_leads_here_by_a_trick_is_refused(client: Client) -> None:
    assert (await client.get("/", headers={"Host": "evil.example"})).status == 403
    assert (await client.get("/", headers={"Host": "localhost:8080"})).status == 200


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        '{"from": "+420771234567"}',
        '{"from": "+420771234567", "text": " "}',
        '{"from": 1, "text": "REG"}',
    ],
)
async def test_what_is_no_message_is_refused(client: Client, body: str) -> None:
    here = str(client.make_url("/")).rstrip("/")
    answer = await client.post("/phone/messages", data=body, headers={"Origin": here})
    assert answer.status == 400


async def test_the_start_page_says_what_to_type_and_loads_nothing_from_elsewhere(client: Client) -> None:
    answer = await client.get("/")
    page = await answer.text()
    somebody = CENSUS.person(random.Random(1), today=date(2026, 11, 24), youngest=80)
    assert f"REG {somebody.insurance_number} {somebody.name}" in page
    assert "https://" not in page
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    for file in ("demo.css", "demo.js", "icon.svg"):
        assert (await client.get(f"/static/{file}")).status == 200


async def test_the_figures_arrive(client: Client, runner: TurnRunner) -> None:
    await say(client, "REG")
    runner.run_batch(NOW)
    async with client.get("/figures") as answer:
        async for line in answer.content:
            if line.startswith(b"data: "):
                break
    figures = json.loads(line[6:])
    assert (figures["mo"], figures["mt"], figures["registrations"], figures["in_use"]) == (1, 1, 0, 12.3)
    assert figures["latest"] == []


async def call(client: Client, door: str, **said: object) -> ClientResponse:
    here = str(client.make_url("/")).rstrip("/")
    return await client.post(f"/call/{door}", json={"from": NUMBER, **said}, headers={"Origin": here})


async def test_a_call_is_led_by_keys_and_says_what_would_be_heard(client: Client) -> None:
    heard = await (await call(client, "begin")).json()
    assert "stiskněte" in heard["text"]
    assert heard["most"] == 1
    await call(client, "keys", keys="4")
    heard = await (await call(client, "keys", keys="58601#")).json()
    assert heard["is_over"]
    assert heard["text"]


async def test_a_star_says_the_question_again(client: Client) -> None:
    first = await (await call(client, "begin")).json()
    assert await (await call(client, "keys", keys="*")).json() == first


async def test_zero_asks_for_the_operator_at_any_question(client: Client) -> None:
    await call(client, "begin")
    heard = await (await call(client, "keys", keys="0")).json()
    assert "perátor" in heard["text"]


async def test_keys_without_a_call_and_what_is_no_key_are_refused(client: Client) -> None:
    assert (await call(client, "keys", keys="1")).status == 409
    await call(client, "begin")
    assert (await call(client, "keys", keys="1; DROP")).status == 400
    await call(client, "end")
    assert (await call(client, "keys", keys="1")).status == 409


async def test_a_phone_that_is_switched_on_gets_sms_before_it_has_sent_any(
    client: Client, store: Store
) -> None:
    async with client.get("/phone/events", params={"number": NUMBER}) as answer:
        assert answer.status == 200
    with store.begin() as work:
        assert work.routes.find([NUMBER]).learned == {NUMBER: "loopback"}
