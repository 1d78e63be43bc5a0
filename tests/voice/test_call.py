"""A call as the caller has it: what she hears, what her keys do, where she is when something breaks."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest

from conversations.library import load_library
from conversations.session import Session
from core.messages import Button, ClaimedMt, Expected
from gateway.channels.voice import Hotline
from gateway.voice.call import Conversation
from gateway.voice.shelf import HttpShelf
from gateway.voice.sounds import Sounds
from gateway.voice.turns import Answered
from tests.voice.peer import CALLER, FAILS, GONE, HANGS_UP, MISSING, SAYS_NOTHING, ACaller, Beeps

LIBRARY = load_library()
MENU = Expected("choice", "signpost.menu:1", buttons=(Button("Registrace", "1"), Button("Termín", "2")))
NUMBER = Expected("digits", "registration.number:2", ("insurance_number",))
NAME = Expected("text", "registration.name:3", ("name",))
PAIRS = Expected("choice", "reservation.pairs:4", ("day",), (Button("pondělí", "1"),))
PIN1 = Expected("digits", "phone.pin1:6", ("pin1",))
HELD = Expected("yes_no", "reservation.held:5", (), (Button("ano", "ANO"), Button("ne", "NE")))


class Turns:
    """The other side of a call's turns: says what it was told to, and remembers what it heard."""

    def __init__(self, *answers: Expected | None, session: Session = Session()) -> None:  # noqa: B008
        """``answers``: what each turn leaves open; None is an end. After the last one, that again."""
        self._answers = list(answers)
        self._session = session
        self.said: list[tuple[str, str | None]] = []
        self.addresses: list[str] = []
        self.recordings: list[str] = []
        self.called_back: list[str] = []
        self.wrong = 0
        self.is_trusted = True
        self.is_forgotten = threading.Event()
        self.is_asked = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()

    def begin(self, address):
        return self._session

    def answer(self, address, text, *, turn, at_step, heard: Sequence[ClaimedMt]):
        self.is_asked.set()
        self.may_answer.wait(20)
        self.said.append((text, at_step))
        self.addresses.append(address.number)
        expects = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return Answered("Co dál? Řekněte.", expects, is_over=expects is None, mts=(object(),))

    def heard(self, mts):
        pass

    def forget(self, address, unheard=()):
        self.is_forgotten.set()

    def recorded(self, address, sound):
        self.recordings.append(sound)
        return 7

    def call_back(self, phone, language):
        self.called_back.append(phone)

    def forget_proof(self, address):
        self.is_trusted = False

    def wrong_proof(self, address):
        self.wrong += 1

    def is_blocked(self, address):
        return False


@pytest.fixture
def hotline(tmp_path):
    """A hotline whose dialogue is scripted."""
    shelf = HttpShelf("http://127.0.0.1:1/voice")
    sounds = Sounds(Beeps(), shelf, recorded=tmp_path, built=tmp_path)

    def _hotline(turns: Turns, *, at_once: int = 30, within: float = 20.0, longest: float = 60.0) -> Hotline:
        def open_call(caller, line):
            return Conversation(
                caller,
                line,
                turns,
                sounds,
                LIBRARY,
                recordings="/rec",
                turn_within=timedelta(seconds=within),
            )

        return Hotline(open_call, key="k", country="CZ", at_once=at_once, longest=timedelta(seconds=longest))

    return _hotline


async def test_a_call_that_came_to_its_end_says_so_last(hotline):
    turns = Turns(MENU, NUMBER, None)
    made = await ACaller(("signpost.menu", "1"), ("registration.number", "405123123#")).call(
        hotline(turns).lead
    )
    assert turns.said == [("ČESKY", None), ("1", MENU.at), ("405123123", NUMBER.at)]
    assert made.prompts[-3:] == ["end", "anything_else", "goodbye"]
    assert made.commands[-1] == "SET VARIABLE IVR_OUTCOME done"


async def test_a_language_is_chosen_by_key(hotline):
    turns = Turns(MENU)
    await ACaller(("greeting", "9"), ("signpost.menu", "0")).call(hotline(turns).lead)
    assert turns.said[0] == ("ENGLISH", None)


