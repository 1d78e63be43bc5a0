"""Logs carry ids and event names; what somebody wrote never reaches them, whatever fails."""

import logging

import pytest
import structlog

from gateway.logs import set_up_logs

SECRET = "REG 405123123 Jan Novák"


@pytest.fixture(autouse=True)
def _logs():
    before = logging.getLogger().handlers[:]
    set_up_logs("info")
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = before


def _read(words: str) -> None:
    try:
        int(words)
    except ValueError as error:
        raise LookupError(f"no person {words}") from error


def test_an_exception_is_told_by_its_kind_and_place_without_its_words(capsys):
    try:
        _read(SECRET)
    except LookupError:
        structlog.get_logger().exception("turns.failed", mo_id=7)
    told = capsys.readouterr().err
    assert told.count("\n") == 1, "one line"
    assert "mo_id=7" in told
    assert "builtins.LookupError at " in told
    assert "from builtins.ValueError at " in told
    assert "_read" in told
    assert "405123123" not in told
    assert "Nov" not in told


def test_a_library_is_told_by_its_name_and_place_without_its_words(capsys):
    try:
        _read(SECRET)
    except LookupError:
        logging.getLogger("asyncio").exception(f"Task exception was never retrieved: {SECRET}")
    told = capsys.readouterr().err
    assert "logger='asyncio'" in told
    assert "builtins.LookupError at " in told
    assert "405123123" not in told
