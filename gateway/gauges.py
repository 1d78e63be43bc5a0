"""What one gateway process measures: the queues, the operators, and its own binds."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.messages import Lane
from core.store.queues import Queue
from core.store.work import Store
from gateway.capacity import Capacity, CapacityGone, OperatorRate, Usage
from gateway.metrics import Metric
from gateway.sender import Sender
from gateway.watch import Promptness, Watch


@dataclass(frozen=True, slots=True)
class Gauges:
    """Where the measures are read."""

    store: Store
    capacity: Capacity
    senders: Sequence[Sender[Any]]
    promptness: Mapping[str, Promptness]
    watch: Watch

    async def read(self, now: datetime) -> list[Metric]:
        """All of them; asks the database, and Redis where it answers."""
        mos, queues, blocked, given_up = await asyncio.to_thread(self._waiting, now)
        usage = {rate.name: usage for rate in self._rates if (usage := await self._usage(rate))}
        oldest: dict[Lane, datetime] = {}
        for queue in queues:
            oldest[queue.lane] = min(queue.oldest_at, oldest.get(queue.lane, queue.oldest_at))
        return [
            Metric("crs_mos_waiting", "MOs that wait for their turn", {(): mos}),
            Metric(
                "crs_segments_queued",
                "segments that wait to be sent",
                {(("operator", q.operator), ("lane", q.lane.name.lower())): q.segments for q in queues},
            ),
            Metric(
                "crs_queue_oldest_seconds",
                "age of the MT that has waited longest to be sent",
                {
                    (("lane", lane.name.lower()),): max(0.0, (now - at).total_seconds())
                    for lane, at in sorted(oldest.items())
                },
            ),
            Metric(
                "crs_mts_moved",
                "MTs that wait for an operator in place of their own, which is down",
                _sums((q.operator, q.moved) for q in queues),
            ),
            Metric(
                "crs_mts_blocked",
                "MTs not sent because they were the same words to the same person again and again",
                {(): blocked},
            ),
            Metric(
                "crs_mts_given_up",
                "MTs handed over without an answer of which no receipt came in two days",
                {(("lane", lane.name.lower()),): count for lane, count in given_up.items()},
            ),
            Metric(
                "crs_capacity_segments_per_second",
                "the capacity of the contract",
                _by_operator({rate.name: rate.segments_per_second for rate in self._rates}),
            ),
            Metric(
                "crs_capacity_share",
                "share of the capacity in force, less than 1 after the operator throttled us",
                _by_operator({name: each.share for name, each in usage.items()}),
            ),
            Metric(
                "crs_segments_last_second",
                "segments that all gateways handed over in the last second",
                _by_operator({name: each.segments for name, each in usage.items()}),
            ),
            Metric(
                "crs_throttled_total",
                "MTs of this process that the operator throttled",
                _by_operator({name: each.throttled for name, each in self.promptness.items()}),
                kind="counter",
            ),
            Metric(
                "crs_rejected_total",
                "MTs of this process that were refused for good, by the reason",
                {
                    (("operator", sender.operator.name), ("reason", reason)): count
                    for sender in self.senders
                    for reason, count in sender.rejected.items()
                },
                kind="counter",
            ),
            Metric(
                "crs_operator_weight",
                "its share where others serve a number too, less than 1 after it was slow or refused",
                _by_operator({operator.name: operator.weight for operator in self.watch.operators}),
            ),
            Metric(
                "crs_operator_up",
                "1 while some process is bound to the operator",
                _by_operator({operator.name: operator.is_up for operator in self.watch.operators}),
            ),
            Metric(
                "crs_bound",
                "1 while the operator takes MTs from this process",
                _by_operator({sender.operator.name: sender.is_bound for sender in self.senders}),
            ),
            Metric(
                "crs_submits_unanswered",
                "MTs of this process that wait for the operator's answer",
                _by_operator({sender.operator.name: sender.outstanding for sender in self.senders}),
            ),
        ]

    def _waiting(self, now: datetime) -> tuple[int, list[Queue], int, dict[Lane, int]]:
        with self.store.begin() as work:
            queues = work.queues
            return work.inbox.waiting(), queues.waiting(), queues.blocked(), queues.given_up(now=now)

    @property
    def _rates(self) -> list[OperatorRate]:
        return [sender.operator for sender in self.senders]

    async def _usage(self, rate: OperatorRate) -> Usage | None:
        with suppress(CapacityGone):
            return await self.capacity.usage(rate)
        return None


def _by_operator(values: Mapping[str, float]) -> dict[tuple[tuple[str, str], ...], float]:
    return {(("operator", name),): value for name, value in values.items()}


def _sums(values: Iterable[tuple[str, float]]) -> dict[tuple[tuple[str, str], ...], float]:
    sums: dict[str, float] = {}
    for name, value in values:
        sums[name] = sums.get(name, 0) + value
    return _by_operator(sums)
