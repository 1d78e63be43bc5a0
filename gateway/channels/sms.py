"""The SMS channel over SMPP: one bind per operator, and what its MOs, receipts and MTs become.

Source: SMPP 3.4. MOs and receipts are acknowledged when durable; MTs leave through the sender.
"""

import random
from datetime import timedelta

import structlog

from core.store.receipts import FinalReceipt
from gateway.grouping import Grouped
from gateway.intake import FromOperator
from gateway.settings import Operator
from gateway.smpp.esme import Esme, SmscAddress
from gateway.smpp.mo import ReceivedMo
from gateway.smpp.receipt import Receipt, ReceiptState, id_forms

log = structlog.get_logger()


def open_bind(
    operator: Operator, mos: Grouped[FromOperator], receipts: Grouped[FinalReceipt], *, chance: random.Random
) -> Esme:
    """A bind to an operator of the settings; it connects when run."""

    async def keep_mo(mo: ReceivedMo) -> None:
        await mos.keep(FromOperator(operator.name, mo))

    async def keep_receipt(receipt: Receipt) -> None:
        if receipt.state.is_final:
            is_delivered = receipt.state is ReceiptState.DELIVERED
            await receipts.keep(
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
