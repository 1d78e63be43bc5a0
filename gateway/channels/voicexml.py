"""The hotline for platforms that speak VoiceXML 2.1: one document per turn, over HTTP.

Source: https://www.w3.org/TR/voicexml21/. The first request shows the key, in a header or in the query; the
later ones show what only we can have sealed. No address of ours says anything about a person.
"""

import asyncio
import hmac
import secrets
from collections.abc import Iterator, Mapping
from typing import Final

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from conversations.session import DEFAULT_LANGUAGE
from gateway.channels.channel import Channel, House
from gateway.channels.voice import RECORDED
from gateway.voice.turns import Turns
from gateway.voicexml.call import Calls, Sent
from gateway.voicexml.documents import CONTENT_TYPE, How
from gateway.voicexml.place import NoPlace, Place, Stage

log = structlog.get_logger()

PATH: Final = "/voicexml"
KEY_HEADER: Final = "X-VoiceXML-Key"


class VoiceXml:
    """Answers the platform's requests."""

    def __init__(self, calls: Calls, house: House, *, key: str) -> None:
        self._calls = calls
        self._house = house
        self._key = key

    async def begin(self, request: web.Request) -> web.Response:
        """A call comes in."""
        shown = request.headers.get(KEY_HEADER) or request.query.get("key", "")
        if not hmac.compare_digest(shown.encode(), self._key.encode()):
            raise web.HTTPUnauthorized
        place = Place(secrets.token_hex(8), self._house.clock(), Stage.START, DEFAULT_LANGUAGE)
        return _document(self._calls.begin(place))

    async def go_on(self, request: web.Request) -> web.Response:
        """A document comes back, filled; a POST without one begins a call like a GET."""
        posted = await request.post()
        if "call" not in posted:
            return await self.begin(request)
        try:
            place = Place.open(str(posted["call"]), self._house.store.vault, now=self._house.clock())
        except NoPlace:
            raise web.HTTPForbidden from None
        try:
            sent = _read(posted)
        except ValueError:
            raise web.HTTPBadRequest from None
        try:
            return _document(await asyncio.to_thread(self._calls.lead, place, sent))
        except SQLAlchemyError as error:  # the document before says what to do then: the operator
            log.warning("voicexml.not_now", call=place.call_id, error=type(error).__name__)
            raise web.HTTPServiceUnavailable from None

    async def sound(self, request: web.Request) -> web.FileResponse:
        """A sentence that a person has recorded."""
        path = RECORDED / request.match_info["language"] / f"{request.match_info['name']}.wav"
        if not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={"Content-Type": "audio/x-wav"})


def open_channels(house: House) -> Iterator[Channel]:
    """One, if the settings give the platform a key."""
    chosen = house.settings.voicexml
    if chosen.key is None:
        return
    calls = Calls(
        Turns(house.store, house.runner, house.clock, by=f"voicexml {secrets.token_hex(4)}"),
        house.library,
        seal=lambda place: place.seal(house.store.vault),
        path=PATH,
        transfer_to=chosen.transfer_to,
        country=house.settings.sms.country,
        recorded=RECORDED,
        recordings=chosen.recordings or house.settings.embedded.folder / "recordings",
    )
    platform = VoiceXml(calls, house, key=chosen.key.get_secret_value())
    routes = [
        web.get(PATH, platform.begin),
        web.post(PATH, platform.go_on),
        web.get(PATH + "/{language:[a-z]{2}}/{name:[0-9a-f]+}.wav", platform.sound),
    ]
    yield Channel(_serve, routes=routes)


async def _serve() -> None:
    """The platform comes to us: there is nothing to run."""
    await asyncio.Event().wait()


def _read(posted: Mapping[str, object]) -> Sent:
    """What the platform sent; raises ValueError for what no document of ours asks for."""
    recording = posted.get("recording")
    wav = recording.file.read() if isinstance(recording, web.FileField) else None
    if wav is not None and not wav.startswith(b"RIFF"):
        raise ValueError("this is no WAV file")
    keys = str(posted.get("keys", ""))
    if len(keys) > 100 or not set(keys) <= set("0123456789*# "):
        raise ValueError("these are no keys")
    return Sent(
        How(str(posted.get("how", ""))),
        "".join(keys.split()),
        str(posted.get("caller", "")),
        wav,
    )


def _document(written: bytes) -> web.Response:
    return web.Response(body=written, content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})
