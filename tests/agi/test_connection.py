"""A call: what the caller presses, and every way in which a call breaks."""

import asyncio
from datetime import timedelta

import pytest

from gateway.agi.connection import AgiConnection, HungUp, NoSound, Pressed, listen
from gateway.agi.protocol import Call, Nonsense
from tests.agi.peer import ENVIRONMENT, GONE, a_call

WAIT = timedelta(seconds=7)


async def test_a_call_begins_with_its_environment():
    async with a_call() as (ours, asterisk):
        asterisk.say(ENVIRONMENT)
        assert (await ours.begin()).script == "hotline"


async def test_one_digit_more_is_asked_for_so_that_the_hash_is_swallowed():
    async with a_call() as (ours, asterisk):
        playing = asyncio.create_task(asterisk.play([("GET DATA pin 7000 9", "200 result=47110922")]))
        assert await ours.ask("pin", most=8, wait=WAIT) == Pressed("47110922", in_time=True)
        await playing


async def test_a_choice_is_one_key():
    async with a_call() as (ours, asterisk):
        playing = asyncio.create_task(asterisk.play([("GET DATA menu 7000 1", "200 result=3")]))
        assert await ours.ask("menu", most=1, wait=WAIT) == Pressed("3", in_time=True)
        await playing


async def test_silence_is_told_apart_from_a_lone_hash():
    async with a_call() as (ours, asterisk):
        playing = asyncio.create_task(
            asterisk.play([("GET DATA", "200 result= (timeout)"), ("GET DATA", "200 result=")])
        )
        assert await ours.ask("menu", most=1, wait=WAIT) == Pressed("", in_time=False)
        assert await ours.ask("menu", most=1, wait=WAIT) == Pressed("", in_time=True)
        await playing


async def test_minus_one_is_a_missing_prompt_while_the_line_is_up():
    async with a_call() as (ours, asterisk):
        lines = [("GET DATA nowhere", "200 result=-1"), ("CHANNEL STATUS", "200 result=6")]
        playing = asyncio.create_task(asterisk.play(lines * 3))
        with pytest.raises(NoSound, match="nowhere"):
            await ours.ask("nowhere", most=1, wait=WAIT)
        await playing


async def test_a_sound_that_asterisk_has_not_got_yet_is_played_when_it_has():
    async with a_call() as (ours, asterisk):
        lines = [("GET DATA menu", "200 result=-1"), ("CHANNEL STATUS", "200 result=6")]
        playing = asyncio.create_task(asterisk.play([*lines, ("GET DATA menu", "200 result=3")]))
        assert await ours.ask("menu", most=1, wait=WAIT) == Pressed("3", in_time=True)
        await playing


@pytest.mark.parametrize("status", ["200 result=0", "200 result=-1", "511 Command Not Permitted", GONE])
async def test_minus_one_is_a_hang_up_when_the_line_is_down(status):
    async with a_call() as (ours, asterisk):
        playing = asyncio.create_task(
            asterisk.play([("STREAM FILE", "200 result=-1 endpos=0"), ("CHANNEL STATUS", status)])
        )
        with pytest.raises(HungUp):
            await ours.play("goodbye")
        await playing


async def test_hanging_up_in_the_middle_of_a_number_is_a_hang_up():
    async with a_call() as (ours, asterisk):
        playing = asyncio.create_task(
            asterisk.play([("GET DATA", "HANGUP\n200 result=-1"), ("CHANNEL STATUS", GONE)])
        )
        with pytest.raises(HungUp):
            await ours.ask("number", most=10, wait=WAIT)
        asterisk.leave()
        playing.cancel()


async def test_after_the_notice_nothing_more_is_asked():
    async with a_call() as (ours, asterisk):
        playing = asyncio.create_task(asterisk.play([("GET DATA", "HANGUP\n200 result=405")]))
        assert await ours.ask("number", most=10, wait=WAIT) == Pressed("405", in_time=True)
        with pytest.raises(HungUp):
            await ours.play("next")
        await playing
        assert len(asterisk.heard) == 1


@pytest.mark.parametrize(
    "answer", ["510 Invalid or unknown command", "520-Usage\nmore\n520 End of proper usage."]
)
async def test_a_command_that_asterisk_does_not_know_is_no_hang_up(answer):
    async with a_call() as (ours, asterisk):
        playing = asyncio.create_task(asterisk.play([("SET VARIABLE IVR_OUTCOME done", answer)]))
        with pytest.raises(Nonsense):
            await ours.set_variable("IVR_OUTCOME", "done")
        await playing


async def test_an_asterisk_that_dies_in_the_middle_is_a_hang_up():
    async with a_call() as (ours, asterisk):
        playing = asyncio.create_task(asterisk.play([("GET DATA", GONE)]))
        with pytest.raises(HungUp):
            await ours.ask("menu", most=1, wait=WAIT)
        await playing


async def test_an_interrupted_prompt_says_by_which_key():
    async with a_call() as (ours, asterisk):
        playing = asyncio.create_task(
            asterisk.play([("STREAM FILE consent 0*", "200 result=48 endpos=9"), ("STREAM", "200 result=0")])
        )
        assert await ours.play("consent", until="0*") == "0"
        assert await ours.play("consent") == ""
        await playing


async def test_a_failed_recording_is_told_apart_from_a_hang_up():
    async with a_call() as (ours, asterisk):
        playing = asyncio.create_task(
            asterisk.play([("RECORD FILE", "200 result=-1"), ("CHANNEL STATUS", "200 result=6")])
        )
        assert await ours.record("name", most=WAIT, silence=timedelta(seconds=3)) is None
        await playing


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", b"x" * 10_000, b"agi_x: 1\n" * 200, b""])
async def test_whoever_does_not_speak_agi_is_hung_up_on(said):
    led = []

    async def lead(call: Call, _: AgiConnection) -> None:
        led.append(call)

    server = await listen(lead, host="127.0.0.1", port=0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(said)
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
    assert led == []


@pytest.mark.parametrize(("answer", "key"), [("200 result=42", "*"), ("200 result=0", "")])
async def test_one_more_key_may_come_or_not(answer, key):
    async with a_call() as (ours, asterisk):
        playing = asyncio.create_task(asterisk.play([("WAIT FOR DIGIT 7000", answer)]))
        assert await ours.key(WAIT) == key
        await playing
