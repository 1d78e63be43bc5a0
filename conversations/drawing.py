"""A dialogue on paper: as a page to read aloud, and as a Mermaid flowchart."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from conversations import hearing, media, samples
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


def mermaid(
    library: Library,
    name: str,
    *,
    language: str,
    medium: str = SMS,
    counts: Mapping[tuple[str, str], int] | None = None,
) -> str:
    """A flowchart whose boxes say what the person reads.

    With ``counts`` by step and target, every way says how many went it, also those that no script draws
    (dotted: ZPĚT, another dialogue), and every box how many began there, left there, and were asked again.
    """
    script = library.scripts[name]
    lines = ["flowchart TD"]
    for step in script.steps.values():
        context = _usual(script, step)
        gone = "" if counts is None else _gone(counts, step.name, begins=step.name == script.start)
        if isinstance(step, Do):
            lines.append(f'  {step.name}[["{step.do}{gone}"]]')
        else:
            words = _render(library, script, step.name, context, step, language=language, medium=medium)
            open_box, close_box = ("([", "])") if isinstance(step, End) else ("[", "]")
            lines.append(f'  {step.name}{open_box}"{_quoted(words)}{gone}"{close_box}')
        if counts is None:
            drawn = [(branch.rstrip(": "), target) for branch, target in _ways(step)]
            lines += (f"  {step.name} -->{_label(branch)} {_box(target)}" for branch, target in drawn)
        else:
            lines += _counted(step, counts)
    return "\n".join(lines)


def _counted(step: Step, counts: Mapping[tuple[str, str], int]) -> Iterator[str]:
    """One arrow to each target, however many answers lead there: what is counted is who arrived."""
    branches: dict[str, list[str]] = {}
    for branch, target in _ways(step):
        branches.setdefault(target, []).append(branch.rstrip(": "))
    for target, answers in branches.items():
        label = ", ".join(filter(None, answers))
        count = counts.get((step.name, target), 0)
        yield f"  {step.name} -->{_label(f'{label}: {count}' if label else str(count))} {_box(target)}"
    for (at, target), count in sorted(counts.items()):
        if at == step.name and target not in {"", at, *branches}:
            yield f"  {step.name} -.->{_label(str(count))} {_box(target)}"


def _gone(counts: Mapping[tuple[str, str], int], step: str, *, begins: bool) -> str:
    said = {
        "began": counts.get(("", step), 0) if begins else 0,
        "asked again": counts.get((step, step), 0),
        "left here": counts.get((step, ""), 0),
    }
    return "".join(f"<br/>{what}: {count}" for what, count in said.items() if count)


def _label(said: str) -> str:
    return f"|{said}|" if said else ""


def _box(target: str) -> str:
    other = target.removeprefix(INTO_DIALOGUE)
    return target if other == target else f'to_{other}{{{{"{other}"}}}}'


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
        before = "" if block == step.name else f"{block.partition('_')[0]}: "
        yield f"{before}{words}{_cost(words, step, medium)}"


def _cost(words: str, step: Step, medium: str) -> str:
    match medium:
        case media.SMS:
            return f"  [{gsm.segments(one_message((words,), fold=True))}/{step.segments}]"
        case media.IVR:
            return f"  [{hearing.takes(words).total_seconds():.0f} s]"
        case _:
            return ""


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
