"""Which operator carries an MT: what a number has shown, else what its prefix says, else any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.phones import carrier

LOOPBACK = "loopback"  # no operator at all: the phone in the terminal and in the browser


@dataclass(frozen=True, slots=True)
class OperatorChoice:
    """An operator and the networks it serves, by phonenumbers' names; None serves any."""

    name: str
    carriers: frozenset[str] | None = None


def choose_operator(number: str, operators: Sequence[OperatorChoice], learned: Mapping[str, str]) -> str:
    """Name the operator for a number (E.164): numbers are portable, so what was learned comes first."""
    known = learned.get(number)
    if known == LOOPBACK or any(operator.name == known for operator in operators):
        return str(known)
    if not operators:
        return LOOPBACK
    network = carrier(number)
    for operator in operators:
        if operator.carriers and network in operator.carriers:
            return operator.name
    return next((operator.name for operator in operators if operator.carriers is None), operators[0].name)
