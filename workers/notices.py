"""Messages that nobody waits for: which way each leaves, and in which words."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, TypeAlias

from conversations.media import SMS, gsm, medium_of
from conversations.words import one_message
from core.messages import SMS_CHANNEL, Address
from core.routing import OperatorChoice, choose_operator
from core.store.work import Work

OperatorOf: TypeAlias = Callable[[Address], str]


class Written(NamedTuple):
    """A message as its medium takes it."""

    text: str
    segments: int


def operators_of(
    work: Work, addresses: Collection[Address], operators: Sequence[OperatorChoice]
) -> OperatorOf:
    """Who carries a message to each of these addresses: an operator by its number, or the chat itself."""
    known = work.routes.find([address.number for address in addresses if address.channel == SMS_CHANNEL])

    def operator_of(address: Address) -> str:
        if address.channel != SMS_CHANNEL:
            return address.channel
        return choose_operator(address.number, operators, known)

    return operator_of


def written(words: Callable[[str], str], address: Address) -> Written:
    """The words for an address; ``words`` gives them for a medium. An SMS is folded, and has its price."""
    medium = medium_of(address.channel)
    text = one_message((words(medium),), fold=medium == SMS)
    return Written(text, gsm.segments(text) if medium == SMS else 1)
