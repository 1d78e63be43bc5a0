"""The hotline through a VoiceXML platform: the same dialogues, a document per turn."""

import asyncio
import re
from array import array
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from sqlalchemy import text

from core.store.work import Store
from gateway.compose import App
from gateway.serve import Gateway, end
from gateway.settings import read
from gateway.voice.wave import RATE, to_wav
from tests.voicexml.platform import VXML, Call, parse
from tests.workers.town import NOW, SITE, add_dates, add_site

KEY = "the platform's own key"
JANA = "+420601000001"
WAV = to_wav([array("h", [4_000, -4_000] * RATE)])
NOTHING_SAID = to_wav([array("h", [40, -40] * RATE)])
NUMBER = "405123123"


@dataclass
class Hotline:
    url: str
    store: Store
    http: ClientSession
    recordings: Path
    ahead: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        self._began = datetime.now(UTC)

    def now(self) -> datetime:
        return NOW + (datetime.now(UTC) - self._began) + self.ahead

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with self.store.begin() as work:
            return [tuple(row) for row in work.db.execute(text(query))]

    async def call(self, caller: str | None = f"tel:{JANA}") -> Call:
        """A call after the greeting, at the first question."""
        call = Call(self.http, self.url, caller, {"X-VoiceXML-Key": KEY})
        await call.begin()
        return call

    def pin1(self) -> str:
        """From the last SMS to Jana."""
        with self.store.begin() as work:
            sealed = work.db.scalar(
                text("SELECT text_sealed FROM outbox WHERE channel = 'sms' ORDER BY mt_id DESC LIMIT 1")
            )
        return re.sub(r"\D", "", re.search(r"\b\d{3} ?\d{3}\b", self.store.vault.open(sealed))[0])

    async def proven(self, caller: str | None = f"tel:{JANA}") -> Call:
        """A call that has come to the insurance number of a registration."""
        call = await self.call(caller)
        await call.silence()
        assert "Chcete-li se registrovat, stiskněte jedna." in call.text
        assert "Ověříme váš telefon." in await call.press("1")
        await call.press("1")
        assert "Zadejte číslo pojištěnce" in await call.press(self.pin1())
        return call

    def recorded(self) -> dict[str, bytes]:
        return {str(each): each.read_bytes() for each in self.recordings.iterdir()}

    def invite(self) -> str:
        with self.store.begin() as work:
            wave = work.invitations.invite(
                SITE, 1, policy="test", inputs={}, approved_by="test", now=self.now(), random=Random(1)
            )
        assert wave
        return wave.invited[0].pin


@pytest.fixture
async def hotline(database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Hotline]:
    environ = {
        "CRS_DATABASE_URL": database,
        "CRS_REDIS_URL": redis_url,
        "CRS_SECRETS_KEY": "a key that only the tests have..",
        "CRS_VOICEXML_KEY": KEY,
        "CRS_VOICEXML_RECORDINGS": "names",
    }
    app = App(settings=read(None, environ, here=tmp_path))
    with app.store() as store:
        with store.begin() as work:
            add_site(work.db)
            add_dates(work.db, pairs=6)
        async with ClientSession() as http:
            hotline = Hotline("", store, http, tmp_path / "names")
            gateway = Gateway(app, store, redis_url, clock=hotline.now)
            pages = web.Application()
            for channel in gateway.channels:
                pages.router.add_routes(channel.routes)
            working = asyncio.ensure_future(gateway.run())
            async with TestServer(pages, host="127.0.0.1") as server:
                hotline.url = str(server.make_url("")).rstrip("/")
                try:
                    yield hotline
                finally:
                    await end({working})
        await asyncio.get_running_loop().shutdown_default_executor()


async def register(hotline: Hotline) -> Call:
    """From the greeting to a place in the queue."""
    call = await hotline.proven()
    assert "řekněte jméno" in await call.press(NUMBER)
    assert "kód zdravotní pojišťovny" in await call.say(WAV)
    assert "poštovní směrovací číslo" in await call.press("111")
    assert "Nemocnice Jihlava" in await call.press("58601")
    assert "Souhlasíte s registrací?" in await call.press("1")
    assert not call.may_interrupt
    assert "Registrace je přijata." in await call.press("1")
    return call


async def test_a_whole_registration_and_a_whole_reservation(hotline: Hotline) -> None:
    call = await register(hotline)
    assert hotline.ask("SELECT state, channel FROM registrations") == [("waiting", "voice")]
    assert "Na shledanou." in await call.silence()
    assert call.ended == "hung up"

    call = await hotline.call()
    await call.silence()
    assert "Zadejte kód PIN" in await call.press("2")
    # What the call before proved does not hold for this one: a number can be forged.
    assert "poslední čtyři číslice" in await call.press(hotline.invite() + "#")
    assert "Volné termíny pro první dávku." in await call.press(NUMBER[-4:])
    assert "Termín vám držíme" in await call.press("2")
    assert not call.may_interrupt
    assert "Máte termín." in await call.press("1")
    assert hotline.ask("SELECT state FROM reservations") == [("confirmed",)]


