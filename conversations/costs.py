"""What the words of a dialogue cost by SMS, at most: each block with the longest values, in every way."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import nodes

from conversations import samples
from conversations import script as s
from conversations.events import Say
from conversations.library import Library
from conversations.media import gsm
from conversations.script import Choose, Do, Question, Script, Step
from conversations.verbs import VERBS
from conversations.words import NOTICES, REGISTERS, RULES, SHARED, SMS, one_message
from core.registers import Told
from core.rule_changes import Purpose
from core.services import MOST_LABEL

NOTICE_BLOCKS: Final = {
    "invitation": 1,
    "confirmation": 2,
    "free_again": 1,
    "failed": 1,
    "pin1": 1,
    "site_pauses": 1,
    "site_reopens": 1,
    "reminder": 1,
    "missed": 1,
    "moved": 2,
    "second_unfit": 1,
    "dates_moved": 2,
    "dates_lost": 2,
    "leftover_dose": 1,
    "merged": 1,
}  # block -> segments at most
# What decides between the wordings of a notice: whether a PIN or a pause has an end, who has a PIN or has
# lost one, which dose it is or what else, whether a yes would answer something else, and how a registration
# stands.
_NOTICE_WAYS: Final[tuple[dict[str, Any], ...]] = tuple(
    {
        "valid_until": until,
        "last_day": until,
        "has_pin": has_pin,
        "took_pin": has_pin,
        "dose": dose,
        "is_other_vaccine": has_pin,
        "is_busy": has_pin,
        "standing": standing,
        "service": "x" * MOST_LABEL if until and has_pin else None,
    }
    for until in (None, samples.LONGEST["second"])
    for has_pin in (False, True)
    for dose, standing in ((1, "waiting"), (2, "reserved"), (2, "invited"))
)
# How many segments in UCS-2 carry what one carries in GSM-7.
UCS2_FOR_GSM7: Final = -(-gsm.JOINED_SEPTETS // gsm.JOINED_UNITS)


@dataclass(frozen=True, slots=True)
class Cost:
    """The dearest way that a block may be told; ``characters`` are counted when folded."""

    dialogue: str
    block: str
    language: str
    allowed: int
    segments: int
    characters: int


def dearest(library: Library) -> Iterator[Cost]:
    """The dearest block of each dialogue, and of what nobody asked for, in each language."""

    def size(cost: Cost) -> tuple[int, int]:
        return cost.segments, cost.characters

    for script in library.scripts.values():
        for language in library.languages:
            yield max(of_script(library, script, language), key=size)
    for language in library.languages:
        yield max(of_notices(library, language), key=size)


def of_script(library: Library, script: Script, language: str) -> Iterator[Cost]:
    """Every block of a script that has words."""
    blocks = words_of(library, script, language)
    for block, most in budget_of(script).items():
        if block in blocks:
            texts = renderings(
                library, script, block, language, blocks[block], of=samples.LONGEST, medium=SMS
            )
            allowed = allowed_segments(library, language, most)
            yield Cost(script.name, block, language, allowed, *_dearest_way(texts))


def of_notices(library: Library, language: str) -> Iterator[Cost]:
    """The messages that nobody asked for, as far as there are words."""
    words = library.words
    longest = samples.LONGEST
    said = {name: longest[name] for name in ("name", "site", "pin", "first", "second", "address", "place")}
    said |= {"minutes": 10, "from_on": longest["first"]}
    said |= dict.fromkeys(("given", "opens", "closes", "instead"), longest["second"])
    for block, most in NOTICE_BLOCKS.items():
        if words.has(NOTICES, block, language):
            texts = (words.render_notice(block, language, **said, **ways) for ways in _NOTICE_WAYS)
            allowed = allowed_segments(library, language, most)
            yield Cost(NOTICES, block, language, allowed, *_dearest_way(texts))
    for told in Told:
        if words.has(REGISTERS, told, language):
            said = {name: longest[name] for name in ("name", "site", "until")}
            text = words.render(Say(REGISTERS, told, language, said))
            yield Cost(
                REGISTERS, told, language, allowed_segments(library, language, 1), *_dearest_way((text,))
            )
    ruled = {name: longest[name] for name in ("name", "site", "until")} | {"hours": 1_000}
    for purpose in Purpose:
        if words.has(RULES, purpose, language):
            text = words.render(Say(RULES, purpose, language, ruled))
            allowed = allowed_segments(library, language, 1)
            yield Cost(RULES, purpose, language, allowed, *_dearest_way((text,)))


def _dearest_way(texts: Iterable[str]) -> tuple[int, int]:
    """The most segments, and the most characters among those."""
    folded = [one_message((text,), fold=True) for text in texts]
    return max((gsm.segments(text), len(text)) for text in folded)


def allowed_segments(library: Library, language: str, most: int) -> int:
    """The segments that a language may cost where one in GSM-7 may cost ``most``.

    A language whose own name is not in GSM-7 when folded is written in UCS-2.
    """
    own_name = gsm.fold(" ".join(library.languages[language]))
    return most if gsm.is_gsm7(own_name) else most * UCS2_FOR_GSM7


def budget_of(script: Script) -> dict[str, int]:
    """Every block a script speaks with, and the segments it may cost."""
    budget: dict[str, int] = {}
    for name, step in script.steps.items():
        if isinstance(step, Do):
            continue
        budget[name] = step.segments
        if isinstance(step, Question):
            budget[f"again_{name}"] = step.segments
            budget[f"help_{name}"] = step.segments
            if step.give_up != s.DEFAULT_GIVE_UP:
                budget[step.give_up] = step.segments
    return budget


def words_of(library: Library, script: Script, language: str, medium: str = SMS) -> Mapping[str, nodes.Block]:
    """The blocks that a script speaks with: its own, those it borrows, and those that all share."""
    found: dict[str, nodes.Block] = {}
    for lender in (SHARED, *reversed(script.borrows)):
        lent = blocks_of(library, lender, language, medium)
        found |= {name: block for name, block in lent.items() if name in budget_of(script)}
    return found | dict(blocks_of(library, script.name, language, medium))


def blocks_of(library: Library, dialogue: str, language: str, medium: str = SMS) -> Mapping[str, nodes.Block]:
    """The blocks of one template as they are written, by name."""
    environment = library.words.environment
    loader, name = environment.loader, f"{medium}/{language}/{dialogue}.j2"
    if loader is None or name not in environment.list_templates():
        return {}
    tree = environment.parse(loader.get_source(environment, name)[0])
    return {block.name: block for block in tree.find_all(nodes.Block)}


def renderings(
    library: Library,
    script: Script,
    block: str,
    language: str,
    tree: nodes.Block,
    *,
    of: Mapping[str, Any],
    medium: str,
) -> Iterator[str]:
    """A block in every way that it may be told, with values ``of`` that size."""
    names = {name.name for name in tree.find_all(nodes.Name)}
    step = script.steps.get(block) or script.steps.get(block.partition("_")[2])
    for context in samples.contexts([verb for verb in VERBS if verb in names], names, of):
        options = offered(script, step, context)
        say = Say(script.name, block, language, {**context, "options": options, "more": True})
        yield library.words.render(say, medium)


def offered(script: Script, step: Step | None, said: Mapping[str, object]) -> list[dict[str, object]]:
    """A full page of the options of a step; nothing if it has none of a verb."""
    source = script.steps.get(step.options_from) if isinstance(step, Choose) else None
    return samples.options(source.do, said) if isinstance(source, Do) else []