async def test_whoever_knows_the_menu_presses_into_the_greeting(hotline):
    turns = Turns(MENU, NUMBER)
    await ACaller(("greeting", "2"), ("registration.number", "0#")).call(hotline(turns).lead)
    assert turns.said[:2] == [("ČESKY", None), ("2", MENU.at)]


@pytest.mark.parametrize("presentation", ["32", "67"])
async def test_a_withheld_number_has_a_conversation_of_its_own(hotline, presentation):
    turns = Turns(MENU)
    caller = ACaller(("signpost.menu", "0"), presentation=presentation)
    await caller.call(hotline(turns).lead, "1611561600.99")
    assert set(turns.addresses) == {"call:1611561600.99"}


async def test_two_calls_from_one_number_do_not_share_a_conversation(hotline):
    turns = Turns(MENU)
    line = hotline(turns)
    turns.may_answer.clear()
    first = asyncio.create_task(ACaller(("signpost.menu", "0")).call(line.lead, "1.1"))
    second = asyncio.create_task(ACaller(("signpost.menu", "0")).call(line.lead, "1.2"))
    turns.may_answer.set()
    await asyncio.gather(first, second)
    assert set(turns.addresses) in ({CALLER, "call:1.1"}, {CALLER, "call:1.2"})


async def test_zero_gives_the_operator_at_every_step(hotline):
    for prompt, question in [
        ("greeting", MENU),
        ("signpost.menu", MENU),
        ("registration.number", NUMBER),
        ("registration.name", NAME),
        ("reservation.held", HELD),
    ]:
        turns = Turns(question)
        made = await ACaller((prompt, "0")).call(hotline(turns).lead)
        assert turns.said[-1] == ("OPERÁTOR", None)
        assert made.prompts[-1] == "operator"
        assert not made.is_done


async def test_three_silences_give_the_operator(hotline):
    turns = Turns(MENU)
    made = await ACaller().call(hotline(turns).lead)
    assert made.prompts == ["greeting", *["signpost.menu"] * 3, "gave_up"]
    assert len(turns.said) == 1  # silence is no answer
    assert not made.is_done


async def test_three_answers_that_mean_nothing_give_the_operator(hotline):
    turns = Turns(MENU)
    made = await ACaller(*[("signpost.menu", "7")] * 3).call(hotline(turns).lead)
    assert [text for text, _ in turns.said] == ["ČESKY", "7", "7", "7"]
    assert made.prompts[-1] == "gave_up"
    assert not made.is_done


async def test_an_answer_forgives_the_failures_before_it(hotline):
    turns = Turns(MENU, NUMBER, MENU, None)
    rules = [("menu", ""), ("menu", ""), ("menu", "1"), ("number", ""), ("number", ""), ("number", "4#")]
    made = await ACaller(*rules, ("menu", ""), ("menu", ""), ("menu", "1")).call(hotline(turns).lead)
    assert made.is_done


async def test_a_star_repeats_and_is_no_failure(hotline):
    turns = Turns(NUMBER)
    made = await ACaller(*[("registration.number", "*")] * 5, ("registration.number", "0")).call(
        hotline(turns).lead
    )
    assert made.prompts.count("registration.number") == 6
    assert [text for text, _ in turns.said] == ["ČESKY", "OPERÁTOR"]


@pytest.mark.parametrize("keys", ["**", "*#"])
async def test_two_stars_go_back_from_a_number(hotline, keys):
    turns = Turns(NUMBER)
    await ACaller(("registration.number", keys), ("registration.number", "0")).call(hotline(turns).lead)
    assert turns.said[1] == ("ZPĚT", None)


@pytest.mark.parametrize(
    ("second", "text"), [("*", "ZPĚT"), ("#", "ZPĚT"), ("2", "2"), ("", "OPERÁTOR")], ids=repr
)
async def test_after_a_star_a_choice_waits_for_another_key(hotline, second, text):
    turns = Turns(MENU)
    rules = [("signpost.menu", "*"), ("WAIT FOR DIGIT", second), ("signpost.menu", "0")]
    await ACaller(*rules).call(hotline(turns).lead)
    assert turns.said[1][0] == text


async def test_a_stray_hash_is_no_failure(hotline):
    turns = Turns(MENU, NUMBER)
    rules = [("signpost.menu", "#")] * 4
    await ACaller(*rules, ("signpost.menu", "1"), ("number", "0")).call(hotline(turns).lead)
    assert turns.said[1] == ("1", MENU.at)


