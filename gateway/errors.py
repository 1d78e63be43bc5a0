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

    def __init__(self, command_status: int) -> None:
        """``command_status`` is the operator's reason (SMPP 3.4 §5.1.3)."""
        super().__init__(f"refused for good, command_status 0x{command_status:08x}")
        self.command_status = command_status


class NotConnected(SendError):
    """Nothing was handed over: safe to send again."""


class Unanswered(SendError):
    """Handed over, no answer: neither sent nor unsent until a receipt or a query says."""


class NotNow(Exception):
    """We cannot keep an MO or a receipt at this moment: the operator shall deliver it again."""
