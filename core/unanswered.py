"""How long silence is borne: an MT that was handed over without an answer is neither sent nor unsent."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from core.messages import Lane


@dataclass(frozen=True, slots=True)
class Patience:
    """When a claim is in doubt, and which lanes then go `again`; of the others a receipt decides."""

    claim_lasts: timedelta
    again: tuple[Lane, ...]
    again_after: timedelta  # from the doubt on, twice as long each further time
    most_attempts: int  # that no answer came to; then it stays in doubt, and is reported
    most_claims: int  # whatever came of them: a sender that dies each time must not go on for ever


PATIENCE: Final = Patience(
    claim_lasts=timedelta(seconds=90),  # longer than an operator may take to answer a submit_sm
    # Somebody waits for these, and twice is better than never; an invitation is one-off.
    again=(Lane.ANSWER, Lane.CONFIRMATION),
    again_after=timedelta(seconds=5),  # the sender may be about to say what it knows
    most_attempts=5,  # an operator that never answers may still deliver each of them
    most_claims=50,  # a dead sender has mostly handed nothing over, and an answer must not be lost by that
)
"""The one judgement of every gateway and every worker."""
