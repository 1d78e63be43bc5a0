"""Dates held and confirmed."""

from sqlalchemy import Connection


class ReservationBook:
    """The `reservations` table and the places taken in `slots`."""

    def __init__(self, db: Connection) -> None:
        self._db = db
