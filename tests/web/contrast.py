"""How well a text can be told from what is behind it.

Source: WCAG 2.2, success criterion 1.4.3 and the definitions of contrast ratio and relative luminance.
"""

import re
from typing import Final

RATIO_OF_TEXT: Final = 4.5


def contrast(colour: str, background: str) -> float:
    """The ratio of two colours as a browser computes them, ``rgb(r, g, b)``; from 1 to 21."""
    lighter, darker = sorted((_luminance(colour), _luminance(background)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    return 0.2126 * _linear(red) + 0.7152 * _linear(green) + 0.0722 * _linear(blue)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
