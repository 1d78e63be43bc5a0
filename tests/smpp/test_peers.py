"""Our ESME against an SMSC that misbehaves: it answers what it can, and comes back from the rest."""

import asyncio
import random
import socket
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import NotConnected, Rejected, Throttled, Unanswered
from gateway.smpp.codes import Status
from gateway.smpp.coding import Part
from gateway.smpp.fields import Tlv
from gateway.smpp.mo import read_mo
from gateway.smpp.numbers import numbering, plain, relative, valid_for
from gateway.smpp.pdu import (
    BindTransceiverResp,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    QuerySmResp,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
)
from tests.smpp.parties import PERSON, US, Memory, Patience, Script, bound, running

AHOJ = Part(0, 0, b"Ahoj")
NONSENSE = bytes.fromhex("00000014 00000005 00000000 00000007 ffffffff")


async def _answered(script: Script, esme, *answers) -> object:
    """What ``submit`` makes of the answers; each is made from the sequence number."""
    peer = await script.bound.get()
    submitting = asyncio.create_task(esme.submit(AHOJ, US, PERSON))
    mt = await peer.heard.get()
    assert isinstance(mt, SubmitSm)
    for answer in answers:
        peer.say(answer(mt.sequence))
    return (await asyncio.gather(submitting, return_exceptions=True))[0]


@pytest.mark.parametrize("status", [Status.THROTTLED, Status.MESSAGE_QUEUE_FULL])
async def test_an_smsc_that_is_full_is_given_a_second(status):
    async with Script() as script, bound(script.port) as esme:
        outcome = await _answered(script, esme, lambda n: SubmitSmResp(sequence=n, status=status))
    assert isinstance(outcome, Throttled)
    assert (outcome.retry_after, outcome.command_status) == (timedelta(seconds=1), status)


async def test_an_smsc_that_is_unwell_is_given_longer():
    async with Script() as script, bound(script.port) as esme:
        outcome = await _answered(
            script, esme, lambda n: SubmitSmResp(sequence=n, status=Status.SYSTEM_ERROR)
        )
    assert isinstance(outcome, Throttled)
    assert outcome.retry_after == timedelta(seconds=5)


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(lambda n: SubmitSmResp(sequence=n, status=0x0A), id="submit_sm_resp"),
        pytest.param(lambda n: GenericNack(sequence=n, status=0x0A), id="generic_nack"),
    ],
)
async def test_any_other_refusal_is_final(refusal):
    async with Script() as script, bound(script.port) as esme:
        outcome = await _answered(script, esme, refusal)
    assert isinstance(outcome, Rejected)
    assert outcome.command_status == 0x0A


async def test_an_smsc_that_forgot_our_bind_took_nothing_and_is_bound_again():
    async with Script() as script, bound(script.port) as esme:
        outcome = await _answered(
            script, esme, lambda n: SubmitSmResp(sequence=n, status=Status.INVALID_BIND_STATUS)
        )
        assert isinstance(outcome, NotConnected)
        await script.bound.get()


async def test_an_answer_to_another_question_is_no_answer():
    async with Script() as script, bound(script.port) as esme:
        outcome = await _answered(script, esme, lambda n: QuerySmResp(sequence=n))
    assert isinstance(outcome, Unanswered)


async def test_answers_nobody_waits_for_do_no_harm():
    async with Script() as script, bound(script.port) as esme:
        outcome = await _answered(
            script,
            esme,
            lambda n: SubmitSmResp(sequence=n + 77, message_id="other"),
            lambda _: GenericNack(sequence=0, status=3),
            lambda n: SubmitSmResp(sequence=n, message_id="17"),
            lambda n: SubmitSmResp(sequence=n, message_id="18"),
        )
        assert outcome == "17"
        assert esme.is_bound


async def test_answers_may_come_in_any_order():
    async with Script() as script, bound(script.port) as esme:
        peer = await script.bound.get()
        submitting = [asyncio.create_task(esme.submit(AHOJ, US, PERSON)) for _ in range(5)]
        heard = [await peer.heard.get() for _ in submitting]
        peer.say(
            *(
                SubmitSmResp(sequence=mt.sequence, message_id=str(n))
                for n, mt in reversed([*enumerate(heard)])
            )
        )
        assert await asyncio.gather(*submitting) == ["0", "1", "2", "3", "4"]


