"""Somebody's dates, to be confirmed in every form."""

from datetime import datetime

from core.calendars.calendar import PRAGUE
from core.confirmation import Confirmation, Visit

WINTER = (datetime(2021, 1, 25, 8, 0, tzinfo=PRAGUE), datetime(2021, 2, 15, 8, 20, tzinfo=PRAGUE))


def confirmation(
    *moments: datetime, language: str = "cs", name: str = "Žofie Přemyslovská", **more: object
) -> Confirmation:
    """Confirmed dates at a site with accents."""
    values: dict[str, object] = {
        "registration_id": 12,
        "reservation_id": 34,
        "name": name,
        "language": language,
        "visits": tuple(Visit(dose, at) for dose, at in enumerate(moments or WINTER, 1)),
        "site": "Nemocnice Havlíčkův Brod",
        "address": "Husova 2624, 580 01 Havlíčkův Brod",
        "latitude": 49.60785,
        "longitude": 15.57873,
        "product": "Comirnaty (Pfizer/BioNTech)",
        "code": "12-4K7QD-2M9XV",
        "is_valid": True,
        **more,
    }
    return Confirmation(**values)  # type: ignore[arg-type]
