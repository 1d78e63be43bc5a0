"""Letters through a real mail server on this machine: once, in time, and never lost."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from icalendar import Calendar
from sqlalchemy import select

from core.mails import CLAIM_LASTS, FIRST_WAIT, LONGEST_WAIT, MOST_ATTEMPTS, MailState, Purpose, wait_after
from core.store import tables as t
from gateway import smtp
from gateway.settings.channels import Mail
from tests.mails.office import Office
from tests.mails.server import HANGS_UP
from tests.workers.town import add_person
from workers.mails.carrier import CarrierAway
from workers.mails.sending import AT_ONCE, SEND_FOR

SENT, QUEUED = MailState.SENT, MailState.QUEUED


def attachments(letter: EmailMessage) -> dict[str, bytes | str]:
    return {part.get_content_type(): part.get_content() for part in letter.iter_attachments()}


def test_a_registration_is_acknowledged_and_the_dates_are_confirmed(office: Office) -> None:
    office.reserve()
    assert office.send() == {SENT: 2}
    first, second = office.mailbox.letters
    assert first["Subject"] == "Registrace k očkování přijata"
    assert set(attachments(second)) == {"application/pdf", "text/calendar"}
    assert office.mailbox.recipients == ["jana@seznam.cz"] * 2
    assert office.send() == {}, "once"


def test_where_no_mail_server_is_set_no_letter_is_written(office: Office) -> None:
    office.town.world = replace(office.town.world, has_mail=False)
    office.reserve()
    assert office.states() == []


@pytest.mark.parametrize(
    "says", ["450 4.2.0 greylisted", "452 4.2.2 full", "421 4.3.2 busy", "552 5.2.2 full"]
)
def test_what_is_not_taken_now_is_tried_again(office: Office, says: str) -> None:
    office.reserve()
    office.mailbox.of_recipient["jana"] = says
    office.send()
    assert office.states() == [("registered", QUEUED), ("confirmed", QUEUED)]
    office.mailbox.of_recipient.clear()
    assert office.send() == {}, "not at once"
    assert office.send_later(FIRST_WAIT) == {SENT: 2}


def test_trying_grows_slower_and_ends() -> None:
    waits = [wait_after(attempt) for attempt in range(1, MOST_ATTEMPTS)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (FIRST_WAIT, LONGEST_WAIT)
    assert timedelta(days=1) < sum(waits, timedelta()) < timedelta(days=3)


def test_who_is_never_ready_gets_it_no_more_in_the_end(office: Office) -> None:
    office.town.register(email="jana@seznam.cz")
    office.mailbox.of_recipient["jana"] = "450 4.2.0 greylisted"
    for _ in range(MOST_ATTEMPTS):
        office.send_later(LONGEST_WAIT)
    assert office.states() == [("registered", MailState.FAILED)]
    assert office.town.perform("my_status").values["refused"] is None, "her address may be right"


def test_an_address_that_nobody_has_is_told_in_the_next_dialogue_and_mended(office: Office) -> None:
    registration = office.reserve("spatna@seznam.cz")
    office.mailbox.of_recipient["spatna"] = "550 5.1.1 no such user spatna@seznam.cz"
    assert office.send()[MailState.BOUNCED] >= 1
    assert {state for _, state in office.states()} == {MailState.BOUNCED}
    assert office.town.perform("my_status").values["refused"] == "s…@seznam.cz"
    again = office.town.perform("confirm", registration=registration).values
    assert (again["mail"], again["masked"]) == ("refused", "s…@seznam.cz")
    assert office.send_later(timedelta(days=1)) == {}, "nothing goes there any more"

    done = office.town.perform("set_email", registration=registration, email="jana@seznam.cz")
    assert (done.name, done.values) == ("sent", {"masked": "j…@seznam.cz"})
    assert office.send() == {SENT: 1}
    assert office.mailbox.recipients == ["jana@seznam.cz"]
    assert office.town.perform("my_status").values["refused"] is None


def test_a_letter_that_is_refused_says_nothing_about_the_address(office: Office) -> None:
    office.town.register(email="jana@seznam.cz")
    office.mailbox.of_data["jana"] = "554 5.7.1 looks like spam"
    assert office.send() == {MailState.FAILED: 1}
    assert office.town.perform("my_status").values["refused"] is None
    with office.town.store.begin() as work:
        assert work.mails.latest_reasons(9) == [(1, MailState.FAILED, "554")], "the code, not the words"


def test_a_server_that_is_away_costs_no_attempt(office: Office) -> None:
    office.town.register(email="jana@seznam.cz")
    nowhere = Mail(host="127.0.0.1", port=1, security="none", sender="a@example.cz")
    for _ in range(MOST_ATTEMPTS + 1):
        assert office.send(lambda: smtp.connect(nowhere)) == {}
        office.town.later(FIRST_WAIT)
    assert office.send() == {SENT: 1}


def test_a_server_that_offers_no_tls_gets_nothing(office: Office) -> None:
    office.town.register(email="jana@seznam.cz")
    strict = office.mailbox.settings.model_copy(update={"security": "starttls"})
    with pytest.raises(CarrierAway, match="SMTPNotSupportedError"), smtp.connect(strict):
        pass
    assert office.send(lambda: smtp.connect(strict)) == {}
    assert office.mailbox.letters == []


def test_what_was_not_reached_in_a_batch_waits_and_what_was_taken_is_not_sent_again(office: Office) -> None:
    office.reserve()

    @contextmanager
    def one_only() -> Iterator[object]:
        with smtp.connect(office.mailbox.settings) as carrier:

            class Once:
                def hand_over(self, message: EmailMessage, *, to: str) -> None:
                    if office.mailbox.letters:
                        raise CarrierAway("broken")
                    carrier.hand_over(message, to=to)

            yield Once()

    assert office.send(one_only) == {SENT: 1}
    assert office.states() == [("registered", SENT), ("confirmed", QUEUED)]
    assert office.send_later(FIRST_WAIT) == {SENT: 1}
    assert len(office.mailbox.letters) == 2


def test_a_server_that_hangs_up_over_a_letter_leaves_a_doubt_about_that_one_alone(office: Office) -> None:
    office.reserve()
    office.mailbox.of_data["jana"] = HANGS_UP
    assert office.send() == {}
    assert office.states() == [("registered", MailState.CLAIMED), ("confirmed", QUEUED)]
    office.mailbox.of_data.clear()
    assert office.send_later(FIRST_WAIT) == {SENT: 1}
    assert office.send_later(CLAIM_LASTS) == {SENT: 1}
    with office.town.store.begin() as work:
        assert work.mails.perhaps_doubled() == 1


def test_a_job_ends_in_time_for_the_others_of_its_worker(office: Office) -> None:
    with office.town.store.begin() as work:
        for number in range(AT_ONCE + 1):
            registration = add_person(work.db, number, email="jana@seznam.cz")
            work.mails.announce(registration, Purpose.REGISTERED, now=office.town.now)
    times = iter([office.town.now] * 3)  # begun, looked for doubts, may send

    def clock() -> datetime:
        return next(times, office.town.now + SEND_FOR)

    sent = office.send(clock=clock)
    assert sent == {SENT: AT_ONCE}
    assert office.send_later(SEND_FOR) == {SENT: 1}


KILLED = """
import os, signal, sys
from contextlib import contextmanager
from core.store.work import Store
from gateway import smtp
from gateway.settings.channels import Mail
from tests.mails.office import Office
from tests.mails.server import Mailbox
from tests.turns.conftest import Town
from tests.workers.town import vault
from gateway.compose import load_world

