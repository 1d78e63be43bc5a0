"""What was lost and what came twice: the log of the operator's centre against the database."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import text

from core.store.work import Store
from gateway.smpp.centre import Submitted
from gateway.smpp.coding import decode, encode_parts, split_udh


class Counted(NamedTuple):
    """Segments of MTs; what came twice must not be more than what was in doubt."""

    lost: int  # sent, as the database says, and not in the log
    doubled: int  # in the log more often than there is a message
    in_doubt: int  # of attempts that ended without a word


def count_mts(store: Store, log: Iterable[Submitted]) -> Counted:
    """Compare every part of every MT, by receiver and words."""
    seen = Counter((mt.destination, mt.part.number if mt.part else 1, mt.text) for mt in log)
    written: Counter[tuple[str, int, str]] = Counter()
    perhaps: Counter[tuple[str, int, str]] = Counter()
    with store.begin() as work:
        in_doubt = work.db.execute(
            text(
                "SELECT coalesce(sum(segments), 0) FROM outbox JOIN attempts USING (mt_id) "
                "WHERE outcome IS NULL OR NOT (outcome IN ('sent', 'given back') OR outcome LIKE 'rejected%')"
            )
        ).scalar_one()
        mts = work.db.execute(
            text(
                "SELECT mt_id, address, text_sealed, state IN ('queued', 'unanswered') AS is_open "
                "FROM outbox WHERE state NOT IN ('failed', 'expired', 'blocked') AND attempt > 0"
            )
        )
        for mt in mts:
            parts = _parts(mt.mt_id, mt.address, work.vault.open(mt.text_sealed))
            (perhaps if mt.is_open else written).update(parts)
    return Counted((written - seen).total(), (seen - written - perhaps).total(), int(in_doubt))


def _parts(mt_id: int, address: str, words: str) -> Iterable[tuple[str, int, str]]:
    for part in encode_parts(words, mt_id % 256):
        payload, of = split_udh(part.payload, part.esm_class)
        yield address, of.number if of else 1, decode(payload, part.data_coding)
