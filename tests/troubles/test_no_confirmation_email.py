"""Trouble of 2021: "I have a date and no confirmation". An e-mail was optional and nobody said what follows.

Who gives an e-mail is sent the dates as text, paper and calendar file; who gives none is told how to add one,
and whoever sits at a desk prints the paper.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from icalendar import Calendar
from pypdf import PdfReader
from sqlalchemy import select

from core.calendars.calendar import PRAGUE
from core.mails import FIRST_WAIT, MailState
from core.messages import SMS_CHANNEL, Address
from core.store import tables as t
from gateway.channels.loopback import Loopback
from gateway.cli.confirmation import confirmation
from gateway.compose import App
from gateway.settings import Settings
from gateway.turns.runner import TurnRunner
from tests.mails.office import LIBRARY, Office
from tests.mails.server import Mailbox, mail_server
from tests.turns.conftest import JANA, Town
from tests.workers.town import vault

REGISTER = ("REG 405123123 Jana Nováková 111 58601", "1")
FIRST, SECOND = "25. ledna 2021", "15. února 2021"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as mailbox:
        yield mailbox


@pytest.fixture
def office(town: Town, mailbox: Mailbox) -> Office:
    town.world = replace(town.world, has_mail=True)
    return Office(town, mailbox)


@pytest.fixture
def write(office: Office) -> Callable[..., str]:
    """Somebody writes SMS; gives what she is answered last."""
    loopback = Loopback(office.town.store, by="test")

    def write(*texts: str) -> str:
        answer = ""
        for text in texts:
            now = office.town.now
            loopback.say(JANA, text, now=now)
            TurnRunner(office.town.store, LIBRARY, office.town.world).run_address(
                Address(SMS_CHANNEL, JANA), now
            )
            answer = " ".join(mt.text for mt in loopback.collect(JANA, now=now))
            office.town.later(timedelta(seconds=30))
        return answer

    return write


@pytest.fixture
def book(office: Office, write: Callable[..., str]) -> Callable[[], str]:
    """Be invited and choose the first dates that are offered."""

    def book() -> str:
        (pin,) = office.town.invite()
        return write(pin, "1", "ANO")

    return book


def attached(letter: EmailMessage, kind: str) -> bytes:
    (content,) = (part.get_content() for part in letter.iter_attachments() if part.get_content_type() == kind)
    return content.encode() if isinstance(content, str) else content


def test_who_gives_an_address_is_sent_the_dates_on_paper_and_for_the_calendar(
    office: Office, write: Callable[..., str], book: Callable[[], str]
) -> None:
    assert "Registrace prijata" in write(*REGISTER, "ANO jana@seznam.cz")
    assert "Potvrzeni jde na j...@seznam.cz." in book()
    assert office.send() == {MailState.SENT: 2}
    acknowledged, confirmed = office.mailbox.letters
    assert acknowledged["Subject"] == "Registrace k očkování přijata"

    (page,) = PdfReader(BytesIO(attached(confirmed, "application/pdf"))).pages
    text = page.extract_text()
    assert FIRST in text
    assert SECOND in text

    calendar = Calendar.from_ical(attached(confirmed, "text/calendar"))
    with office.town.store.begin() as work:
        moments = work.db.scalars(select(t.slots.c.begins_at).where(t.slots.c.taken == 1)).all()
    events = calendar.walk("VEVENT")
    assert sorted(event.start.astimezone(PRAGUE) for event in events) == sorted(moments)


def test_who_gives_none_is_told_how_and_may_add_one(
    office: Office, write: Callable[..., str], book: Callable[[], str]
) -> None:
    write(*REGISTER, "ANO")
    assert "Potvrzeni e-mailem: poslete EMAIL a adresu." in book()
    assert office.send() == {}
    assert "Potvrzeni s terminy na nej prave posilame" in write("EMAIL jana@seznam.cz")
    assert office.send() == {MailState.SENT: 1}
    assert office.mailbox.recipients == ["jana@seznam.cz"]


class KeyedApp(App):
    """An installation with the tests' key."""

    vault = vault()


def test_who_has_none_gets_the_paper_at_a_desk(
    office: Office, write: Callable[..., str], book: Callable[[], str], database: str, tmp_path: Path
) -> None:
    write(*REGISTER, "ANO")
    book()
    url = database.replace("+psycopg", "")
    app = KeyedApp(settings=Settings.model_validate({"database": {"url": url}, "secrets": {"key": "k" * 32}}))
    said = CliRunner().invoke(confirmation, ["1", "--out", str(tmp_path / "jana.pdf")], obj=app)
    assert said.exit_code == 0, said.output
    text = PdfReader(tmp_path / "jana.pdf").pages[0].extract_text()
    assert FIRST in text
    assert SECOND in text


def test_who_mistyped_it_is_told_and_mends_it(
    office: Office, write: Callable[..., str], book: Callable[[], str]
) -> None:
    office.mailbox.of_recipient["jnaa"] = "550 5.1.1 no such user"
    write(*REGISTER, "ANO jnaa@seznam.cz")
    book()
    assert office.send() == {MailState.BOUNCED: 2}
    assert "E-mail j...@seznam.cz nefunguje, novy: EMAIL a adresa." in write("STAV")
    write("E-MAIL jana@seznam.cz")
    assert office.send() == {MailState.SENT: 1}
    assert "nefunguje" not in write("STAV")


def test_a_mail_server_that_is_busy_delays_the_letter_and_does_not_lose_it(
    office: Office, write: Callable[..., str], book: Callable[[], str]
) -> None:
    office.mailbox.of_data["jana"] = "451 4.3.0 try again later"
    write(*REGISTER, "ANO jana@seznam.cz")
    book()
    assert office.send() == {MailState.QUEUED: 2}
    office.mailbox.of_data.clear()
    assert office.send_later(FIRST_WAIT) == {MailState.SENT: 2}


def test_where_no_letters_are_sent_none_is_promised(
    office: Office, write: Callable[..., str], book: Callable[[], str]
) -> None:
    office.town.world = replace(office.town.world, has_mail=False)
    write(*REGISTER, "ANO jana@seznam.cz")
    answer = book()
    assert answer.startswith("Mate termin")
    assert "mail" not in answer.lower()
    assert office.states() == []
