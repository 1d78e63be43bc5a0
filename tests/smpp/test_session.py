"""Our ESME against our SMSC: what both promise."""

import asyncio
import datetime as dt
import random
import ssl
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.errors import NotConnected, NotNow, Rejected, Throttled, Unanswered
from gateway.smpp.behaviour import Behaviour, IdStyle, ReceiptForm
from gateway.smpp.coding import decode, encode_parts
from gateway.smpp.receipt import ReceiptState, same_id
from gateway.smpp.smsc import Smsc
from tests.smpp.parties import PERSON, US, Memory, Patience, bound, running

GOOD = Behaviour()
AHOJ = encode_parts("Ahoj", 1)[0]


def _smsc(behaviour: Behaviour = GOOD, **settings) -> Smsc:
    return Smsc(chance=random.Random(2), behaviour=behaviour, **settings)


async def test_an_mt_reaches_the_smsc_as_it_was():
    async with _smsc() as smsc, bound(smsc.port) as esme:
        message_id = await esme.submit(AHOJ, US, PERSON)
    (taken,) = smsc.submitted
    assert (taken.source, taken.destination, taken.text, taken.message_id) == (US, PERSON, "Ahoj", message_id)


async def test_an_mt_that_is_no_longer_valid_is_not_delivered():
    memory = Memory()
    behaviour = Behaviour(receipt_after=timedelta(seconds=1))
    async with _smsc(behaviour) as smsc, bound(smsc.port, memory) as esme:
        await esme.submit(AHOJ, US, PERSON, validity=timedelta(seconds=1))
        await esme.submit(AHOJ, US, PERSON, validity=timedelta(seconds=2))
        states = [(await memory.receipts.get()).state for _ in range(2)]
    assert [taken.valid_for for taken in smsc.submitted] == [timedelta(seconds=1), timedelta(seconds=2)]
    assert states == [ReceiptState.EXPIRED, ReceiptState.DELIVERED]


async def test_an_unknown_subscriber_is_reported_with_the_networks_reason():
    memory = Memory()
    behaviour = Behaviour(unknown_subscribers=frozenset({PERSON}), unknown_subscriber_error="27")
    async with _smsc(behaviour) as smsc, bound(smsc.port, memory) as esme:
        await esme.submit(AHOJ, US, PERSON)
        receipt = await memory.receipts.get()
    assert (receipt.state, receipt.error) == (ReceiptState.UNDELIVERABLE, "27")


async def test_the_parts_of_a_long_mt_can_be_joined():
    text = "Příliš žluťoučký kůň úpěl ďábelské ódy. " * 5
    async with _smsc() as smsc, bound(smsc.port) as esme:
        for part in encode_parts(text, 9):
            await esme.submit(part, US, PERSON)
    parts = sorted(smsc.submitted, key=lambda taken: taken.part.number)
    assert "".join(taken.text for taken in parts) == text
    assert {(taken.part.reference, taken.part.total) for taken in parts} == {(9, len(parts))}


@pytest.mark.parametrize("form", ReceiptForm)
@pytest.mark.parametrize(
    ("answered", "reported"),
    [
        (IdStyle.DECIMAL, IdStyle.PADDED_DECIMAL),
        (IdStyle.UPPER_HEX, IdStyle.DECIMAL),
        (IdStyle.PADDED_HEX, IdStyle.HEX),
        (IdStyle.DECIMAL, IdStyle.HEX),
    ],
)
async def test_a_receipt_of_any_form_finds_its_mt(form, answered, reported):
    memory = Memory()
    behaviour = Behaviour(
        answer_ids=answered, receipt_ids=reported, receipt_form=form, receipt_state=ReceiptState.EXPIRED
    )
    async with _smsc(behaviour) as smsc, bound(smsc.port, memory) as esme:
        message_id = await esme.submit(AHOJ, US, PERSON)
        receipt = await memory.receipts.get()
    assert same_id(message_id, receipt.message_id)
    assert receipt.state is ReceiptState.EXPIRED
    assert receipt.recipient == PERSON


async def test_a_receipt_may_come_before_the_answer():
    memory = Memory()
    async with _smsc(Behaviour(receipts_before_answer=1)) as smsc, bound(smsc.port, memory) as esme:
        submitting = asyncio.create_task(esme.submit(AHOJ, US, PERSON))
        receipt = await memory.receipts.get()
        assert not submitting.done()
        assert await submitting == receipt.message_id