async def test_a_name_is_kept_for_the_desk_to_write_down(hotline: Hotline) -> None:
    await register(hotline)
    ((sound,),) = hotline.ask("SELECT sound FROM recordings")
    assert hotline.recorded() == {f"{sound}.wav": WAV}


async def test_nothing_about_a_person_is_in_an_address_and_nothing_is_read_in_digits(
    hotline: Hotline,
) -> None:
    call = await register(hotline)
    for written in call.documents:
        document = parse(written)
        assert {each.get("next") for each in document.iter(f"{VXML}submit")} <= {"/voicexml"}
        said = " ".join(" ".join(prompt.itertext()) for prompt in document.iter(f"{VXML}prompt"))
        assert not any(letter.isdigit() for letter in said), said
        assert JANA[4:] not in written.decode()
        assert NUMBER not in written.decode()


async def test_every_document_hears_a_hang_up_a_fault_and_knows_the_operator(hotline: Hotline) -> None:
    call = await register(hotline)
    for written in call.documents:
        document = parse(written)
        events = {each.get("event") for each in document.findall(f"{VXML}catch")}
        assert {"connection.disconnect.hangup", "error"} <= events
        assert document.find(f"{VXML}form[@id='operator']/{VXML}transfer") is not None
        for item in (*document.iter(f"{VXML}field"), *document.iter(f"{VXML}record")):
            handlers = {each.tag.removeprefix(VXML) for each in item} | {
                name for each in item.findall(f"{VXML}catch") for name in each.get("event", "").split()
            }
            assert "noinput" in handlers


async def test_the_language_is_chosen_by_a_key(hotline: Hotline) -> None:
    call = await hotline.call()
    assert "For English, press nine." in call.text
    assert call.text.startswith("Dobrý den, dovolali jste se na linku očkování.")
    assert "To register, press one." in await call.press("9")
    assert "Enter the PIN" in await call.press("2")
    assert parse(call.documents[-1]).get("{http://www.w3.org/XML/1998/namespace}lang") == "en"


async def test_zero_gives_the_operator_at_every_step(hotline: Hotline) -> None:
    for n, keys in enumerate(("", NUMBER, f"{NUMBER} name 111", f"{NUMBER} name 111 58601 1")):
        call = await hotline.proven(f"tel:+42060200000{n}")
        for each in keys.split():
            await (call.say(WAV) if each == "name" else call.press(each))
        text = await (call.say(WAV, ended_by="0") if "jméno" in call.text else call.press("0"))
        assert text.endswith("Spojujeme vás s operátorem.")
        assert call.ended == "transferred to tel:1221"


async def test_a_star_repeats_and_two_go_back(hotline: Hotline) -> None:
    call = await hotline.proven()
    asked = await call.press(NUMBER)
    assert await call.say(WAV, ended_by="*") == asked
    await call.say(WAV)
    asked = await call.press("111")
    assert await call.press("*") == asked
    assert "kód zdravotní pojišťovny" in await call.press("**")


async def test_three_silences_lead_to_the_operator(hotline: Hotline) -> None:
    call = await hotline.call()
    await call.silence()
    asked = await call.press("2")
    for _ in range(2):
        assert await call.silence() == f"Nic jsme neslyšeli. {asked}"
    assert (await call.silence()).startswith("Nerozuměli jsme si.")
    assert call.ended == "transferred to tel:1221"


async def test_three_wrong_keys_lead_to_the_operator(hotline: Hotline) -> None:
    call = await hotline.call()
    await call.silence()
    for _ in range(2):
        assert "stiskněte jedna" in await call.press("7")
        assert not call.ended
    assert "Nerozuměli jsme si." in await call.press("8")
    assert call.ended == "transferred to tel:1221"


async def test_another_day_is_asked_for_and_entered(hotline: Hotline) -> None:
    call = await register(hotline)
    await call.press("1")
    await call.press("2")
    await call.press(hotline.invite())
    assert "osm číslic" in await call.press("9")
    assert "Ten den volno není." in await call.press("26012021")


async def test_a_dropped_call_goes_on_where_it_was_once_the_caller_has_shown_who_she_is(
    hotline: Hotline,
) -> None:
    call = await hotline.proven()
    await call.press(NUMBER)
    await call.hang_up()

    call = await hotline.call()
    assert "zadejte poslední čtyři číslice" in await call.silence()
    assert "To nesouhlasí." in await call.press("9999")
    assert "řekněte jméno" in await call.press("3123")


