"""Keywords that come from configuration: each begins a dialogue with something answered already."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.services import Services

ORDER: Final = "order"  # the dialogue of every service whose slots are offered at once


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A word or phrase; ``language`` may be ``any``."""

    word: str
    language: str
    dialogue: str
    answers: Mapping[str, str]


def shortcuts(services: Services) -> tuple[Shortcut, ...]:
    """The keywords of the services that are offered at once."""
    return tuple(
        Shortcut(word, language, ORDER, {"service": service.key})
        for service in services.at_once
        for language, words in service.keywords.items()
        for word in words
    )
