"""The hotline's desk: who waits where, going on for a caller, and what callers left to do."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result

from conversations.session import SESSION_LASTS
from core.messages import Address, MtState, NewMo
from core.store.audit import Noted
from core.store.desk_view import masked_words
from core.store.work import Store
from gateway.cli.desk import desk
from gateway.compose import App
from gateway.settings import Settings
from gateway.turns.on_behalf import OnBehalf, Seen
from gateway.turns.runner import TurnRunner
from tests.turns.conftest import JANA, NUMBER, Town
from tests.workers.town import vault

Crs: TypeAlias = Callable[..., Result]
HERS = Address("sms", JANA)
CALLER = Address("voice", JANA)


class KeyedApp(App):
    """An installation with the tests' key."""

    vault = vault()


@pytest.fixture
def app(database: str) -> App:
    return KeyedApp(
        settings=Settings.model_validate(
            {"database": {"url": database.replace("+psycopg", "")}, "secrets": {"key": "k" * 32}}
        )
    )


@pytest.fixture
def run(app: App) -> Crs:
    def run(*said: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(desk, said, obj=app, input=typed)

    return run


@pytest.fixture
def caller(town: Town, app: App) -> Callable[..., str]:
    """Somebody who writes to us, now; returns what she is answered."""
    runner = TurnRunner(town.store, app.library, town.world)

    def write(*texts: str, address: Address = HERS, now: datetime | None = None) -> str:
        now = now or datetime.now(UTC)
        for text in texts:
            with town.store.begin() as work:
                work.inbox.add([NewMo(address, "o2", text, now)])
            runner.run_address(address, now)
            with town.store.begin() as work:
                mts = work.outbox.claim("o2", max_segments=9, by="test", now=now, address=address)
                work.outbox.settle(mts, MtState.DELIVERED, now=now)
        return " ".join(mt.text for mt in mts)

    return write


def audit(store: Store) -> list[Noted]:
    with store.begin() as work:
        return work.audit.latest(50)


# -- Who waits where ---------------------------------------------------------------------------------------


def test_the_desk_sees_who_is_where_and_no_number(caller: Callable[..., str], run: Crs) -> None:
    assert run("sessions").stdout == "Nobody is in the middle of a dialogue.\n"
    caller("REG", NUMBER)
    caller("REG", address=CALLER)
    hers, on_the_phone = run("sessions").stdout.splitlines()
    assert "#2 registration.name since " in hers
    assert hers.endswith(", sms +420 601 ••• 001, cs")
    assert "#3 phone.this_phone" in on_the_phone
    assert run("calls").stdout.splitlines() == [on_the_phone]


def test_a_session_that_has_lapsed_waits_for_nothing(
    caller: Callable[..., str], town: Town, run: Crs
) -> None:
    caller("REG")
    with town.store.begin() as work:
        found = work.sessions.open(since=datetime.now(UTC) - SESSION_LASTS, at_most=9)
        assert len(found) == 1
        assert work.sessions.open(since=found[0].moved_at + timedelta(seconds=1), at_most=9) == []


# -- Going on for her --------------------------------------------------------------------------------------


def test_an_agent_goes_on_where_she_is_and_every_step_is_noted(
    caller: Callable[..., str], town: Town, run: Crs
) -> None:
    caller("REG", NUMBER)
    told = run("take", "--phone", JANA, "--by", "Eva", typed="Jana Nováková\n111\n")
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    assert lines[0] == "sms +420 601 ••• 001, cs: registration.name"
    assert any(line.startswith("She is asked: Napište jméno") for line in lines)
    assert any("> •••••••••" in line for line in lines)
    assert NUMBER not in told.stdout
    assert "PSC" in lines[-1]
    assert [(line.who, line.what) for line in reversed(audit(town.store))] == [
        ("desk: Eva", "took over: registration.name"),
        ("desk: Eva", "said on behalf: registration.name, MO #3"),
        ("desk: Eva", "said on behalf: registration.insurer, MO #4"),
    ]
    assert "PSC" in caller("58699")  # and she goes on herself


def test_what_the_agent_says_once_may_be_answered_to_the_caller(
    caller: Callable[..., str], town: Town, run: Crs
) -> None:
    caller("REG")
    run("take", "--phone", JANA, "--by", "Eva", "--say", NUMBER)
    run("take", "--phone", JANA, "--by", "Eva", "--say", "Jana Nováková", "--to-caller")
    with town.store.begin() as work:
        assert work.outbox.claim("desk", max_segments=9, by="test", now=datetime.now(UTC)) == []
        (mt,) = work.outbox.claim("loopback", max_segments=9, by="test", now=datetime.now(UTC))
    assert "pojistovn" in mt.text


def test_a_session_is_named_by_an_mo_where_there_is_no_phone(caller: Callable[..., str], run: Crs) -> None:
    caller("REG", address=Address("voice", "call:17"))
    told = run("take", "--session", "1", "--by", "Eva", "--say", NUMBER)
    assert "voice •••" in told.stdout
    assert "phone.phone" in told.stdout
    assert run("take", "--session", "99", "--by", "Eva", "--say", "1").exit_code == 1


def test_an_agent_may_begin_for_somebody_who_has_not(run: Crs, town: Town) -> None:
    told = run("take", "--phone", JANA, "--by", "Eva", "--say", "REG")
    assert "nothing is open" in told.stdout
    assert "cislo pojistence" in told.stdout
    assert audit(town.store)[0].what == "said on behalf: no dialogue, MO #1"


def test_a_pin_is_never_shown_at_the_desk(caller: Callable[..., str], town: Town, run: Crs) -> None:
    town.register()
    (pin,) = town.invite()
    told = run("take", "--phone", JANA, "--by", "Eva", "--say", pin)
    assert pin not in told.stdout.replace(" ", "")
    assert run("take", "--phone", JANA, "--by", "Eva", "--say", "AHOJ").exit_code == 0


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("PIN 4711 0922.", "PIN •••••••••."),
        ("PIN1 je 471109, platí 10 minut", "PIN1 je ••••••, platí 10 minut"),
        ("číslo 405123/123 a +420 601 000 001", "číslo ••••••••• a +••••••••••••"),
        (
            "Ve 25.1.2021 18:00, 2 po 25.1. 8:20, PSČ 586 01",
            "Ve 25.1.2021 18:00, 2 po 25.1. 8:20, PSČ 586 01",
        ),
    ],
)
def test_words_keep_their_dates_and_hide_the_rest(words: str, shown: str) -> None:
    assert masked_words(words) == shown.replace("•••••••••.", "••••••••.")


