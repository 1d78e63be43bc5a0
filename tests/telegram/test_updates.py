"""What each update becomes: a table, and that nothing in one can raise."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.library import load_library
from conversations.media import CHAT
from conversations.reading import MOST_CHARACTERS
from conversations.script import Choose
from core.messages import Address, NewMo
from gateway.channels.telegram import commands, split
from gateway.channels.telegram_updates import (
    NotForUs,
    Pressed,
    StrayPress,
    Written,
    button_data,
    read_update,
)
from gateway.intake import FromChat

NOW = datetime(2021, 1, 22, 9, tzinfo=UTC)
LIBRARY = load_library()
PRIVATE = {"id": 4711, "type": "private"}
JANA = {"id": 4711, "is_bot": False}
FORWARDED = {"type": "user", "sender_user": {"id": 1}, "date": 1}
OURS = {"message_id": 8, "chat": PRIVATE}


def read(**what):
    return read_update({"update_id": 7, **what}, country="CZ", now=NOW)


def written(text, phone=None):
    return Written(FromChat(NewMo(Address("telegram", "4711"), "telegram", text, NOW, "7"), phone))


def pressed(reply, at):
    mo = NewMo(Address("telegram", "4711"), "telegram", reply, NOW, "7", at)
    return Pressed(FromChat(mo), "q1", 8)


@pytest.mark.parametrize(
    ("message", "becomes"),
    [
        pytest.param({"text": "Dobrý den"}, written("Dobrý den"), id="text"),
        pytest.param({"text": "/start"}, written("start"), id="command"),
        pytest.param(
            {"text": "/start REG 405123123"}, written("start REG 405123123"), id="command with more"
        ),
        pytest.param({"text": "/ztraceny_pin@crs_bot"}, written("ztraceny pin"), id="command to us by name"),
        pytest.param({"text": "/"}, written(""), id="nothing but a slash"),
        pytest.param({"text": "a" * 5000}, written("a" * MOST_CHARACTERS), id="longer than anybody reads"),
        pytest.param({"text": "a\ud800\0b"}, written("a?b"), id="what no database keeps"),
        pytest.param({"sticker": {"emoji": "👍"}}, written("👍"), id="sticker"),
        pytest.param({"sticker": {}}, written(""), id="sticker that says nothing"),
        pytest.param({"photo": [{}], "caption": "REG"}, written("REG"), id="photo with words"),
        pytest.param({"photo": [{}]}, written(""), id="photo"),
        pytest.param({"voice": {"duration": 3}}, written(""), id="voice note"),
        pytest.param({"location": {"latitude": 49.4, "longitude": 15.6}}, written(""), id="location"),
        pytest.param({"text": "REG", "forward_origin": FORWARDED}, written("REG"), id="forwarded"),
        pytest.param(
            {"contact": {"phone_number": "420601000001", "user_id": 4711}},
            written("+420601000001", "+420601000001"),
            id="own contact",
        ),
        pytest.param(
            {"contact": {"phone_number": "+420 601 000 001", "user_id": 4711}},
            written("+420601000001", "+420601000001"),
            id="own contact as it is spoken",
        ),
        pytest.param(
            {"contact": {"phone_number": "420601000001", "user_id": 12}},
            written("+420601000001"),
            id="somebody else's contact",
        ),
        pytest.param(
            {"contact": {"phone_number": "420601000001"}}, written("+420601000001"), id="not in Telegram"
        ),
        pytest.param(
            {"contact": {"phone_number": "420601000001", "user_id": 4711}, "forward_origin": FORWARDED},
            written("+420601000001"),
            id="forwarded contact",
        ),
        pytest.param({"contact": {"phone_number": "112", "user_id": 4711}}, written("112"), id="no number"),
        pytest.param({"pinned_message": {}}, NotForUs("service"), id="something was pinned"),
        pytest.param({"message_auto_delete_timer_changed": {}}, NotForUs("service"), id="something was set"),
        pytest.param({}, NotForUs("service"), id="nothing"),
        pytest.param({"text": 5}, NotForUs("service"), id="no text after all"),
    ],
)
def test_a_message_becomes_what_can_be_answered(message, becomes):
    assert read(message={"message_id": 1, "chat": PRIVATE, "from": JANA, **message}) == becomes


@pytest.mark.parametrize(
    ("update", "becomes"),
    [
        pytest.param(
            {"callback_query": {"id": "q1", "from": JANA, "message": OURS, "data": "signpost.menu:1a\n1"}},
            pressed("1", "signpost.menu:1a"),
            id="button",
        ),
        pytest.param(
            {"callback_query": {"id": "q1", "message": OURS, "data": "forged"}}, StrayPress("q1"), id="forged"
        ),
        pytest.param(
            {"callback_query": {"id": "q1", "message": OURS, "data": "a.b\0:1\n1"}},
            StrayPress("q1"),
            id="NUL",
        ),
        pytest.param(
            {"callback_query": {"id": "q1", "inline_message_id": "x", "data": "a.b:1\n1"}},
            StrayPress("q1"),
            id="under what somebody else sent",
        ),
        pytest.param({"callback_query": {"id": "q1", "game_short_name": "g"}}, StrayPress("q1"), id="game"),
        pytest.param(
            {"message": {"chat": {"id": -5, "type": "group"}, "text": "REG"}}, NotForUs("message"), id="group"
        ),
        pytest.param(
            {"edited_message": {"chat": PRIVATE, "text": "REG"}}, NotForUs("edited_message"), id="edited"
        ),
        pytest.param({"channel_post": {"text": "REG"}}, NotForUs("channel_post"), id="channel"),
        pytest.param({"my_chat_member": {"chat": PRIVATE}}, NotForUs("my_chat_member"), id="blocked us"),
        pytest.param({"poll": {}}, NotForUs("unknown"), id="of another kind"),
        pytest.param({"message": None}, NotForUs("message"), id="null"),
        pytest.param({"message": {"chat": {"id": "x"}}}, NotForUs("message"), id="of another shape"),
    ],
)
def test_what_is_no_message_to_us_is_known(update, becomes):
    assert read(**update) == becomes


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    "text",
    "caption",
    "sticker",
    "contact",
    "photo",
    "from",
    "phone_number",
    "user_id",
    "emoji",
    "data",
    "id",
]


@given(st.dictionaries(st.sampled_from(KEYS), JSON | st.dictionaries(st.sampled_from(KEYS), JSON)), JSON)
def test_nothing_in_an_update_raises(content, other):
    for update in (
        {"message": {"chat": PRIVATE, **content}},
        {"callback_query": {"message": OURS, **content}},
        {"message": content},
        {"message": other, "callback_query": other},
    ):
        outcome = read(**update)
        if isinstance(outcome, Written | Pressed):
            outcome.received.mo.text.encode()
            assert len(outcome.received.mo.text) <= MOST_CHARACTERS


def test_every_question_we_have_fits_into_its_buttons():
    replies = [str(number) for number in range(20)] + ["DALŠÍ", "ANO"]
    for script in LIBRARY.scripts.values():
        for step in script.steps.values():
            if isinstance(step, Choose):
                assert all(button_data(f"{script.name}.{step.name}:ffff", reply) for reply in replies)


def test_a_button_that_holds_too_much_is_left_out():
    assert button_data("a" * 60, "1234") is None


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=9000))
def test_a_long_text_is_split_into_messages_that_telegram_takes(text):
    pieces = split(text)
    assert all(len(piece.encode("utf-16-le")) <= 4096 * 2 for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_long_text_is_cut_between_words():
    assert split("slovo " * 1000)[0].endswith("slovo")


@pytest.mark.parametrize("language", LIBRARY.languages)
def test_the_menu_is_what_the_scripts_say_and_the_engine_understands(language):
    found = commands(LIBRARY, language)
    assert len(found) == 10  # those of the menu below the menu too
    for command in found[:-2]:
        read_back = read(message={"chat": PRIVATE, "text": f"/{command.command}"})
        assert LIBRARY.keywords[read_back.received.mo.text][1] in (language, "any")
        assert (
            LIBRARY.words.label("common", "help", {}, language=language, medium=CHAT) != command.description
        )
