"""Logs: ids and event names, one line each; never a number, a name, a PIN or a text."""

import logging
import sys
import traceback
from typing import Final

import structlog
from structlog.typing import ExcInfo


def set_up_logs(level: str) -> None:
    """Write events of `level` and above to standard error; of libraries, what they warn of."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(where),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    logging.getLogger().addHandler(_LIBRARIES)


def where(exc_info: ExcInfo) -> str:
    """The kinds of an exception and its causes, and the way to where it was raised, in one line.

    Without its words: they may quote what somebody wrote.
    """
    told = []
    error: BaseException | None = exc_info[1]
    while error is not None:
        way = (f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__))
        told.append(f"{type(error).__module__}.{type(error).__qualname__} at {' > '.join(way)}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "; from ".join(told)


class _Libraries(logging.Handler):
    """What a library has to say: who and where, not in which words, for the same reason."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno,
            "library",
            logger=record.name,
            at=f"{record.module}:{record.lineno}",
            exc_info=record.exc_info or None,
        )


_LIBRARIES: Final = _Libraries()
