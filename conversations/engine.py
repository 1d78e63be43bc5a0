"""One turn of a dialogue, as a function of values: what to say, where it leaves us, and what is next.

The caller performs an Act and feeds its Outcome back, until there is a Wait or it is Over. No text raises,
at any step; every question keeps its session until it is answered, left or replaced.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from conversations import questions as q
from conversations import script as s
from conversations.events import Act, Event, Expect, Outcome, Over, Said, Say, Turn, Wait
from conversations.library import ANY_LANGUAGE, PHONE, SIGNPOST, Library
from conversations.reading import (
    MOST_CHARACTERS,
    Chosen,
    Unread,
    is_code,
    read_choice,
    read_fields,
    read_opening,
    read_pin,
)
from conversations.script import Ask, Choose, Do, End, Field, Question, Script, Step, Tell
from conversations.session import Session
from conversations.trail import Trail
from conversations.understand.answers import Command, No, command, gist, yes_or_no
from conversations.understand.text import plain, words
from conversations.verbs import BUSY, VERBS

COMMON: Final = "common"  # the words that belong to no dialogue
MOST_STEPS: Final = 32  # silent steps in a row; more is a loop, which the lint would have found
MOST_TRIES: Final = 3  # unreadable answers in a row, then the question's ``give_up``
IDLE: Final = "idle"  # the answer that a dialogue begins with which hears a yes or no to nothing
MOST_REMEMBERED: Final = 30  # questions that ZPĚT can go back


class ScriptLoops(Exception):
    """A script goes round without asking anything."""


def advance(library: Library, session: Session, event: Event, *, has_phone: bool = True) -> Turn:
    """Take one event into account; ``has_phone``: whose phone it is, is proven."""
    walk = _Walk(library, session, has_phone=has_phone)
    match event:
        case Said(text=text):
            return walk.hear(replace(event, text=text[:MOST_CHARACTERS]))
        case Outcome():
            return walk.learn(event)


class _Walk:
    """A turn in the making."""

    def __init__(self, library: Library, session: Session, *, has_phone: bool) -> None:
        self._library = library
        self._session = session
        self._has_phone = has_phone
        self._says: list[Say] = []
        self._trail = Trail()

    def hear(self, said: Said) -> Turn:  # noqa: PLR0911 - one for every kind of message
        if language := self._library.language_of.get(" ".join(words(said.text))):
            return self._switch(language)
        if not self._session.is_open:
            return self._pressed_too_late() if said.at_step else self._begin(said)
        step = self._located()
        if step is None:
            return self._start_over()
        if said.at_step and said.at_step != self._session.at:
            return self._pressed_too_late(step)
        if (turn := self._command(step, said)) or (turn := self._opening(step, said)):
            return turn
        match step:
            case Ask():
                return self._answer(step, said)
            case Choose():
                return self._choose(step, said)
            case Do():
                return self._enter(step.name)  # it was busy: try again

    def learn(self, outcome: Outcome) -> Turn:
        step = self._located()
        if not isinstance(step, Do):
            return self._start_over()
        if outcome.name == BUSY:
            self._say(BUSY, COMMON)
            return self._turn(Wait(Expect.TEXT))
        facts = {**self._session.facts, step.do: {**outcome.values, "outcome": outcome.name}}
        kept = {name: outcome.values[name] for name in step.keep if name in outcome.values}
        self._put(facts=facts, answers={**self._session.answers, **kept})
        target = step.on.get(outcome.name)
        return self._start_over() if target is None else self._go(target)

    # Where we are

    @property
    def _script(self) -> Script:
        return self._library.scripts[self._session.dialogue]

    def _located(self) -> Question | Do | None:
        """The step the session stands at, by its name today; none if the script has lost it."""
        script = self._library.scripts.get(self._session.dialogue)
        step = script.resting(self._session.step) if script else None
        if script and step:
            self._put(step=step.name, version=script.version)
        return step

    def _put(self, **changes: Any) -> None:
        self._session = replace(self._session, **changes)

    def _say(self, block: str, dialogue: str = "", **more: Any) -> None:
        session = self._session
        values = {
            **session.answers,
            **session.facts,
            "options": session.options,
            "page": session.page,
            **more,
        }
        self._says.append(Say(dialogue or session.dialogue, block, session.language, values))

    def _turn(self, then: Act | Wait | Over) -> Turn:
        return Turn(tuple(self._says), self._session, then, tuple(self._trail.edges))

    def _pressed_too_late(self, step: Question | Do | None = None) -> Turn:
        """A button of an earlier question: what it meant then is not what it would mean now."""
        self._say("old_button", COMMON)
        if step is None:
            return self._open(SIGNPOST, {})
        return self._ask_again(step) if isinstance(step, Question) else self._enter(step.name)

    # Beginnings

    def _begin(self, said: Said) -> Turn:
        """A message to nobody in particular."""
        if turn := self._opening(None, said):
            return turn
        match command(said.text):
            case Command.HELP:
                self._put(dialogue=SIGNPOST)
                self._say(f"help_{self._script.start}")
            case Command.OPERATOR | Command.STOP as known:
                self._say(known.value, COMMON)
                return self._turn(Over())
            case _:
                pass
        return self._idle_answer(said) or self._open(SIGNPOST, {})

    def _idle_answer(self, said: Said) -> Turn | None:
        """A yes or no to what we asked without waiting for it, from a phone that could have been asked."""
        answer = yes_or_no(said.text)
        listening = next((script for script in self._library.scripts.values() if script.hears_idle), None)
        if answer is None or listening is None or not self._has_phone:
            return None
        return self._open(listening.name, {IDLE: s.NO if isinstance(answer, No) else s.YES})

    def _opening(self, step: Step | None, said: Said) -> Turn | None:
        """Begin another dialogue, asked for by a keyword or by what only that dialogue needs."""
        first, rest = [*said.text.split(maxsplit=1), "", ""][:2]
        keywords = self._library.keywords
        word = gist(said.text)
        if claimed := keywords.get(word):
            rest = ""
        else:
            word = plain(first).strip(".,:;!?/#\"'")
            claimed = keywords.get(word)
        if claimed:
            name, language = claimed
            script = self._library.scripts[name]
            answers = {**read_opening(rest, script.fields), **self._library.answered_by.get(word, {})}
            if name == self._session.dialogue and rest and not answers.keys() & set(script.opened_by):
                return None  # "PIN 4711", "REG Jan Novák": an answer, not a beginning
            if step and answers and answers.keys() <= {field.value for field in self._script.fields}:
                return None  # "e-mail jan@novak.cz" in a registration, which takes it, too
            if language != ANY_LANGUAGE:
                self._put(language=language)
            return self._open(name, answers)
        at_home = step is None or self._session.dialogue == SIGNPOST
        pin = read_pin(said.text)
        asked = set(q.asked_for(step))
        is_asked = {Field.PIN, Field.INSURANCE_NUMBER} & asked or (Field.CODE in asked and is_code(said.text))
        if not at_home and (pin is None or is_asked):
            return None
        for script in self._library.scripts.values():
            if script.opened_by and (at_home or Field.PIN in script.opened_by):
                answers = read_opening(said.text, script.fields)
                if answers.keys() & set(script.opened_by):
                    return self._open(script.name, answers)
        return None

    def _open(self, name: str, answers: Mapping[str, Any]) -> Turn:
        script = self._library.scripts[name]
        session = self._session
        self._trail.begin(session, script)
        if session.dialogue == PHONE:  # what is proven for one dialogue is proven for the other
            session = replace(Session.from_json(session.paused), language=session.language)
        paused = session.paused if name == session.dialogue else {}
        if script.is_aside and session.dialogue not in ("", SIGNPOST, name):
            paused = session.to_json()
        self._session = Session(
            language=session.language,
            dialogue=name,
            version=script.version,
            step=script.start,
            answers=dict(answers),
            paused=paused,
        )
        if self._may_enter(script):
            return self._enter(script.start)
        phone = self._library.scripts[PHONE]
        self._trail.begin(self._session, phone)
        self._session = Session(
            language=session.language,
            dialogue=PHONE,
            version=phone.version,
            paused=self._session.to_json(),
        )
        return self._enter(phone.start)

    def _may_enter(self, script: Script | None) -> bool:
        return script is None or not script.needs_phone or self._has_phone

    def _start_over(self) -> Turn:
        """The step is gone from the script: begin again, and ask only for what is not known."""
        self._say("lost", COMMON)
        script = self._library.scripts.get(self._session.dialogue)
        if script is None:
            return self._open(SIGNPOST, {})
        known = {
            field.value: self._session.answers[field]
            for field in script.fields
            if field in self._session.answers
        }
        return self._open(script.name, known)

    # What may be said anywhere

    def _command(self, step: Step, said: Said) -> Turn | None:
        match command(said.text):
            case Command.HELP:
                if not isinstance(step, Question):
                    self._say(BUSY, COMMON)
                    return self._turn(Wait(Expect.TEXT))
                self._say(f"help_{step.name}")
                return self._ask_again(step)
            case Command.BACK:
                return self._back(step)
            case Command.QUIT | Command.STOP as known:
                self._say("quit" if known is Command.QUIT else "stop", COMMON)
                self._trail.leave(self._session)
                self._session = self._session.over()
                return self._turn(Over())
            case Command.OPERATOR:
                self._say("operator", COMMON)
                return self._turn(q.wait(self._script, self._session, step))
            case Command.MORE | None:
                return None

    def _switch(self, language: str) -> Turn:
        self._put(language=language)
        step = self._located() if self._session.is_open else None
        if step is None:
            return self._open(SIGNPOST, {})
        if isinstance(step, Choose) and step.options_from:
            source = self._script.steps.get(step.options_from)
            if isinstance(source, Do) and "language" in VERBS[source.do].arguments:
                return self._enter(source.name)  # its labels come in the other language
        return self._ask_again(step) if isinstance(step, Question) else self._enter(step.name)

    def _back(self, step: Step) -> Turn:
        if isinstance(step, Question) and step.back:
            return self._enter(step.back)
        history = tuple(name for name in self._session.history if name in self._script.steps)
        before = history[:-1] if q.is_asked_last(self._script, history, step) else history
        if not before:
            self._say("at_start", COMMON)
            return self._enter(step.name)
        question = self._script.steps[before[-1]]
        self._put(history=before[:-1], page=0)
        self._forget(q.answers_of(question))
        if isinstance(question, Choose) and question.options_from:
            return self._enter(question.options_from)
        return self._enter(question.name)

    # Answers

    def _answer(self, step: Ask, said: Said) -> Turn:
        answers = self._session.answers
        filled = read_fields(
            said.text,
            asked=[field for field in step.ask if field not in answers],
            also=[field for field in self._script.fields if field not in answers and field not in step.ask],
        )
        self._put(answers={**answers, **{field.value: value for field, value in filled.values.items()}})
        if not any(field in filled.values for field in step.ask):
            if step.no and isinstance(yes_or_no(said.text), No):
                return self._go(step.no)
            return self._unread(step, filled.problem)
        self._put(tries=0)
        return self._enter(step.name, arriving=False)

    def _choose(self, step: Choose, said: Said) -> Turn:
        reading = read_choice(step, said.text, self._session.options, today=said.today)
        if isinstance(reading, Unread):
            answers = self._session.answers
            also = [
                field for field in self._script.fields if field not in answers and field not in step.takes
            ]
            filled = read_fields(said.text, asked=step.takes, also=also)
            if filled.values:
                self._put(
                    answers={**answers, **{field.value: value for field, value in filled.values.items()}}
                )
                if not filled.rest:
                    self._put(tries=0)
                    return self._ask_again(step)
                reading = read_choice(step, filled.rest, self._session.options, today=said.today)
        match reading:
            case Unread(problem=problem):
                return self._unread(step, problem)
            case Chosen(branch=branch, option=option, answers=more):
                answers = {**self._session.answers, **more}
                if step.into and option:
                    answers[step.into] = option["value"]
                    chosen = {**self._session.facts.get("chosen", {}), step.into: dict(option)}
                    self._put(facts={**self._session.facts, "chosen": chosen})
                page = (
                    self._session.page + 1
                    if branch == s.MORE and q.has_more(self._script, self._session, step)
                    else 0
                )
                self._put(answers=answers, page=page, tries=0)
                return self._go(step.choose[branch])

    def _unread(self, step: Question, problem: str) -> Turn:
        self._trail.stay(self._session)
        tries = self._session.tries + 1
        if tries >= MOST_TRIES:
            self._put(tries=0)
            own = step.give_up != s.DEFAULT_GIVE_UP
            self._say(step.give_up, "" if own else COMMON)
        else:
            self._put(tries=tries)
        self._say(
            f"again_{step.name}",
            problem=problem,
            missing=q.missing(self._session, step),
            more=q.has_more(self._script, self._session, step),
        )
        return self._turn(q.wait(self._script, self._session, step))

    # Steps

    def _go(self, target: str) -> Turn:
        if target.startswith(s.INTO_DIALOGUE):
            return self._open(target.removeprefix(s.INTO_DIALOGUE), {})
        return self._enter(target)

    def _enter(self, name: str, *, arriving: bool = True) -> Turn:
        """Go on from a step until something has to be asked, done or ended."""
        for _ in range(MOST_STEPS):
            step = self._script.steps[name]
            if arriving:
                self._forget(step.forget)
            arriving = True
            self._trail.go(self._session, name)
            self._put(step=name, options=())
            ahead = next((to for answer, to in step.have.items() if self._session.answers.get(answer)), None)
            if ahead is not None:
                name = ahead
                continue
            if any(not self._session.answers.get(answer) for answer in step.needs):
                name = self._script.start  # it asks for what is missing, and only for that
                continue
            match step:
                case Tell():
                    self._say(name)
                    name = step.next
                case Ask():
                    if q.missing(self._session, step):
                        return self._ask(step)
                    name = step.next
                case Choose():
                    return self._ask(step)
                case Do():
                    return self._turn(Act(step.do, self._arguments(step)))
                case End():
                    self._say(name)
                    return self._end()
        raise ScriptLoops(f"{self._session.dialogue} at {name}")

    def _ask(self, step: Question) -> Turn:
        if isinstance(step, Choose):
            self._put(options=q.offered(self._script, self._session, step))
            if step.expects is Expect.CHOICE and not self._session.options:
                return self._start_over()
        history = self._session.history
        if not q.is_asked_last(self._script, history, step):
            history = (*history, step.name)[-MOST_REMEMBERED:]
        self._put(history=history, tries=0)
        return self._ask_again(step)

    def _ask_again(self, step: Question) -> Turn:
        self._say(
            step.name,
            missing=q.missing(self._session, step),
            more=q.has_more(self._script, self._session, step),
        )
        return self._turn(q.wait(self._script, self._session, step))

    def _end(self) -> Turn:
        language = self._session.language
        self._session = Session.from_json(self._session.paused)
        while not self._may_enter(self._library.scripts.get(self._session.dialogue)):
            self._session = Session.from_json(self._session.paused)
        self._put(language=language)
        if not self._session.is_open:
            self._session = self._session.over()
            return self._turn(Over())
        step = self._located()
        return self._start_over() if step is None else self._enter(step.name, arriving=False)

    def _arguments(self, step: Do) -> dict[str, Any]:
        session = self._session
        special = {"page": session.page, "language": session.language}
        return {name: special.get(name, session.answers.get(name)) for name in VERBS[step.do].arguments}

    def _forget(self, answers: tuple[str, ...]) -> None:
        kept = {name: value for name, value in self._session.answers.items() if name not in answers}
        self._put(answers=kept)
