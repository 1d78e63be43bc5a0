"""What is wrong with a dialogue before anybody has met it: its shape, its words, their price."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from jinja2 import nodes

from conversations import costs, hearing, samples
from conversations import script as s
from conversations.costs import NOTICE_BLOCKS, Cost
from conversations.engine import COMMON
from conversations.events import Say
from conversations.library import Library
from conversations.media import IVR
from conversations.script import Ask, Choose, Do, End, Question, Script, Step, Tell
from conversations.session import DEFAULT_LANGUAGE
from conversations.understand.answers import command, gist
from conversations.understand.text import plain, words
from conversations.verbs import BUSY, VERBS
from conversations.words import NOTICES, REGISTERS, RULES, NoWords
from core.registers import Told
from core.rule_changes import Purpose

COMMON_BLOCKS: Final = (
    "hotline",
    BUSY,
    "lost",
    "operator",
    "quit",
    "stop",
    "at_start",
    "old_button",
    "wait",
    "wait_short",
)
CALL: Final = "call"  # the words of a call that belong to no dialogue
SHARED: Final = (COMMON, CALL, NOTICES, RULES, REGISTERS)  # words that belong to no dialogue
_ONLY_WRITTEN: Final = frozenset({"wait", "wait_short"})  # who calls does not wait for an SMS
_ALWAYS_KNOWN: Final = frozenset(
    {"options", "page", "more", "missing", "problem", "chosen", "language", "after", "weekday"}
)
_PERFORMED: Final = frozenset({"page", "language", "after", "weekday"})  # the engine knows them by itself


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend, and where."""

    dialogue: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.dialogue}, {self.where}: {self.what}"


def check(library: Library, *, only: Collection[str] | None = None) -> list[Finding]:
    """Everything that is wrong; nothing if the dialogues can be held.

    Words take the longest to judge: with ``only``, those of these dialogues are, and the `SHARED` ones if one
    of them is named.
    """

    def is_judged(*names: str) -> bool:
        return only is None or any(name in only for name in names)

    findings = list(_keywords(library))
    for script in library.scripts.values():
        broken = list(_targets(library, script))
        findings += broken
        if not broken:
            findings += (*_reach(script), *_loops(script))
        for step in script.steps.values():
            findings += (Finding(script.name, step.name, what) for what in _step(script, step))
        for language in library.languages if is_judged(script.name) else ():
            findings += (*_words(library, script, language), *_spoken(library, script, language))
    for language in library.languages if is_judged(*SHARED) else ():
        findings += (*_common_words(library, language), *_common_spoken(library, language))
    return findings


def _keywords(library: Library) -> Iterator[Finding]:
    claims: dict[str, str] = {
        plain(word): "the language switch" for words in library.languages.values() for word in words
    }
    claimed = [
        *((script.name, *claim) for script in library.scripts.values() for claim in script.claimed()),
        *((each.dialogue, each.word, each.language) for each in library.shortcuts),
    ]
    for dialogue, word, language in claimed:
        if language not in (*library.languages, "any"):
            yield Finding(dialogue, "keywords", f"no language {language}")
        if said := command(word):
            yield Finding(dialogue, "keywords", f"{word} is the command {said.value}")
        if gist(word) != " ".join(words(word)):
            yield Finding(dialogue, "keywords", f"{word} is never heard like that")
        if taken := claims.get(plain(word)):
            yield Finding(dialogue, "keywords", f"{word} is claimed by {taken} too")
        claims[plain(word)] = dialogue


def _targets(library: Library, script: Script) -> Iterator[Finding]:
    if script.start not in script.steps:
        yield Finding(script.name, "start", f"there is no step {script.start}")
    for step in script.steps.values():
        for target in step.targets:
            dialogue = target.removeprefix(s.INTO_DIALOGUE)
            if dialogue == target and target not in script.steps:
                yield Finding(script.name, step.name, f"leads to {target}, which is no step")
            elif dialogue != target and dialogue not in library.scripts:
                yield Finding(script.name, step.name, f"leads to {dialogue}, which is no dialogue")
    for old, new in script.renamed.items():
        if new not in script.steps or old in script.steps:
            yield Finding(script.name, f"renamed {old}", f"{new} must be a step, and {old} none any more")