async def test_a_consent_is_heard_to_its_end(hotline):
    turns = Turns(HELD, None)
    made = await ACaller(("held-keys", "1")).call(hotline(turns).lead)
    (played,) = [c for c in made.commands if "STREAM FILE" in c and "reservation.held" in c]
    assert played.endswith(" 0")  # only the operator's key ends it
    assert turns.said[1] == ("ANO", HELD.at)


async def test_another_day_is_asked_for_in_eight_digits(hotline):
    turns = Turns(PAIRS, None)
    await ACaller(("reservation.pairs", "9"), ("another_day", "25012021#")).call(hotline(turns).lead)
    assert turns.said[1] == ("25.1.2021", PAIRS.at)


async def test_a_name_is_recorded_for_the_desk(hotline):
    turns = Turns(NAME, None)
    await ACaller().call(hotline(turns).lead)
    assert turns.recordings == ["/rec/1611561600.17-1"]
    assert turns.said[1] == ("Nahrávka 7", NAME.at)


async def test_whoever_says_nothing_is_asked_for_the_name_again(hotline):
    turns = Turns(NAME, None)
    made = await ACaller(("RECORD FILE", SAYS_NOTHING)).call(hotline(turns).lead)
    assert sum(command.startswith("RECORD FILE") for command in made.commands) == 2
    assert len(turns.recordings) == 1
    assert turns.said[1:] == [("Nahrávka 7", NAME.at)]


async def test_whoever_never_says_a_name_gets_the_operator(hotline):
    turns = Turns(NAME)
    made = await ACaller(*[("RECORD FILE", SAYS_NOTHING)] * 3).call(hotline(turns).lead)
    assert made.prompts[-1] == "gave_up"
    assert not turns.recordings
    assert not made.is_done


async def test_a_name_that_cannot_be_recorded_is_asked_for_by_calling_back(hotline):
    turns = Turns(NAME)
    made = await ACaller(("RECORD FILE", FAILS)).call(hotline(turns).lead)
    assert turns.called_back == [CALLER]
    assert made.is_done


async def test_who_cannot_be_called_back_gets_the_operator(hotline):
    turns = Turns(NAME)
    made = await ACaller(("RECORD FILE", FAILS), presentation="32").call(hotline(turns).lead)
    assert turns.called_back == []
    assert not made.is_done


async def test_one_more_errand_begins_at_the_menu(hotline):
    turns = Turns(MENU, None, MENU, None)
    rules = [("menu", "1"), ("anything_else", "1"), ("menu", "2")]
    made = await ACaller(*rules).call(hotline(turns).lead)
    assert [text for text, _ in turns.said] == ["ČESKY", "1", "MENU", "2"]
    assert made.is_done


# Going on after a call that broke off

AT_PSC = Session(dialogue="registration", step="psc", answers={"insurance_number": "405123123"})
AT_PAIRS = Session(dialogue="reservation", step="pairs", answers={"pin": "47110922"})
ASIDE = Session(dialogue="status", step="shown", paused=AT_PSC.to_json())


@pytest.mark.parametrize(
    ("session", "prompt", "keys"),
    [
        pytest.param(AT_PSC, "unfinished_number", "3123#", id="the insurance number"),
        pytest.param(AT_PAIRS, "unfinished_pin", "47110922#", id="the PIN"),
        pytest.param(ASIDE, "unfinished_number", "3123#", id="what an aside interrupted"),
    ],
)
async def test_whoever_knows_what_she_entered_goes_on_where_she_stopped(hotline, session, prompt, keys):
    turns = Turns(NUMBER, session=session)
    made = await ACaller((prompt, keys), ("number", "0")).call(hotline(turns).lead)
    assert made.prompts[:3] == ["greeting", prompt, "resumed"]
    assert set(turns.addresses) == {CALLER}
    assert turns.is_trusted


@pytest.mark.parametrize(
    "session", [Session(), Session(dialogue="signpost", step="menu")], ids=["new", "menu"]
)
async def test_what_an_earlier_call_proved_does_not_hold_for_one_that_goes_on_nowhere(hotline, session):
    turns = Turns(MENU, session=session)
    await ACaller(("signpost.menu", "0")).call(hotline(turns).lead)
    assert not turns.is_trusted


