"""A dialogue on paper: as a page to read aloud, and as a Mermaid flowchart."""

from collections.abc import Iterator
from typing import Any, Final

from conversations import samples
from conversations.events import Say
from conversations.library import Library
from conversations.media import gsm
from conversations.script import INTO_DIALOGUE, Ask, Choose, Do, End, Question, Script, Step, Tell
from conversations.verbs import VERBS
from conversations.words import SMS, one_message

_KIND: Final = {Tell: "tell", Ask: "ask", Choose: "choose", Do: "do", End: "end"}


def page(library: Library, name: str, *, language: str, medium: str = SMS) -> str:
    """Every step with what is said there, and where it leads; reads like the dialogue, with usual values."""
    script = library.scripts[name]
    lines = [f"{script.name}, version {script.version}, {language}, {medium}"]
    if script.keywords:
        lines.append(f"begins with {', '.join(word for word, _ in script.claimed())}")
    if script.opened_by:
        lines.append(f"or with a message that has {', '.join(script.opened_by)}")
    for step in script.steps.values():
        context = _usual(script, step)
        lines += ["", f"{step.name} ({_KIND[type(step)]}{_about(step)})"]
        lines += (
            f"  {line}" for line in _said(library, script, step, context, language=language, medium=medium)
        )
        lines += (f"  -> {branch}{target}" for branch, target in _ways(step))
    return "\n".join(lines)


def mermaid(library: Library, name: str, *, language: str, medium: str = SMS) -> str:
    """A flowchart whose boxes say what the person reads."""
    script = library.scripts[name]
    lines = ["flowchart TD"]
    for step in script.steps.values():
        context = _usual(script, step)
        if isinstance(step, Do):
            lines.append(f'  {step.name}[["{step.do}"]]')
        else:
            words = _render(library, script, step.name, context, step, language=language, medium=medium)
            open_box, close_box = ("([", "])") if isinstance(step, End) else ("[", "]")
            lines.append(f'  {step.name}{open_box}"{_quoted(words)}"{close_box}')
        for branch, target in _ways(step):
            label = f"|{branch.rstrip(': ')}|" if branch else ""
            if target.startswith(INTO_DIALOGUE):
                other = target.removeprefix(INTO_DIALOGUE)
                lines.append(f'  {step.name} -->{label} to_{other}{{{{"{other}"}}}}')
            else:
                lines.append(f"  {step.name} -->{label} {target}")
    return "\n".join(lines)


def _about(step: Step) -> str:
    match step:
        case Ask(ask=asked):
            return f" {', '.join(asked)}"
        case Do(do=verb):
            return f" {verb}"
        case Choose(into=into) if into:
            return f" {into}"
        case _:
            return ""


def _ways(step: Step) -> Iterator[tuple[str, str]]:
    yield from ((f"has {answer}: ", target) for answer, target in step.have.items())
    match step:
        case Tell(next=after) | Ask(next=after):
            yield "", after
        case Choose(choose=branches):
            yield from ((f"{branch}: ", target) for branch, target in branches.items())
        case Do(on=outcomes):
            yield from ((f"{outcome}: ", target) for outcome, target in outcomes.items())
        case End():
            pass
    if isinstance(step, Ask) and step.no:
        yield "no: ", step.no
    if isinstance(step, Question) and step.back:
        yield "back: ", step.back


def _said(
    library: Library, script: Script, step: Step, context: dict[str, Any], *, language: str, medium: str
) -> Iterator[str]:
    if isinstance(step, Do):
        return
    blocks = [step.name]
    if isinstance(step, Question):
        blocks += [f"again_{step.name}", f"help_{step.name}"]
    for block in blocks:
        words = _render(library, script, block, context, step, language=language, medium=medium)
        folded = one_message((words,), fold=medium == SMS)
        before = "" if block == step.name else f"{block.partition('_')[0]}: "
        costs = f"  [{gsm.segments(folded)}/{step.segments}]" if medium == SMS else ""
        yield f"{before}{words}{costs}"


def _render(
    library: Library,
    script: Script,
    block: str,
    context: dict[str, Any],
    step: Step,
    *,
    language: str,
    medium: str,
) -> str:
    source = script.steps.get(step.options_from) if isinstance(step, Choose) else None
    offered = samples.options(source.do, samples.USUAL) if isinstance(source, Do) else []
    return library.words.render(Say(script.name, block, language, {**context, "options": offered}), medium)


def _usual(script: Script, shown: Step) -> dict[str, Any]:
    """What the verbs brought before a step: the outcome that leads there, else the one that brings most."""
    outcomes: dict[str, str] = {}
    for step in script.steps.values():
        if isinstance(step, Do):
            brings = VERBS[step.do].outcomes
            leading = [name for name, target in step.on.items() if target == shown.name and name in brings]
            richest = max(brings, key=lambda name: len(brings[name]))
            outcomes[step.do] = leading[0] if leading else outcomes.get(step.do, richest)
    return {**samples.usual(outcomes), "email": None}


def _quoted(words: str) -> str:
    return words.replace('"', "#quot;")
