"""The fields a PDU is made of.

Text travels as Latin-1, so that whatever octets a peer puts there come back unchanged. Readers are lenient
about the lengths of fields (the limits of §5.2 are the peer's affair), writers are not.
"""

from typing import NamedTuple

from gateway.smpp.codes import Status


class Tlv(NamedTuple):
    """An optional parameter, known to us or not (§5.3.1)."""

    tag: int
    value: bytes


class Unreadable(ValueError):
    """A body that does not follow its own format; ``status`` is what to answer."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.name)
        self.status = status


class Unwritable(ValueError):
    """A field that does not fit its place in a PDU."""


def text(value: str, at_most: int) -> bytes:
    """A C-octet string of ``at_most`` octets with its NUL."""
    octets = value.encode("latin-1")
    if len(octets) >= at_most or 0 in octets:
        raise Unwritable(f"a text field takes {at_most - 1} octets without NUL")
    return octets + b"\0"


def write_tlvs(tlvs: tuple[Tlv, ...]) -> bytes:
    """Optional parameters, in order."""
    return b"".join(tag.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value for tag, value in tlvs)


def read_tlvs(body: bytes, at: int) -> tuple[Tlv, ...]:
    """Optional parameters from ``at`` to the end; up to three padding NULs are let pass."""
    size = len(body)
    tlvs: list[Tlv] = []
    while at < size:
        begin = at + 4
        if begin > size:
            if any(body[at:]):
                raise Unreadable(Status.INVALID_TLV_STREAM)
            break
        end = begin + (body[at + 2] << 8 | body[at + 3])
        if end > size:
            raise Unreadable(Status.INVALID_TLV_STREAM)
        tlvs.append(Tlv(body[at] << 8 | body[at + 1], body[begin:end]))
        at = end
    return tuple(tlvs)
