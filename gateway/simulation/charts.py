"""Charts as inline SVG: lines over time and bars, readable on a phone, in the page's own colours."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Final

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 54, 10, 10, 26
MOST_TICKS: Final = 7
WIDEST_BAR: Final = 48.0
_TOPS: Final = (1, 1.2, 1.6, 2, 3, 4, 6, 8, 10)
_STEPS: Final = tuple(timedelta(hours=h) for h in (1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 720))


@dataclass(frozen=True, slots=True)
class Line:
    """One series; ``colour`` is a CSS class of the page, None a gap."""

    name: str
    colour: str
    values: Sequence[float | None]
    is_dashed: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """Some bars beside each other under one label, each with its CSS class."""

    label: str
    values: Sequence[tuple[str, float | None]]


def lines(
    at: Sequence[datetime],
    series: Sequence[Line],
    *,
    label: str,
    tick: Callable[[float], str] = lambda value: f"{value:,.0f}",
) -> str:
    """Draw series over time; ``label`` says what it shows, to those who do not see it."""
    top = _round_up(max((v for line in series for v in line.values if v is not None), default=0))
    begins, ends = at[0], at[-1]
    whole = max((ends - begins).total_seconds(), 1)

    def x(moment: datetime) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (moment - begins).total_seconds() / whole

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top)

    drawn = [_frame(label), *_grid(top, tick)]
    drawn += [_under(x(moment), words) for moment, words in _times(begins, ends)]
    for line in series:
        points: list[list[str]] = [[]]
        for moment, value in zip(at, line.values, strict=True):
            if value is None:
                points.append([])
            else:
                points[-1].append(f"{x(moment):.1f},{y(value):.1f}")
        dashed = ' stroke-dasharray="5 4"' if line.is_dashed else ""
        drawn += [
            f'<polyline class="{line.colour}"{dashed} points="{" ".join(run)}"/>'
            for run in points
            if len(run) > 1
        ]
        drawn += [
            f'<circle class="{line.colour}" cx="{run[0].split(",")[0]}" cy="{run[0].split(",")[1]}" r="1.5"/>'
            for run in points
            if len(run) == 1
        ]
    return "".join([*drawn, "</svg>"])


def bars(
    groups: Sequence[Bar], *, label: str, tick: Callable[[float], str] = lambda value: f"{value:,.0f}"
) -> str:
    """Draw groups of bars."""
    top = _round_up(max((v for bar in groups for _, v in bar.values if v is not None), default=0))
    wide = (WIDTH - LEFT - RIGHT) / max(1, len(groups))
    drawn = [_frame(label), *_grid(top, tick)]
    every = math.ceil(len(groups) / 12)
    for position, bar in enumerate(groups):
        begin = LEFT + wide * position
        each = min(wide * 0.8 / max(1, len(bar.values)), WIDEST_BAR)
        indent = (wide - each * len(bar.values)) / 2
        for n, (colour, value) in enumerate(bar.values):
            if value:
                high = (HEIGHT - TOP - BOTTOM) * value / top
                drawn.append(
                    f'<rect class="{colour}" x="{begin + indent + each * n:.1f}" width="{each:.1f}" '
                    f'y="{HEIGHT - BOTTOM - high:.1f}" height="{high:.1f}"/>'
                )
        if position % every == 0:
            drawn.append(_under(begin + wide / 2, escape(bar.label)))
    return "".join([*drawn, "</svg>"])


def _under(x: float, words: str) -> str:
    return f'<text x="{x:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{words}</text>'


def _frame(label: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'


def _grid(top: float, tick: Callable[[float], str]) -> list[str]:
    drawn = []
    for n in range(5):
        y = TOP + (HEIGHT - TOP - BOTTOM) * (1 - n / 4)
        drawn.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        drawn.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick(top * n / 4)}</text>')
    return drawn


def _round_up(value: float) -> float:
    """The next value whose quarters are short to write."""
    if value <= 0:
        return 1.0
    power = 10 ** math.floor(math.log10(value))
    return float(
        next(step * power for step in (1, 1.2, 1.6, 2, 3, 4, 6, 8, 10) if step * power >= value * 0.999)
    )


def _times(begins: datetime, ends: datetime) -> list[tuple[datetime, str]]:
    """Round local times, not too many."""
    span = ends - begins
    step = next((s for s in _STEPS if span / s <= MOST_TICKS), _STEPS[-1])
    is_day = step >= timedelta(hours=24)
    midnight = begins.replace(hour=0, minute=0, second=0, microsecond=0)
    count = int((ends - midnight) / step) + 1
    times = [midnight + n * step for n in range(count)]
    edge = span * 0.03
    return [
        (at, f"{at.day} {at:%b}" if is_day else f"{at:%H:%M}")
        for at in times
        if begins + edge <= at <= ends - edge or at == begins
    ]
