"""A register as a service: JSON over HTTP, the insurance number in the body and nowhere else.

We POST ``{"number": "405123123"}`` and are answered ``{"people": [{"first_name": "Jana", "last_name": "Nová",
"is_vaccinated": false, "positive_pcr_on": "2021-01-05"}]}``; nobody is an empty list, and the last two may be
left out. Names are compared by us, so that every register compares them alike. The services of
the time published no interface; whoever has another puts a small translator in between.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final

import httpx
import structlog

from core.breaker import Breaker
from core.registers import Name, Record, Unavailable

log = structlog.get_logger()

TRIES: Final = 3
PAUSE: Final = timedelta(
    milliseconds=200
)  # before the second try, doubled each time, and up to as much again
LONGEST_ANSWER_BYTES: Final = 65_536


class _Failed(Exception):
    """No answer that can be read; ``may_pass`` says whether trying at once again makes sense."""

    def __init__(self, why: str, *, may_pass: bool) -> None:
        super().__init__(why)
        self.may_pass = may_pass


class HttpRegister:
    """Asks a service, three times if need be, and leaves it alone while it is down."""

    def __init__(
        self,
        client: httpx.Client,
        url: str,
        *,
        answers_within: timedelta,
        clock: Callable[[], datetime],
        random: Random,
        sleep: Callable[[float], None] = time.sleep,
        breaker: Breaker | None = None,
    ) -> None:
        self._client = client
        self._url = url
        self._answers_within = answers_within
        self._clock = clock
        self._random = random
        self._sleep = sleep
        self._breaker = breaker or Breaker()

    def records(self, number: str) -> tuple[Record, ...] | Unavailable:
        """Everybody under a number."""
        if not self._breaker.may_ask(self._clock()):
            return Unavailable("it has not answered lately, and is left alone for a while")
        why = ""
        for attempt in range(TRIES):
            if attempt:
                pause = PAUSE.total_seconds() * 2 ** (attempt - 1)
                self._sleep(pause * (1 + self._random.random()))
            try:
                found = self._ask(number)
            except _Failed as failed:
                why = str(failed)
                if not failed.may_pass:
                    break
            else:
                self._breaker = self._breaker.answered()
                return found
        self._breaker = self._breaker.failed(self._clock())
        log.warning("registers.no_answer", why=why)
        return Unavailable(why)

    def _ask(self, number: str) -> tuple[Record, ...]:
        with _as_failed():
            body = self._post(number)
        try:
            return tuple(_record(one) for one in json.loads(body)["people"])
        except (ValueError, KeyError, TypeError, AttributeError):
            # The cause would quote what was answered.
            raise _Failed("its answer cannot be read", may_pass=False) from None

    def _post(self, number: str) -> bytes:
        """The body of an answer; httpx limits each read, so the whole is limited here."""
        begun = time.monotonic()
        with self._client.stream("POST", self._url, json={"number": number}) as response:
            if response.status_code != httpx.codes.OK:
                passes = response.status_code >= 500 or response.status_code == httpx.codes.TOO_MANY_REQUESTS
                raise _Failed(f"it answered HTTP {response.status_code}", may_pass=passes)
            body = bytearray()
            for some in response.iter_bytes():
                body += some
                if len(body) > LONGEST_ANSWER_BYTES:
                    raise _Failed("its answer is too long", may_pass=False)
                if time.monotonic() - begun > self._answers_within.total_seconds():
                    raise _Failed("it takes too long to answer", may_pass=True)
        return bytes(body)


@contextmanager
def _as_failed() -> Iterator[None]:
    try:
        yield
    except httpx.TimeoutException:
        raise _Failed("it takes too long to answer", may_pass=True) from None
    except httpx.TransportError as error:
        raise _Failed(f"no connection ({type(error).__name__})", may_pass=True) from None
    except httpx.HTTPError as error:
        raise _Failed(f"no answer ({type(error).__name__})", may_pass=False) from None


def _record(one: dict[str, Any]) -> Record:
    positive_on = one.get("positive_pcr_on")
    is_vaccinated = one.get("is_vaccinated", False)
    if not isinstance(is_vaccinated, bool):
        raise TypeError
    first, last = one["first_name"], one["last_name"]
    if not isinstance(first, str) or not isinstance(last, str):
        raise TypeError
    return Record(Name(first, last), is_vaccinated, date.fromisoformat(positive_on) if positive_on else None)
