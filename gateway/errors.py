"""What may become of an MT that we tried to send, and of an MO that we were given: one type per remedy."""

from datetime import timedelta


class SendError(Exception):
    """An MT did not leave, or nobody knows; the subclass says what to do about it."""


class Throttled(SendError):
    """The operator refused it for now: send again after ``retry_after``; slow the operator down."""

    def __init__(self, retry_after: timedelta, *, command_status: int | None = None) -> None:
        """``command_status`` is the reason in the channel's own numbers, where it has them."""
        super().__init__(f"send again after {retry_after.total_seconds():g} s")
        self.retry_after = retry_after
        self.command_status = command_status


class Rejected(SendError):
    """Never send again; tell the desk."""

    def __init__(
        self, reason: str, *, command_status: int | None = None, is_unreachable: bool = False
    ) -> None:
        """``reason`` is kept with the attempt, ``command_status`` as for ``Throttled``.

        ``is_unreachable``: the address is why, not the message and not we. The number is not this operator's,
        or the person does not want to hear from us.
        """
        super().__init__(f"refused for good: {reason}")
        self.reason = reason
        self.command_status = command_status
        self.is_unreachable = is_unreachable


class NotConnected(SendError):
    """Nothing was handed over: safe to send again."""


class Unanswered(SendError):
    """Handed over, no answer: neither sent nor unsent until a receipt or a query says."""


class NotNow(Exception):
    """We cannot keep an MO or a receipt at this moment: the operator shall deliver it again."""