async def test_a_receipt_may_come_twice_or_never():
    memory = Memory()
    async with _smsc(Behaviour(receipts_doubled=1)) as smsc, bound(smsc.port, memory) as esme:
        message_id = await esme.submit(AHOJ, US, PERSON)
        assert [(await memory.receipts.get()).message_id for _ in range(2)] == [message_id] * 2
        smsc.behaviour = Behaviour(receipts_lost=1)
        await esme.submit(AHOJ, US, PERSON)
    assert memory.receipts.empty()


async def test_no_receipt_comes_unless_it_was_asked_for():
    memory = Memory()
    async with _smsc() as smsc, bound(smsc.port, memory) as esme:
        await esme.submit(AHOJ, US, PERSON, registered_delivery=False)
    assert memory.receipts.empty()


async def test_a_receipt_may_come_late():
    memory = Memory()
    late = Behaviour(receipt_after=timedelta(milliseconds=30), answer_after=timedelta(milliseconds=5))
    async with _smsc(late) as smsc, bound(smsc.port, memory) as esme:
        message_id = await esme.submit(AHOJ, US, PERSON)
        assert memory.receipts.empty()
        assert (await memory.receipts.get()).message_id == message_id


async def test_over_its_capacity_the_smsc_asks_us_to_slow_down():
    async with _smsc(Behaviour(segments_per_second=3)) as smsc, bound(smsc.port) as esme:
        answers = await asyncio.gather(
            *(esme.submit(AHOJ, US, PERSON) for _ in range(5)), return_exceptions=True
        )
    assert [type(answer) for answer in answers] == [str, str, str, Throttled, Throttled]
    assert answers[-1].retry_after == timedelta(seconds=1)
    assert len(smsc.submitted) == 3


async def test_an_impossible_destination_is_rejected_for_good():
    async with _smsc(Behaviour(refused_destinations=frozenset({PERSON}))) as smsc, bound(smsc.port) as esme:
        with pytest.raises(Rejected) as refused:
            await esme.submit(AHOJ, US, PERSON)
    assert refused.value.command_status == 0x0B


@pytest.mark.parametrize("destination", ["+" + "4" * 30, "+420\N{LATIN SMALL LETTER C WITH CARON}"])
async def test_a_destination_that_does_not_fit_is_rejected_without_a_trace_of_it(destination):
    async with _smsc() as smsc, bound(smsc.port) as esme:
        with pytest.raises(Rejected) as refused:
            await esme.submit(AHOJ, US, destination)
        assert esme.outstanding == 0
        await esme.submit(AHOJ, US, PERSON)
    assert refused.value.__cause__ is None


async def test_before_the_bind_nothing_is_handed_over():
    async with _smsc(Behaviour(binds_refused=True)) as smsc, running(smsc.port) as esme:
        with pytest.raises(NotConnected):
            await esme.submit(AHOJ, US, PERSON)
        assert not esme.is_bound


async def test_without_an_answer_in_time_an_mt_is_unanswered():
    soon = timedelta(milliseconds=30)
    async with _smsc(Behaviour(answers_lost=1)) as smsc, bound(smsc.port, respond_within=soon) as esme:
        with pytest.raises(Unanswered):
            await esme.submit(AHOJ, US, PERSON)
        assert esme.outstanding == 0
        assert esme.is_bound


async def test_every_overdue_mt_is_told_and_its_place_in_the_window_is_free_again():
    soon = timedelta(milliseconds=30)
    behaviour = Behaviour(answers_lost=1)
    async with _smsc(behaviour) as smsc, bound(smsc.port, respond_within=soon, window=2) as esme:
        answers = await asyncio.gather(
            *(esme.submit(AHOJ, US, PERSON) for _ in range(6)), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [Unanswered] * 6
        smsc.behaviour = Behaviour()
        assert await esme.submit(AHOJ, US, PERSON)


async def test_a_lost_connection_tells_what_was_handed_over_from_what_was_not():
    async with _smsc(Behaviour(answers_lost=1)) as smsc, bound(smsc.port, window=3) as esme:
        waiting = [asyncio.create_task(esme.submit(AHOJ, US, PERSON)) for _ in range(5)]
        await smsc.taken(3)
        assert esme.outstanding == 3
        smsc.behaviour = Behaviour(binds_refused=True)
        smsc.drop()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unanswered] * 3 + [NotConnected] * 2


async def test_the_window_is_never_exceeded():
    peaks = []
    behaviour = Behaviour(answer_after=timedelta(milliseconds=1))
    async with (
        _smsc(behaviour, on_submitted=lambda _: peaks.append(esme.outstanding)) as smsc,
        bound(smsc.port, window=4) as esme,
    ):
        ids = await asyncio.gather(*(esme.submit(AHOJ, US, PERSON) for _ in range(40)))
    assert max(peaks) == 4
    assert len(set(ids)) == 40


