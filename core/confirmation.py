"""What is confirmed to somebody about her dates: on paper, by e-mail, in her calendar.

Never with an insurance number or a PIN in it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

VISIT_LASTS: Final = timedelta(minutes=45)  # papers, the dose, and half an hour under observation


@dataclass(frozen=True, slots=True)
class Visit:
    """One dose; ``begins_at`` is aware."""

    dose: int
    begins_at: datetime

    @property
    def ends_at(self) -> datetime:
        """When one is usually out again."""
        return self.begins_at + VISIT_LASTS


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The dates of one reservation, as they stand."""

    registration_id: int
    reservation_id: int
    name: str = field(repr=False)
    language: str
    visits: tuple[Visit, ...]
    site: str
    address: str
    latitude: float | None
    longitude: float | None
    product: str
    code: str = field(repr=False)
    """For the gate, see :mod:`core.check_in`."""
    is_valid: bool
    """False: the dates were cancelled, or never confirmed."""

    @property
    def map_link(self) -> str | None:
        """Where the site is, on a map; None where the registry does not say."""
        if self.latitude is None or self.longitude is None:
            return None
        point = f"{self.latitude:.5f}"
        return (
            f"https://www.openstreetmap.org/?mlat={point}&mlon={self.longitude:.5f}"
            f"#map=17/{point}/{self.longitude:.5f}"
        )
