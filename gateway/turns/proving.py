"""Whose phone it is: the verbs that send a PIN1 to it, and hear it told back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, TypeAlias

from conversations.events import Outcome
from conversations.media.gsm import fold, segments
from conversations.words import Words
from core.messages import SMS_CHANNEL, VOICE_CHANNEL, Address, Lane, NewMt
from core.phones import Phone, is_mobile, parse_phone
from core.pins import new_pin1
from core.routing import OperatorChoice, choose_operator
from core.store.pin1s import GOOD_FOR, PIN1, Blocked, Expired, Given, OnItsWay, Proven, TooOften, Wrong
from core.store.work import Work
from gateway.turns.backlog import Backlog, told_wait
from gateway.turns.person import Person

Said: TypeAlias = Mapping[str, Any]

SENT_TO: Final = "+420"
"""Whoever asks may name any number: abroad an SMS costs much, and some earn by having it sent."""
_ENDING_DIGITS: Final = 3


@dataclass(frozen=True, slots=True)
class Post:
    """How a PIN1 leaves: its words, the operators as they are now, what waits there, and chance."""

    words: Words
    operators: Sequence[OperatorChoice]
    backlog: Backlog
    random: Random
    """For real PINs a ``secrets.SystemRandom``."""


class Proving:
    """The verbs of one turn."""

    def __init__(self, work: Work, person: Person, post: Post, *, now: datetime) -> None:
        self._work = work
        self._person = person
        self._post = post
        self._now = now

    def suggest_phone(self, _: Said) -> Outcome:
        """The number that a call comes from, as its network says; it proves nothing."""
        address = self._person.address
        phone = _mobile(address.number) if address.channel == VOICE_CHANNEL else None
        if phone is None:
            return Outcome("unknown")
        return Outcome("suggested", {"phone": phone, "ending": _ending(phone)})

    def send_pin1(self, said: Said) -> Outcome:
        """Send a PIN1 by SMS, unless the phone is proven, or one is on its way."""
        phone = _mobile(str(said["phone"] or ""))
        if phone is None:
            return Outcome("no_mobile")
        if phone == self._person.phone:
            return Outcome("proven")
        operator = choose_operator(phone, self._post.operators, self._work.routes.find([phone]))
        wait = self._post.backlog.wait(self._work, operator, now=self._now)
        pin, expires_at = new_pin1(self._post.random), self._now + wait + GOOD_FOR
        told = {"ending": _ending(phone), "wait": _minutes(wait)}
        match self._work.pin1s.give(self._person.address, phone, pin, now=self._now, expires_at=expires_at):
            case Given():
                language = said["language"] or "cs"
                self._send(Address(SMS_CHANNEL, phone), operator, pin, language, expires_at=expires_at)
                return Outcome("sent", told)
            case OnItsWay():
                return Outcome("on_its_way", told)
            case TooOften():
                return Outcome("too_often")
            case Blocked():
                return Outcome("blocked")

    def check_pin1(self, said: Said) -> Outcome:
        match self._work.pin1s.check(self._person.address, str(said["pin1"] or ""), now=self._now):
            case Proven(phone=phone):
                self._person.prove(phone, how=PIN1)
                return Outcome("proven")
            case Wrong(left=left):
                return Outcome("wrong", {"left": left})
            case Expired():
                return Outcome("expired")
            case Blocked():
                return Outcome("blocked")

    def _send(
        self, address: Address, operator: str, pin: str, language: str, *, expires_at: datetime
    ) -> None:
        minutes = GOOD_FOR // timedelta(minutes=1)
        text = fold(self._post.words.render_notice("pin1", language, pin=pin, minutes=minutes))
        mt = NewMt(
            address=address,
            operator=operator,
            lane=Lane.ANSWER,
            purpose=PIN1,
            text=text,
            segments=segments(text),
            created_at=self._now,
            valid_until=expires_at,
        )
        self._post.backlog.add(mt)
        self._work.outbox.add([mt])


def _mobile(written: str) -> str | None:
    """The number in E.164, if it is one that we send a PIN1 to."""
    match parse_phone(written):
        case Phone(e164=e164) if e164.startswith(SENT_TO) and is_mobile(e164):
            return e164
        case _:
            return None


def _ending(phone: str) -> str:
    return phone[-_ENDING_DIGITS:]


def _minutes(wait: timedelta) -> int | None:
    told = told_wait(wait)
    return told["hours"] * 60 if "hours" in told else told.get("minutes")
