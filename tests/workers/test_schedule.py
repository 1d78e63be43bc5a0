"""Jobs through a real Valkey, worked by a SimpleWorker in a burst."""

import threading
from datetime import timedelta

import pytest
from redis import Redis
from rq.job import JobStatus
from sqlalchemy import func, select

from core.store import tables as t
from tests.workers.town import NOW, SITE, add_dates, add_people, deliver
from workers import workshop as workshops
from workers.planning import plan_all, plan_site
from workers.schedule import JOBS, Schedule, enqueue_tick, queue, worker
from workers.workshop import NoWorkshop, installed


@pytest.fixture
def people(workshop):
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=2)
        deliver(work.db, 4)
        add_people(work.db, 3)
    return workshop


def invitations(workshop) -> int:
    with workshop.store.begin() as work:
        return work.db.scalar(select(func.count()).select_from(t.invitations))


def test_a_job_carries_an_id_and_is_worked(people, redis: Redis):
    job = queue(redis).enqueue(plan_site, str(SITE))
    assert worker(redis).work(burst=True, logging_level="ERROR")
    assert job.get_status() is JobStatus.FINISHED
    assert invitations(people) == 2


def test_a_job_that_is_worked_twice_invites_once(people, redis: Redis):
    for _ in range(2):
        queue(redis).enqueue(plan_site, str(SITE))
    worker(redis).work(burst=True, logging_level="ERROR")
    assert invitations(people) == 2


def test_a_minute_is_enqueued_once_however_many_schedulers_tick(redis: Redis):
    assert enqueue_tick(redis, plan_all, now=NOW) is not None
    assert enqueue_tick(redis, plan_all, now=NOW + timedelta(seconds=59)) is None
    assert enqueue_tick(redis, plan_all, now=NOW + timedelta(seconds=60)) is not None
    assert len(queue(redis)) == 2


def test_the_schedule_enqueues_every_job_at_once_and_stops_when_told(people, redis: Redis):
    stop = threading.Event()
    schedule = Schedule(redis)
    schedule.enqueue_jobs()
    assert {job.func_name for job in queue(redis).get_jobs()} == {
        f"{job.__module__}.{job.__name__}" for job in JOBS
    }
    assert 0 < schedule.calculate_sleep_interval() <= 60
    stop.set()
    schedule.tick_until(stop)
    worker(redis).work(burst=True, logging_level="ERROR")
    assert invitations(people) == 2


def test_a_job_that_keeps_failing_is_tried_again_and_then_kept_as_failed(redis: Redis):
    workshops._installed.clear()
    job = enqueue_tick(redis, plan_all, now=NOW)
    worker(redis).work(burst=True, logging_level="CRITICAL")
    assert job.get_status() is JobStatus.FAILED
    with pytest.raises(NoWorkshop):
        installed()
