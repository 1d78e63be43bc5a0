"""What is WhatsApp's own: signatures, buttons and lists, the window of 24 hours, receipts, errors."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendars.calendar import PRAGUE
from core.messages import Address, Button, Expected, Lane, NewMt
from core.store.work import OUTBOX_CHANNEL
from gateway.channels.whatsapp import content, read_messages, read_receipts
from tests.channels.contract import ask, until
from tests.whatsapp.cloud_api import VERIFY, CloudApi
from tests.whatsapp.conftest import Running
from tests.workers.town import SITE, add_dates, add_site

NOW = datetime(2021, 1, 22, 9, 0, tzinfo=UTC)
JANA = "420601000001"
API = CloudApi.__new__(CloudApi)


def value(**what: object) -> dict[str, object]:
    return CloudApi.update(API, **what)


def message(**what: object) -> dict[str, object]:
    return value(messages=[{"from": JANA, "id": "wamid.1", **what}])


@pytest.mark.parametrize(
    ("what", "text", "at"),
    [
        pytest.param({"type": "text", "text": {"body": "ahoj"}}, "ahoj", None, id="text"),
        pytest.param(
            {"interactive": {"button_reply": {"id": "a.b:1\nANO", "title": "Ano"}}},
            "ANO",
            "a.b:1",
            id="button",
        ),
        pytest.param({"interactive": {"list_reply": {"id": "a.b:1\n2"}}}, "2", "a.b:1", id="row"),
        pytest.param({"button": {"text": "Mám PIN", "payload": "x"}}, "Mám PIN", None, id="of a template"),
        pytest.param(
            {"image": {"caption": "kartička", "id": "1"}}, "kartička", None, id="picture with words"
        ),
        pytest.param({"type": "sticker", "sticker": {"id": "1"}}, "", None, id="sticker"),
        pytest.param({"type": "audio", "audio": {"id": "1"}}, "", None, id="voice note"),
        pytest.param({"text": {"body": "x" * 5_000}}, "x" * 1_000, None, id="oversized"),
        pytest.param({"text": {"body": "\ud83d\0"}}, "?", None, id="half a character"),
        pytest.param({"text": {"body": 1}}, "", None, id="a number for words"),
    ],
)
def test_what_a_person_sends_becomes_one_mo(what, text, at):
    (received,) = read_messages(message(**what), now=NOW)
    assert (received.mo.text, received.mo.at_step) == (text, at)
    assert received.mo.address == Address("whatsapp", JANA)
    assert received.mo.operator_id == "wamid.1"


def test_several_messages_of_one_update_are_kept_in_their_order():
    update = value(messages=[{"from": JANA, "id": str(n), "text": {"body": str(n)}} for n in range(3)])
    assert [received.mo.text for received in read_messages(update, now=NOW)] == ["0", "1", "2"]


@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s))
)
def test_no_update_is_an_exception(nonsense):
    for update in ({"entry": nonsense}, value(messages=nonsense, statuses=nonsense), message(text=nonsense)):
        list(read_messages(update, now=NOW))
        list(read_receipts(update))


@pytest.mark.parametrize(
    ("status", "more", "seen"),
    [
        ("delivered", {}, (True, None)),
        ("read", {}, (True, None)),
        ("failed", {"errors": [{"code": 131026}]}, (False, "131026")),
        ("failed", {}, (False, "failed")),
        ("sent", {}, None),
    ],
)
def test_a_status_that_says_something_for_good_is_a_receipt(status, more, seen):
    update = value(statuses=[{"id": "wamid.1", "status": status, "recipient_id": JANA, **more}])
    found = [(receipt.is_delivered, receipt.error) for receipt in read_receipts(update)]
    assert found == ([] if seen is None else [seen])


def expects(*labels: str) -> Expected:
    return Expected("choice", "a.b:1", buttons=tuple(Button(label, str(n)) for n, label in enumerate(labels)))


@pytest.mark.parametrize(
    ("labels", "text", "kind"),
    [
        pytest.param(["Ano", "Ne"], "Souhlasí?", "button", id="two short ones"),
        pytest.param(["Ano", "x" * 21], "Souhlasí?", "list", id="too long for a button"),
        pytest.param(["1", "2", "3", "4"], "Které?", "list", id="four"),
        pytest.param([str(n) for n in range(11)], "Které?", "text", id="more than a list holds"),
        pytest.param(["Ano"], "x" * 1_025, "text", id="too long a question"),
        pytest.param([], "Napište jméno.", "text", id="nothing to press"),
    ],
)
def test_a_question_is_shown_as_it_fits(labels, text, kind):
    shown = content(text, expects(*labels))
    assert shown.get("interactive", shown)["type"] == kind


async def test_meta_is_told_that_the_address_is_ours_by_the_word_we_agreed_on(run):
    async with run() as running:
        assert await running.api.verify(VERIFY) == (200, "1158201444")
        assert (await running.api.verify("another"))[0] == 403


def notice(running, lane: Lane = Lane.INVITATION) -> None:
    now = datetime.now(UTC) - timedelta(seconds=1)
    with running.store.begin() as work:
        mt = NewMt(Address("whatsapp", JANA), "whatsapp", lane, "invitation", "Zveme vás.", 1, now)
        work.outbox.add([mt])
        work.wake(OUTBOX_CHANNEL)


ANY_HOUR = {"CRS_SMS_SENDING_HOURS": "00:00,23:59:59", "CRS_WHATSAPP_TEMPLATE": "crs_notice"}


async def test_what_nobody_asked_for_is_a_template_when_the_window_is_shut(run):
    async with run(**ANY_HOUR) as running:
        notice(running)
        assert (await running.api.hears(JANA, "Zveme vás.")).kind == "template"


async def test_while_the_window_is_open_it_is_plain_words(run):
    async with run(**ANY_HOUR) as running:
        await running.api.deliver(running.api.says(JANA, "ahoj"))
        await running.api.hears(JANA, "Očkování")
        notice(running)
        assert (await running.api.hears(JANA, "Zveme vás.")).kind == "text"


async def test_a_receipt_makes_the_answer_delivered(run):
    async with run() as running:
        await running.api.deliver(running.api.says(JANA, "ahoj"))
        shown = await running.api.hears(JANA, "Očkování")
        await running.api.deliver(running.api.status(shown.message_id, "delivered", JANA))
        await until(running, "SELECT state FROM outbox", [("delivered",)])


@pytest.mark.parametrize(
    ("refusal", "state", "outcome"),
    [
        pytest.param((400, 131026, None), "failed", "rejected not reachable in WhatsApp", id="no WhatsApp"),
        pytest.param((400, 131009, None), "failed", "rejected error 131009", id="our fault"),
        pytest.param((500, 131000, None), "unanswered", "unanswered", id="something went wrong"),
        pytest.param((200, None, {"messages": []}), "unanswered", "unanswered", id="an answer without an id"),
        pytest.param((502, None, "no JSON object"), "unanswered", "unanswered", id="a proxy's page"),
    ],
)
async def test_a_refusal_has_its_remedy(run, refusal, state, outcome):
    async with run(CRS_SMS_SENDING_HOURS="00:00,23:59:59") as running:
        running.api.refuse(*refusal)
        notice(running)
        query = "SELECT state, outcome FROM outbox JOIN attempts USING (mt_id, attempt)"
        await until(running, query, [(state, outcome)])


async def test_with_a_token_that_ran_out_nothing_is_lost(run):
    async with run() as running:
        running.api.token = "a newer one"
        await running.api.deliver(running.api.says(JANA, "ahoj"))
        await until(running, "SELECT count(*) > 0 FROM attempts WHERE outcome = 'given back'", [(True,)])
        assert ask(running, "SELECT state FROM outbox") == [("queued",)]
        assert running.api.phones == {}


async def test_a_person_registers_and_reserves_with_rows_and_buttons(run):
    """Her number is proven by the channel: nothing is asked about it."""
    async with run() as running:
        api = running.api
        await asyncio.to_thread(open_site, running)
        await api.deliver(api.says(JANA, "REG 405123123 Jana Nováková 111 58601"))
        sites = await api.hears(JANA, "Nejbližší místa")
        await api.deliver(api.presses(JANA, next(iter(sites.buttons))))
        assert list((await api.hears(JANA, "Souhrn")).buttons) == ["Ano", "Ne"]
        await api.deliver(api.presses(JANA, "Ano"))
        await api.hears(JANA, "Registrace přijata")
        assert ask(running, "SELECT channel, address, phone FROM registrations") == [
            ("whatsapp", JANA, f"+{JANA}")
        ]
        pin = await asyncio.to_thread(invite, running)
        await api.deliver(api.says(JANA, pin))
        dates = await api.hears(JANA, "Volno")
        assert dates.kind == "list"
        await api.deliver(api.presses(JANA, next(iter(dates.buttons))))
        assert list((await api.hears(JANA, "Držíme")).buttons) == ["Ano", "Ne"]
        await api.deliver(api.presses(JANA, "Ano"))
        await api.hears(JANA, "Máte termín")
        assert ask(running, "SELECT state FROM reservations") == [("confirmed",)]


def open_site(running: Running) -> None:
    soon = datetime.combine(datetime.now(PRAGUE).date() + timedelta(days=3), datetime.min.time(), PRAGUE)
    with running.store.begin() as work:
        add_site(work.db)
        add_dates(work.db, pairs=9, first=soon + timedelta(hours=9))


def invite(running: Running) -> str:
    with running.store.begin() as work:
        wave = work.invitations.invite(
            SITE,
            1,
            policy="test",
            inputs={},
            approved_by="test",
            now=datetime.now(UTC),
            random=random.Random(1),
        )
    assert wave
    return wave.invited[0].pin
