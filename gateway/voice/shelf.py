"""Where Asterisk fetches prompts: over HTTP from our memory, or from a folder that both can reach."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from aiohttp import web

MOST_KEPT: Final = 500
# What Asterisk fetches anew for every call it may lose while another call fetches it, too (asterisk/asterisk
# #1689); so what is everybody's is copied for an hour.
FOR_EVERYBODY: Final = "max-age=3600"
FOR_ONE: Final = "no-store"
PATH: Final = "/voice"


class Shelf(Protocol):
    """Takes sounds by name; any number of threads may use it at once."""

    def put(self, name: str, wav: bytes, *, is_personal: bool) -> str:
        """Keep a sound, and return what Asterisk shall play; what is personal is to be copied nowhere."""
        ...

    def remove(self, name: str) -> None:
        """Forget a sound."""
        ...


class HttpShelf:
    """In memory, so that what is said to one caller is on no disk of ours; the oldest of many are dropped."""

    def __init__(self, url: str) -> None:
        """``url`` is where Asterisk reaches this very process, up to the name of the sound."""
        self._url = url.rstrip("/")
        self._sounds: OrderedDict[str, tuple[bytes, str]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, name: str, wav: bytes, *, is_personal: bool) -> str:
        """Keep a sound for ``GET /voice/<name>.wav``."""
        with self._lock:
            self._sounds[name] = wav, FOR_ONE if is_personal else FOR_EVERYBODY
            self._sounds.move_to_end(name)
            while len(self._sounds) > MOST_KEPT:
                self._sounds.popitem(last=False)
        return f"{self._url}/{name}.wav"

    def remove(self, name: str) -> None:
        with self._lock:
            self._sounds.pop(name, None)

    @property
    def routes(self) -> Sequence[web.RouteDef]:
        """Served to whoever knows a name."""
        return [web.get(f"{PATH}/{{name}}.wav", self._serve)]

    async def _serve(self, request: web.Request) -> web.Response:
        with self._lock:
            found = self._sounds.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        wav, copies = found
        return web.Response(body=wav, content_type="audio/wav", headers={"Cache-Control": copies})


class FolderShelf:
    """Files in a folder that Asterisk sees under the same path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._folder.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, wav: bytes, *, is_personal: bool) -> str:
        """Write a file; Asterisk is told of it without its ending."""
        path = self._folder / f"{name}.wav"
        unfinished = path.with_suffix(f".{secrets.token_hex(4)}")  # two calls may need the same one
        unfinished.write_bytes(wav)
        unfinished.replace(path)
        return str(path.with_suffix(""))

    def remove(self, name: str) -> None:
        (self._folder / f"{name}.wav").unlink(missing_ok=True)
