"""A transaction that somebody else's crossed is taken anew."""

from collections.abc import Callable
from typing import Final, TypeVar

from psycopg.errors import DeadlockDetected, SerializationFailure
from sqlalchemy.exc import DBAPIError

MOST_TRIES: Final = 5

T = TypeVar("T")


def anew(transaction: Callable[[], T]) -> T:
    """Do it again when somebody changed the same rows meanwhile, or waited for ours as we did for theirs.

    The last failure is raised.
    """
    for left in reversed(range(MOST_TRIES)):
        try:
            return transaction()
        except DBAPIError as error:
            if not left or not isinstance(error.orig, SerializationFailure | DeadlockDetected):
                raise
    raise AssertionError("unreachable")