def _reach(script: Script) -> Iterator[Finding]:
    reached = _reachable(script, script.start)
    for name in script.steps.keys() - reached:
        yield Finding(script.name, name, "is never reached")
    for name, step in script.steps.items():
        leads_out = any(
            isinstance(script.steps.get(each), End) or each.startswith(s.INTO_DIALOGUE)
            for each in _reachable(script, name)
        )
        if isinstance(step, Question) and not leads_out:
            yield Finding(script.name, name, "leads to no end")


def _reachable(script: Script, start: str) -> set[str]:
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += script.steps[name].targets if name in script.steps else ()
    return seen


def _loops(script: Script) -> Iterator[Finding]:
    """Steps that could follow each other for ever without a question or a verb."""
    for name in script.steps:
        seen: set[str] = set()
        ahead = list(_silently(script.steps[name]))
        while ahead:
            after = ahead.pop()
            if after not in seen and after in script.steps:
                seen.add(after)
                ahead += _silently(script.steps[after])
        if name in seen:
            yield Finding(script.name, name, "may go round without asking anything")


def _silently(step: Step) -> Iterator[str]:
    yield from step.have.values()  # ``needs`` leads to the start, which asks for what is needed
    if isinstance(step, Tell) or (isinstance(step, Ask) and not set(step.ask) <= set(step.forget)):
        yield step.next


def _step(script: Script, step: Step) -> Iterator[str]:
    for answer in (*step.needs, *step.have, *step.forget):
        if answer not in _answers(script):
            yield f"nobody is asked for {answer}"
    match step:
        case Do():
            yield from _do(script, step)
        case Choose():
            yield from _choose(script, step)
        case Ask(ask=asked):
            if not asked:
                yield "asks for nothing"
        case Tell() | End():
            pass


def _do(script: Script, step: Do) -> Iterator[str]:
    verb = VERBS.get(step.do)
    if verb is None:
        yield f"there is no verb {step.do}"
        return
    for outcome in verb.outcomes.keys() - step.on.keys():
        yield f"does not say what follows when {step.do} is {outcome}"
    for outcome in step.on.keys() - verb.outcomes.keys():
        yield f"{step.do} is never {outcome}"
    brought = {value for values in verb.outcomes.values() for value in values}
    for name in set(step.keep) - brought:
        yield f"{step.do} never brings {name}"
    for argument in verb.arguments:
        if argument not in _PERFORMED | {*verb.assumed} | _answers(script):
            yield f"nobody is asked for {argument}, which {step.do} needs"


def _choose(script: Script, step: Choose) -> Iterator[str]:
    source = script.steps.get(step.options_from)
    verb = VERBS.get(source.do) if isinstance(source, Do) else None
    kinds = (bool(step.menu), s.YES in step.choose or s.NO in step.choose, bool(step.options_from))
    if sum(kinds) != 1:
        yield "offers a menu, or yes and no, or the options of a verb, and exactly one of them"
    if (s.YES in step.choose) != (s.NO in step.choose):
        yield "yes and no go together"
    if step.options_from and (verb is None or not verb.most):
        yield f"{step.options_from} brings no options"
    if step.options_from and (s.PICKED not in step.choose or not step.into):
        yield "does not say what follows what is picked, or which answer it becomes"
    if s.MORE in step.choose and verb and "page" not in verb.arguments:
        yield "has more pages than its verb"
    if max(len(step.menu), verb.most if verb else 0) > hearing.MOST_OPTIONS:
        yield f"has more than {hearing.MOST_OPTIONS} options, too many for the ear and the keys"


def _answers(script: Script) -> set[str]:
    """Every answer a session of the script may hold."""
    answers: set[str] = {field.value for field in script.fields}
    for step in script.steps.values():
        if isinstance(step, Do):
            answers |= set(step.keep)
        elif isinstance(step, Choose):
            answers |= {step.into} - {""} | {field.value for field in step.takes}
    return answers


def _words(library: Library, script: Script, language: str) -> Iterator[Finding]:
    budget = costs.budget_of(script)
    blocks = costs.words_of(library, script, language)
    for block in blocks.keys() - budget.keys():
        yield Finding(script.name, f"{language}.{block}", "are words for no step")
    for block in budget:
        if block not in blocks:
            yield Finding(script.name, f"{language}.{block}", "has no words")
            continue
        yield from _speaks_of(script, f"{language}.{block}", blocks[block])
    for cost in costs.of_script(library, script, language):
        yield from _too_dear(cost)


