"""Wrong PINs from each address."""

from sqlalchemy import Connection


class WrongPinBook:
    """The `wrong_pins` table."""

    def __init__(self, db: Connection) -> None:
        self._db = db
