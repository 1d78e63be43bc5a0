"""A site pauses: nobody is invited or booked then, and whoever waits there is told once, and once more."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import select, update

from core.calendars.calendar import PRAGUE
from core.messages import Lane, MtState
from core.sites.pauses import Pause
from core.sites.record import Origin
from core.store import tables as t
from core.store.offered import offered_sites
from core.store.pause_notices import PauseNotice, PauseNoticeBook
from core.store.reservation_rows import Picked, Reservation
from core.store.reservations import PairTaken
from core.store.site_pauses import KeptPause, NotPaused, PausedAlready, ReopensEarlier
from tests.workers.town import (
    FIRST_DAY,
    NOW,
    OTHER_SITE,
    SITE,
    add_dates,
    add_people,
    add_person,
    add_site,
    deliver,
    hold,
)
from workers import pauses
from workers.pauses import tell_of_pauses
from workers.planning import consider, plan_now
from workers.workshop import Workshop, install

TODAY = date(2021, 1, 22)
WEEK = timedelta(days=7)
BY = Origin("Svobodová", "test")


def pause(workshop: Workshop, from_on: date = TODAY, reopens_on: date | None = TODAY + WEEK) -> KeptPause:
    with workshop.store.begin() as work:
        kept = work.pauses.begin(SITE, Pause(from_on, reopens_on, "painting"), BY, now=NOW)
    assert isinstance(kept, KeptPause)
    return kept


def reopen(workshop: Workshop, on: date, *, today: date = TODAY) -> object:
    with workshop.store.begin() as work:
        return work.pauses.reopen(SITE, on, BY, today=today, now=NOW)


def later(workshop: Workshop, days: int) -> datetime:
    """Let the clock of the jobs stand at noon, so many days on."""
    at = datetime(2021, 1, 22, 12, tzinfo=PRAGUE) + timedelta(days=days)
    install(replace(workshop, clock=lambda: at))
    return at


def told(workshop: Workshop) -> list[tuple[int, str, str]]:
    o = t.outbox.c
    with workshop.store.begin() as work:
        rows = work.db.execute(select(o.registration_id, o.purpose, o.text_sealed, o.lane).order_by(o.mt_id))
        found = [
            (row.registration_id, row.purpose, work.vault.open(row.text_sealed), row.lane) for row in rows
        ]
    assert all(lane == Lane.NOTICE for *_, lane in found)
    return [(who, purpose, text) for who, purpose, text, _ in found]


def sent(workshop: Workshop) -> None:
    with workshop.store.begin() as work:
        work.db.execute(update(t.outbox).values(state=MtState.SENT))


def test_whoever_waits_is_told_once_and_again_when_it_reopens(workshop: Workshop) -> None:
    with workshop.store.begin() as work:
        first, second = add_people(work.db, 2)
        add_site(work.db, site_id=OTHER_SITE, name="Nemocnice Třebíč")
        add_person(work.db, 3, site_id=OTHER_SITE)
        add_person(work.db, 4, state="done", reserved_at=NOW)
    pause(workshop)
    for _ in range(2):
        tell_of_pauses()
    words = (
        "Anna Novakova 1, Nemocnice Jihlava od pa 22.1. do ct 28.1. neockuje. Vase misto v poradi zustava. "
        "Chcete se ockovat jinde? Odpovezte REG."
    )
    assert told(workshop) == [
        (first, "site_pauses", words),
        (second, "site_pauses", words.replace("Novakova 1", "Novakova 2")),
    ]
    sent(workshop)
    later(workshop, 6)
    tell_of_pauses()
    assert len(told(workshop)) == 2
    later(workshop, 7)
    for _ in range(2):
        tell_of_pauses()
    assert [(who, purpose) for who, purpose, _ in told(workshop)[2:]] == [
        (first, "site_reopens"),
        (second, "site_reopens"),
    ]
    assert "zase ockuje. Misto v poradi vam zustalo" in told(workshop)[2][2]
    with workshop.store.begin() as work:
        assert work.pauses.to_tell() == []


def test_each_is_told_in_her_language_and_where_she_chose(workshop: Workshop) -> None:
    with workshop.store.begin() as work:
        add_person(work.db, 1, language="uk", channel="telegram", address="4711")
        add_person(work.db, 2, language="en")
    pause(workshop, reopens_on=None)
    tell_of_pauses()
    (_, _, ukrainian), (_, _, english) = told(workshop)
    assert "не вакцинує з пт 22.1. до повідомлення. Ваша черга зберігається" in ukrainian
    assert "will not vaccinate from Fri 22 Jan until further notice. Your place is kept" in english
    o = t.outbox.c
    with workshop.store.begin() as work:
        channels = work.db.execute(select(o.channel, o.operator, o.valid_until).order_by(o.mt_id)).all()
    assert [tuple(row) for row in channels] == [("telegram", "telegram", None), ("sms", "o2", None)]


def test_word_of_a_pause_that_is_over_does_not_leave(workshop: Workshop) -> None:
    with workshop.store.begin() as work:
        add_people(work.db, 1)
    pause(workshop)
    tell_of_pauses()
    at = later(workshop, 7)
    with workshop.store.begin() as work:
        assert work.outbox.expire(now=at) == 1


def test_who_has_not_heard_of_the_pause_need_not_hear_of_its_end(workshop: Workshop) -> None:
    with workshop.store.begin() as work:
        add_people(work.db, 2)
    pause(workshop)
    tell_of_pauses()
    with workshop.store.begin() as work:
        (heard, _) = work.db.execute(select(t.outbox.c.mt_id).order_by(t.outbox.c.mt_id)).scalars()
        work.db.execute(update(t.outbox).where(t.outbox.c.mt_id == heard).values(state=MtState.SENT))
    assert isinstance(reopen(workshop, TODAY), KeptPause)
    tell_of_pauses()
    assert [purpose for _, purpose, _ in told(workshop)] == ["site_pauses", "site_pauses", "site_reopens"]
    with workshop.store.begin() as work:
        states = work.db.execute(select(t.outbox.c.state).order_by(t.outbox.c.mt_id)).scalars().all()
    assert states == [MtState.SENT, MtState.EXPIRED, MtState.QUEUED]


def test_a_pause_that_goes_on_as_another_is_not_told_to_be_over(workshop: Workshop) -> None:
    with workshop.store.begin() as work:
        add_people(work.db, 1)
    pause(workshop)
    tell_of_pauses()
    sent(workshop)
    pause(workshop, TODAY + WEEK, TODAY + 2 * WEEK)
    later(workshop, 7)
    tell_of_pauses()
    assert [purpose for _, purpose, _ in told(workshop)] == ["site_pauses", "site_pauses"]
    sent(workshop)
    later(workshop, 14)
    tell_of_pauses()
    assert [purpose for _, purpose, _ in told(workshop)][2:] == ["site_reopens"]


def test_who_went_elsewhere_meanwhile_hears_nothing_more(workshop: Workshop) -> None:
    with workshop.store.begin() as work:
        add_site(work.db, site_id=OTHER_SITE)
        (person,) = add_people(work.db, 1)
    pause(workshop)
    tell_of_pauses()
    with workshop.store.begin() as work:
        moved = update(t.registrations).where(t.registrations.c.registration_id == person)
        work.db.execute(moved.values(site_id=OTHER_SITE))
    sent(workshop)
    later(workshop, 7)
    tell_of_pauses()
    assert len(told(workshop)) == 1


def test_many_people_are_told_page_by_page(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pauses, "AT_ONCE", 2)
    with workshop.store.begin() as work:
        people = add_people(work.db, 5)
    pause(workshop)
    tell_of_pauses()
    assert [who for who, _, _ in told(workshop)] == people


@pytest.mark.parametrize("is_guarded", [False, True])
def test_two_workers_tell_each_person_once(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """Both have taken the same people before either notes whom it told; without the note both would tell."""
    with workshop.store.begin() as work:
        add_people(work.db, 3)
    kept = pause(workshop)
    if not is_guarded:
        monkeypatch.setattr(PauseNoticeBook, "note", lambda _, __, ___, ids, **____: set(ids))
    workers = [Thread(target=tell_of_pauses) for _ in range(2)]
    with workshop.store.begin() as before:  # holds both back at the same people
        before.pause_notices.take(kept, PauseNotice.PAUSES, at_most=3)
        for worker in workers:
            worker.start()
        while not _both_wait(workshop):
            assert all(worker.is_alive() for worker in workers)
    for worker in workers:
        worker.join()
    assert len(told(workshop)) == (3 if is_guarded else 6)


def _both_wait(workshop: Workshop) -> bool:
    with workshop.store.begin() as work:
        waiting = work.db.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return waiting.scalar_one() == 2


def test_a_job_killed_between_pages_goes_on_where_it_was(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pauses, "AT_ONCE", 2)
    with workshop.store.begin() as work:
        people = add_people(work.db, 4)
    pause(workshop)
    pages = iter([False, True])

    class Killed(BaseException):
        pass

    def wake(*_: object) -> None:
        if next(pages, False):
            raise Killed

    with monkeypatch.context() as dying:
        dying.setattr("core.store.work.Work.wake", wake)
        with pytest.raises(Killed):
            tell_of_pauses()
    assert [who for who, _, _ in told(workshop)] == people[:2]
    tell_of_pauses()
    assert [who for who, _, _ in told(workshop)] == people


def test_a_paused_site_is_neither_offered_nor_planned(workshop: Workshop) -> None:
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=2)
        deliver(work.db, 10)
        add_people(work.db, 2)
        assert [site.site_id for site in offered_sites(work.db, workshop.world, now=NOW)] == [SITE]
    pause(workshop)
    with workshop.store.begin() as work:
        assert offered_sites(work.db, workshop.world, now=NOW) == ()
    considered = consider(workshop, SITE)
    assert considered is not None
    words = "it pauses from 2021-01-22, and reopens on 2021-01-29 (painting)"
    assert considered.state.closed_because.startswith(words)
    assert considered.plan.size == 0
    reopen(workshop, TODAY)
    with workshop.store.begin() as work:
        assert [site.site_id for site in offered_sites(work.db, workshop.world, now=NOW)] == [SITE]
    plan_now(workshop, SITE)
    with workshop.store.begin() as work:
        assert len(work.db.execute(select(t.invitations.c.invitation_id)).all()) == 2


def test_nobody_is_booked_on_days_of_a_pause_and_dates_that_people_have_stay(workshop: Workshop) -> None:
    with workshop.store.begin() as work:
        (early, late), (early_second, late_second) = (
            [ids[0] for ids in pair]
            for pair in zip(
                add_dates(work.db, pairs=1),
                add_dates(work.db, pairs=1, product="moderna", first=FIRST_DAY + WEEK, apart=4 * WEEK),
                strict=True,
            )
        )
        booked, asks, asks_again = add_people(work.db, 3)
        hold(work.db, booked, early, early_second, state="confirmed")
        work.db.execute(update(t.slots).values(capacity=2))
    pause(workshop)  # from today until just before the later pair
    with workshop.store.begin() as work:
        offers = work.reservations.offers(SITE, workshop.world, now=NOW, at_most=9)
        assert [pair.first.slot_id for pair in offers] == [late]
        hold_pair = work.reservations.hold
        picked = Picked(early, early_second)
        assert hold_pair(asks, picked, site_id=SITE, world=workshop.world, now=NOW) == PairTaken()
        held = hold_pair(asks_again, Picked(late, late_second), site_id=SITE, world=workshop.world, now=NOW)
        assert isinstance(held, Reservation)
        kept = work.reservations.living_of(booked)
        assert kept is not None
        assert kept.first.slot_id == early
    considered = consider(workshop, SITE)
    assert considered is not None
    assert considered.state.pairs_by_product == {"spikevax": 1}


def test_pauses_of_a_site_do_not_overlap(workshop: Workshop) -> None:
    kept = pause(workshop)
    with workshop.store.begin() as work:
        for other in (
            Pause(TODAY, None, "x"),
            Pause(TODAY + timedelta(days=6), TODAY + 2 * WEEK, "x"),
        ):
            assert work.pauses.begin(SITE, other, BY, now=NOW) == PausedAlready(kept)
    pause(workshop, TODAY + WEEK, None)
    assert reopen(workshop, TODAY + WEEK) == ReopensEarlier(kept)


def test_a_pause_that_has_not_begun_is_called_off(workshop: Workshop) -> None:
    with workshop.store.begin() as work:
        add_people(work.db, 1)
    pause(workshop, TODAY + WEEK, None)
    tell_of_pauses()
    sent(workshop)
    ended = reopen(workshop, TODAY)
    assert isinstance(ended, KeptPause)
    assert ended.pause.is_over(TODAY)
    tell_of_pauses()
    assert [purpose for _, purpose, _ in told(workshop)] == ["site_pauses", "site_reopens"]
    assert reopen(workshop, TODAY) == NotPaused()
    pause(workshop, TODAY, TODAY + WEEK)  # the one called off is in nobody's way
