"""The engine: whatever is said, at whatever step, there is an answer and a session."""

import json
import random
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations import samples
from conversations.converse import Reply, converse
from conversations.engine import MOST_TRIES, advance
from conversations.events import Act, Expect, Outcome, Said, Wait
from conversations.library import Library, load_library
from conversations.script import Choose, End, Question, read_script
from conversations.session import Session
from conversations.verbs import BUSY, VERBS, check_outcome
from tests.fakes_desk import FakeDesk

LIBRARY = load_library()
NOW = datetime(2021, 1, 22, 9, 0, tzinfo=ZoneInfo("Europe/Prague"))
TODAY = date(2021, 1, 22)


def talk(session: Session, *texts: str, library: Library = LIBRARY, desk: FakeDesk | None = None) -> Reply:
    """Say one thing after another; the last reply."""
    desk = desk or FakeDesk()
    for text in texts:
        reply = converse(library, session, text, now=NOW, perform=lambda act: desk.perform(act, now=NOW))
        session = reply.session
    return reply


class AnyOutcome:
    """A core that does anything the table of verbs allows."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def __call__(self, act: Act) -> Outcome:
        assert tuple(act.arguments) == VERBS[act.verb].arguments
        json.dumps(dict(act.arguments))
        name = self._chance.choice([*VERBS[act.verb].outcomes, BUSY])
        if name == BUSY:
            return Outcome(BUSY)
        values = samples.values(act.verb, name, self._chance.choice([samples.USUAL, samples.LONGEST]))
        values.pop("outcome")
        for key in ("second", "opens_on", "birth_date", "more"):
            if key in values and self._chance.random() < 0.5:
                values[key] = None
        if "options" in values:
            values["options"] = values["options"][: self._chance.randint(1, 4)]
        return Outcome(name, values)


WORDS = [
    "REG",
    "REGISTER",
    "PIN",
    "STAV",
    "STATUS",
    "MENU",
    "ANO",
    "NE",
    "YES",
    "NO",
    "DALŠÍ",
    "POMOC",
    "HELP",
    "ZPĚT",
    "BACK",
    "KONEC",
    "OPERÁTOR",
    "ENGLISH",
    "ČESKY",
    "STOP",
    "1",
    "2",
    "3",
    "4",
    "5",
    "9",
    "0",
    "405123123",
    "5512121010",
    "111",
    "VZP",
    "58601",
    "586",
    "01",
    "4711",
    "0922",
    "47110922",
    "3123",
    "Jan",
    "Novák",
    "jan@novak.cz",
    "pondělí",
    "zítra",
    "25.1.",
    "31.2.",
    "8:00",
    "31.12.9999",
    "?",
    "🙂",
    "příští",
    "tomorrow",
    "první",
    "Jihlava",
    "AB12CD34",
    "+420603123456",
    "\x00",
    "%",
    "{{",
    "}}",
]
messages = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join),
    st.text(max_size=200),
    st.text(alphabet="0123456789 ./-:", max_size=40),
)


@settings(max_examples=500, deadline=None)
@given(said=st.lists(messages, min_size=20, max_size=20), seed=st.integers())
def test_no_message_at_any_step_raises_or_loses_the_session(said: list[str], seed: int) -> None:
    """500 conversations of 20 messages with a core that answers anything."""
    perform = AnyOutcome(random.Random(seed))
    session = Session.new()
    for text in said:
        reply = converse(LIBRARY, session, text, now=NOW, perform=perform)
        assert reply.text
        stored = json.loads(json.dumps(reply.session.to_json()))
        assert Session.from_json(stored) == reply.session
        assert (reply.expects is None) != reply.session.is_open
        if reply.session.is_open:
            assert reply.session.step in LIBRARY.scripts[reply.session.dialogue].steps
        session = Session.from_json(stored)


@settings(max_examples=300, deadline=None)
@given(text=messages, data=st.data())
def test_no_message_raises_at_a_step_reached_by_no_conversation(text: str, data: st.DataObject) -> None:
    """A session may be old, half filled, or stand anywhere."""
    script = LIBRARY.scripts[data.draw(st.sampled_from(sorted(LIBRARY.scripts)))]
    step = data.draw(st.sampled_from([*script.steps, "a_step_of_yesterday"]))
    answers: dict[str, Any] = dict(
        data.draw(st.dictionaries(st.sampled_from(sorted(samples.USUAL)), st.text()))
    )
    session = Session(
        dialogue=script.name, version=0, step=step, answers=answers, history=(step, "gone"), page=3
    )
    reply = converse(LIBRARY, session, text, now=NOW, perform=AnyOutcome(random.Random(0)))
    assert reply.text


@pytest.mark.parametrize("language", LIBRARY.languages)
@pytest.mark.parametrize(
    ("dialogue", "step"),
    [
        (s.name, step)
        for s in LIBRARY.scripts.values()
        for step, it in s.steps.items()
        if isinstance(it, Question)
    ],
)
def test_help_at_every_question_helps_and_asks_again(dialogue: str, step: str, language: str) -> None:
    session = at(dialogue, step, language)
    turn = advance(LIBRARY, session, Said("POMOC", TODAY))
    assert [say.block for say in turn.says] == [f"help_{step}", step]
    assert isinstance(turn.then, Wait)
    assert turn.session == replace(session, version=turn.session.version)


@pytest.mark.parametrize(
    ("dialogue", "step"),
    [
        (s.name, step)
        for s in LIBRARY.scripts.values()
        for step, it in s.steps.items()
        if isinstance(it, Question)
    ],
)
def test_after_three_unreadable_answers_the_hotline_is_told(dialogue: str, step: str) -> None:
    session = at(dialogue, step, "cs")
    for _ in range(MOST_TRIES):
        turn = advance(LIBRARY, session, Said("???!x", TODAY))
        session = turn.session
        assert session.step == step
    assert [say.block for say in turn.says] == ["hotline", f"again_{step}"]


def at(dialogue: str, step: str, language: str) -> Session:
    """A session that waits for an answer at a step."""
    script = LIBRARY.scripts[dialogue]
    it = script.steps[step]
    facts: dict[str, Any] = {}
    options: list[dict[str, Any]] = []
    if isinstance(it, Choose):
        options = [{"value": branch} for branch in it.menu]
        if it.options_from:
            source = script.steps[it.options_from]
            verb = source.do  # type: ignore[union-attr]
            options = samples.options(verb, samples.USUAL)
            facts = {verb: {"options": options, "more": True, "outcome": "found"}}
    return Session(
        language=language,
        dialogue=dialogue,
        step=step,
        version=1,
        options=tuple(options),
        facts=facts,
        history=(step,),
    )


def test_a_renamed_step_is_found_again() -> None:
    script = LIBRARY.scripts["registration"]
    library = replace(
        LIBRARY,
        scripts={**LIBRARY.scripts, "registration": replace(script, version=2, renamed={"surname": "name"})},
    )
    session = Session(
        dialogue="registration", version=1, step="surname", answers={"insurance_number": "405123123"}
    )
    reply = talk(session, "Jan Novák", library=library)
    assert (reply.session.step, reply.session.version) == ("insurer", 2)


def test_a_lost_step_starts_over_and_asks_only_for_what_is_missing() -> None:
    known = {"insurance_number": "405123123", "name": "Jan Novák"}
    reply = talk(Session(dialogue="registration", version=1, step="gone", answers=known), "58601")
    assert reply.text.startswith("Omlouvame se")
    assert reply.session.step == "insurer"


def test_a_lost_dialogue_gets_the_menu() -> None:
    assert talk(Session(dialogue="gone", step="gone"), "58601").session.dialogue == "signpost"


def test_a_core_that_never_comes_to_an_answer_is_busy() -> None:
    """Nothing but lapsed and taken, for ever."""

    def perform(act: Act) -> Outcome:
        match act.verb:
            case "enter_pin":
                return Outcome("opened", {"registration": "1", "site": "x", "address": "y", "name": "z"})
            case _:
                return Outcome("found", {"options": [], "more": False})

    reply = converse(LIBRARY, Session.new(), "4711 0922", now=NOW, perform=perform)
    assert reply.session.is_open
    assert reply.text.endswith("odpovezte ZNOVU.")


def test_going_back_to_the_sites_asks_the_core_again() -> None:
    session = talk(Session.new(), "REG 405123123 Jan Novak 111 58601", "1").session
    turn = advance(LIBRARY, session, Said("ZPĚT", TODAY))
    assert isinstance(turn.then, Act)
    assert turn.then.verb == "find_sites"
    assert "site" not in turn.session.answers


def test_no_way_back_leads_to_a_summary_with_something_missing() -> None:
    session = talk(Session.new(), "REG 405123123 Jan Novak 111 58601", "1", "ne", "4", "58601", "2").session
    assert session.step == "summary"
    visited = []
    for _ in range(8):
        session = talk(session, "zpět").session
        visited.append(session.step)
        if session.step == "summary":
            assert {"name", "psc", "site"} <= session.answers.keys()
    assert visited[:2] == ["site", "psc_again"]


def test_a_keyword_may_stand_on_a_line_of_its_own() -> None:
    assert talk(Session.new(), "Reg:\n405123123\nJan Novák").session.step == "insurer"


def test_a_pin_is_not_seen_where_digits_are_asked_for() -> None:
    reply = talk(Session.new(), "REG", "4711 0922")
    assert reply.session.dialogue == "registration"


def test_an_insurer_and_a_postcode_are_no_pin() -> None:
    reply = talk(Session.new(), "REG 405123123 Jan Novak", "207 58601")
    assert reply.session.step == "site"


def test_a_yes_with_an_email_registers_with_it() -> None:
    session = talk(Session.new(), "REG 405123123 Jan Novak 111 58601", "1").session
    turn = advance(LIBRARY, session, Said("ANO, prosím, jan@novak.cz", TODAY))
    assert isinstance(turn.then, Act)
    assert turn.then.arguments["email"] == "jan@novak.cz"


def test_buttons_say_what_the_words_say() -> None:
    reply = talk(Session.new(), "REG 405123123 Jan Novak 111 58601")
    assert reply.expects
    assert reply.expects.kind == Expect.CHOICE
    assert [(button.label, button.reply) for button in reply.expects.buttons][:1] == [
        ("Nemocnice Jihlava 2 km", "1")
    ]
    assert reply.expects.buttons[-1].reply == "DALŠÍ"
    reply = talk(reply.session, "1")
    assert reply.expects
    assert [button.reply for button in reply.expects.buttons] == ["ANO", "NE"]


def press(session: Session, reply: str, at_step: str) -> Reply:
    """Press a button that once stood at a question."""
    desk = FakeDesk()
    return converse(
        LIBRARY,
        session,
        reply,
        now=NOW,
        perform=lambda act: desk.perform(act, now=NOW),
        medium="chat",
        at_step=at_step,
    )


def test_a_button_answers_its_own_question() -> None:
    asked = talk(Session.new(), "REG 405123123 Jan Novak 111 58601")
    assert asked.expects
    assert "Souhlasí?" in press(asked.session, "1", asked.expects.at).text


def test_a_button_stays_good_after_help() -> None:
    asked = talk(Session.new(), "REG 405123123 Jan Novak 111 58601")
    helped = talk(asked.session, "POMOC")
    assert asked.expects
    assert helped.expects
    assert helped.expects.at == asked.expects.at


def test_an_old_button_is_answered_politely_and_the_open_question_asked_again() -> None:
    sites = talk(Session.new(), "REG 405123123 Jan Novak 111 58601")
    summary = talk(sites.session, "1")
    assert sites.expects
    reply = press(summary.session, "2", sites.expects.at)
    assert reply.text.startswith("To tlačítko patřilo k dřívější otázce.")
    assert "Odpovězte ANO" in reply.text
    assert reply.session.answers["site"] == summary.session.answers["site"]


def test_a_button_of_another_page_is_old() -> None:
    first = talk(Session.new(), "REG 405123123 Jan Novak 111 58601")
    second = talk(first.session, "DALSI")
    assert first.expects
    assert "To tlačítko" in press(second.session, "1", first.expects.at).text


def test_a_button_after_the_end_shows_where_to_begin() -> None:
    asked = talk(Session.new(), "REG 405123123 Jan Novak 111 58601")
    over = talk(asked.session, "KONEC")
    assert asked.expects
    reply = press(over.session, "1", asked.expects.at)
    assert reply.text.startswith("To tlačítko patřilo k dřívější otázce. Očkování proti covidu.")


def test_chat_keeps_its_accents() -> None:
    reply = converse(
        LIBRARY, Session.new(), "REG", now=NOW, perform=AnyOutcome(random.Random(0)), medium="chat"
    )
    assert "číslo pojištěnce" in reply.text


def test_the_fake_desk_keeps_to_the_table_of_verbs() -> None:
    assert check_outcome("find_sites", "found", {"options": [], "more": False})
    assert not check_outcome("find_sites", "unknown_psc", {})


def test_a_menu_may_lead_to_another_dialogue_and_its_end() -> None:
    assert isinstance(LIBRARY.scripts["information"].steps["local"], End)
    assert talk(Session.new(), "ahoj", "4", "58601").session == Session.new()


def test_a_script_says_what_is_wrong_with_it() -> None:
    with pytest.raises(Exception, match="step a is ask and do"):
        read_script('dialogue="x"\nversion=1\nstart="a"\n[step.a]\nask=["name"]\ndo="register"')