async def test_a_cancelled_submit_frees_its_place():
    async with _smsc(Behaviour(answers_lost=1)) as smsc, bound(smsc.port, window=1) as esme:
        first = asyncio.create_task(esme.submit(AHOJ, US, PERSON))
        await smsc.taken(1)
        first.cancel()
        smsc.behaviour = Behaviour()
        assert await esme.submit(AHOJ, US, PERSON)


async def test_the_bind_comes_back_by_itself():
    async with _smsc() as smsc, bound(smsc.port) as esme:
        for _ in range(3):
            smsc.drop()
            await smsc.bound()
            await esme.bound()
        assert await esme.submit(AHOJ, US, PERSON)


async def test_a_refused_bind_is_tried_again():
    async with _smsc(Behaviour(binds_refused=True)) as smsc, running(smsc.port) as esme:
        smsc.behaviour = Behaviour()
        await esme.bound()
        assert await esme.submit(AHOJ, US, PERSON)


@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"system_id": "other"}])
async def test_a_wrong_account_is_not_bound(changes):
    patience = Patience()
    async with _smsc() as smsc, running(smsc.port, chance=patience, **changes) as esme:
        for _ in range(3):
            await patience.pauses.get()
        assert not esme.is_bound
        assert not smsc.is_bound


def test_an_account_that_does_not_fit_is_refused_at_once():
    with pytest.raises(ValueError, match="octets"):
        asyncio.run(_too_long())


async def _too_long() -> None:
    async with running(1, system_id="x" * 16):
        pass


async def test_an_mo_arrives_with_the_operators_id():
    memory = Memory()
    async with _smsc() as smsc, bound(smsc.port, memory):
        assert await smsc.deliver(PERSON, US, "REG příště", "m1") == 0
        mo = memory.mos.get_nowait()
    assert (mo.source, mo.destination, mo.message_id, mo.part) == (PERSON, US, "m1", None)
    assert decode(mo.payload, mo.data_coding) == "REG příště"


async def test_an_mo_is_answered_only_when_it_is_kept():
    memory, kept = Memory(), asyncio.Event()
    memory.before_mo = lambda _: kept.wait()
    async with _smsc() as smsc, bound(smsc.port, memory) as esme:
        delivering = asyncio.create_task(smsc.deliver(PERSON, US, "REG"))
        assert await esme.submit(AHOJ, US, PERSON)  # a whole round trip behind it
        assert not delivering.done()
        kept.set()
        assert await delivering == 0


async def test_many_mos_are_kept_at_the_same_time():
    memory, all_here = Memory(), asyncio.Barrier(10)
    memory.before_mo = lambda _: all_here.wait()
    async with _smsc() as smsc, bound(smsc.port, memory):
        assert await asyncio.gather(*(smsc.deliver(PERSON, US, str(n)) for n in range(10))) == [0] * 10


async def test_what_cannot_be_kept_now_is_delivered_again():
    memory, failures = Memory(), iter([NotNow(), RuntimeError()])

    async def fail_twice(_):
        if failure := next(failures, None):
            raise failure

    memory.before_mo = fail_twice
    again = Behaviour(deliver_again_after=timedelta(milliseconds=1))
    async with _smsc(again) as smsc, bound(smsc.port, memory):
        assert await smsc.deliver(PERSON, US, "REG", "m1") == 0
    assert memory.mos.get_nowait().message_id == "m1"
    assert memory.mos.empty()


async def test_a_refusal_for_now_is_a_temporary_error_of_the_receiver():
    memory = Memory()

    async def fail(_):
        raise NotNow

    memory.before_mo = fail
    async with _smsc(Behaviour(deliver_attempts=1)) as smsc, bound(smsc.port, memory):
        assert await smsc.deliver(PERSON, US, "REG") == 0x64


async def test_a_receipt_that_cannot_be_kept_now_is_delivered_again():
    memory, failures = Memory(), iter([NotNow()])

    async def fail_once(_):
        if failure := next(failures, None):
            raise failure

    memory.before_receipt = fail_once
    again = Behaviour(deliver_again_after=timedelta(milliseconds=1))
    async with _smsc(again) as smsc, bound(smsc.port, memory) as esme:
        message_id = await esme.submit(AHOJ, US, PERSON)
        assert (await memory.receipts.get()).message_id == message_id