class Killed:
    def __init__(self, carrier):
        self.carrier = carrier
    def hand_over(self, message, *, to):
        self.carrier.hand_over(message, to=to)
        os.kill(os.getpid(), signal.SIGKILL)  # the server has it, the database does not know

@contextmanager
def opened():
    with smtp.connect(mailbox.settings) as carrier:
        yield Killed(carrier)

mailbox = Mailbox(port=int(sys.argv[2]))
town = Town(Store.connect(sys.argv[1], vault()), load_world(has_mail=True))
Office(town, mailbox).send(opened)
"""


@pytest.mark.slow
def test_killed_between_taken_and_settled_it_goes_again_and_is_counted(office: Office, database: str) -> None:
    office.town.register(email="jana@seznam.cz")
    child = subprocess.run(  # noqa: S603
        [sys.executable, "-c", KILLED, database, str(office.mailbox.port)],
        check=False,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert child.returncode == -signal.SIGKILL
    assert len(office.mailbox.letters) == 1
    assert office.states() == [("registered", MailState.CLAIMED)]
    assert office.send() == {}, "its sender may still be at it"
    assert office.send_later(CLAIM_LASTS + timedelta(seconds=1)) == {SENT: 1}
    first, second = office.mailbox.letters
    assert first["Message-ID"] == second["Message-ID"], "mailboxes that look at it show it once"
    with office.town.store.begin() as work:
        assert work.mails.perhaps_doubled() == 1


def test_two_senders_never_take_one_letter(office: Office) -> None:
    office.reserve()
    waiting = select(t.mails.c.mail_id).where(t.mails.c.state == QUEUED).order_by(t.mails.c.mail_id).limit(1)
    store, now = office.town.store, office.town.now
    with store.begin() as one, store.begin() as other:
        assert one.db.scalar(waiting) == other.db.scalar(waiting), "looking alone, both would send it"
        mine, theirs = one.mails.claim(at_most=1, now=now), other.mails.claim(at_most=1, now=now)
        assert [mail.mail_id for mail in (*mine, *theirs)] == [1, 2]
        assert other.mails.claim(at_most=9, now=now) == []


def test_dates_that_changed_again_before_it_left_are_told_once_as_they_are(office: Office) -> None:
    registration = int(office.reserve())
    with office.town.store.begin() as work:
        dates = work.reservations.living_of(registration)
        assert dates is not None
        for purpose in (Purpose.CHANGED, Purpose.CHANGED):
            work.mails.announce(
                registration, purpose, reservation_id=dates.reservation_id, now=office.town.now
            )
    assert office.states()[1:] == [("confirmed", "dropped"), ("changed", "dropped"), ("changed", QUEUED)]
    office.send()
    calendar = attachments(office.mailbox.letters[-1])["text/calendar"]
    assert "SEQUENCE:2" in str(calendar)


def offered(office: Office, verb: str, registration: str) -> str:
    """What may be picked first."""
    return str(office.town.perform(verb, registration=registration).values["options"][0]["value"])


def test_who_changes_or_cancels_her_dates_sees_her_calendar_follow(office: Office) -> None:
    registration = office.reserve()
    office.send()
    picked = offered(office, "find_new_pairs", registration)
    office.town.perform("hold_new_pair", registration=registration, picked=picked)
    assert office.town.perform("exchange", registration=registration).name == "changed"
    office.send()
    second = offered(office, "find_seconds", registration)
    changed = office.town.perform("change_second", registration=registration, picked_second=second)
    assert changed.name == "changed"
    office.send()
    assert office.town.perform("cancel_and_leave", registration=registration).name == "cancelled"
    assert office.send() == {SENT: 1}
    assert office.states()[1:] == [
        ("confirmed", SENT),
        ("changed", SENT),
        ("changed", SENT),
        ("cancelled", SENT),
    ]
    calendars = [
        Calendar.from_ical(str(attachments(letter)["text/calendar"])) for letter in office.mailbox.letters[1:]
    ]
    first_doses = [calendar.walk("VEVENT")[0] for calendar in calendars]
    assert [int(event["sequence"]) for event in first_doses] == [0, 1, 2, 3]
    assert len({event["uid"] for event in first_doses}) == 1
    assert [str(calendar["method"]) for calendar in calendars] == ["PUBLISH"] * 3 + ["CANCEL"]
    starts = [event.start for event in first_doses]
    assert starts[0] != starts[1] == starts[2] == starts[3]


def test_who_adds_an_address_while_she_holds_other_dates_is_sent_those_she_has(office: Office) -> None:
    registration = office.reserve(email=None)
    picked = offered(office, "find_new_pairs", registration)
    office.town.perform("hold_new_pair", registration=registration, picked=picked)
    done = office.town.perform("set_email", registration=registration, email="jana@seznam.cz")
    assert done.name == "sent"
    assert office.send() == {SENT: 1}


def test_cancelled_dates_are_taken_out_of_the_calendar_without_a_paper(office: Office) -> None:
    registration = int(office.reserve())
    office.send()
    with office.town.store.begin() as work:
        dates = work.reservations.living_of(registration)
        assert dates is not None
        work.db.execute(t.reservations.update().values(state="cancelled"))
        work.mails.announce(
            registration, Purpose.CANCELLED, reservation_id=dates.reservation_id, now=office.town.now
        )
    assert office.send() == {SENT: 1}
    letter = office.mailbox.letters[-1]
    assert letter["Subject"] == "Zrušený termín očkování"
    (kind,) = attachments(letter)
    assert kind == "text/calendar"
    assert "METHOD:CANCEL" in str(attachments(letter)[kind])


def test_a_confirmation_of_dates_that_are_gone_does_not_leave(office: Office) -> None:
    office.reserve()
    with office.town.store.begin() as work:
        work.db.execute(t.reservations.update().values(state="cancelled"))
    assert office.send() == {SENT: 1, MailState.DROPPED: 1}


def test_no_letter_holds_the_insurance_number(office: Office) -> None:
    office.reserve()
    office.send()
    for letter in office.mailbox.letters:
        for part in letter.walk():
            if part.get_content_maintype() == "text":
                digits = "".join(c for c in part.get_content() if c.isdigit())
                assert "405123123" not in digits


def test_nobody_changes_an_address_from_another_phone(office: Office) -> None:
    registration = office.reserve()
    for verb in ("set_email", "remove_email"):
        stranger = office.town.perform(
            verb, "+420602000002", registration=registration, email="cizi@seznam.cz"
        )
        assert stranger.name == "none"
    with office.town.store.begin() as work:
        assert work.db.scalar(select(t.registrations.c.email)) == "jana@seznam.cz"


def test_an_address_is_taken_back(office: Office) -> None:
    registration = office.town.opened(email="jana@seznam.cz")
    assert office.town.perform("remove_email", registration=registration).name == "removed"
    with office.town.store.begin() as work:
        assert work.db.scalar(select(t.registrations.c.email)) is None
