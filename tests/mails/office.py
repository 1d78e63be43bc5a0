"""Whoever sends the letters of a town, at its time."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select

from conversations.library import load_library
from core.mails import MailState
from core.store import tables as t
from gateway import smtp
from tests.mails.server import SENDER, Mailbox
from tests.turns.conftest import Town
from tests.workers.town import HOURS
from workers.mails.carrier import OpenCarrier, Post
from workers.mails.sending import send_due
from workers.workshop import Workshop

LIBRARY = load_library()


class Office:
    """Sends what is due when asked to."""

    def __init__(self, town: Town, mailbox: Mailbox) -> None:
        self.town = town
        self.mailbox = mailbox

    def send(
        self, opening: OpenCarrier | None = None, *, clock: Callable[[], datetime] | None = None
    ) -> Counter[MailState]:
        """Through the mail server of the tests, or through another carrier."""
        town = self.town
        shop = Workshop(town.store, LIBRARY, town.world, (), HOURS, Random(1), clock or (lambda: town.now))
        return send_due(shop, Post(opening or (lambda: smtp.connect(self.mailbox.settings)), SENDER))

    def send_later(self, by: timedelta) -> Counter[MailState]:
        self.town.later(by)
        return self.send()

    def reserve(self, email: str | None = "jana@seznam.cz") -> str:
        """Register, be invited, choose the first dates; gives the registration."""
        registration = self.town.opened(email=email)
        options = self.town.perform("find_pairs", registration=registration).values["options"]
        self.town.perform("hold_pair", registration=registration, picked=options[0]["value"])
        assert self.town.perform("confirm", registration=registration).name == "confirmed"
        return registration

    def states(self) -> list[tuple[str, str]]:
        """Purpose and state of every letter, oldest first."""
        with self.town.store.begin() as work:
            rows = work.db.execute(select(t.mails.c.purpose, t.mails.c.state).order_by(t.mails.c.mail_id))
            return [(row.purpose, row.state) for row in rows]
