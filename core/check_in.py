"""The code by which a site finds a reservation at its gate: on the paper, in a QR.

It names the reservation and proves that we have given it out; it says nothing about the person. Whoever
has the key of the vault can read it without asking the database.
"""

import hmac
from typing import Final

from core.vault import Vault

_PURPOSE: Final = "check-in code"
_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no letter is taken for a digit
_MISREAD: Final = str.maketrans("OIL", "011", " -")
_PROOF_DIGITS: Final = 10  # 50 bits: nobody guesses one at a gate
_PROOF_BITS: Final = 5 * _PROOF_DIGITS


def check_in_code(reservation_id: int, vault: Vault) -> str:
    """The code of a reservation, such as ``4K-7QD2M-9XVTB``."""
    proof = _proof(vault.digest(str(reservation_id), purpose=_PURPOSE))
    middle = _PROOF_DIGITS // 2
    return f"{_written(reservation_id)}-{proof[:middle]}-{proof[middle:]}"


def read_check_in_code(text: str, vault: Vault) -> int | None:
    """The reservation of a code, however its letters and hyphens are typed; None if it is not ours."""
    code = text.upper().translate(_MISREAD)
    named, proof = code[:-_PROOF_DIGITS], code[-_PROOF_DIGITS:]
    if not named or any(digit not in _DIGITS for digit in code):
        return None
    reservation_id = 0
    for digit in named:
        reservation_id = reservation_id * len(_DIGITS) + _DIGITS.index(digit)
    known = vault.digests(str(reservation_id), purpose=_PURPOSE)
    return reservation_id if any(hmac.compare_digest(proof, _proof(each)) for each in known) else None


def _proof(digest: bytes) -> str:
    number = int.from_bytes(digest[:8]) >> (64 - _PROOF_BITS)
    return _written(number).rjust(_PROOF_DIGITS, _DIGITS[0])


def _written(number: int) -> str:
    digits = ""
    while number or not digits:
        number, last = divmod(number, len(_DIGITS))
        digits = _DIGITS[last] + digits
    return digits