def _common_words(library: Library, language: str) -> Iterator[Finding]:
    for dialogue, blocks in (
        (COMMON, COMMON_BLOCKS),
        (NOTICES, NOTICE_BLOCKS),
        (RULES, Purpose),
        (REGISTERS, Told),
    ):
        for block in blocks:
            if not library.words.has(dialogue, block, language):
                yield Finding(dialogue, f"{language}.{block}", "has no words")
    for cost in costs.of_notices(library, language):
        yield from _too_dear(cost)


def _too_dear(cost: Cost) -> Iterator[Finding]:
    if cost.segments > cost.allowed:
        what = f"may cost {cost.segments} segments, not {cost.allowed}"
        yield Finding(cost.dialogue, f"{cost.language}.{cost.block}", what)


def _spoken(library: Library, script: Script, language: str) -> Iterator[Finding]:
    """Words for the ear, or those for SMS where they are fit to be heard."""
    written = costs.words_of(library, script, language)
    spoken = costs.words_of(library, script, language, IVR)
    budget = costs.budget_of(script)
    for block in spoken.keys() - budget.keys():
        yield Finding(script.name, f"{IVR}.{language}.{block}", "are words for no step")
    for block in budget.keys() & (written.keys() | spoken.keys()):
        where = f"{IVR}.{language}.{block}"
        tree = spoken[block] if block in spoken else written[block]
        if block in spoken:
            yield from _speaks_of(script, where, tree)
        for what in dict.fromkeys(_heard(library, script, block, language, tree)):
            yield Finding(script.name, where, what)


def _heard(library: Library, script: Script, block: str, language: str, tree: nodes.Block) -> Iterator[str]:
    for text in costs.renderings(library, script, block, language, tree, of=samples.LONGEST, medium=IVR):
        yield from hearing.faults(text, language)
    step = script.steps.get(block) or script.steps.get(block.removeprefix("again_"))
    for text in costs.renderings(library, script, block, language, tree, of=samples.USUAL, medium=IVR):
        if hearing.takes(text) > hearing.LONGEST:
            yield f"takes longer than {hearing.LONGEST.seconds} s"
        if isinstance(step, Choose):
            options = len(step.menu or costs.offered(script, step, samples.USUAL))
            for key in hearing.unsaid(text, hearing.keys_of(step, options), language):
                yield f"does not say what the key {key} is for"


def _common_spoken(library: Library, language: str) -> Iterator[Finding]:
    of_a_call = costs.blocks_of(library, CALL, DEFAULT_LANGUAGE, IVR)
    for block in of_a_call.keys() - costs.blocks_of(library, CALL, language, IVR).keys():
        yield Finding(CALL, f"{IVR}.{language}.{block}", "has no words")
    blocks = [(COMMON, block) for block in COMMON_BLOCKS if block not in _ONLY_WRITTEN]
    for dialogue, block in (*blocks, (NOTICES, "failed"), *((CALL, block) for block in of_a_call)):
        try:
            text = library.words.render(Say(dialogue, block, language, {}), IVR)
        except NoWords:
            continue  # found as words that are not there
        for what in hearing.faults(text, language):
            yield Finding(dialogue, f"{IVR}.{language}.{block}", what)


def _speaks_of(script: Script, where: str, block: nodes.Block) -> Iterator[Finding]:
    """Names that nobody fills would be silently left out of the words."""
    for attribute in block.find_all(nodes.Getattr):
        if isinstance(attribute.node, nodes.Name) and attribute.node.name in VERBS:
            verb = attribute.node.name
            brought = {value for values in VERBS[verb].outcomes.values() for value in values}
            if attribute.attr not in brought | {"outcome"}:
                yield Finding(script.name, where, f"{verb} never brings {attribute.attr}")
    stored = {name.name for name in block.find_all(nodes.Name) if name.ctx == "store"}
    called = {call.node.name for call in block.find_all(nodes.Call) if isinstance(call.node, nodes.Name)}
    known = _ALWAYS_KNOWN | VERBS.keys() | _answers(script) | stored | called | {"loop"}
    for name in block.find_all(nodes.Name):
        if name.name not in known:
            yield Finding(script.name, where, f"nobody fills {name.name}")
