"""How numbers and periods are written into a PDU and read out of it."""

from datetime import timedelta


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
