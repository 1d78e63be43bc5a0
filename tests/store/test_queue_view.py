"""What those see who watch the queues."""

from datetime import UTC, datetime, timedelta

from core.messages import Address, Lane, MtState, NewMt

NOON = datetime(2021, 1, 22, 11, tzinfo=UTC)
ANNA = Address("sms", "+420601000001")


def test_an_invitation_of_which_nothing_is_heard_for_two_days_is_given_up(store):
    with store.begin() as work:
        work.outbox.add(
            [NewMt(ANNA, "o2", lane, "words", "Ano.", 1, NOON) for lane in (Lane.ANSWER, Lane.INVITATION)]
        )
        claimed = work.outbox.claim("o2", max_segments=2, lanes=list(Lane), by="a", now=NOON)
        answer, invitation = sorted(claimed, key=lambda mt: mt.lane)
        work.outbox.settle([answer], MtState.SENT, now=NOON)
        work.outbox.settle([invitation], MtState.UNANSWERED, now=NOON)
    with store.begin() as work:
        assert work.queues.given_up(now=NOON + timedelta(hours=48)) == {}
        assert work.queues.given_up(now=NOON + timedelta(hours=49)) == {Lane.INVITATION: 1}
