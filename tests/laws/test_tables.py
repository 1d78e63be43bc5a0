"""The tables of states as graphs: whoever is in a state has a way on, and an end in sight."""

from collections.abc import Mapping
from typing import Final

import pytest

from core.blocking import KEPT, RULES, Lifter
from core.states import DOSE, INVITATION, MACHINES, OFFER, ORDER, REGISTRATION, RESERVATION, Machine

ENDS: Final[Mapping[str, set[str]]] = {
    REGISTRATION.name: {"done"},
    ORDER.name: {"left", "done"},
    INVITATION.name: {"used", "void", "expired"},
    RESERVATION.name: {"cancelled", "exchanged", "missed", "done"},
    OFFER.name: {"declined", "late", "overtaken", "taken"},
    DOSE.name: {"given", "withdrawn"},
}
"""Where something may stay for good."""


def ways(machine: Machine) -> dict[str, set[str]]:
    return {state: {new for old, new in machine.pairs if old == state} for state in machine.states}


def reached(machine: Machine, *begins: str) -> set[str]:
    seen: set[str] = set()
    edge = set(begins)
    while edge:
        seen |= edge
        edge = {new for state in edge for new in ways(machine)[state]} - seen
    return seen


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_only_an_end_has_no_way_on(machine: Machine) -> None:
    assert {state for state, on in ways(machine).items() if not on} <= ENDS[machine.name]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_can_be_come_to_and_leads_to_an_end(machine: Machine) -> None:
    assert reached(machine, machine.begins_as, *machine.or_begins_as) == set(machine.states)
    for state in machine.states:
        assert reached(machine, state) & ENDS[machine.name], state


def test_whoever_is_blocked_is_told_how_it_ends() -> None:
    for reason in KEPT:
        rule = RULES[reason]
        assert rule.lifted_by is Lifter.HOTLINE or rule.mend, reason
        assert rule.is_temporary or rule.lifted_by is not Lifter.TIME, reason
