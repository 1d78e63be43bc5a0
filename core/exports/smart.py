"""Free dates for everybody's map: SMART Scheduling Links, as NDJSON of FHIR R4 resources with a manifest.

Nothing in it is about people: sites, calendars of first doses, and their slots with how many places are free.

Source: smart-on-fhir/smart-scheduling-links, specification.md (Slot Publisher API); hl7.org/fhir/R4.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import Any, Final, TypeAlias
from uuid import UUID

from core.calendars.calendar import PRAGUE, Slot
from core.geography import nuts3
from core.products import Product
from core.sites.site import Site

MANIFEST: Final = "$bulk-publish"
LOCATIONS: Final = "locations.ndjson"
SCHEDULES: Final = "schedules.ndjson"
USUAL_LENGTH: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(hours=1)

_EXTENSION: Final = "http://fhir-registry.smarthealthit.org/StructureDefinition/"
_SERVICE: Final = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/service-type",
            "code": "57",
            "display": "Immunization",
        },
        {
            "system": "http://fhir-registry.smarthealthit.org/CodeSystem/service-type",
            "code": "covid19-immunization",
            "display": "COVID-19 Immunization Appointment",
        },
    ]
}
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
CVX: Final[Mapping[str, str]] = MappingProxyType(
    {"comirnaty": "208", "spikevax": "207", "vaxzevria": "210", "janssen": "212"}
)
"""Codes of vaccines (CDC, CVX) by our products' keys; without one a schedule names no vaccine."""

Resource: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Opening:
    """A calendar of first doses at a site that is offered; places of ``bookable`` slots can be had."""

    calendar_id: int
    site: Site
    product: Product
    slots: tuple[Slot, ...]
    """In the order of time."""
    bookable: frozenset[int]


@dataclass(frozen=True, slots=True)
class Output:
    """One file of the publication."""

    name: str
    kind: str
    body: bytes
    region: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """Everything but the manifest, which needs to know where it is published."""

    outputs: tuple[Output, ...]

    def manifest(self, base_url: str, *, at: datetime) -> Resource:
        """Name every file by its full address; ``at`` is when they were published."""
        base = base_url.rstrip("/")
        return {
            "transactionTime": _instant(at),
            "request": f"{base}/{MANIFEST}",
            "output": [
                {"type": each.kind, "url": f"{base}/{each.name}"}
                | ({"extension": {"state": [each.region]}} if each.region else {})
                for each in self.outputs
            ],
            "error": [],
        }


def publish(openings: Iterable[Opening], regions: Mapping[str, str], *, hotline: str) -> Publication:
    """Locations, schedules, and slots by region, in the order of ids: the same data make the same bytes."""
    openings = sorted(openings, key=lambda each: each.calendar_id)
    sites: dict[UUID, Site] = {each.site.site_id: each.site for each in openings}
    slots: defaultdict[str, list[Resource]] = defaultdict(list)
    for each in openings:
        slots[nuts3(each.site.district)] += _slots(each, hotline)
    by_region = [
        Output(f"slots-{code or 'elsewhere'}.ndjson", "Slot", _ndjson(found), regions.get(code, ""))
        for code, found in sorted(slots.items())
        if found
    ]
    return Publication(
        (
            Output(
                LOCATIONS,
                "Location",
                _ndjson(_location(sites[i], regions, hotline) for i in sorted(sites)),
            ),
            Output(SCHEDULES, "Schedule", _ndjson(map(_schedule, openings))),
            *by_region,
        )
    )


def _location(site: Site, regions: Mapping[str, str], hotline: str) -> Resource:
    region = regions.get(nuts3(site.district), "")
    address = {"line": [site.address], "city": site.city, "state": region, "postalCode": site.psc}
    resource: Resource = {
        "resourceType": "Location",
        "id": site.site_id.hex,
        "name": site.name,
        "telecom": [{"system": "phone", "value": hotline}],
        # FHIR knows no empty strings: what the registry does not say is left out.
        "address": {key: value for key, value in address.items() if value and value != [""]}
        | {"country": "CZ"},
    }
    if site.latitude is not None and site.longitude is not None:
        resource["position"] = {"latitude": site.latitude, "longitude": site.longitude}
    return resource


def _schedule(opening: Opening) -> Resource:
    resource: Resource = {
        "resourceType": "Schedule",
        "id": str(opening.calendar_id),
        "serviceType": [_SERVICE],
        "actor": [{"reference": f"Location/{opening.site.site_id.hex}"}],
    }
    extensions: list[Resource] = [{"url": f"{_EXTENSION}vaccine-dose", "valueInteger": 1}]
    if code := CVX.get(opening.product.key):
        product = {"system": "http://hl7.org/fhir/sid/cvx", "code": code, "display": opening.product.name}
        extensions.append({"url": f"{_EXTENSION}vaccine-product", "valueCoding": product})
    return resource | {"extension": extensions}


def _slots(opening: Opening, hotline: str) -> Iterable[Resource]:
    for slot, length in lengths(opening.slots):
        is_free = slot.slot_id in opening.bookable and slot.free > 0
        yield {
            "resourceType": "Slot",
            "id": str(slot.slot_id),
            "schedule": {"reference": f"Schedule/{opening.calendar_id}"},
            "status": "free" if is_free else "busy",
            "start": _instant(slot.begins_at),
            "end": _instant(slot.begins_at + length),
            "extension": [
                {
                    "url": f"{_EXTENSION}slot-capacity",
                    "valueInteger": slot.free if is_free else slot.capacity,
                },
                {"url": f"{_EXTENSION}booking-phone", "valueString": hotline},
            ],
        }


def lengths(slots: Sequence[Slot]) -> Iterable[tuple[Slot, timedelta]]:
    """How long each slot lasts: until the next of its day, and the last as long as the one before it.

    A calendar keeps beginnings only; nothing is longer than an hour, and a lone slot is half of one.
    """
    for _, of_day in groupby(slots, lambda slot: slot.day):
        day = list(of_day)
        apart = [after.begins_at - before.begins_at for before, after in pairwise(day)]
        apart.append(apart[-1] if apart else USUAL_LENGTH)
        yield from zip(day, (min(each, LONGEST) for each in apart), strict=True)


def _ndjson(resources: Iterable[Resource]) -> bytes:
    return "".join(_ENCODE(each) + "\n" for each in resources).encode()


def _instant(at: datetime) -> str:
    """With seconds and the offset of the day, as FHIR's `instant` wants it."""
    return at.astimezone(PRAGUE).isoformat(timespec="seconds")