# -- At the same time --------------------------------------------------------------------------------------


class Agent:
    """Eva, who looked at a question before the caller answered it."""

    def __init__(self, town: Town, app: App) -> None:
        runner = TurnRunner(town.store, app.library, town.world)
        self._desk = OnBehalf(town.store, app.library, runner, HERS, by="Eva")
        self._said = 0
        self._now = town.now
        self.seen = self.look()

    def look(self) -> Seen:
        return self._desk.take(self._now)

    def say(self, text: str, *, seen: Seen | None = None) -> Seen:
        self._said += 1
        where = (seen or self.seen).where
        return self._desk.say(text, where, operator_id=str(self._said), now=self._now)


@pytest.fixture
def agent(caller: Callable[..., str], town: Town, app: App) -> Agent:
    """Eva would change the insurance number, 1 of a menu; and the caller has just changed the site, its 5."""
    caller("REG", NUMBER, "Jana Nováková", "111", "58601", "1", "NE", now=town.now)
    agent = Agent(town, app)
    caller("5", now=town.now)
    return agent


def test_without_her_question_an_answer_would_be_taken_for_another(agent: Agent) -> None:
    assert (agent.seen.where.session.step, agent.look().where.session.step) == ("change", "site")
    blind = agent.say("1", seen=agent.look())
    assert blind.where.session.step == "summary"  # the first site was taken


def test_an_answer_to_a_question_that_she_answered_herself_changes_nothing(agent: Agent) -> None:
    before = agent.look().where.session
    told = agent.say("1")
    assert told.where.session == before
    assert told.said[0].text.startswith("To tlacitko patrilo k drivejsi otazce.")


