"""The Lua script with its constants, which live in `arithmetic.py` only."""

from datetime import timedelta
from pathlib import Path

from gateway.capacity import arithmetic

KEEP_FOR = timedelta(days=1)
_NAMES = (
    "WHOLE",
    "BURST",
    "LONGEST_PATIENCE",
    "LONGEST_LEASE",
    "HORIZON",
    "CUT",
    "SMALLEST_SHARE",
    "RECOVERY",
    "BETWEEN_CUTS",
)


def script() -> str:
    constants = {name: getattr(arithmetic, name) for name in _NAMES}
    constants["KEEP_MS"] = int(KEEP_FOR.total_seconds() * 1000)
    head = "\n".join(f"local {name} = {value}" for name, value in constants.items())
    return f"{head}\n{Path(__file__).with_name('capacity.lua').read_text('utf-8')}"


def keys(operator: str) -> list[str]:
    """In one slot of a cluster: what is unknown about the past is unknown for every operator."""
    return [f"{{capacity}}:{operator}", f"{{capacity}}:{operator}:moments", "{capacity}:since"]
