"""A DLR out of a deliver_sm, and the ids by which it finds its MT.

Source: SMPP 3.4 §4.6.1, §5.2.12, §5.2.28 and appendix B; the text form as operators really write it.
"""

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from gateway.smpp.codes import ESM_RECEIPT_TYPES, ESM_TYPE, Tag
from gateway.smpp.coding import contents, decode, find
from gateway.smpp.numbers import plain
from gateway.smpp.pdu import DeliverSm


class ReceiptState(Enum):
    """What became of an MT; the value is the word of appendix B."""

    ENROUTE = "ENROUTE"
    DELIVERED = "DELIVRD"
    EXPIRED = "EXPIRED"
    DELETED = "DELETED"
    UNDELIVERABLE = "UNDELIV"
    ACCEPTED = "ACCEPTD"
    UNKNOWN = "UNKNOWN"
    REJECTED = "REJECTD"

    @property
    def is_final(self) -> bool:
        """Nothing more will come about this MT."""
        return self not in _PASSING


_PASSING: Final = frozenset({ReceiptState.ENROUTE, ReceiptState.ACCEPTED, ReceiptState.UNKNOWN})

STATES: Final = {  # message_state, §5.2.28
    1: ReceiptState.ENROUTE,
    2: ReceiptState.DELIVERED,
    3: ReceiptState.EXPIRED,
    4: ReceiptState.DELETED,
    5: ReceiptState.UNDELIVERABLE,
    6: ReceiptState.ACCEPTED,
    7: ReceiptState.UNKNOWN,
    8: ReceiptState.REJECTED,
}
STATE_NUMBERS: Final = {state: number for number, state in STATES.items()}
# By the first letters: DELIVRD is also written DELIVERED, UNDELIV is also UNDELIVERABLE and UNDELIVERED.
_WORDS: Final = (
    ("ENROUTE", ReceiptState.ENROUTE),
    ("EN_ROUTE", ReceiptState.ENROUTE),
    ("BUFFERED", ReceiptState.ENROUTE),
    ("DELIV", ReceiptState.DELIVERED),
    ("EXPIRED", ReceiptState.EXPIRED),
    ("DELETED", ReceiptState.DELETED),
    ("UNDELIV", ReceiptState.UNDELIVERABLE),
    ("FAILED", ReceiptState.UNDELIVERABLE),
    ("ACCEPT", ReceiptState.ACCEPTED),
    ("REJECT", ReceiptState.REJECTED),
)

_ID: Final = re.compile(r"(?:^|\s)id:\s*(\S+)", re.IGNORECASE)
_STATE: Final = re.compile(r"(?:^|\s)stat(?:us|e)?:\s*(\w+)", re.IGNORECASE)
_ERROR: Final = re.compile(r"(?:^|\s)err(?:or)?:\s*(\w+)", re.IGNORECASE)
# The first words of the MT are quoted at the end and may hold anything.
_QUOTED: Final = re.compile(r"\stext:", re.IGNORECASE)
_HEX: Final = re.compile(r"[0-9A-Fa-f]+")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an operator says became of an MT that it called ``message_id``."""

    message_id: str
    state: ReceiptState
    error: str | None  # the network's reason, as the operator writes it; None when there was none
    recipient: str = field(default="", repr=False)  # the MT's destination


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A DLR that does not say which MT it is about, or what became of it."""


ReadReceipt: TypeAlias = Receipt | Unreadable


def is_receipt(message: DeliverSm) -> bool:
    """A DLR, not an MO.

    Judged by esm_class, or by the two TLVs that only an SMSC can set; never by the text, which a person
    could write.
    """
    if message.esm_class & ESM_TYPE in ESM_RECEIPT_TYPES:
        return True
    return (
        find(message.tlvs, Tag.MESSAGE_STATE) is not None
        and find(message.tlvs, Tag.RECEIPTED_MESSAGE_ID) is not None
    )


def read_receipt(message: DeliverSm) -> ReadReceipt:
    """Read a DLR: its TLVs, and what they leave out from its text."""
    payload, _ = contents(message)
    body = _QUOTED.split(decode(payload, message.data_coding), maxsplit=1)[0]
    message_id = _text(find(message.tlvs, Tag.RECEIPTED_MESSAGE_ID)) or _first(_ID, body)
    state = _state(find(message.tlvs, Tag.MESSAGE_STATE), _first(_STATE, body))
    if not message_id or state is None:
        return Unreadable()
    error = _network_error(find(message.tlvs, Tag.NETWORK_ERROR_CODE)) or _first(_ERROR, body)
    return Receipt(
        message_id=message_id,
        state=state,
        error=None if error is None or not error.strip("0") else error,
        recipient=plain(message.source_ton, message.source),
    )


def normal_id(message_id: str) -> str:
    """How an id out of a submit_sm_resp is kept: no leading zeros, hexadecimal in lower case."""
    bare = message_id.strip()
    if not _HEX.fullmatch(bare):
        return bare
    return bare.lstrip("0").lower() or "0"


def id_forms(message_id: str) -> tuple[str, ...]:
    """The kept ids (``normal_id``) that a receipt's id may mean, the likeliest first.

    An operator may answer in hexadecimal and report in decimal, or the other way round, so a receipt's
    digits may mean themselves, the same number written in hexadecimal, or the number they are in hexadecimal.
    Look them up in this order within one bind and take the first that exists: an operator that reports as it
    answers is then never misread once the answer is known. Before it is known (an early receipt), a later
    form could hit another MT by chance, which is why ``Receipt.recipient`` should agree as well.
    """
    same = normal_id(message_id)
    if not _HEX.fullmatch(same):
        return (same,)
    from_hex = str(int(same, 16))
    forms = (same, f"{int(same):x}", from_hex) if same.isdecimal() else (same, from_hex)
    return tuple(dict.fromkeys(forms))


def same_id(kept: str, reported: str) -> bool:
    """A receipt's id may mean the MT whose submit_sm_resp said ``kept``."""
    return normal_id(kept) in id_forms(reported)


def text_receipt(receipt: Receipt, *, submitted: str, done: str) -> str:
    """The text form of appendix B; ``submitted`` and ``done`` are YYMMDDhhmm, perhaps with seconds."""
    delivered = int(receipt.state is ReceiptState.DELIVERED)
    return (
        f"id:{receipt.message_id} sub:001 dlvrd:{delivered:03} submit date:{submitted} done date:{done} "
        f"stat:{receipt.state.value} err:{receipt.error or '000'} text:"
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.split(b"\0", 1)[0].decode("latin-1").strip()


def _first(pattern: re.Pattern[str], body: str) -> str | None:
    found = pattern.search(body)
    return found[1] if found else None


def _state(number: bytes | None, word: str | None) -> ReceiptState | None:
    if number and (state := STATES.get(number[-1])):
        return state
    if word is None:
        return None
    upper = word.upper()
    for beginning, state in _WORDS:
        if upper.startswith(beginning):
            return state
    return ReceiptState.UNKNOWN


def _network_error(value: bytes | None) -> str | None:
    """Three octets: the network's kind, and its code (§5.3.2.31)."""
    return str(int.from_bytes(value[1:], "big")) if value and len(value) == 3 else None
