"""Policies of inviting: how long an invitation holds, what it claims, and how far the planner may go."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from core.invitations.response import BANDS, Prior
from core.stock import Reserve


class UnusablePolicy(Exception):
    """The configuration of policies contradicts itself; the message says where."""


class Claims(StrEnum):
    """What an open invitation claims of a site's capacity."""

    HELD = "held"
    """A whole place, until it is used or expires."""
    IGNORED = "ignored"
    """Nothing; only to compare with."""
    DECAYING = "decaying"
    """The chance that somebody silent for so long still answers."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How far the planner may go; its name is kept with every wave."""

    name: str = "hard guarantee"
    claims: Claims = Claims.HELD
    epsilon: float = 0.0
    """The chance, per plan, that somebody who answers finds nothing; 0 is the hard guarantee."""
    patience: timedelta | None = None
    """Answers later than this are not reckoned with: who is so late books what is free; None counts all."""
    validity: timedelta | None = None
    """How long PIN2 books; None means until it is used."""
    most_invitations: int | None = None
    """How many invitations may run out unanswered before a registration is blocked; None means any number."""
    reserve: Reserve = Reserve.FULL
    haircut: float = 0.5
    """The share of an announced delivery not counted on, under ``Reserve.ROLLING``."""
    notice: timedelta = timedelta()
    """From when the message can be read to the earliest first dose; kept by whoever counts the pairs."""
    ramp: float | None = None
    """Within an hour at most this many times the largest of the recent waves are invited."""
    probe: int = 0
    """How many are invited after a change until some have responded; 0: a change makes no difference."""
    most_at_once: int = 1_000
    """A wave is one transaction; who is left comes with the next one."""
    half_life: timedelta = timedelta(days=14)
    """After how long an observed response counts for a half."""
    response: Mapping[str, Prior] = field(default_factory=lambda: MappingProxyType({}))
    """What is believed of each band beforehand."""

    def prior(self, band: str) -> Prior:
        return self.response.get(band, Prior())


HARD_GUARANTEE = Policy()


def load_policies(text: str) -> dict[str, Policy]:
    """Read ``policies.toml``: policies by their names.

    Raises UnusablePolicy.
    """
    try:
        raw = tomllib.loads(text)
        _refuse_unknown(raw, {"policy", "response"}, "The file")
        shared = _response(raw.get("response", {}))
        return {name: _policy(name, written, shared) for name, written in raw["policy"].items()}
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise UnusablePolicy(f"The policies cannot be read: {wrong!r}") from wrong


_KEYS = {
    "claims",
    "epsilon",
    "patience_hours",
    "validity_hours",
    "most_invitations",
    "reserve",
    "haircut",
    "notice_hours",
    "ramp",
    "probe",
    "most_at_once",
    "half_life_hours",
    "response",
}


def _policy(name: str, written: Mapping[str, Any], shared: Mapping[str, Prior]) -> Policy:
    _refuse_unknown(written, _KEYS, f"Policy {name}")
    usual = HARD_GUARANTEE
    claims = Claims(written["claims"])
    policy = Policy(
        name=name,
        claims=claims,
        epsilon=float(written.get("epsilon", 1 if claims is Claims.IGNORED else 0)),
        patience=_hours(written.get("patience_hours")),
        validity=_hours(written.get("validity_hours")),
        most_invitations=written.get("most_invitations"),
        reserve=Reserve[written.get("reserve", usual.reserve.name).upper()],
        haircut=float(written.get("haircut", usual.haircut)),
        notice=_hours(written.get("notice_hours")) or usual.notice,
        ramp=written.get("ramp"),
        probe=int(written.get("probe", usual.probe)),
        most_at_once=int(written.get("most_at_once", usual.most_at_once)),
        half_life=_hours(written.get("half_life_hours")) or usual.half_life,
        response=MappingProxyType({**shared, **_response(written.get("response", {}))}),
    )
    _check(policy)
    return policy


def _hours(written: float | None) -> timedelta | None:
    return None if written is None else timedelta(hours=written)


def _response(written: Mapping[str, Mapping[str, Any]]) -> dict[str, Prior]:
    _refuse_unknown(written, set(BANDS), "Response")
    priors: dict[str, Prior] = {}
    for band, raw in written.items():
        _refuse_unknown(raw, {"answers", "half_within_hours", "watched"}, f"Response of {band}")
        prior = Prior(float(raw["answers"]), timedelta(hours=raw["half_within_hours"]), float(raw["watched"]))
        if not (0 < prior.answers < 1 and prior.half_within > timedelta() and prior.watched > 0):
            raise UnusablePolicy(f"Response of {band}: answers lies between 0 and 1, the others above 0")
        priors[band] = prior
    return priors


def _check(policy: Policy) -> None:
    is_met = {
        "epsilon is a chance, from 0 up to 1": 0 <= policy.epsilon <= 1,
        "held claims leave nothing to chance: epsilon must be 0": (
            policy.claims is not Claims.HELD or policy.epsilon == 0
        ),
        "patience_hours must be above 0": policy.patience is None or policy.patience > timedelta(),
        "patience_hours is for decaying claims only": (
            policy.patience is None or policy.claims is Claims.DECAYING
        ),
        "validity_hours must be above 0": policy.validity is None or policy.validity > timedelta(),
        "most_invitations must be at least 1": (
            policy.most_invitations is None or policy.most_invitations >= 1
        ),
        "most_invitations needs validity_hours: nothing expires without": (
            policy.most_invitations is None or policy.most_invitations == 1 or policy.validity is not None
        ),
        "haircut is a share, from 0 up to 1": 0 <= policy.haircut <= 1,
        "notice_hours cannot be below 0": policy.notice >= timedelta(),
        "ramp must be at least 1": policy.ramp is None or policy.ramp >= 1,
        "probe cannot be below 0": policy.probe >= 0,
        "most_at_once must be at least 1": policy.most_at_once >= 1,
        "half_life_hours must be above 0": policy.half_life > timedelta(),
    }
    if wrong := [words for words, met in is_met.items() if not met]:
        raise UnusablePolicy(f"Policy {policy.name}: {'; '.join(wrong)}")


def _refuse_unknown(written: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(written.keys() - known):
        raise UnusablePolicy(f"{where}: unknown {', '.join(unknown)}")