async def test_an_mt_is_written_as_the_operator_wants_it():
    async with Script() as script, bound(script.port, source_ton=0, source_npi=1) as esme:
        peer = await script.bound.get()
        submitting = asyncio.create_task(esme.submit(AHOJ, US, PERSON, validity=timedelta(hours=72)))
        mt = await peer.heard.get()
        peer.say(SubmitSmResp(sequence=mt.sequence, message_id="17"))
        assert await submitting == "17"
    assert (mt.source_ton, mt.source_npi, mt.source) == (0, 1, "1221")
    assert (mt.destination_ton, mt.destination_npi, mt.destination) == (1, 1, "420601123456")
    assert (mt.validity_period, mt.registered_delivery) == ("000003000000000R", 1)


async def test_a_malformed_delivery_is_answered_and_the_session_goes_on():
    memory = Memory()
    async with Script() as script, bound(script.port, memory):
        peer = await script.bound.get()
        peer.say(NONSENSE, EnquireLink(sequence=8), DeliverSm(sequence=9, source="1", short_message=b"REG"))
        assert [await peer.heard.get() for _ in range(3)] == [
            DeliverSmResp(sequence=7, status=Status.INVALID_COMMAND_LENGTH),
            EnquireLinkResp(sequence=8),
            DeliverSmResp(sequence=9),
        ]
    assert memory.mos.get_nowait().payload == b"REG"


async def test_a_command_we_do_not_know_is_answered_by_generic_nack():
    async with Script() as script, bound(script.port):
        peer = await script.bound.get()
        peer.say(bytes.fromhex("00000010 00000103 00000000 00000007"), SubmitSm(sequence=8))
        expected = [GenericNack(sequence=n, status=Status.INVALID_COMMAND_ID) for n in (7, 8)]
        assert [await peer.heard.get() for _ in range(2)] == expected


async def test_an_absurd_length_costs_the_connection_and_it_comes_back():
    async with Script() as script, bound(script.port) as esme:
        peer = await script.bound.get()
        peer.say(b"GET / HTTP/1.1\r\n\r\n")
        assert await peer.heard.get() == GenericNack(sequence=0, status=Status.INVALID_COMMAND_LENGTH)
        await script.bound.get()
        await esme.bound()


async def test_a_receipt_nobody_can_read_is_taken_and_forgotten():
    memory = Memory()
    async with Script() as script, bound(script.port, memory):
        peer = await script.bound.get()
        peer.say(DeliverSm(sequence=3, esm_class=4, short_message=b"delivered!"))
        assert await peer.heard.get() == DeliverSmResp(sequence=3)
    assert memory.receipts.empty()
    assert memory.mos.empty()


async def test_an_smsc_that_takes_leave_is_bound_again():
    async with Script() as script, bound(script.port):
        peer = await script.bound.get()
        peer.say(Unbind(sequence=3))
        assert await peer.heard.get() == UnbindResp(sequence=3)
        await script.bound.get()


async def test_a_silent_peer_is_asked_and_left_for_dead_when_it_does_not_answer():
    short = timedelta(milliseconds=20)
    async with Script() as script, bound(script.port, enquire_after=short, respond_within=short):
        peer = await script.bound.get()
        asked = await peer.heard.get()
        assert isinstance(asked, EnquireLink)
        peer.say(EnquireLinkResp(sequence=asked.sequence))
        assert isinstance(await peer.heard.get(), EnquireLink)
        await script.bound.get()


async def test_close_does_not_wait_for_ever_for_a_silent_peer():
    async with Script() as script, bound(script.port, leave_within=timedelta(milliseconds=20)) as esme:
        submitting = asyncio.create_task(esme.submit(AHOJ, US, PERSON))
        await (await script.bound.get()).heard.get()
        await esme.close()
        assert not esme.is_bound
        with pytest.raises(Unanswered):
            await submitting


async def test_an_mt_to_a_peer_that_died_is_unanswered():
    short = timedelta(milliseconds=20)
    async with Script() as script, bound(script.port, enquire_after=short, respond_within=short) as esme:
        with pytest.raises(Unanswered):
            await esme.submit(AHOJ, US, PERSON)


