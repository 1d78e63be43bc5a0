"""The transcripts that turn on PINs, held by the real runner, desk and database."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, update

from conversations.library import load_library
from conversations.session import DEFAULT_LANGUAGE
from core.messages import SMS_CHANNEL, Address
from core.store import tables as t
from core.store.work import Store
from core.world import World
from gateway.channels.loopback import Loopback
from gateway.turns.runner import TurnRunner
from tests import transcripts
from tests.fakes_desk import HOLD_FOR, LATE_PINS, OTHERS_PIN, PIN, USED_PIN, pairs
from tests.transcripts import PRAGUE, Transcript
from tests.turns.conftest import JANA
from tests.workers.town import NOW, SITE, add_person, add_site, hold, vault

LIBRARY = load_library()
NEEDS_A_FAKE = {
    "reservation/the_hold_lapsed",  # here, a lapsed hold is confirmed while its dates are free
    "change/the_hold_lapsed",
    "change/in_the_middle_of_a_reservation",  # here, what one has is not offered to the other
    "change/second_date_alone",  # here, the interval of the product leaves a single day
    "change/second_en",
    "change/second_uk",
    "change/the_first_is_over",
    "change/several_people",  # here, they have surnames, and dates of their own
}
HELD = [
    each
    for each in transcripts.every()
    if each.path.parent.name in ("change", "lost_pin", "reservation")
    and each.medium == "sms"
    and each.name not in NEEDS_A_FAKE
]


@pytest.mark.parametrize("transcript", HELD, ids=lambda transcript: transcript.name)
def test_a_conversation_goes_on_the_real_desk_as_written(
    transcript: Transcript, database: str, world: World
) -> None:
    store = Store.connect(database, vault(), connections=2)
    with store.begin() as work:
        scene = Scene(work.db, transcript)
    here = replace(world, hold_for=HOLD_FOR, has_mail=bool(scene.mail))
    phone = Phone(store, here, before=scene.before)
    if transcript.language != DEFAULT_LANGUAGE:
        phone.answer(LIBRARY.languages[transcript.language][0], datetime(2021, 1, 22, 8, 0, tzinfo=PRAGUE))
    found = list(transcripts.differences(transcript, phone.answer))
    store.close()
    assert not found, "\n\n".join(found)


class Phone:
    """Writes to the loopback and reads what comes back; ``before`` is what happens while it is written."""

    def __init__(self, store: Store, world: World, *, before: Callable[[Connection, str], None]) -> None:
        self._store = store
        self._loopback = Loopback(store, by="test")
        self._runner = TurnRunner(store, LIBRARY, world)
        self._before = before

    def answer(self, text: str, now: datetime) -> str:
        with self._store.begin() as work:
            self._before(work.db, text)
        self._loopback.say(JANA, text, now=now)
        self._runner.run_address(Address(SMS_CHANNEL, JANA), now)
        return " ".join(mt.text for mt in self._loopback.collect(JANA, now=now))


class Scene:
    """Jihlava with the dates of the fake desk, and whoever the transcript's PINs and header speak of."""

    def __init__(self, db: Connection, transcript: Transcript) -> None:
        self._db = db
        self._people = 100
        add_site(db, name="Nemocnice Jihlava, p.o.")
        wave = insert(t.waves).values(
            site_id=SITE, planned_at=NOW, policy="test", inputs={}, size=1, approved_by="test"
        )
        self._wave_id = db.execute(wave.returning(t.waves.c.wave_id)).scalar_one()
        what, _, who = transcript.header.get("world", "").partition(" ")
        self.mail = who if what == "mail" else ""
        who, _, more = who.partition("; ")
        self._slots = {} if what == "no_pairs" else self._add_dates(is_single=what == "single")
        if what in ("dated", "single"):
            registration_id = self._add("reserved", reserved_at=NOW, first_name=who)
            first, second = self._slots["1"]
            hold(db, registration_id, first, second if what == "dated" else None, state="confirmed")
        if more == "no_pairs":
            db.execute(update(t.slots).values(capacity=1, taken=1))
        self._is_quick = what == "taken"
        if what == "waiting":
            self._add(first_name=who)
        names = who.split(", ") if what == "invited" else []
        for name, pin in zip(names, (PIN, OTHERS_PIN), strict=False):
            first_name, last_name = name.split()
            self._give(pin, self._add("invited", first_name=first_name, last_name=last_name))
        if more.startswith("limited "):
            until = datetime.fromisoformat(more.removeprefix("limited ")).replace(tzinfo=PRAGUE)
            db.execute(update(t.invitations).values(expires_at=until))
        said = {"".join(c for c in exchange.said if c.isdigit()) for exchange in transcript.exchanges}
        for pin in said if not names else ():
            self._add_owner(pin)

    def before(self, db: Connection, said: str) -> None:
        """Somebody takes the first pair while it is being chosen."""
        if self._is_quick and said == "1":
            self._is_quick = False
            hold(db, add_person(db, 99, phone="+420609999999"), *self._slots["1"])

    def _add_owner(self, pin: str) -> None:
        match pin:
            case _ if pin == PIN:
                self._give(pin, self._add("invited"))
            case _ if pin == OTHERS_PIN:
                number = vault().seal("405123123")
                self._give(pin, self._add("invited", phone="+420602000002", number_sealed=number))
            case _ if pin == USED_PIN:
                registration_id = self._add("reserved", reserved_at=NOW)
                self._give(pin, registration_id, "used")
                hold(self._db, registration_id, *self._slots["1"], state="confirmed")
            case _ if pin in LATE_PINS:
                self._add_late(pin, LATE_PINS[pin])

    def _add_late(self, pin: str, fate: str) -> None:
        match fate:
            case "ran_out":
                self._give(pin, self._add(), "expired")
            case "unanswered":
                self._give(pin, self._add("blocked", blocked_because="unanswered invitations"), "expired")
            case "older":
                registration_id = self._add("invited")
                self._give(pin, registration_id, "expired")
                self._give("30010018", registration_id, "open", round=2)
            case "old_system":
                dead = insert(t.dead_pins).values(
                    pin_digest=vault().digest(pin, purpose="pin2"), registration_id=self._add()
                )
                self._db.execute(dead)
            case "replaced":
                gone = self._add("blocked", blocked_because="newer registration", ended_at=NOW)
                self._give(pin, gone, "void")
            case "ended":
                self._give(pin, self._add("blocked", blocked_because="on request"), "void")
            case "done":
                self._give(pin, self._add("done", reserved_at=NOW), "used")

    def _add(self, state: str = "waiting", **more: object) -> int:
        self._people += 1
        mailbox: dict[str, object] = {}
        if self.mail in ("sent", "refused"):
            mailbox = {"email": "jana@seznam.cz", "email_refused_at": NOW if self.mail == "refused" else None}
        return add_person(self._db, self._people, state=state, **({"phone": JANA} | mailbox | more))

    def _give(self, pin: str, registration_id: int, state: str = "open", **more: Any) -> None:
        row = {
            "registration_id": registration_id,
            "wave_id": self._wave_id,
            "pin_sealed": vault().seal(pin),
            "pin_digest": vault().digest(pin, purpose="pin2"),
            "state": state,
            "invited_at": NOW - timedelta(days=1),
        }
        self._db.execute(insert(t.invitations).values(row | more))

    def _add_dates(self, *, is_single: bool) -> dict[str, tuple[int, int]]:
        product = "janssen" if is_single else "comirnaty"
        second = self._add_calendar("V2", product)
        first = self._add_calendar("V1", product, links_to="V2", linked_id=second)
        return {
            pair["value"]: (self._add_slot(first, pair["first"]), self._add_slot(second, pair["second"]))
            for pair in pairs()
        }

    def _add_calendar(self, name: str, product: str, **links: Any) -> int:
        row = {"site_id": SITE, "name": name, "round": name, "product": product, **links}
        new = insert(t.calendars).values(row).returning(t.calendars.c.calendar_id)
        return int(self._db.execute(new).scalar_one())

    def _add_slot(self, calendar_id: int, begins_at: str) -> int:
        moment = datetime.fromisoformat(begins_at).replace(tzinfo=PRAGUE)
        new = insert(t.slots).values(calendar_id=calendar_id, begins_at=moment, capacity=1)
        return int(self._db.execute(new.returning(t.slots.c.slot_id)).scalar_one())
