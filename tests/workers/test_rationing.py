"""A cut delivery: who loses, who gets other dates, and what each of them is told."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update

from core.calendars.calendar import PRAGUE
from core.messages import MtState
from core.store import tables as t
from core.store.work import Work
from tests.workers.town import (
    FIRST_DAY,
    NOW,
    SITE,
    THREE_WEEKS,
    add_dates,
    add_person,
    deliver,
    expect,
    hold,
)
from workers.rationing import affected, replan
from workers.reminding import remind
from workers.workshop import Workshop, install

SECONDS_ON = (FIRST_DAY + THREE_WEEKS).astimezone(PRAGUE).date()
LATER = timedelta(days=28)


def reserved(work: Work, count: int) -> list[int]:
    """So many people with dates on one day, the oldest first: 1 is born in 1931."""
    firsts, seconds = add_dates(work.db, pairs=count)
    people = []
    for number, dates in enumerate(zip(firsts, seconds, strict=True), 1):
        born = date(1930 + number, 1, 1)
        person = add_person(work.db, number, born=born, state="reserved", reserved_at=NOW)
        hold(work.db, person, *dates, state="confirmed")
        people.append(person)
    return people


def told(workshop: Workshop) -> dict[int, str]:
    with workshop.store.begin() as work:
        o = t.outbox.c
        rows = work.db.execute(select(o.registration_id, o.purpose, o.text_sealed).order_by(o.mt_id))
        return {row[0]: f"{row[1]}: {workshop.store.vault.open(row[2])}" for row in rows}


def site_of(workshop: Workshop):
    with workshop.store.begin() as work:
        return work.sites.get(SITE)


def states(workshop: Workshop, people: list[int]) -> list[str]:
    with workshop.store.begin() as work:
        return [work.registrations.get(each).state for each in people]


def test_a_cut_delivery_affects_the_last_in_order(workshop: Workshop) -> None:
    with workshop.store.begin() as work:
        people = reserved(work, 4)
        deliver(work.db, 4)
        expect(work.db, 4, SECONDS_ON)
    site = site_of(workshop)
    assert affected(workshop, site) == []
    with workshop.store.begin() as work:
        work.announcements.cut(SITE, "comirnaty", SECONDS_ON, to=1, who="test", now=NOW)
    # Five doses for four people who need eight: two keep their dates.
    assert [each.registration_id for each in affected(workshop, site)] == [people[3], people[2]]
    assert states(workshop, people) == ["reserved"] * 4


def test_who_is_affected_gets_dates_that_vaccine_lasts_for_or_the_head_of_the_queue(
    workshop: Workshop,
) -> None:
    with workshop.store.begin() as work:
        people = reserved(work, 4)
        add_dates_later(work, pairs=1)
        deliver(work.db, 4)
        expect(work.db, 2, SECONDS_ON + timedelta(days=1))
    site = site_of(workshop)
    done = replan(workshop, site, who="matron")
    assert [(each.registration_id, each.pair is not None) for each in done] == [
        (people[2], True),
        (people[3], False),
    ]
    assert states(workshop, people) == ["reserved", "reserved", "reserved", "returned"]
    words = told(workshop)
    assert words[people[2]] == (
        "dates_moved: Anna Novakova 3, na vas termin ockovani nebude dost vakciny, omlouvame se. "
        "Nemocnice Jihlava, nove 1. davka po 22.2. 9:00, 2. davka po 15.3. 9:00. Nehodi se? Volejte 1221."
    )
    assert words[people[3]].startswith("dates_lost: Anna Novakova 4, na vas termin ockovani nebude dost")
    assert affected(workshop, site) == []
    assert replan(workshop, site, who="matron") == []
    assert len(told(workshop)) == 2
    assert_places_agree(workshop)


def test_nobody_is_reminded_of_dates_that_were_taken_away(workshop: Workshop) -> None:
    with workshop.store.begin() as work:
        people = reserved(work, 4)
        deliver(work.db, 4)
    install(replace(workshop, clock=lambda: FIRST_DAY - timedelta(days=1)))
    remind()
    lost = {each.registration_id for each in replan(workshop, site_of(workshop), who="matron")}
    o = t.outbox.c
    with workshop.store.begin() as work:
        still = work.db.scalars(
            select(o.registration_id).where(o.purpose == "reminder", o.state == MtState.QUEUED)
        )
        assert lost
        assert set(still) == set(people) - lost


def test_a_dry_run_shows_the_same_and_changes_nothing(workshop: Workshop) -> None:
    with workshop.store.begin() as work:
        people = reserved(work, 3)
        deliver(work.db, 2)
    site = site_of(workshop)
    shown = replan(workshop, site, who="matron", dry_run=True)
    assert states(workshop, people) == ["reserved"] * 3
    assert told(workshop) == {}
    assert [each.registration_id for each in shown] == [
        each.registration_id for each in replan(workshop, site, who="matron")
    ]


def test_whoever_had_the_first_dose_keeps_her_second(workshop: Workshop) -> None:
    with workshop.store.begin() as work:
        people = reserved(work, 2)
        deliver(work.db, 1)
    between = replace(workshop, clock=lambda: FIRST_DAY + timedelta(days=3))
    assert affected(between, site_of(workshop)) == []
    assert replan(between, site_of(workshop), who="matron") == []
    assert states(workshop, people) == ["reserved"] * 2


def test_somebody_who_is_told_in_her_language_and_audited(workshop: Workshop) -> None:
    with workshop.store.begin() as work:
        people = reserved(work, 1)
        work.db.execute(update(t.registrations).values(language="en"))
        deliver(work.db, 1)
    replan(workshop, site_of(workshop), who="matron")
    assert "you stand at the head of the queue" in told(workshop)[people[0]]
    with workshop.store.begin() as work:
        a = t.audit.c
        assert work.db.execute(select(a.who, a.what).where(a.registration_id == people[0])).one() == (
            "matron",
            "dates taken away, vaccine lacks",
        )


@pytest.mark.parametrize("language", ["cs", "en", "uk"])
@pytest.mark.parametrize("purpose", ["dates_moved", "dates_lost"])
def test_every_language_has_words_without_a_pin(workshop: Workshop, purpose: str, language: str) -> None:
    words = workshop.library.words.render_notice(
        purpose,
        language,
        name="Anna",
        site="Nemocnice Jihlava",
        first="2021-02-08T09:00",
        second=None,
        hotline="1221",
    )
    assert "Nemocnice Jihlava" in words
    assert "PIN" not in words


def add_dates_later(work: Work, *, pairs: int) -> None:
    """More places in the same two calendars."""
    c = t.calendars.c
    by_round = dict(work.db.execute(select(c.round, c.calendar_id)).all())
    for round_, moment in (("V1", FIRST_DAY + LATER), ("V2", FIRST_DAY + LATER + THREE_WEEKS)):
        work.db.execute(
            t.slots.insert().values(calendar_id=by_round[round_], begins_at=moment, capacity=pairs)
        )


def assert_places_agree(workshop: Workshop) -> None:
    v, s = t.reservations.c, t.slots.c
    with workshop.store.begin() as work:
        living = select(func.count() + func.count(v.second_slot_id)).where(v.state == "confirmed")
        taken = work.db.execute(select(func.sum(s.taken))).scalar_one()
        assert taken == work.db.execute(living).scalar_one() == 6
