"""How numbers and periods are written into a PDU and read out of it."""

from datetime import UTC, datetime, timedelta


def numbering(number: str) -> tuple[int, int, str]:
    """Type of number, numbering plan and what is written for it (§5.2.5, §5.2.6).

    E.164 with the plus is international, other digits are a short code of the network, else a name.
    """
    if number.startswith("+"):
        return 1, 1, number[1:]
    return (3, 0, number) if number.isdecimal() else (5, 0, number)


def plain(ton: int, number: str) -> str:
    """A number out of a PDU, in E.164 where the SMSC says that it is international."""
    return f"+{number}" if ton == 1 and number.isdecimal() else number


def relative(validity: timedelta) -> str:
    """A validity period from now, at most 30 days (§7.1.1.2)."""
    seconds = min(max(int(validity.total_seconds()), 1), 30 * 86_400)
    hours, rest = divmod(seconds, 3600)
    return f"0000{hours // 24:02}{hours % 24:02}{rest // 60:02}{rest % 60:02}000R"


def valid_for(period: str, *, now: datetime) -> timedelta | None:
    """How long a validity period lasts, relative or absolute; None where none is given (§7.1.1)."""
    if len(period) != 16 or not (period[:15].isdecimal() and period[15] in "R+-"):
        return None
    years, months, days, hours, minutes, seconds = (int(period[at : at + 2]) for at in range(0, 12, 2))
    if period[15] == "R":
        return timedelta(365 * years + 30 * months + days, hours=hours, minutes=minutes, seconds=seconds)
    ahead_of_utc = timedelta(minutes=15 * int(f"{period[15]}{period[13:15]}"))
    until = datetime(2000 + years, months, days, hours, minutes, seconds, int(period[12]) * 100_000, UTC)
    return until - ahead_of_utc - now
