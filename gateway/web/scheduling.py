"""Free dates for other sites' maps at /smart-scheduling: made anew every two minutes, while somebody asks.

Source: smart-scheduling-links, specification.md; RFC 9110 §13 (conditional requests).
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

import structlog
from aiohttp import ETag, hdrs, web
from sqlalchemy.exc import SQLAlchemyError

from core.exports.smart import MANIFEST, Publication
from gateway.web.visitor import Front

log = structlog.get_logger()

PATH: Final = "/smart-scheduling"
LASTS: Final = timedelta(minutes=2)
WORTH_HAVING: Final = timedelta(minutes=5)  # after LASTS still given at once, while the next one is made
RETRY_AFTER: Final = timedelta(seconds=10)
NDJSON: Final = "application/fhir+ndjson"


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    tag: str
    changed_at: datetime
    content_type: str


@dataclass(frozen=True, slots=True)
class _Published:
    made_at: datetime
    changed_at: datetime
    publication: Publication
    files: Mapping[str, _File]


class SchedulingLinks:
    """The manifest and its files, kept for a minute; what did not change keeps its time and its tag."""

    def __init__(
        self,
        publish: Callable[[datetime], Publication],
        front: Front,
        clock: Callable[[], datetime],
        *,
        public_url: str = "",
    ) -> None:
        self._publish = publish
        self._front = front
        self._clock = clock
        self._public_url = public_url.rstrip("/")
        self._kept: _Published | None = None
        self._making: asyncio.Task[_Published] | None = None

    @property
    def routes(self) -> list[web.RouteDef]:
        return [web.get(f"{PATH}/{MANIFEST}", self.manifest), web.get(f"{PATH}/{{name}}", self.file)]

    async def manifest(self, request: web.Request) -> web.Response:
        """Where the files are, as whoever asks reaches us."""
        kept = await self._current()
        base = (self._public_url or self._front.origin(request)) + PATH
        said = kept.publication.manifest(base, at=kept.changed_at)
        return _answer(
            request, _file(json.dumps(said, indent=2).encode(), kept.changed_at, "application/json")
        )

    async def file(self, request: web.Request) -> web.Response:
        kept = await self._current()
        found = kept.files.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound(text=f"There is no such file; {PATH}/{MANIFEST} names them.")
        return _answer(request, found)

    async def made(self) -> None:
        """Wait for what is being made, if anything is, and however it ends."""
        if self._making:
            await asyncio.wait({self._making})

    async def _current(self) -> _Published:
        now = self._clock()
        age = now - self._kept.made_at if self._kept else WORTH_HAVING
        if self._kept is None or not timedelta(0) <= age < WORTH_HAVING:
            return await self._renew(now)
        if age >= LASTS:
            self._make_later(now)
        return self._kept

    async def _renew(self, now: datetime) -> _Published:
        """Wait for the next one; all who wait, wait for the same."""
        try:
            return await asyncio.shield(self._make_later(now))
        except SQLAlchemyError:
            raise web.HTTPServiceUnavailable(
                text="The database does not answer.",
                headers={hdrs.RETRY_AFTER: str(RETRY_AFTER.seconds)},
            ) from None

    def _make_later(self, now: datetime) -> asyncio.Task[_Published]:
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(self._make(now))
            self._making.add_done_callback(_tell)
        return self._making

    async def _make(self, now: datetime) -> _Published:
        publication = await asyncio.to_thread(self._publish, now)
        self._kept = _renewed(self._kept, publication, now)
        return self._kept


def _tell(made: asyncio.Task[_Published]) -> None:
    if not made.cancelled() and (error := made.exception()):
        log.warning("scheduling.not_now", error=type(error).__name__)


def _renewed(before: _Published | None, publication: Publication, now: datetime) -> _Published:
    files: dict[str, _File] = {}
    for output in publication.outputs:
        file = _file(output.body, now, NDJSON)
        known = before.files.get(output.name) if before else None
        files[output.name] = known if known and known.tag == file.tag else file
    is_same = before is not None and before.files == files
    return _Published(now, before.changed_at if before and is_same else now, publication, files)


def _file(body: bytes, changed_at: datetime, content_type: str) -> _File:
    return _File(body, hashlib.sha256(body).hexdigest()[:32], changed_at, content_type)


def _answer(request: web.Request, file: _File) -> web.Response:
    is_known = _has_it(request, file)
    response = web.Response(
        status=HTTPStatus.NOT_MODIFIED if is_known else HTTPStatus.OK,
        body=None if is_known else file.body,
        content_type=None if is_known else file.content_type,
        headers={
            hdrs.CACHE_CONTROL: f"public, max-age={LASTS.seconds}",
            hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",  # nothing here is anybody's own
            "X-Content-Type-Options": "nosniff",
        },
    )
    response.etag = file.tag
    response.last_modified = file.changed_at
    return response


def _has_it(request: web.Request, file: _File) -> bool:
    """A tag, where one is sent, decides alone (RFC 9110 §13.1.3)."""
    tags: tuple[ETag, ...] | None = request.if_none_match
    if tags is not None:
        return any(tag.value in (file.tag, "*") for tag in tags)
    since = request.if_modified_since
    return since is not None and file.changed_at.astimezone(UTC).replace(microsecond=0) <= since