async def test_a_pin1_is_waited_for_and_ends_with_its_last_key(hotline):
    turns = Turns(PIN1, None)
    made = await ACaller(("phone.pin1", "123456")).call(hotline(turns).lead)
    assert [command.split()[-2:] for command in made.commands if "phone.pin1" in command] == [["25000", "6"]]
    assert turns.said[1] == ("123456", PIN1.at)


@pytest.mark.parametrize("keys", [["1111#"] * 2, ["#"], ["", ""]], ids=["wrong", "anew", "silent"])
async def test_whoever_does_not_prove_it_begins_anew_and_sees_nothing_of_it(hotline, keys):
    turns = Turns(MENU, session=AT_PSC)
    rules = [("unfinished_number", each) for each in keys]
    await ACaller(*rules, ("signpost.menu", "0")).call(hotline(turns).lead, "1.5")
    assert set(turns.addresses) == {"call:1.5"}
    assert turns.wrong == sum(each == "1111#" for each in keys)


# The ways a call breaks

HANG_UPS = [("greeting", HANGS_UP), ("signpost.menu", HANGS_UP), ("signpost.menu", GONE)]


@pytest.mark.parametrize("rule", HANG_UPS)
async def test_a_caller_who_is_gone_is_forgotten(hotline, rule):
    turns = Turns(MENU)
    made = await ACaller(rule).call(hotline(turns).lead)
    assert await asyncio.to_thread(turns.is_forgotten.wait, 20)
    assert not made.is_done


async def test_a_hang_up_in_the_middle_of_a_number_loses_only_the_number(hotline):
    turns = Turns(MENU, NUMBER)
    await ACaller(("menu", "1"), ("registration.number", HANGS_UP)).call(hotline(turns).lead)
    assert [text for text, _ in turns.said] == ["ČESKY", "1"]


async def test_a_missing_sound_gives_the_operator(hotline):
    made = await ACaller(*[("signpost.menu", MISSING)] * 3).call(hotline(Turns(MENU)).lead)
    assert made.commands[-1] == "CHANNEL STATUS"
    assert not made.is_done


async def test_a_turn_that_breaks_gives_the_operator(hotline):
    turns = Turns(MENU)
    turns.recorded = turns.answer = None  # calling it raises
    assert not (await ACaller().call(hotline(turns).lead)).is_done


async def test_behind_a_slow_turn_there_is_a_filler(hotline):
    turns = Turns(MENU)
    turns.may_answer.clear()

    class Patient(ACaller):
        def _answer(self, command):
            if "/moment-" in command:
                turns.may_answer.set()
            return super()._answer(command)

    made = await Patient(("signpost.menu", "0")).call(hotline(turns).lead)
    assert made.prompts[:3] == ["greeting", "moment", "signpost.menu"]


async def test_a_turn_that_hangs_gives_the_operator(hotline):
    turns = Turns(MENU)
    turns.may_answer.clear()
    made = await ACaller().call(hotline(turns, within=0.01).lead)
    assert "signpost.menu" not in made.prompts
    assert not made.is_done
    turns.may_answer.set()
    assert await asyncio.to_thread(turns.is_forgotten.wait, 20)


async def test_a_call_has_its_longest_time(hotline):
    turns = Turns(MENU)
    turns.may_answer.clear()
    made = await ACaller().call(hotline(turns, longest=0.05).lead)
    assert not made.is_done
    turns.may_answer.set()


async def test_a_forged_call_is_not_led(hotline):
    made = await ACaller().call(hotline(Turns(MENU)).lead, key="guess")
    assert made.commands == []


async def test_a_call_too_many_gets_the_operator(hotline):
    made = await ACaller().call(hotline(Turns(MENU), at_once=0).lead)
    assert made.commands == []


async def test_when_the_gateway_stops_every_caller_gets_the_operator(hotline):
    turns = Turns(MENU)
    turns.may_answer.clear()
    line = hotline(turns)
    calling = asyncio.create_task(ACaller(("greeting", "1")).call(line.lead))
    assert await asyncio.to_thread(turns.is_asked.wait, 20)
    closing = asyncio.create_task(line.close())
    made = await calling
    turns.may_answer.set()
    await closing
    assert not made.is_done
