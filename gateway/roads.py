"""What operators' words about numbers change: where the refused MT goes next, and what is learned."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from core.routing import OperatorChoice, after_refusal
from core.store.moving import Attempt
from core.store.receipts import Verdict
from core.store.work import OUTBOX_CHANNEL, Work

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Roads:
    """The operators of the settings; with fewer than two there is nothing to choose and nothing to learn."""

    operators: Sequence[OperatorChoice] = ()
    unknown_subscriber: Mapping[str, frozenset[str]] = field(default_factory=dict)  # errors of receipts

    def heed(self, work: Work, verdicts: Collection[Verdict], *, now: datetime) -> None:
        """Learn from receipts whose a number is, and send elsewhere what came to the wrong network."""
        if len(self.operators) < 2:
            return
        work.routes.learn_delivered([(v.mt_id, v.operator) for v in verdicts if v.is_delivered], now=now)
        unknown: dict[str, list[Attempt]] = defaultdict(list)
        for v in verdicts:
            if not v.is_delivered and self._means_unknown(v.operator, v.error or ""):
                unknown[v.operator].append(Attempt(v.mt_id, v.attempt))
        for operator, attempts in sorted(unknown.items()):
            self.refused(work, attempts, operator=operator, source="receipt", now=now)

    def _means_unknown(self, operator: str, error: str) -> bool:
        """As text an error has leading zeros, as a number (network_error_code) it has none."""
        codes = self.unknown_subscriber.get(operator, frozenset())
        return error.lstrip("0") in {code.lstrip("0") for code in codes} - {""}

    def refused(
        self, work: Work, attempts: Collection[Attempt], *, operator: str, source: str, now: datetime
    ) -> None:
        """Let another operator try what this one says is not its own; each is tried once."""
        if len(self.operators) < 2 or not attempts:
            return
        numbers = work.moving.refused(attempts, operator=operator)
        work.routes.refuse(numbers.values(), operator, source=source, now=now)
        known = work.routes.find(numbers.values())
        operators = work.operators.as_they_are(self.operators, now=now)
        by_next: dict[str, list[Attempt]] = defaultdict(list)
        for attempt, number in numbers.items():
            if to := after_refusal(number, operators, known):
                by_next[to].append(attempt)
        for to, again in by_next.items():
            work.moving.send_elsewhere(again, to=to)
            log.info("roads.refused", operator=operator, to=to, mt_ids=[mt_id for mt_id, _ in again])
        if by_next:
            work.wake(OUTBOX_CHANNEL)
