"""The SMS channel over SMPP: one bind per operator, and what its MOs, receipts and MTs become.

Source: SMPP 3.4. MOs and receipts are acknowledged when durable; MTs leave through the sender.
"""

import random
import secrets
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Protocol

from core.messages import ClaimedMt
from core.store.receipts import FinalReceipt
from gateway.capacity import OperatorRate
from gateway.channels.channel import Channel, House, Out
from gateway.intake import FromOperator
from gateway.settings import Operator
from gateway.smpp.coding import Part, encode_parts
from gateway.smpp.esme import Esme, SmscAddress
from gateway.smpp.mo import ReceivedMo
from gateway.smpp.receipt import Receipt, ReceiptState, id_forms, normal_id


class Submits(Protocol):
    """What the carrier needs of a bind."""

    @property
    def is_bound(self) -> bool: ...

    async def submit(
        self, part: Part, source: str, destination: str, *, validity: timedelta | None = None
    ) -> str: ...


class SmsCarrier:
    """MTs as SMS over one bind."""

    def __init__(self, bind: Submits, *, source: str) -> None:
        """``source`` is the number that people see."""
        self._bind = bind
        self._source = source

    @property
    def is_bound(self) -> bool:
        return self._bind.is_bound

    def parts(self, mt: ClaimedMt) -> Sequence[Part]:
        """The SMS that it takes."""
        return encode_parts(mt.text, mt.mt_id % 256)

    def admit(self, mt: ClaimedMt) -> timedelta:
        """A phone takes any number of SMS at once; the operator keeps them for it."""
        return timedelta(0)

    async def submit(self, part: Part, mt: ClaimedMt, *, validity: timedelta | None) -> str:
        """Hand one over, and return the operator's id as receipts are matched by it."""
        return normal_id(await self._bind.submit(part, self._source, mt.address.number, validity=validity))


def open_channels(house: House) -> Iterator[Channel]:
    """One for each operator of the settings."""
    chance = random.Random(secrets.randbits(64))  # noqa: S311  spreads reconnections, guards nothing
    for operator in house.settings.operators:
        bind = open_bind(operator, house, chance=chance)
        out = Out(
            SmsCarrier(bind, source=house.settings.sms.sender),
            OperatorRate(operator.name, operator.segments_per_second),
            operator.window,
            house.roads,
        )
        yield Channel(bind.run, out, close=bind.close)


def open_bind(operator: Operator, house: House, *, chance: random.Random) -> Esme:
    """A bind to an operator of the settings; it connects when run."""

    async def keep_mo(mo: ReceivedMo) -> None:
        await house.mos.keep(FromOperator(operator.name, mo))

    async def keep_receipt(receipt: Receipt) -> None:
        if receipt.state.is_final:
            is_delivered = receipt.state is ReceiptState.DELIVERED
            await house.receipts.keep(
                FinalReceipt(
                    operator.name,
                    id_forms(receipt.message_id.replace("\0", "")),  # PostgreSQL keeps no NUL
                    is_delivered,
                    receipt.error,
                    receipt.recipient,
                )
            )

    address = SmscAddress(
        name=operator.name,
        host=operator.host,
        port=operator.port,
        system_id=operator.system_id,
        password=operator.password.get_secret_value(),
        window=operator.window,
        respond_within=timedelta(seconds=operator.answers_within_seconds),
        tls=operator.tls,
        system_type=operator.system_type,
    )
    return Esme(address, on_mo=keep_mo, on_receipt=keep_receipt, chance=chance)
