"""How our own SMSC behaves and misbehaves, so that a demo or a test can say it in one value."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from gateway.smpp.codes import Status
from gateway.smpp.receipt import ReceiptState


class IdStyle(Enum):
    """How an SMSC writes the number of an MT; the value is its format."""

    DECIMAL = "d"
    HEX = "x"
    UPPER_HEX = "X"
    PADDED_DECIMAL = "010d"
    PADDED_HEX = "08X"

    def write(self, number: int) -> str:
        """The id of the MT of this number."""
        return format(number, self.value)


class ReceiptForm(Enum):
    """Where a receipt says what it says."""

    TLV = "tlv"
    TEXT = "text"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Policies and faults; the shares are 0 to 1."""

    answer_ids: IdStyle = IdStyle.DECIMAL
    receipt_ids: IdStyle = IdStyle.DECIMAL
    first_id: int = 1000

    receipt_form: ReceiptForm = ReceiptForm.BOTH
    receipt_state: ReceiptState = ReceiptState.DELIVERED
    receipt_after: timedelta = timedelta(0)
    receipts_before_answer: float = 0.0
    unknown_subscribers: frozenset[str] = frozenset()  # taken and then reported UNDELIV; in E.164
    unknown_subscriber_error: str = "001"
    receipts_lost: float = 0.0
    receipts_doubled: float = 0.0

    segments_per_second: int | None = None  # more are answered with `busy`
    busy: Status = Status.THROTTLED
    answers_held: bool = False  # until ``Smsc.release()``
    answer_after: timedelta = timedelta(0)
    answers_lost: float = 0.0
    refused_destinations: frozenset[str] = frozenset()  # answered with 0x0B; in E.164
    binds_refused: bool = False  # with 0x0D

    parts_reordered: bool = False
    parts_lost: int = 0  # of every long MO, from its end

    window: int = 20  # unanswered deliver_sm at most
    deliver_within: timedelta = timedelta(seconds=30)  # a bind that does not answer is dropped
    deliver_again_after: timedelta = timedelta(seconds=1)
    deliver_attempts: int = 10
