"""Which operator carries an MT: what a number has shown, else what its prefix says, else any that is well."""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from core.phones import carrier

LOOPBACK = "loopback"  # no operator at all: the phone in the terminal and in the browser
DESK = "desk"  # nor here: an agent's terminal, who goes on for somebody

SLOW: Final = timedelta(seconds=3)  # nine answers of ten come sooner from a centre that is well
MUCH_REFUSED: Final = 0.2
FEW: Final = 20  # answers that say nothing yet
CUT: Final = 0.5
RECOVERED: Final = 0.1
LEAST: Final = 0.1  # so much is still tried, or nobody would see that it is well again


@dataclass(frozen=True, slots=True)
class OperatorChoice:
    """An operator and the networks it serves, by phonenumbers' names; None serves any."""

    name: str
    carriers: frozenset[str] | None = None
    weight: float = 1.0  # its share where others serve a number too
    is_up: bool = True
    down_after: timedelta = timedelta(seconds=30)  # without anybody bound to it

    def serves(self, network: str) -> bool:
        """Numbers of this network are meant for it."""
        return self.carriers is None or network in self.carriers


@dataclass(frozen=True, slots=True)
class Known:
    """What numbers have shown: the operator of each, and those that said it is not theirs."""

    learned: Mapping[str, str] = field(default_factory=dict)
    unserved: Mapping[str, frozenset[str]] = field(default_factory=dict)


def choose_operator(number: str, operators: Sequence[OperatorChoice], known: Known) -> str:
    """Name the operator for a number (E.164): numbers are portable, so what was learned comes first.

    One that nobody is bound to is chosen only where no other serves the number.
    """
    learned = known.learned.get(number)
    if learned == LOOPBACK or not operators:
        return LOOPBACK
    refused = known.unserved.get(number, frozenset())
    possible = [operator for operator in operators if operator.name not in refused] or operators
    serving = _serving(number, possible, learned) or possible
    well = [operator for operator in serving if operator.is_up] or serving
    return _share(number, well, own={operator.name for operator in _own(number, well, learned)})


def stand_in(number: str, operators: Sequence[OperatorChoice], known: Known, *, down: str) -> str | None:
    """Name the one that carries what waits for an operator that is down; None where no other serves it."""
    refused = known.unserved.get(number, frozenset())
    others = [one for one in operators if one.is_up and one.name != down and one.name not in refused]
    serving = _serving(number, others, known.learned.get(number))
    return choose_operator(number, serving, known) if serving else None


def after_refusal(number: str, operators: Sequence[OperatorChoice], known: Known) -> str | None:
    """Name the one that may serve a number that others said is not theirs; None when all have."""
    refused = known.unserved.get(number, frozenset())
    left = [operator for operator in operators if operator.name not in refused]
    return choose_operator(number, left, known) if left else None


def _serving(number: str, operators: Iterable[OperatorChoice], learned: str | None) -> list[OperatorChoice]:
    network = carrier(number)
    return [operator for operator in operators if operator.name == learned or operator.serves(network)]


def _own(number: str, operators: Iterable[OperatorChoice], learned: str | None) -> list[OperatorChoice]:
    """Those whose network it is: the one that it has shown, else those that its prefix says."""
    network = carrier(number)
    seen = [operator for operator in operators if operator.name == learned]
    return seen or [one for one in operators if one.carriers is not None and network in one.carriers]


def _share(number: str, operators: Sequence[OperatorChoice], *, own: set[str]) -> str:
    """Rendezvous hashing: a number stays where it is unless a weight of its own choices changes.

    Its own network comes first; the others get what that one's weight leaves to them.
    """
    left = 1.0 - max((operator.weight for operator in operators if operator.name in own), default=0.0)

    def height(operator: OperatorChoice) -> float:
        weight = operator.weight if operator.name in own or not own else operator.weight * left
        return weight / -math.log(_place(number, operator.name))

    return max(operators, key=height).name


def _place(number: str, name: str) -> float:
    """Somewhere between 0 and 1, always the same for the two."""
    digest = hashlib.blake2b(f"{number} {name}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest) + 0.5) / 2**64


@dataclass(frozen=True, slots=True)
class Observed:
    """How an operator answered of late."""

    answered: int
    refused: int  # throttled, or rejected for what is not the number's fault
    p90: timedelta  # of the time to an answer


@dataclass(frozen=True, slots=True)
class Shift:
    """A new weight, and why."""

    weight: float
    reason: str


def shift(weight: float, observed: Observed) -> Shift | None:
    """Halve the share of one that is slow or refuses, give it back little by little; None: no change."""
    if observed.answered >= FEW:
        cut = max(LEAST, weight * CUT)
        seconds = observed.p90.total_seconds()
        refused = observed.refused / observed.answered
        if observed.p90 > SLOW:
            return _changed(weight, cut, f"slow: nine of ten answers came within {seconds:.1f} s")
        if refused > MUCH_REFUSED:
            return _changed(weight, cut, f"refuses: {refused:.0%} of {observed.answered} submits")
    return _changed(weight, min(1.0, round(weight + RECOVERED, 3)), "nothing was wrong for a minute")


def _changed(old: float, new: float, reason: str) -> Shift | None:
    return None if new == old else Shift(new, reason)
