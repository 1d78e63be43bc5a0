"""Keeps an eye on the operators: who is bound, how they answer, and where what waits for them goes."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from core.routing import Observed, OperatorChoice, shift, stand_in
from core.store.work import OUTBOX_CHANNEL, Store, Work

log = structlog.get_logger()

LOOK_EVERY_SECONDS: Final = 2.0
JUDGE_EVERY: Final = timedelta(minutes=1)
FORGET_EVERY: Final = timedelta(hours=1)  # it reads every route
MOST_REMEMBERED: Final = 1_000


class Promptness:
    """How one operator answers this process."""

    def __init__(self) -> None:
        self.throttled = 0  # in all
        self._seconds: deque[float] = deque(maxlen=MOST_REMEMBERED)
        self._refused: deque[bool] = deque(maxlen=MOST_REMEMBERED)

    def note(self, seconds: float, *, is_refused: bool = False, is_throttled: bool = False) -> None:
        """One submit_sm was answered, or waited so long in vain."""
        self.throttled += is_throttled
        self._seconds.append(seconds)
        self._refused.append(is_refused or is_throttled)

    def take(self) -> Observed:
        """What was noted since this was last asked."""
        seconds = sorted(self._seconds)
        p90 = seconds[int(0.9 * (len(seconds) - 1))] if seconds else 0.0
        observed = Observed(len(seconds), sum(self._refused), timedelta(seconds=p90))
        self._seconds.clear()
        self._refused.clear()
        return observed


class Watch:
    """One process's part in it; any number of processes may watch the same operators."""

    def __init__(
        self,
        store: Store,
        operators: Sequence[OperatorChoice],
        is_bound: Callable[[str], bool],
        promptness: Mapping[str, Promptness],
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._seen = tuple(operators)  # as they were at the last look
        self._choices = tuple(operators)
        self._is_bound = is_bound
        self._promptness = promptness
        self._clock = clock
        self._since: datetime | None = None  # we have looked without a gap
        self._judged_at = self._forgot_at = clock()

    @property
    def operators(self) -> tuple[OperatorChoice, ...]:
        """The operators as they are; one that this process is bound to is up before anybody has noted it."""
        return tuple(replace(one, is_up=one.is_up or self._is_bound(one.name)) for one in self._seen)

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            try:
                await asyncio.to_thread(self.look)
            except Exception as error:  # noqa: BLE001  the database may be away; then nobody's note is fresh
                self._since = None
                log.warning("watch.not_now", error=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    def look(self) -> None:
        """Tell the others who is bound here, and do what follows from what they tell."""
        now = self._clock()
        names = [operator.name for operator in self._choices]
        with self._store.begin() as work:
            work.operators.note(names, bound=[n for n in names if self._is_bound(n)], now=now)
            self._seen = work.operators.as_they_are(self._choices, now=now)
            if now - self._judged_at >= JUDGE_EVERY:
                self._judged_at = now
                self._judge(work, now)
            if now - self._forgot_at >= FORGET_EVERY:
                self._forgot_at = now
                work.routes.forget(now=now)
        self._since = self._since or now
        self._move(now)

    def _judge(self, work: Work, now: datetime) -> None:
        for operator in self._seen:
            new = shift(operator.weight, self._promptness[operator.name].take())
            if new is not None and work.operators.shift(operator.name, operator.weight, new, now=now):
                log.info("watch.shifted", operator=operator.name, weight=new.weight, reason=new.reason)

    def _move(self, now: datetime) -> None:
        """Let others carry what waits for those that are down, and bring it home when they are back."""
        assert self._since is not None  # noqa: S101  set by the look
        watched = now - self._since
        with self._store.begin() as work:
            away = work.operators.gone(self._choices, now=now)
        away |= {one.name for one in self.operators if not one.is_up and watched >= one.down_after}
        for name in sorted(away):
            self._move_away(name)
        for operator in self.operators:
            if operator.is_up:
                self._bring_home(operator.name)

    def _move_away(self, name: str) -> None:
        """In order and some at a time, so that answers, which are first, leave while the rest is moved."""
        after = None
        while True:
            with self._store.begin() as work:
                waiting = work.moving.queued(name, after=after) if work.moving.begin() else []
                if not waiting:
                    return
                after = waiting[-1].place
                known = work.routes.find([mt.number for mt in waiting])
                by_stand_in: dict[str, list[int]] = defaultdict(list)
                for mt in waiting:
                    if to := stand_in(mt.number, self.operators, known, down=name):
                        by_stand_in[to].append(mt.place.mt_id)
                for to, mt_ids in by_stand_in.items():
                    count = work.moving.move(mt_ids, operator=name, to=to)
                    log.info("watch.moved", operator=name, to=to, count=count)
                if by_stand_in:
                    work.wake(OUTBOX_CHANNEL)

    def _bring_home(self, name: str) -> None:
        while True:
            with self._store.begin() as work:
                count = work.moving.bring_home(name) if work.moving.begin() else 0
                if not count:
                    return
                work.wake(OUTBOX_CHANNEL)
            log.info("watch.brought_home", operator=name, count=count)
