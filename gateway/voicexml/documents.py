"""VoiceXML 2.1 documents: one for each thing that is asked or said. Values in, bytes out.

Source: https://www.w3.org/TR/voicexml21/ and /voicexml20/, https://www.w3.org/TR/speech-grammar/ (SRGS 1.0).
The platform sends back ``call`` (where the call stands), ``how`` (what happened) and ``keys`` or a recording.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

CONTENT_TYPE: Final = "application/voicexml+xml"
NAMESPACE: Final = "http://www.w3.org/2001/vxml"
LANG: Final = "xml:lang"
FETCH_WITHIN: Final = "15s"
MOST_SILENCES: Final = 3
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 §2.2


class How(StrEnum):
    """What the platform says happened."""

    BEGAN = "began"
    KEYS = "keys"
    SILENCE = "silence"
    NO_MATCH = "nomatch"
    AGAIN = "again"
    OPERATOR = "operator"
    HANGUP = "hangup"


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said, and where its sound is if somebody has recorded it."""

    text: str = field(repr=False)
    language: str
    sound: str | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """What may be pressed: one of some keys, or a number of so many digits; ``*`` and ``**`` always."""

    single: Sequence[str] = ()
    most: int = 1
    wait: timedelta = timedelta(seconds=7)


@dataclass(frozen=True, slots=True)
class Frame:
    """What all documents of a call have in common."""

    call: str  # a sealed Place
    language: str
    next: str  # where answers are sent, without anything about the person
    transfer_to: str
    operator: Sequence[Sentence]  # said before a call is given to the operator
    unreachable: Sequence[Sentence]  # said when there is none


def start(frame: Frame) -> bytes:
    """Learn who calls, for the session to be found again; nothing is said."""
    vxml, form = _document(frame)
    block = SubElement(form, "block")
    # A platform that hides the caller, or does not know her, raises error.semantic.
    SubElement(block, "var", name="caller", expr="session.connection.remote.uri")
    _submit(block, frame, How.BEGAN, "caller")
    _submit(SubElement(form, "catch", event="error.semantic"), frame, How.BEGAN)
    return _written(vxml)


def question(
    frame: Frame,
    said: Sequence[Sentence],
    keys: Keys,
    *,
    unheard: Sequence[Sentence],
    gave_up: Sequence[Sentence],
    may_interrupt: bool = True,
) -> bytes:
    """Ask for keys; three silences lead to the operator."""
    vxml, form = _document(frame)
    asked = SubElement(form, "field", name="keys")
    seconds = f"{keys.wait.total_seconds():g}s"
    SubElement(asked, "property", name="timeout", value=seconds)
    SubElement(asked, "property", name="interdigittimeout", value=seconds)
    asked.append(_grammar(keys))
    _prompt(asked, said, may_interrupt=may_interrupt)
    _silences(asked, frame, unheard, gave_up)
    _submit(SubElement(asked, "nomatch"), frame, How.NO_MATCH)
    _submit(SubElement(asked, "filled"), frame, How.KEYS, "keys")
    return _written(vxml)


def greet(frame: Frame, said: Sequence[Sentence], keys: Keys) -> bytes:
    """Say hello; whoever is silent takes the language that was spoken."""
    vxml, form = _document(frame)
    asked = SubElement(form, "field", name="keys")
    SubElement(asked, "property", name="timeout", value=f"{keys.wait.total_seconds():g}s")
    asked.append(_grammar(keys))
    _prompt(asked, said)
    _submit(SubElement(asked, "catch", event="noinput nomatch"), frame, How.SILENCE)
    _submit(SubElement(asked, "filled"), frame, How.KEYS, "keys")
    return _written(vxml)


def offer(frame: Frame, said: Sequence[Sentence], keys: Keys, *, goodbye: Sequence[Sentence]) -> bytes:
    """Say the last words and offer to go on; whoever is silent has finished."""
    vxml, form = _document(frame)
    asked = SubElement(form, "field", name="keys")
    SubElement(asked, "property", name="timeout", value=f"{keys.wait.total_seconds():g}s")
    asked.append(_grammar(keys))
    _prompt(asked, said)
    done = SubElement(asked, "catch", event="noinput nomatch")
    _prompt(done, goodbye)
    SubElement(done, "disconnect")
    _submit(SubElement(asked, "filled"), frame, How.KEYS, "keys")
    return _written(vxml)