def test_both_may_write_at_once_and_one_question_is_answered_once(
    caller: Callable[..., str], town: Town, app: App
) -> None:
    caller("REG", NUMBER, "Jana Nováková", "111", now=town.now)
    agent = Agent(town, app)
    both = threading.Barrier(2)

    def at_once(act: Callable[[], object]) -> None:
        both.wait()
        act()

    threads = [
        threading.Thread(target=at_once, args=[lambda: agent.say("58601")]),
        threading.Thread(target=at_once, args=[lambda: caller("58601", now=town.now)]),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session = agent.look().where.session
    assert (session.step, session.answers["psc"]) == ("site", "58601")
    with town.store.begin() as work:
        assert work.inbox.waiting() == 0


# -- What callers left to do -------------------------------------------------------------------------------


def test_a_spoken_name_is_written_into_the_registration_of_its_call(town: Town, run: Crs) -> None:
    with town.store.begin() as work:
        other = work.recordings.add("rec/0.wav", Address("voice", "+420609000009"), now=town.now)
        recording = work.recordings.add("rec/1.wav", HERS, now=town.now)
        work.recordings.link(HERS, _registered(town))
    assert run("name", str(other), "Jan Novák", "--by", "Eva").exit_code == 1
    (line,) = run("names").stdout.splitlines()
    assert line.startswith(f"#{recording} ")
    assert line.endswith(", registration #1: rec/1.wav")
    assert run("name", str(recording), "Jan", "--by", "Eva").exit_code == 2
    assert run("name", str(recording), "Jan  Novák ml.", "--by", "Eva").exit_code == 0
    assert "Eva has written it down" in run("name", str(recording), "Petr Novák", "--by", "Ota").output
    with town.store.begin() as work:
        registration = work.registrations.get(1)
    assert registration
    assert (registration.first_name, registration.last_name) == ("Jan", "Novák ml.")
    assert audit(town.store)[0].what == f"name written down: recording #{recording}"
    assert run("names").stdout == "No name waits to be written down.\n"


def test_a_name_is_spent_when_it_is_written_down_or_no_registration_came_of_it(town: Town, run: Crs) -> None:
    now = datetime.now(UTC)
    with town.store.begin() as work:
        work.recordings.add("rec/left", Address("voice", "+420609000009"), now=now - timedelta(days=2))
        work.recordings.add("rec/new", Address("voice", "+420609000008"), now=now)
        waits = work.recordings.add("rec/waits", HERS, now=now - timedelta(days=2))
        work.recordings.link(HERS, _registered(town))
    assert run("spent-names").stdout == "rec/left\n"
    assert run("name", str(waits), "Jan Novák", "--by", "Eva").exit_code == 0
    assert run("spent-names", "--forget").stdout == "rec/left\nrec/waits\n"
    assert run("spent-names").stdout == ""


def _registered(town: Town) -> int:
    town.register(name="Nahrávka 2")
    return 1


def test_a_registration_by_voice_takes_the_last_recording_of_its_caller(
    caller: Callable[..., str], town: Town, run: Crs
) -> None:
    with town.store.begin() as work:
        work.recordings.add("rec/1.wav", CALLER, now=town.now)
        work.recordings.add("rec/2.wav", CALLER, now=town.now)
        work.proven_phones.prove(CALLER, JANA, how="PIN1", now=datetime.now(UTC))
    caller("REG", NUMBER, "Nahrávka dvě", "111", "58601", "1", "ANO", address=CALLER, now=town.now)
    with town.store.begin() as work:
        (mine,) = work.recordings.waiting(9)
    assert (mine.sound, mine.registration_id) == ("rec/2.wav", 1)


def test_who_asked_to_be_called_is_called_once(town: Town, run: Crs) -> None:
    with town.store.begin() as work:
        work.call_backs.add(JANA, language="cs", reason="name", now=town.now)
    assert run("call-backs").stdout.endswith(f" {JANA}, cs: name\n")
    assert run("call-backs", "done", "1", "--by", "Eva").exit_code == 0
    assert run("call-backs", "done", "1", "--by", "Ota").exit_code == 1
    assert run("call-backs").stdout == "Nobody waits to be called back.\n"
    assert [(line.who, line.what) for line in audit(town.store)] == [("desk: Eva", "called back: #1")]
