"""Every operator's capacity: how many segments a second, shared by all gateways, never exceeded."""

from gateway.capacity.local import LocalPace
from gateway.capacity.moments import Moments
from gateway.capacity.pace import (
    CapacityGone,
    Lease,
    OperatorRate,
    Pace,
    Refused,
    ReserveOutcome,
    Usage,
)
from gateway.capacity.shared import Capacity

__all__ = [
    "Capacity",
    "CapacityGone",
    "Lease",
    "LocalPace",
    "Moments",
    "OperatorRate",
    "Pace",
    "Refused",
    "ReserveOutcome",
    "Usage",
]
