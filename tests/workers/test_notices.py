"""What nobody waits for goes where she chose, and by SMS where a chat fails for good."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.messages import Address, Lane, MtState
from core.store import tables as t
from tests.workers.town import NOW, SITE, add_dates, add_person, deliver
from workers.planning import plan_now
from workers.upkeep import stand_in_by_sms
from workers.workshop import install

PHONE = "+420601000001"
CHAT = Address("telegram", "4711")


def invite(workshop, *, channel, address):
    """One person, who registered there, is invited."""
    with workshop.store.begin() as work:
        add_dates(work.db, pairs=1)
        deliver(work.db, 10)
        add_person(work.db, 1, channel=channel, address=address)
    plan_now(workshop, SITE)


def outbox(workshop):
    o = t.outbox.c
    with workshop.store.begin() as work:
        rows = work.db.execute(
            select(
                o.mt_id, o.channel, o.address, o.operator, o.segments, o.invitation_id, o.instead_of, o.state
            ).order_by(o.mt_id)
        )
        return list(rows)


def fail(workshop):
    """The chat says that it will never be delivered."""
    with workshop.store.begin() as work:
        (mt,) = work.outbox.claim("telegram", max_segments=9, by="test", now=NOW)
        work.outbox.settle([mt], MtState.FAILED, now=NOW, outcome="blocked by her")
    return mt


@pytest.mark.parametrize(
    ("channel", "address", "goes_to"),
    [
        ("telegram", "4711", ("telegram", "4711", "telegram")),
        ("whatsapp", "420601000001", ("whatsapp", "420601000001", "whatsapp")),
        ("web", "visitor", ("sms", PHONE, "o2")),
        ("voice", PHONE, ("sms", PHONE, "o2")),
        ("sms", PHONE, ("sms", PHONE, "o2")),
    ],
)
def test_an_invitation_goes_where_she_registered_if_she_will_see_it_there(
    workshop, channel, address, goes_to
):
    workshop = replace(workshop, operators=workshop.operators[:1])
    install(workshop)
    invite(workshop, channel=channel, address=address)
    (mt,) = outbox(workshop)
    assert (mt.channel, mt.address, mt.operator) == goes_to


def test_a_chat_reads_it_with_its_accents(workshop):
    invite(workshop, channel=CHAT.channel, address=CHAT.number)
    assert "zveme vás k očkování" in fail(workshop).text


def test_what_a_chat_could_not_deliver_comes_by_sms_once(workshop):
    invite(workshop, channel=CHAT.channel, address=CHAT.number)
    in_chat = fail(workshop)
    for _ in range(3):
        stand_in_by_sms()
    failed, sms = outbox(workshop)
    assert (sms.channel, sms.address, sms.instead_of) == ("sms", PHONE, failed.mt_id)
    assert (failed.invitation_id, sms.invitation_id) == (None, 1), "one invitation has one message"
    with workshop.store.begin() as work:
        (mt,) = work.outbox.claim(sms.operator, max_segments=9, by="test", now=NOW)
    assert mt.lane is Lane.INVITATION
    assert "zveme vas k ockovani" in mt.text
    assert [digits for digits in mt.text.split() if digits.isdigit()] == [
        digits for digits in in_chat.text.split() if digits.isdigit()
    ], "the same PIN"


def test_word_without_an_invitation_of_its_own_comes_by_sms_once_too(workshop):
    invite(workshop, channel=CHAT.channel, address=CHAT.number)
    with workshop.store.begin() as work:
        work.db.execute(update(t.outbox).values(invitation_id=None, purpose="free_again"))
    fail(workshop)
    for _ in range(2):
        stand_in_by_sms()
    assert [mt.channel for mt in outbox(workshop)] == ["telegram", "sms"]


@pytest.mark.parametrize(
    ("table", "changed"),
    [
        pytest.param(t.invitations, {"state": "void"}, id="taken back"),
        pytest.param(t.outbox, {"valid_until": NOW - timedelta(hours=1)}, id="no longer true"),
        pytest.param(t.outbox, {"lane": 0}, id="an answer, which is given where it was asked for"),
        pytest.param(t.outbox, {"state": "unanswered"}, id="it may have arrived"),
    ],
)
def test_what_is_no_longer_wanted_does_not_come_by_sms(workshop, table, changed):
    invite(workshop, channel=CHAT.channel, address=CHAT.number)
    fail(workshop)
    with workshop.store.begin() as work:
        work.db.execute(update(table).values(**changed))
    stand_in_by_sms()
    assert len(outbox(workshop)) == 1


def test_a_registration_that_ends_takes_its_message_in_a_chat_back(workshop):
    invite(workshop, channel=CHAT.channel, address=CHAT.number)
    with workshop.store.begin() as work:
        assert work.invitations.void_of(1, now=NOW) == 1
    (mt,) = outbox(workshop)
    assert mt.state == "expired"