async def test_who_cannot_show_it_begins_anew(hotline: Hotline) -> None:
    call = await hotline.proven()
    await call.press(NUMBER)
    await call.hang_up()

    call = await hotline.call()
    asked = await call.silence()
    assert await call.press("*") == asked
    for wrong in ("1111", "2222"):
        await call.press(wrong)
    assert "Chcete-li se registrovat" in call.text
    assert hotline.ask("SELECT count FROM wrong_pins") == [(2,)]


async def test_a_document_that_was_lost_on_its_way_is_asked_for_again(hotline: Hotline) -> None:
    call = await hotline.call()
    await call.silence()
    lost = await call.press("1")
    menu = call.documents[-2]
    await call._open(menu)
    assert await call.press("1") == lost
    assert hotline.ask("SELECT count(*) FROM registrations") == [(0,)]


@pytest.mark.parametrize("caller", [None, "sip:anonymous@anonymous.invalid", "", "tel:" + "9" * 400])
async def test_a_withheld_number_is_no_hindrance(hotline: Hotline, caller: str | None) -> None:
    call = await hotline.call(caller)
    assert "Chcete-li se registrovat" in await call.silence()


async def test_only_the_platform_may_begin(hotline: Hotline) -> None:
    async def status(path: str, **headers: str) -> int:
        async with hotline.http.get(f"{hotline.url}{path}", headers=headers) as response:
            return response.status

    assert await status("/voicexml") == 401
    assert await status("/voicexml?key=wrong") == 401
    assert await status("/voicexml", **{"X-VoiceXML-Key": "wrong"}) == 401
    assert await status("/voicexml", **{"X-VoiceXML-Key": KEY}) == 200
    assert await status("/voicexml?key=the%20platform%27s%20own%20key") == 200


def _other_place(_: Call) -> dict[str, str]:
    return {"call": "AAAA", "how": "keys", "keys": "1"}


def _other_event(call: Call) -> dict[str, str]:
    return {"call": str(call._variables["call"]), "how": "robbery"}


def _other_keys(call: Call) -> dict[str, str]:
    return {"call": str(call._variables["call"]), "how": "keys", "keys": "REG Jan Novák"}


@pytest.mark.parametrize(
    ("forged", "status"),
    [
        pytest.param(_other_place, 403, id="a place that is not ours"),
        pytest.param(_other_event, 400, id="an event that we never asked for"),
        pytest.param(_other_keys, 400, id="words for keys"),
        pytest.param(lambda _: {}, 401, id="nothing, and no key"),
    ],
)
async def test_what_no_document_of_ours_asks_for_is_refused(
    hotline: Hotline, forged: Callable[[Call], dict[str, str]], status: int
) -> None:
    call = await hotline.call()
    async with hotline.http.post(f"{hotline.url}/voicexml", data=forged(call)) as response:
        assert response.status == status


@pytest.mark.parametrize(
    "nothing", [NOTHING_SAID, b"RIFF\x24\0\0\0WAVEfmt " + bytes(28)], ids=["a quiet line", "no sound at all"]
)
async def test_whoever_says_no_name_is_asked_again_and_gets_the_operator(
    hotline: Hotline, nothing: bytes
) -> None:
    call = await hotline.proven()
    await call.press(NUMBER)
    for _ in range(2):
        assert "Nic jsme neslyšeli." in await call.say(nothing)
        assert "řekněte jméno" in call.text
    await call.say(nothing)
    assert call.ended == "transferred to tel:1221"
    assert hotline.ask("SELECT count(*) FROM recordings") == [(0,)]


async def test_a_recording_that_is_none_leads_to_the_operator(hotline: Hotline) -> None:
    call = await hotline.proven()
    await call.press(NUMBER)
    await call.say(b"<html>")
    assert call.ended == "transferred to tel:1221"
    assert hotline.ask("SELECT count(*) FROM recordings") == [(0,)]


@pytest.mark.parametrize(
    ("path", "status"),
    [("cs/0123abcd.wav", 404), ("cs/..%2f..%2fcrs.wav", 404), ("../cs/0123abcd.wav", 404)],
)
async def test_only_recorded_sentences_are_given_out(hotline: Hotline, path: str, status: int) -> None:
    async with hotline.http.get(f"{hotline.url}/voicexml/{path}") as response:
        assert response.status == status


async def test_a_place_lasts_an_hour(hotline: Hotline) -> None:
    call = await hotline.call()
    hotline.ahead = timedelta(hours=1, minutes=1)
    await call.silence()
    assert call.ended == "transferred to tel:1221"
