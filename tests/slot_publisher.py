"""What the specification of SMART Scheduling Links asks of a publisher, and FHIR R4 of its resources."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fhir.resources.R4B.location import Location
from fhir.resources.R4B.schedule import Schedule
from fhir.resources.R4B.slot import Slot

KINDS = {"Location": Location, "Schedule": Schedule, "Slot": Slot}
ID = re.compile(r"[A-Za-z0-9_.]{1,64}")
EXTENSION = "http://fhir-registry.smarthealthit.org/StructureDefinition/"


def check_manifest(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The kind of every file by its URL."""
    assert manifest.keys() == {"transactionTime", "request", "output", "error"}
    assert datetime.fromisoformat(manifest["transactionTime"]).tzinfo
    assert manifest["request"].endswith("/$bulk-publish")
    for output in manifest["output"]:
        assert output["type"] in KINDS
        assert output["url"].startswith(("https://", "http://"))
        assert all(isinstance(state, str) for state in output.get("extension", {}).get("state", []))
    return {output["url"]: output["type"] for output in manifest["output"]}


def check_files(files: Mapping[str, str], kinds: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Every resource by its reference; each is valid FHIR and refers to one that is there."""
    assert files.keys() == kinds.keys()
    found: dict[str, dict[str, Any]] = {}
    for name, text in files.items():
        assert text == "" or text.endswith("\n")
        for line in text.splitlines():
            resource = json.loads(line)
            assert resource["resourceType"] == kinds[name]
            assert ID.fullmatch(resource["id"])
            KINDS[kinds[name]].model_validate(resource)
            reference = f"{resource['resourceType']}/{resource['id']}"
            assert reference not in found
            found[reference] = resource
    for resource in found.values():
        CHECKS[resource["resourceType"]](resource, found)
    return found


def _location(location: Mapping[str, Any], _: object) -> None:
    assert location["name"]
    assert all(each["system"] == "phone" and each["value"] for each in location["telecom"])
    assert location["address"]["line"]
    assert location["address"]["state"]


def _schedule(schedule: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    (actor,) = schedule["actor"]
    assert found[actor["reference"]]["resourceType"] == "Location"
    codes = {coding["code"] for each in schedule["serviceType"] for coding in each["coding"]}
    assert codes == {"57", "covid19-immunization"}
    for extension in schedule["extension"]:
        assert extension["url"].removeprefix(EXTENSION) in {"vaccine-dose", "vaccine-product"}


def _slot(slot: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    assert found[slot["schedule"]["reference"]]["resourceType"] == "Schedule"
    assert slot["status"] in {"free", "busy"}
    begins, ends = (datetime.fromisoformat(slot[when]) for when in ("start", "end"))
    assert begins.tzinfo
    assert begins < ends
    said = {extension["url"].removeprefix(EXTENSION): extension for extension in slot["extension"]}
    assert said["slot-capacity"]["valueInteger"] >= (1 if slot["status"] == "free" else 0)
    assert said["booking-phone"]["valueString"]


CHECKS = {"Location": _location, "Schedule": _schedule, "Slot": _slot}


def capacity(slot: Mapping[str, Any]) -> int:
    (found,) = [e["valueInteger"] for e in slot["extension"] if e["url"] == f"{EXTENSION}slot-capacity"]
    return int(found)