@pytest.mark.parametrize(
    "welcome",
    [
        pytest.param(
            lambda n: BindTransceiverResp(sequence=n.sequence, status=Status.BIND_FAILED), id="refused"
        ),
        pytest.param(lambda n: GenericNack(sequence=n.sequence, status=3), id="generic_nack"),
        pytest.param(lambda n: UnbindResp(sequence=n.sequence), id="another response"),
        pytest.param(lambda _: b"220 mail.example.cz ESMTP\r\n", id="no SMPP at all"),
        pytest.param(lambda n: Unbind(sequence=1), id="unbind"),
        pytest.param(lambda n: b"", id="silence"),
    ],
)
async def test_a_bind_that_fails_is_tried_again(welcome):
    patience = Patience()
    async with (
        Script(welcome) as script,
        running(script.port, chance=patience, respond_within=timedelta(milliseconds=20)) as esme,
    ):
        for _ in range(3):
            await patience.pauses.get()
        assert not esme.is_bound


async def test_an_smsc_that_is_not_there_is_tried_again():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        patience = Patience()
        async with running(nobody.getsockname()[1], chance=patience) as esme:
            for _ in range(3):
                await patience.pauses.get()
            with pytest.raises(NotConnected):
                await esme.submit(AHOJ, US, PERSON)


async def test_random_octets_never_end_the_session():
    chance = random.Random(3)
    async with Script() as script, bound(script.port) as esme:
        for _ in range(30):
            peer = await script.bound.get()
            length = chance.randrange(16, 60)
            command = chance.choice((4, 5, 0x80000004, 0x80000015, chance.getrandbits(32)))
            peer.say(
                length.to_bytes(4, "big") + command.to_bytes(4, "big") + chance.randbytes(length - 8),
                chance.randbytes(40),
                bytes(4),
            )
        await script.bound.get()
        await esme.bound()


@pytest.mark.parametrize(
    ("number", "ton", "npi", "written"),
    [
        pytest.param("+420601123456", 1, 1, "420601123456", id="E.164"),
        pytest.param("1221", 3, 0, "1221", id="short code"),
        pytest.param("Ockovani", 5, 0, "Ockovani", id="name"),
    ],
)
def test_a_number_is_written_by_its_type_and_read_back(number, ton, npi, written):
    assert numbering(number) == (ton, npi, written)
    assert plain(ton, written) == number


@pytest.mark.parametrize(
    ("validity", "written"),
    [
        pytest.param(timedelta(minutes=5), "000000000500000R", id="minutes"),
        pytest.param(timedelta(days=2, hours=3, seconds=4), "000002030004000R", id="days"),
        pytest.param(timedelta(0), "000000000001000R", id="at least a second"),
        pytest.param(timedelta(days=90), "000030000000000R", id="at most thirty days"),
    ],
)
def test_a_validity_is_written_as_a_period(validity, written):
    assert relative(validity) == written


@pytest.mark.parametrize(
    ("period", "lasts"),
    [
        pytest.param("000002030004000R", timedelta(days=2, hours=3, seconds=4), id="relative"),
        pytest.param("210122123000500+", timedelta(minutes=30, seconds=0.5), id="absolute in UTC"),
        pytest.param("210122133000004+", timedelta(minutes=30), id="absolute, an hour ahead of UTC"),
        pytest.param("210122113000004-", timedelta(minutes=30), id="absolute, an hour behind UTC"),
        pytest.param("", None, id="none"),
    ],
)
def test_a_validity_is_read_in_either_form(period, lasts):
    assert valid_for(period, now=datetime(2021, 1, 22, 12, tzinfo=UTC)) == lasts


@given(st.timedeltas(timedelta(seconds=1), timedelta(days=40)))
def test_what_is_written_never_lasts_longer_than_it_should(validity):
    written = valid_for(relative(validity), now=datetime(2021, 1, 22, tzinfo=UTC))
    assert written is not None
    assert validity - timedelta(seconds=1) < written <= validity or written == timedelta(days=30)


@pytest.mark.parametrize(
    ("tlvs", "message_id"),
    [
        pytest.param((Tlv(0x1E, b"m1\0"), Tlv(0x204, b"\0\x09")), "m1", id="receipted_message_id"),
        pytest.param((Tlv(0x204, b"\x01\x09"),), None, id="user_message_reference is the phone's"),
        pytest.param((Tlv(0x1E, b"\0"),), None, id="empty"),
        pytest.param((), None, id="none"),
    ],
)
def test_an_mo_has_the_id_the_operator_gave_it(tlvs, message_id):
    assert read_mo(DeliverSm(sequence=1, tlvs=tlvs)).message_id == message_id