async def test_more_than_we_can_keep_at_once_is_put_off():
    memory, kept = Memory(), asyncio.Event()
    memory.before_mo = lambda _: kept.wait()
    again = Behaviour(deliver_attempts=1)
    async with _smsc(again) as smsc, bound(smsc.port, memory, deliveries=2):
        delivering = [asyncio.create_task(smsc.deliver(PERSON, US, str(n))) for n in range(3)]
        assert await delivering[2] == 0x64
        kept.set()
        assert await asyncio.gather(*delivering[:2]) == [0, 0]


async def test_an_unanswered_mo_is_delivered_again_over_the_next_bind():
    memory, kept, here = Memory(), asyncio.Event(), asyncio.Queue()

    async def wait(mo):
        here.put_nowait(mo.message_id)
        await kept.wait()

    memory.before_mo = wait
    async with _smsc() as smsc, bound(smsc.port, memory):
        delivering = asyncio.create_task(smsc.deliver(PERSON, US, "REG", "m1"))
        assert await here.get() == "m1"
        smsc.drop()
        assert await here.get() == "m1"
        kept.set()
        assert await delivering == 0


async def test_a_long_mo_comes_in_parts_that_can_be_joined_in_any_order():
    memory, text = Memory(), "x" * 153 + "y" * 153 + "z"
    async with _smsc(Behaviour(parts_reordered=True)) as smsc, bound(smsc.port, memory):
        assert await smsc.deliver(PERSON, US, text, "m1") == 0
        parts = [memory.mos.get_nowait() for _ in range(3)]
    assert [part.part.number for part in parts] == [3, 2, 1]
    assert [part.message_id for part in parts] == ["m1-3", "m1-2", "m1-1"]
    assert "".join(decode(part.payload, part.data_coding) for part in reversed(parts)) == text


async def test_a_part_of_a_long_mo_may_be_lost():
    memory = Memory()
    async with _smsc(Behaviour(parts_lost=1)) as smsc, bound(smsc.port, memory):
        assert await smsc.deliver(PERSON, US, "x" * 307) == 0
    assert [memory.mos.get_nowait().part.number for _ in range(2)] == [1, 2]
    assert memory.mos.empty()


async def test_the_smsc_says_what_became_of_an_mt():
    async with _smsc(Behaviour(receipt_state=ReceiptState.UNDELIVERABLE)) as smsc, bound(smsc.port) as esme:
        message_id = await esme.submit(AHOJ, US, PERSON)
        assert (await esme.query(message_id, US)).state is ReceiptState.UNDELIVERABLE
        with pytest.raises(Rejected) as refused:
            await esme.query("4711", US)
    assert refused.value.command_status == 0x67


async def test_close_waits_for_answers_and_for_what_is_being_kept():
    memory, kept, here = Memory(), asyncio.Event(), asyncio.Event()

    async def wait(_):
        here.set()
        await kept.wait()

    memory.before_mo = wait
    slow = Behaviour(answer_after=timedelta(milliseconds=20))
    async with _smsc(slow) as smsc, bound(smsc.port, memory) as esme:
        delivering = asyncio.create_task(smsc.deliver(PERSON, US, "REG"))
        submitting = asyncio.create_task(esme.submit(AHOJ, US, PERSON))
        await here.wait()
        closing = asyncio.create_task(esme.close())
        kept.set()
        assert await delivering == 0
        assert await submitting
        await closing
        assert not esme.is_bound
        with pytest.raises(NotConnected):
            await esme.submit(AHOJ, US, PERSON)


async def test_close_does_not_wait_for_a_bind_in_progress():
    server = await asyncio.start_server(lambda _r, w: held.append(w), "127.0.0.1", 0)
    held = []
    async with running(server.sockets[0].getsockname()[1]):
        pass
    server.close()
    for writer in held:
        writer.close()


async def test_an_mt_may_go_over_tls(tmp_path):
    server, client = _tls(tmp_path / "smsc.pem")
    async with _smsc(tls=server) as smsc, bound(smsc.port, tls=True, trust=client) as esme:
        assert await esme.submit(AHOJ, US, PERSON)


async def test_a_certificate_nobody_vouches_for_is_not_trusted(tmp_path):
    server, _ = _tls(tmp_path / "smsc.pem")
    patience = Patience()
    async with _smsc(tls=server) as smsc, running(smsc.port, chance=patience, tls=True) as esme:
        await patience.pauses.get()
        assert not esme.is_bound


def _tls(pem: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that signs itself: the SMSC's side, and who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "smsc")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2021, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2121, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cadata=certificate.decode())
