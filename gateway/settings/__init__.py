"""What the operator of this system may choose: one frozen value, read once from ``crs.toml`` and ``CRS_*``.

A variable wins over the file: ``CRS_<SECTION>_<KEY>``, lists with commas, and for one operator
``CRS_OPERATORS_<NAME>_<KEY>``.
"""

from gateway.settings.choices import EMBEDDED, Operator, Settings
from gateway.settings.sources import find, read
from gateway.settings.words import SettingsError

__all__ = ["EMBEDDED", "Operator", "Settings", "SettingsError", "find", "read"]
