"""How a number is written into a PDU and read out of it."""


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
