"""What a question offers and expects, where a session stands."""

from collections.abc import Mapping
from typing import Any, Final

from conversations import script as s
from conversations.events import Expect, Wait
from conversations.script import Ask, Choose, Do, Field, Script, Step
from conversations.session import Option, Session

DAY: Final = "day"
_NUMBERS: Final = frozenset(
    {
        Field.INSURANCE_NUMBER,
        Field.PSC,
        Field.PIN,
        Field.DIGITS,
        Field.INSURER,
        Field.PHONE,
        Field.PIN1,
        Field.REFERRAL,
    }
)


def offered(script: Script, session: Session, step: Choose) -> tuple[Option, ...]:
    """The options, in the order of their numbers; none for yes and no."""
    if not step.options_from:
        return tuple({"value": branch} for branch in step.menu)
    brought = _brought(script, session, step).get("options")
    return tuple(brought) if isinstance(brought, list | tuple) else ()


def has_more(script: Script, session: Session, step: Step) -> bool:
    """There is another page."""
    return (
        isinstance(step, Choose)
        and s.MORE in step.choose
        and bool(_brought(script, session, step).get("more"))
    )


def missing(session: Session, step: Step) -> list[str]:
    """The fields of the step that are not known yet."""
    return [field.value for field in asked_for(step) if not session.answers.get(field)]


def wait(script: Script, session: Session, step: Step) -> Wait:
    """What an answer may look like."""
    match step:
        case Choose():
            return Wait(
                step.expects,
                session.options,
                more=has_more(script, session, step),
                none=s.NONE_OF_THEM in step.choose,
                fields=(DAY,) if s.OTHER_DAY in step.choose else (),
            )
        case Ask(ask=asked):
            return Wait(
                Expect.DIGITS if _NUMBERS.issuperset(asked) else Expect.TEXT,
                fields=tuple(missing(session, step)),
            )
        case _:
            return Wait(Expect.TEXT)


def asked_for(step: Step | None) -> tuple[Field, ...]:
    """The fields a step asks for."""
    return step.ask if isinstance(step, Ask) else ()


def answers_of(step: Step) -> tuple[str, ...]:
    """The answers a question leads to."""
    if isinstance(step, Choose):
        return (step.into,) if step.into else ()
    return tuple(field.value for field in asked_for(step))


def is_asked_last(script: Script, history: tuple[str, ...], step: Step) -> bool:
    """The last question was this one, or another that asks for the same: "PSČ?", then "Jiné PSČ?"."""
    last = script.steps.get(history[-1]) if history else None
    same = isinstance(last, Ask) and isinstance(step, Ask) and last.ask == step.ask
    return last is not None and (same or last.name == step.name)


def _brought(script: Script, session: Session, step: Choose) -> Mapping[str, Any]:
    source = script.steps.get(step.options_from)
    return session.facts.get(source.do, {}) if isinstance(source, Do) else {}
