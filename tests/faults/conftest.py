"""A gateway in this process, before an SMSC that errs to order."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from tests.running import Running, running


@pytest.fixture
def gateway(
    database: str, redis_url: str, tmp_path: Path
) -> Callable[..., AbstractAsyncContextManager[Running]]:
    """``gateway(behaviour, **choices)``."""
    return partial(running, database, redis_url, tmp_path)
