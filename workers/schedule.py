"""The schedule and the worker: RQ's cron, one queue, ticks that any number of schedulers may enqueue."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from redis import Redis, RedisError
from rq import Queue, Retry, SimpleWorker
from rq.cron import CronJob, CronScheduler
from rq.exceptions import DuplicateJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from workers.mails.sending import send_mails
from workers.pauses import tell_of_pauses
from workers.planning import plan_all
from workers.registers import ask_registers
from workers.reminding import note_missed, remind
from workers.substitutes import offer_leftovers
from workers.upkeep import (
    end_invitations,
    end_unfinished_orders,
    lapse_sessions,
    reconcile_unanswered,
    release_lapsed_holds,
    stand_in_by_sms,
)

log = structlog.get_logger()

QUEUE: Final = "crs"
TICK_SECONDS: Final = 60
REMEMBERED_SECONDS: Final = 10 * TICK_SECONDS  # so long a tick that was worked is not enqueued again
RETRIES: Final = 2
REDIS_RETURNS_SECONDS: Final = 5.0
JOBS: Final[tuple[Callable[[], None], ...]] = (
    release_lapsed_holds,
    end_unfinished_orders,
    end_invitations,
    plan_all,
    reconcile_unanswered,
    lapse_sessions,
    stand_in_by_sms,
    send_mails,
    tell_of_pauses,
    remind,
    note_missed,
    ask_registers,
    offer_leftovers,
)


def queue(redis: Redis) -> Queue:
    """The one queue; arguments are JSON."""
    return Queue(QUEUE, connection=redis, serializer=JSONSerializer)


def worker(redis: Redis) -> SimpleWorker:
    """A worker of the one queue: jobs are short, and run in this process."""
    return SimpleWorker(
        [queue(redis)], connection=redis, serializer=JSONSerializer, exception_handlers=[_tell_failed]
    )


def _tell_failed(job: Job, *exc_info: Any) -> bool:
    """Log it our way: RQ's own words quote the exception's."""
    log.error("schedule.job_failed", job=job.func_name, exc_info=exc_info)
    return True


def enqueue_tick(redis: Redis, job: Callable[[], None], *, now: datetime) -> Job | None:
    """Enqueue a job for this minute, or return None when another scheduler has done it."""
    job_id = f"{job.__name__}-{now.astimezone(UTC):%Y%m%dT%H%M}"
    try:
        return queue(redis).enqueue_call(
            job,
            job_id=job_id,
            unique=True,
            retry=Retry(max=RETRIES),
            ttl=REMEMBERED_SECONDS,
            result_ttl=REMEMBERED_SECONDS,
            failure_ttl=REMEMBERED_SECONDS,
        )
    except DuplicateJobError:
        return None


class _Tick(CronJob):
    """RQ's own enqueues in pickle, under a random id."""

    def __init__(self, job: Callable[[], None]) -> None:
        super().__init__(QUEUE, func=job, interval=TICK_SECONDS)
        self._job = job

    def enqueue(self, connection: Redis) -> Job:
        found = enqueue_tick(connection, self._job, now=datetime.now(UTC))
        return found or Job(connection=connection, serializer=JSONSerializer)


class Schedule(CronScheduler):
    """Every job every minute, from a thread, until told to stop."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis, logging_level="WARNING")
        self._cron_jobs.extend(_Tick(job) for job in JOBS)

    def tick_until(self, stop: threading.Event) -> None:
        """Enqueue what is due, and go on when Redis comes back."""
        while not stop.is_set():
            try:
                self.enqueue_jobs()
                seconds = self.calculate_sleep_interval()
            except RedisError as error:
                log.warning("schedule.no_redis", error=type(error).__name__)
                seconds = REDIS_RETURNS_SECONDS
            stop.wait(seconds)


def work(redis_url: str) -> bool:
    """Tick and work until SIGINT or SIGTERM; False when the worker gave up by itself.

    A job under way is finished first; a second signal ends it, and leaves nothing half done.
    """
    stop = threading.Event()
    with Redis.from_url(redis_url) as for_ticks, Redis.from_url(redis_url) as for_jobs:
        ticking = threading.Thread(target=Schedule(for_ticks).tick_until, args=[stop], name="schedule")
        working = worker(for_jobs)
        ticking.start()
        try:
            working.work(logging_level="WARNING")
        finally:
            stop.set()
            ticking.join()
    return working._shutdown_requested_date is not None
