"""Names spoken on the hotline, until the desk has written them down."""

from datetime import datetime

from sqlalchemy import Connection, insert

from core.messages import Address
from core.store import tables as t


class RecordingBook:
    """The `recordings` table; the sounds themselves are where Asterisk keeps them."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, sound: str, address: Address, *, now: datetime) -> int:
        """Note a recording by its place, and return its number."""
        new = insert(t.recordings).values(
            sound=sound, channel=address.channel, address=address.number, recorded_at=now
        )
        return int(self._db.execute(new.returning(t.recordings.c.recording_id)).scalar_one())
