"""The numbers of SMPP 3.4 that we use: commands, statuses, TLV tags, bits of esm_class."""

from enum import IntEnum
from typing import Final

RESPONSE: Final = 0x8000_0000  # set in the command_id of every response (§5.1.2.1)


class Command(IntEnum):
    """command_id of a request; its response has ``RESPONSE`` added (§5.1.2.1)."""

    BIND_RECEIVER = 0x01
    BIND_TRANSMITTER = 0x02
    QUERY_SM = 0x03
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    BIND_TRANSCEIVER = 0x09
    ENQUIRE_LINK = 0x15
    GENERIC_NACK = 0x8000_0000


class Status(IntEnum):
    """command_status of a response, as far as we send or understand it (§5.1.3)."""

    OK = 0x00
    INVALID_MESSAGE_LENGTH = 0x01
    INVALID_COMMAND_LENGTH = 0x02
    INVALID_COMMAND_ID = 0x03
    INVALID_BIND_STATUS = 0x04
    ALREADY_BOUND = 0x05
    SYSTEM_ERROR = 0x08
    INVALID_DESTINATION = 0x0B
    BIND_FAILED = 0x0D
    INVALID_PASSWORD = 0x0E
    INVALID_SYSTEM_ID = 0x0F
    MESSAGE_QUEUE_FULL = 0x14
    THROTTLED = 0x58
    RECEIVER_TEMPORARY_ERROR = 0x64  # ESME_RX_T_APPN: the SMSC delivers again
    QUERY_FAILED = 0x67
    INVALID_TLV_STREAM = 0xC0


class Tag(IntEnum):
    """Optional parameters that we read or write (§5.3.2)."""

    RECEIPTED_MESSAGE_ID = 0x001E
    USER_MESSAGE_REFERENCE = 0x0204
    SAR_MSG_REF_NUM = 0x020C
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


INTERFACE_VERSION: Final = 0x34

ESM_UDHI: Final = 0x40  # the message begins with a user data header (§5.2.12)
ESM_TYPE: Final = 0x3C  # message type; 0 is an ordinary message
ESM_RECEIPT: Final = 0x04
ESM_RECEIPT_TYPES: Final = frozenset({ESM_RECEIPT, 0x20})  # final receipt, intermediate notification
