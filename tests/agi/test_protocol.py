"""FastAGI's lines, as a real Asterisk writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.agi.protocol import (
    HangupNotice,
    Nonsense,
    Replies,
    Reply,
    pressed,
    read_environment,
    write_command,
)
from tests.agi.peer import ENVIRONMENT


def environment(**changes: str) -> list[str]:
    known = dict(line.split(": ", 1) for line in ENVIRONMENT.splitlines() if line)
    return [f"{name}: {value}" for name, value in (known | changes).items()]


def test_the_environment_names_the_call_and_its_query():
    call = read_environment(environment())
    assert (call.call_id, call.script, call.dialled) == ("1611561600.17", "hotline", "1221")
    assert call.query == {"call": "17.1", "key": "k"}
    assert call.caller == "+420601123456"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"agi_callingpres": "32"}, id="presentation restricted"),
        pytest.param({"agi_callingpres": "67"}, id="number not available"),
        pytest.param({"agi_callerid": "unknown"}, id="no number"),
        pytest.param({"agi_callerid": ""}, id="nothing"),
        pytest.param({"agi_callerid": "anonymous"}, id="a word"),
    ],
)
def test_a_withheld_number_is_none(changes):
    assert read_environment(environment(**changes)).caller is None


@pytest.mark.parametrize("lines", [["GET / HTTP/1.1"], ["agi_request: agi://x/y"], []])
def test_a_peer_that_does_not_speak_agi_is_told_apart(lines):
    with pytest.raises(Nonsense):
        read_environment(lines)


def test_a_call_is_shown_without_the_number():
    assert "601123456" not in repr(read_environment(environment()))


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("200 result=0", Reply(200, "0")),
        ("200 result=1 endpos=16000", Reply(200, "1", end_position=16_000)),
        ("200 result=123", Reply(200, "123")),
        ("200 result=123 (timeout)", Reply(200, "123", "timeout")),
        ("200 result= (timeout)", Reply(200, "", "timeout")),
        ("200 result=", Reply(200, "")),
        ("510 Invalid or unknown command", Reply(510)),
        ("511 Command Not Permitted on a dead channel or intercept routine", Reply(511)),
    ],
)
def test_an_answer_of_one_line(line, reply):
    assert Replies().read(line) == reply


def test_a_usage_text_of_many_lines_is_one_answer():
    replies = Replies()
    lines = [
        "520-Invalid command syntax.  Proper usage follows:",
        " Usage: GET DATA <file>",
        "200 result=9",
    ]
    assert [replies.read(line) for line in lines] == [None, None, None]
    assert replies.read("520 End of proper usage.") == Reply(520)
    assert replies.read("200 result=0") == Reply(200, "0")


def test_a_hang_up_may_come_before_any_answer():
    replies = Replies()
    assert replies.read("HANGUP") == HangupNotice()
    assert replies.read("200 result=-1") == Reply(200, "-1")


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("200 result=123", ("123", False)),
        ("200 result=12* (timeout)", ("12*", True)),
        ("200 result=", ("", False)),
        ("200 result= (timeout)", ("", True)),
    ],
)
def test_the_keys_that_were_pressed(line, keys):
    reply = Replies().read(line)
    assert isinstance(reply, Reply)
    assert pressed(reply) == keys


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n")))
def test_no_word_can_begin_a_second_command(word):
    line = write_command("SET", "VARIABLE", "NAME", word).decode()
    assert line.count("\n") == 1
    assert line.endswith("\n")


def test_a_word_with_a_line_end_is_refused():
    with pytest.raises(ValueError, match="one line"):
        write_command("SET", "VARIABLE", "X", "1\nHANGUP")


@given(st.text(max_size=80))
def test_any_line_is_an_answer_or_nonsense(line):
    try:
        reply = Replies().read(line)
    except Nonsense:
        return
    assert reply is None or isinstance(reply, Reply | HangupNotice)