def record(
    frame: Frame,
    said: Sequence[Sentence],
    *,
    longest: timedelta,
    silence: timedelta,
    unheard: Sequence[Sentence],
    gave_up: Sequence[Sentence],
) -> bytes:
    """Ask for a few spoken words; any key ends them."""
    vxml, form = _document(frame)
    spoken = SubElement(
        form,
        "record",
        name="recording",
        beep="true",
        maxtime=f"{longest.total_seconds():g}s",
        finalsilence=f"{silence.total_seconds():g}s",
        dtmfterm="true",
        type="audio/x-wav",
    )
    _prompt(spoken, said)
    _silences(spoken, frame, unheard, gave_up)
    filled = SubElement(spoken, "filled")
    ended = SubElement(filled, "if", cond="recording$.termchar == '0'")
    _submit(ended, frame, How.OPERATOR)
    SubElement(ended, "elseif", cond="recording$.termchar == '*'")
    _submit(ended, frame, How.AGAIN)
    SubElement(ended, "else")
    _submit(ended, frame, How.KEYS, "recording", enctype="multipart/form-data")
    return _written(vxml)


def to_operator(frame: Frame, said: Sequence[Sentence] = ()) -> bytes:
    """Give the call away."""
    vxml, form = _document(frame)
    block = SubElement(form, "block")
    _prompt(block, said)
    SubElement(block, "goto", next="#operator")
    return _written(vxml)


def goodbye(frame: Frame, said: Sequence[Sentence] = ()) -> bytes:
    """Say so, and hang up."""
    vxml, form = _document(frame)
    block = SubElement(form, "block")
    _prompt(block, said)
    SubElement(block, "disconnect")
    return _written(vxml)


def gone() -> bytes:
    """To whom has hung up already."""
    vxml = Element("vxml", {"version": "2.1", "xmlns": NAMESPACE})
    SubElement(SubElement(SubElement(vxml, "form"), "block"), "exit")
    return _written(vxml)


def _document(frame: Frame) -> tuple[Element, Element]:
    """A document with the variables that travel, what to do when something breaks, and its first form."""
    vxml = Element("vxml", {"version": "2.1", "xmlns": NAMESPACE, LANG: frame.language})
    for name, value in (("inputmodes", "dtmf"), ("termchar", "#"), ("fetchtimeout", FETCH_WITHIN)):
        SubElement(vxml, "property", name=name, value=value)
    SubElement(vxml, "var", name="call", expr=f"'{frame.call}'")
    SubElement(vxml, "var", name="how", expr="''")
    _submit(SubElement(vxml, "catch", event="connection.disconnect.hangup"), frame, How.HANGUP)
    SubElement(SubElement(vxml, "catch", event="error"), "goto", next="#operator")
    form = SubElement(vxml, "form", id="turn")
    vxml.append(_operator(frame))
    return vxml, form


def _operator(frame: Frame) -> Element:
    form = Element("form", id="operator")
    transfer = SubElement(form, "transfer", name="operator", dest=frame.transfer_to, type="blind")
    _prompt(transfer, frame.operator, may_interrupt=False)
    SubElement(SubElement(transfer, "catch", event="connection.disconnect"), "exit")
    for failed in (SubElement(transfer, "catch", event="error"), SubElement(transfer, "filled")):
        _prompt(failed, frame.unreachable)
        SubElement(failed, "disconnect")
    return form


def _silences(item: Element, frame: Frame, unheard: Sequence[Sentence], gave_up: Sequence[Sentence]) -> None:
    once = SubElement(item, "noinput")
    _prompt(once, unheard)
    SubElement(once, "reprompt")
    last = SubElement(item, "noinput", count=str(MOST_SILENCES))
    _prompt(last, gave_up)
    _submit(last, frame, How.OPERATOR)


def _submit(to: Element, frame: Frame, how: How, more: str = "", **attributes: str) -> None:
    SubElement(to, "assign", name="how", expr=f"'{how}'")
    names = f"call how {more}".strip()
    SubElement(to, "submit", {"next": frame.next, "method": "post", "namelist": names, **attributes})


def _prompt(to: Element, said: Iterable[Sentence], *, may_interrupt: bool = True) -> None:
    prompt = Element("prompt", bargein=str(may_interrupt).lower())
    for sentence in said:
        to_say = SubElement(prompt, "s", {LANG: sentence.language})
        if sentence.sound:
            to_say = SubElement(to_say, "audio", src=sentence.sound)
        to_say.text = _NOT_IN_XML.sub("", sentence.text)
    if len(prompt):
        to.append(prompt)


def _grammar(keys: Keys) -> Element:
    grammar = Element("grammar", mode="dtmf", version="1.0", root="keys")
    rule = SubElement(grammar, "rule", id="keys", scope="public")
    ways = SubElement(rule, "one-of")
    for key in (*keys.single, "*", "* *"):
        SubElement(ways, "item").text = key
    if keys.most > 1:
        number = SubElement(SubElement(ways, "item"), "item", repeat=f"1-{keys.most}")
        SubElement(number, "ruleref", uri="#digit")
        digits = SubElement(SubElement(grammar, "rule", id="digit"), "one-of")
        for digit in "0123456789":
            SubElement(digits, "item").text = digit
    return grammar


def _written(vxml: Element) -> bytes:
    return bytes(tostring(vxml, encoding="utf-8", xml_declaration=True))
