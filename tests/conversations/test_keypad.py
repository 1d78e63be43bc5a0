"""What keys mean, question by question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.library import load_library
from conversations.media.keypad import (
    CONSENTS,
    Again,
    AnotherDay,
    Answer,
    Back,
    Operator,
    Silence,
    is_consent,
    is_spoken,
    listening,
    read_day,
    read_keys,
)
from core.messages import Button, Expected

OPTIONS = (Button("Jihlava", "1"), Button("Třebíč", "2"))
MORE = Button("další", "DALŠÍ")
NONE = Button("žádná z nich", "0")
SITE = Expected("choice", "registration.site:a", buttons=(*OPTIONS, MORE))
GROUP = Expected("choice", "registration.group:b", buttons=(*OPTIONS, MORE, NONE))
PAIRS = Expected("choice", "reservation.pairs:c", ("day",), (*OPTIONS, MORE))
LAST_PAGE = Expected("choice", "reservation.pairs:c", ("day",), OPTIONS)
HELD = Expected("yes_no", "reservation.held:d", buttons=(Button("ano", "ANO"), Button("ne", "NE")))
NUMBER = Expected("digits", "registration.number:e", ("insurance_number",))
PIN = Expected("digits", "reservation.pin:f", ("pin",))
CODE = Expected("text", "registration.code:g", ("code",))
NAME = Expected("text", "registration.name:h", ("name",))
BUSY = Expected("text", "registration.register:i")
EVERY = [SITE, GROUP, PAIRS, LAST_PAGE, HELD, NUMBER, PIN, CODE, BUSY]


@pytest.mark.parametrize(
    ("expects", "keys", "is_ended", "meaning"),
    [
        pytest.param(SITE, "2", False, Answer("2", SITE.at), id="an option"),
        pytest.param(SITE, "7", False, Answer("7", SITE.at), id="no option: the dialogue says so"),
        pytest.param(SITE, "8", False, Answer("DALŠÍ", SITE.at), id="more"),
        pytest.param(LAST_PAGE, "8", False, Answer("8", LAST_PAGE.at), id="no more"),
        pytest.param(GROUP, "9", False, Answer("0", GROUP.at), id="none of them"),
        pytest.param(SITE, "9", False, Answer("9", SITE.at), id="nine where it is nothing"),
        pytest.param(PAIRS, "9", False, AnotherDay(), id="another day"),
        pytest.param(SITE, "*1", False, Answer("1", SITE.at), id="an option after a star"),
        pytest.param(HELD, "1", False, Answer("ANO", HELD.at), id="yes"),
        pytest.param(HELD, "2", False, Answer("NE", HELD.at), id="no"),
        pytest.param(HELD, "3", False, Answer("3", HELD.at), id="neither"),
        pytest.param(NUMBER, "405123123", True, Answer("405123123", NUMBER.at), id="a number and hash"),
        pytest.param(NUMBER, "405123123", False, Answer("405123123", NUMBER.at), id="a number, no hash"),
        pytest.param(NUMBER, "41*405123123", True, Answer("405123123", NUMBER.at), id="begun anew"),
        pytest.param(NUMBER, "0512230123", True, Answer("0512230123", NUMBER.at), id="born in 2005"),
        pytest.param(NUMBER, "0*405123123", True, Answer("405123123", NUMBER.at), id="zero taken back"),
        pytest.param(CODE, "123456", True, Answer("123456", CODE.at), id="the digits of a code"),
        pytest.param(BUSY, "1", False, Answer("1", BUSY.at), id="any key: try again"),
    ],
)
def test_keys_are_an_answer(expects, keys, is_ended, meaning):
    assert read_keys(expects, keys, is_ended=is_ended) == meaning


@pytest.mark.parametrize("expects", EVERY, ids=lambda expects: expects.at)
@pytest.mark.parametrize(
    ("keys", "is_ended", "meaning"),
    [
        pytest.param("0", True, Operator(), id="zero and hash"),
        pytest.param("0", False, Operator(), id="zero"),
        pytest.param("*", False, Again(), id="star"),
        pytest.param("12*", False, Again(), id="a number taken back"),
        pytest.param("**", False, Back(), id="two stars"),
        pytest.param("*", True, Back(), id="star and hash"),
        pytest.param("", False, Silence(), id="nothing"),
        pytest.param("", True, Again(), id="a stray hash"),
    ],
)
def test_some_keys_mean_the_same_at_every_question(expects, keys, is_ended, meaning):
    assert read_keys(expects, keys, is_ended=is_ended) == meaning
    assert read_day(expects, keys, is_ended=is_ended) == meaning


@pytest.mark.parametrize(
    ("keys", "text"),
    [("25012021", "25.1.2021"), ("250121", "25.1.2021"), ("2501", "25.1."), ("99", "99")],
)
def test_a_day_is_read_as_it_would_be_written(keys, text):
    assert read_day(PAIRS, keys, is_ended=True) == Answer(text, PAIRS.at)


@pytest.mark.parametrize(("expects", "most"), [(SITE, 1), (HELD, 1), (BUSY, 1), (NUMBER, 10), (PIN, 8)])
def test_no_more_keys_are_taken_than_a_question_has(expects, most):
    assert listening(expects).most == most


def test_only_a_consent_is_played_to_its_end():
    assert [each.at for each in [*EVERY, NAME] if is_consent(each)] == [HELD.at]


def test_every_consent_is_a_question_of_yes_and_no():
    scripts = load_library().scripts
    for dialogue, _, step in (name.partition(".") for name in CONSENTS):
        assert {"yes", "no"} <= scripts[dialogue].steps[step].choose.keys()


def test_only_a_name_is_spoken():
    assert [each.at for each in [*EVERY, NAME] if is_spoken(each)] == [NAME.at]


@given(st.sampled_from(EVERY), st.text("0123456789*", max_size=15), st.booleans())
def test_whatever_is_pressed_means_something(expects, keys, is_ended):
    for read in (read_keys, read_day):
        match read(expects, keys, is_ended=is_ended):
            case Answer(text=text):
                assert text
                assert "*" not in text
            case _:
                pass
