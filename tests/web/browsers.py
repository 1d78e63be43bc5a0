"""The browser that the tests use: a Chromium of the machine's own."""

import shutil
from typing import Final

import pytest

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
WITHIN_MILLISECONDS: Final = 15_000
needs_chromium = pytest.mark.skipif(
    not CHROMIUM, reason="There is no Chromium here: apt-get install chromium"
)
