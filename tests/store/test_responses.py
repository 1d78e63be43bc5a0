"""What the planner sees of those who were invited: by band, by time since they could read, by answer."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

import pytest
from sqlalchemy import Engine, create_engine, insert, update

from core.invitations import BUCKETS, OpenInvitations, Watched
from core.store import tables as t
from core.store.invitations import InvitationBook
from core.store.responses import ResponseBook
from tests.workers.town import NOW, SITE, add_dates, add_person, add_site, hold, vault

HOUR = timedelta(hours=1)
DIALOGUE = timedelta(minutes=30)


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = create_engine(database)
    with engine.begin() as db:
        add_site(db)
    yield engine
    engine.dispose()


def invite(db, *, sent_hours_ago: int | None, born: date = date(1940, 1, 1), number: int) -> int:
    """Somebody invited; her SMS left so long ago, or has not left yet."""
    person = add_person(db, number, born=born)
    wave = InvitationBook(db, vault()).invite(
        SITE, 1, policy="test", inputs={}, approved_by="test", now=NOW - 20 * HOUR, random=Random(number)
    )
    has_left = sent_hours_ago is not None
    db.execute(
        insert(t.outbox).values(
            channel="sms",
            address=f"+420601{number:06}",
            operator="o2",
            lane=2,
            purpose="invitation",
            text_sealed=b"",
            segments=1,
            registration_id=person,
            invitation_id=wave.invited[0].invitation_id,
            state="sent" if has_left else "queued",
            created_at=NOW - 20 * HOUR,
            settled_at=NOW - sent_hours_ago * HOUR if has_left else None,
        )
    )
    return wave.invited[0].invitation_id


def answer(db, invitation_id: int, *, ago: timedelta) -> None:
    assert InvitationBook(db, vault()).note_answer(invitation_id, now=NOW - ago)


def test_the_silent_are_counted_from_when_they_could_read(engine):
    with engine.begin() as db:
        for number, hours in enumerate([3, 3, None, 13]):
            invite(db, sent_hours_ago=hours, number=number)
        invite(db, sent_hours_ago=3, born=date(1955, 1, 1), number=9)
        silent = ResponseBook(db).silent(SITE, now=NOW, dialogue_lasts=DIALOGUE)
    assert set(silent) == {
        OpenInvitations("65-69", 3 * HOUR, 1),
        OpenInvitations("80+", BUCKETS[0], 1),
        OpenInvitations("80+", 3 * HOUR, 2),
        OpenInvitations("80+", 12 * HOUR, 1),
    }


def test_who_answered_just_now_is_choosing_until_she_holds_dates_or_gives_up(engine):
    with engine.begin() as db:
        book = ResponseBook(db)
        firsts, seconds = add_dates(db, pairs=1)
        one, other = (invite(db, sent_hours_ago=3, number=number) for number in range(2))
        answer(db, one, ago=DIALOGUE / 2)
        answer(db, other, ago=DIALOGUE * 2)
        assert book.choosing(SITE, now=NOW, dialogue_lasts=DIALOGUE) == 1
        assert [some.count for some in book.silent(SITE, now=NOW, dialogue_lasts=DIALOGUE)] == [1]
        hold(db, 1, firsts[0], seconds[0])
        assert book.choosing(SITE, now=NOW, dialogue_lasts=DIALOGUE) == 0


def test_answers_and_silence_are_seen_by_the_time_they_took(engine):
    with engine.begin() as db:
        answered = invite(db, sent_hours_ago=13, number=1)
        invite(db, sent_hours_ago=5, number=2)
        invite(db, sent_hours_ago=None, number=3)
        gone = invite(db, sent_hours_ago=19, number=4)
        answer(db, answered, ago=11 * HOUR)
        db.execute(
            update(t.invitations)
            .where(t.invitations.c.invitation_id == gone)
            .values(state="expired", expires_at=NOW - 10 * HOUR)
        )
        watched = ResponseBook(db).watched(SITE, now=NOW, since=NOW - 30 * HOUR)
    today = timedelta()
    assert sorted(watched, key=lambda w: w.after) == [
        Watched("80+", today, 2 * HOUR, is_answered=True),
        Watched("80+", today, 4 * HOUR, is_answered=False),
        Watched("80+", today, 8 * HOUR, is_answered=False),
    ]


def test_the_line_is_who_came_back_and_then_by_priority(engine):
    with engine.begin() as db:
        add_person(db, 1, score=3, born=date(1990, 1, 1))
        add_person(db, 2, score=7, born=date(1950, 1, 1))
        add_person(db, 3, score=3, born=date(1954, 1, 1), state="returned")
        add_person(db, 4, born=date(1930, 1, 1), state="invited")
        line = ResponseBook(db).in_line
        assert line(SITE, 9, today=NOW.date()) == ("65-69", "70-79", "16-64")
        assert line(SITE, 2, today=NOW.date()) == ("65-69", "70-79")
