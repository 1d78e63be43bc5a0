"""The report of rehearsals: one page with pictures for people, one JSON for programs."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

import jinja2

from core.calendars.calendar import PRAGUE
from core.messages import Lane
from gateway.simulation.charts import Bar, Line, bars, lines
from gateway.simulation.scenario import Scenario

TEMPLATES: Final = Path(__file__).parents[2] / "templates" / "web"
COLOURS: Final = tuple(f"c{n}" for n in range(5))
MOST_DAYS_IN_BARS: Final = 14
MOST_PARTS: Final = 3  # of an answer
NOTHING: Final = "–"
LANES: Final = {lane.name.lower(): f"{lane.name.lower()}s" for lane in Lane}

Run: TypeAlias = dict[str, Any]
Write: TypeAlias = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    svg: str
    key: Sequence[Line] = ()
    note: str = ""


def write_report(scenario: Scenario, runs: Sequence[Run], folder: Path, *, seed: int) -> Path:
    """Write ``report.html`` and ``report.json``, and say where the page is."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {"scenario": scenario.model_dump(mode="json"), "seed": seed, "runs": list(runs)}
    (folder / "report.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
    page = folder / "report.html"
    page.write_text(_page(scenario, runs, seed), "utf-8")
    return page


def _page(scenario: Scenario, runs: Sequence[Run], seed: int) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["hours"] = _hours
    return environment.get_template("report.html.j2").render(
        scenario=scenario,
        begins=_moment(scenario.begins),
        ends=_moment(scenario.ends),
        scale=f"{100 * scenario.scale:.3g}%" if scenario.scale != 1 else "",
        seed=seed,
        runs=runs,
        figures=_figures(runs),
        charts=_charts(runs),
        laws=_laws(runs),
    )


# -- Tables ------------------------------------------------------------------------------------------------


def _figures(runs: Sequence[Run]) -> list[tuple[str, list[str]]]:
    rows: tuple[tuple[str, str, Write], ...] = (
        ("Capacity used: places for first doses taken, of the days counted", "capacity_used", _percent),
        ("Places for first doses taken, of all published", "published_used", _percent),
        ("Broken promises: answered, and found nothing", "broken_promises", _percent),
        ("Registrations", "registrations", _count),
        ("Reservations", "reservations", _count),
        ("Waiting", "waiting", _count),
        ("Invited", "invited", _count),
        ("Answered the invitation", "answered", _count),
        ("Waves, and the largest", "waves", _count),
        ("Places for first doses published", "places_published", _count),
        ("Doses with a date, of those delivered", "doses_used", _percent),
        ("Answered within, half of all messages", "answer_p50", _seconds),
        ("Answered within, 99 of 100", "answer_p99", _seconds),
        ("Largest backlog, in segments", "largest_backlog", _count),
        ("Messages to each person", "mts_per_person", _plain),
        ("Messages from each person", "mos_per_person", _plain),
        ("Asked again", "asked_again", _count),
    )
    table = [(name, [write(run["summary"][key]) for run in runs]) for name, key, write in rows]
    waves = next(n for n, (name, _) in enumerate(table) if name.startswith("Waves"))
    table[waves] = (
        table[waves][0],
        [f"{run['summary']['waves']:,} / {run['summary']['largest_wave']:,}" for run in runs],
    )
    took = [f"{run['speed']['seconds']:,.0f} s" for run in runs]
    faster = [f"{run['speed']['times_faster']:,} times" for run in runs]
    return [*table, ("Took", took), ("Faster than life", faster)]


def _laws(runs: Sequence[Run]) -> list[tuple[str, list[tuple[str, bool]]]]:
    return [
        (
            "registrations = reservations + waiting, each day",
            [_verdict(run["laws"]["registrations_are_reservations_and_waiting"]) for run in runs],
        ),
        ("slots overbooked or miscounted", [_none(run["laws"]["slots_miscounted"]) for run in runs]),
        ("messages lost", [_none(run["laws"]["mts_lost"]) for run in runs]),
        (
            "parts handed over twice, of those taken without an answer",
            [_doubled(r) for r in runs],
        ),
        ("most segments in any sliding second, of those allowed", [_seconds_law(run) for run in runs]),
    ]


def _verdict(holds: bool) -> tuple[str, bool]:
    return ("holds" if holds else "BROKEN"), holds


def _none(count: int) -> tuple[str, bool]:
    return _count(count), count == 0


def _doubled(run: Run) -> tuple[str, bool]:
    """A long message in doubt goes again whole."""
    doubled, in_doubt = (
        run["laws"]["parts_doubled"],
        sum(operator["without_answer"] for operator in run["laws"]["operators"]),
    )
    return f"{doubled:,} of {in_doubt:,}", doubled <= in_doubt * MOST_PARTS


def _seconds_law(run: Run) -> tuple[str, bool]:
    spans = [span for operator in run["laws"]["operators"] for span in operator["by_capacity"]]
    fullest = max(spans, key=lambda span: span["most_in_a_second"] / span["allowed_in_a_second"])
    return (
        f"{fullest['most_in_a_second']} of {fullest['allowed_in_a_second']}",
        fullest["most_in_a_second"] <= fullest["allowed_in_a_second"],
    )


def _whole_percent(share: float) -> str:
    return f"{share:.1%}" if 0 < share < 0.05 else f"{share:.0%}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


# -- Charts ------------------------------------------------------------------------------------------------


def _charts(runs: Sequence[Run]) -> list[Chart]:
    at = [datetime.fromisoformat(moment) for moment in runs[0]["samples"]["at"]]
    one = runs[0] if len(runs) == 1 else None
    charts = [
        _over_time(at, "Backlog: segments that wait to be sent", _backlog(runs)),
        _over_time(
            at,
            "Operators' capacity used",
            _each(runs, lambda run: run["samples"]["used"]),
            tick=_whole_percent,
        ),
        _over_time(at, "Seconds until an answer: half, and 99 of 100 (dashed)", _answers(runs)),
        _people(at, one) if one else _over_time(at, "Reservations", _each(runs, _reservations)),
    ]
    if len(runs[0]["places"]) > 1:
        charts.append(_places(runs))
    charts.append(_waits(runs))
    return charts


def _over_time(
    at: Sequence[datetime],
    title: str,
    series: Sequence[Line],
    *,
    tick: Callable[[float], str] = _short,
) -> Chart:
    named = [line for line in series if line.name]
    return Chart(title, lines(at, series, label=title, tick=tick), named if len(named) > 1 else ())


def _each(runs: Sequence[Run], values: Callable[[Run], Sequence[float | None]]) -> list[Line]:
    return [Line(run["policy"], colour, values(run)) for run, colour in zip(runs, COLOURS, strict=False)]


def _backlog(runs: Sequence[Run]) -> list[Line]:
    if len(runs) > 1:
        return _each(
            runs, lambda run: [sum(lanes) for lanes in zip(*run["samples"]["queued"].values(), strict=True)]
        )
    queued = runs[0]["samples"]["queued"]
    waiting = [(LANES[lane], values) for lane, values in queued.items() if any(values)]
    return [Line(name, colour, values) for (name, values), colour in zip(waiting, COLOURS, strict=False)]


def _answers(runs: Sequence[Run]) -> list[Line]:
    halves = _each(runs, lambda run: run["samples"]["answer_p50"])
    most = [
        Line("", colour, run["samples"]["answer_p99"], is_dashed=True)
        for run, colour in zip(runs, COLOURS, strict=False)
    ]
    return [*halves, *most]


def _reservations(run: Run) -> Sequence[int]:
    found: Sequence[int] = run["samples"]["reservations"]
    return found


def _people(at: Sequence[datetime], run: Run) -> Chart:
    samples = run["samples"]
    waiting = [r - d for r, d in zip(samples["registrations"], samples["reservations"], strict=True)]
    return _over_time(
        at,
        "Registrations = reservations + waiting",
        [
            Line("registrations", COLOURS[0], samples["registrations"]),
            Line("waiting", COLOURS[1], waiting),
            Line("reservations", COLOURS[2], samples["reservations"]),
        ],
    )


def _places(runs: Sequence[Run]) -> Chart:
    """Of each day's places, how many were taken: bars for a few days, lines for many."""
    at = [datetime.fromisoformat(place["date"]) for place in runs[0]["places"]]
    title = "Places for first doses taken, by the day of the dose"
    dates = [place["date"] for place in runs[0]["places"]]
    taken = [{p["date"]: p["taken"] / p["places"] for p in run["places"] if p["places"]} for run in runs]
    series = [
        Line(run["policy"], colour, [of.get(d) for d in dates])
        for run, of, colour in zip(runs, taken, COLOURS, strict=False)
    ]
    if len(dates) > MOST_DAYS_IN_BARS:
        return _over_time(at, title, series, tick=_whole_percent)
    groups = [
        Bar(f"{day.day} {day:%b}", [(line.colour, line.values[n]) for line in series])
        for n, day in enumerate(at)
    ]
    drawn = bars(groups, label=title, tick=_whole_percent)
    return Chart(title, drawn, series if len(runs) > 1 else ())


def _waits(runs: Sequence[Run]) -> Chart:
    title = "Hours from registration to dates, by age: half had them within"
    bands = list(dict.fromkeys(w["band"] for run in runs for w in run["waits"]))
    hours = [{w["band"]: w["hours_to_dates"] for w in run["waits"]} for run in runs]
    groups = [
        Bar(band, [(colour, of.get(band)) for of, colour in zip(hours, COLOURS, strict=False)])
        for band in bands
    ]
    key = _each(runs, lambda _: ()) if len(runs) > 1 else ()
    return Chart(title, bars(groups, label=title), key)


# -- Words -------------------------------------------------------------------------------------------------


def _moment(moment: datetime) -> str:
    local = moment.astimezone(PRAGUE)
    return f"{local.day} {local:%B %Y %H:%M}"


def _count(number: float | None) -> str:
    return NOTHING if number is None else f"{number:,.0f}"


def _plain(number: float | None) -> str:
    return NOTHING if number is None else f"{number:.1f}"


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{share:.1%}"


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return NOTHING
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _hours(hours: float | None) -> str:
    if hours is None:
        return NOTHING
    return f"{hours:.1f} h" if hours < 72 else f"{hours / 24:.1f} days"
