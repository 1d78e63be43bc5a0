"""A scenario: who comes when, what the sites and operators can do, and how people behave."""

import difflib
import re
import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from core.calendars.calendar import PRAGUE
from core.invitations import BANDS
from gateway.compose import DATA

SCENARIOS: Final = DATA / "scenarios"

_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?) ?(s|min|h|d)")
_UNITS: Final = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}


class ScenarioError(Exception):
    """A scenario cannot be rehearsed; the text says where, what is wrong and how to mend it."""


def _span(written: object) -> timedelta:
    found = _SPAN.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise ValueError('must be a time such as "90 s", "5 min", "6 h" or "3 d"')
    return timedelta(**{_UNITS[found[2]]: float(found[1])})


def _band(written: str) -> str:
    if written not in BANDS:
        raise ValueError(f"must name an age band: {', '.join(BANDS)}")
    return written


def _local(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=PRAGUE)


Span = Annotated[timedelta, BeforeValidator(_span)]
LocalTime = Annotated[datetime, AfterValidator(_local)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Arrivals(_Section):
    """When people begin to register, in shares of them all."""

    step: Span = timedelta(hours=1)
    shares: tuple[Annotated[float, Field(ge=0)], ...] = ()
    """One number per step from the beginning; only their proportions count."""
    by_day: str = ""
    """A file of `data/scenarios` with `date` and `registrations` instead; within a day, from 8 to 20."""
    registered_before: Annotated[int, Field(ge=0)] = 0
    """So many of all wait already when the rehearsal begins."""


class Citizens(_Section):
    """How people behave."""

    youngest: Annotated[int, Field(ge=16, le=99)] = 80
    by_opening: bool = False
    """Of any age whose group is open when they begin, instead."""
    response: Share = 0.7
    """How many answer an invitation ever."""
    response_at_end: Share | None = None
    """It changes evenly to this share by the end."""
    response_by_age: dict[Annotated[str, AfterValidator(_band)], Annotated[float, Field(ge=0)]] = {}
    """What the response is multiplied by at that age."""
    answers_again: Share = 0.95
    """How many of those who answered, and found nothing, answer when they are called again."""
    answers_after: Span = timedelta(hours=5)
    """Half of those who answer have answered by then."""
    spread: Annotated[float, Field(gt=0, le=4)] = 1.2
    """How unlike they are: the sigma of a log-normal curve."""
    patience: Span = timedelta(minutes=5)
    """So long, on average, until somebody without an answer asks again."""
    asks_again_at_most: Annotated[int, Field(ge=0, le=50)] = 5


class Rate(_Section):
    since: LocalTime
    segments_per_second: Annotated[float, Field(gt=0)]


class Line(_Section):
    """One operator: whom it carries, and how much from when on."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    share: Annotated[float, Field(gt=0)] = 1.0
    capacity: Annotated[tuple[Rate, ...], Field(min_length=1)]


class Network(_Section):
    """How the operators' centres behave."""

    delivered_after: Span = timedelta(seconds=4)
    receipt_after: Span = timedelta(seconds=6)
    throttled: Share = 0.0
    """Of all submissions, refused though within the capacity."""
    receipts_lost: Share = 0.0
    receipts_doubled: Share = 0.0
    answers_lost: Share = 0.0
    """Of all submissions, taken without telling us."""


class Release(_Section):
    """First doses published at one moment, spread evenly over some days."""

    at: LocalTime
    days: tuple[date, date]
    first_doses: Annotated[int, Field(gt=0)]


class Sites(_Section):
    """Where vaccination is, and how much of it."""

    source: Literal["open", "one", "spring"] = "open"
    """The sites open on 21 January 2021, a single one, or the real calendars of a spring."""
    releases: tuple[Release, ...] = ()
    daily: Annotated[int, Field(ge=0)] = 0
    """First doses of every day at one site, published ``ahead``."""
    ahead: Span = timedelta(days=2)
    doses_per_place: Annotated[float, Field(ge=0)] = 2.0
    """Vaccine that comes with each first dose published."""


class Scenario(_Section):
    """Everything that a rehearsal begins with."""

    title: str
    begins: LocalTime
    ends: LocalTime
    people: Annotated[int, Field(gt=0, le=2_000_000)]
    in_life: Annotated[int, Field(gt=0)] | None = None
    """Whom the capacities below are for: with fewer people they shrink. Absent: they stay as they are."""
    moment: Span = timedelta(seconds=1)
    """What comes within a moment is answered together: the finer, the slower."""
    plan_every: Span = timedelta(hours=1)
    plans_at_night: bool = True
    """Also while invitations may not leave: what was planned meanwhile leaves all at once."""
    upkeep_every: Span = timedelta(minutes=5)
    """How often lapsed holds are released and unanswered messages judged."""
    settles_in: Span = timedelta()
    """Places of so many first days are not counted: a beginning is not yet the rule."""
    samples: Annotated[int, Field(ge=2, le=2_000)] = 240
    """How many points the charts over time have."""
    policies: Annotated[tuple[str, ...], Field(min_length=1)] = ("chance",)
    arrivals: Arrivals
    citizens: Citizens = Citizens()
    operators: Annotated[tuple[Line, ...], Field(min_length=1)]
    network: Network = Network()
    sites: Sites

    @property
    def scale(self) -> float:
        """How much smaller than life it is."""
        return self.people / self.in_life if self.in_life else 1.0

    @property
    def span(self) -> timedelta:
        return self.ends - self.begins

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.ends <= self.begins:
            raise ValueError("ends before it begins")
        if not self.arrivals.by_day and not sum(self.arrivals.shares) and not self.arrivals.registered_before:
            raise ValueError("has nobody who comes: [arrivals] needs shares, by_day or registered_before")
        if self.arrivals.registered_before > self.people:
            raise ValueError("has more people registered_before than people")
        if self.sites.source != "spring" and not self.sites.releases and not self.sites.daily:
            raise ValueError("has no vaccination: [sites] needs releases or daily")
        names = [line.name for line in self.operators]
        if len(set(names)) < len(names):
            raise ValueError("has two operators of one name")
        return self


def presets() -> dict[str, Path]:
    """The scenarios that come with this release, by name."""
    return {path.stem: path for path in sorted(SCENARIOS.glob("*.toml"))}


def load_scenario(named: str, *, people: int | None = None) -> Scenario:
    """Read a preset or a file; ``people`` says how many instead.

    Raises ScenarioError.
    """
    path = presets().get(named) or Path(named)
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        known = ", ".join(presets())
        raise ScenarioError(f"There is no scenario {named}. A file, or one of: {known}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path} is not TOML: {error}") from error
    if people is not None:
        raw = _resized(raw, people)
    try:
        return Scenario.model_validate(raw)
    except ValidationError as error:
        words = [_in_words(one, path) for one in error.errors()]
        raise ScenarioError("\n".join(words)) from error


def _resized(raw: dict[str, Any], people: int) -> dict[str, Any]:
    """With so many people, as many of them registered before as there were in proportion."""
    usual, arrivals = raw.get("people"), raw.get("arrivals")
    if isinstance(usual, int) and usual > 0 and isinstance(arrivals, dict):
        before = arrivals.get("registered_before", 0)
        if isinstance(before, int):
            arrivals = arrivals | {"registered_before": before * people // usual}
            return raw | {"people": people, "arrivals": arrivals}
    return raw | {"people": people}


def _in_words(error: Any, path: Path) -> str:
    """One error in a line: where, which key, what is wrong."""
    loc = [part for part in error["loc"] if part != "function-before"]
    place, model = _place(loc)
    match error["type"]:
        case "extra_forbidden":
            near = difflib.get_close_matches(str(loc[-1]), model.model_fields, n=1, cutoff=0.6)
            mend = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(model.model_fields)}."
            return f"{path}: {place} is not known. {mend}"
        case "missing":
            return f"{path}: {place} is missing."
        case "value_error":
            said = str(error["ctx"]["error"])
            return f"{path}: {place} {said}." if loc else f"{path}: it {said}."
        case _:
            said = error["msg"][0].lower() + error["msg"][1:]
            return f"{path}: {place} = {error['input']!r} is wrong: {said}."


def _place(loc: list[int | str]) -> tuple[str, type[BaseModel]]:
    """The key as it stands in the file, and the section that it is looked for in."""
    model: type[BaseModel] = Scenario
    words: list[str] = []
    for position, part in enumerate(loc):
        if isinstance(part, int):
            words[-1] += f" {part + 1}"
            continue
        inner = _section_of(model, part)
        if inner is not None and position < len(loc) - 1:
            words.append(f"[{part}]")
            model = inner
        else:
            words.append(part)
    return " ".join(words), model


def _section_of(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    sections: dict[str, type[BaseModel]] = {
        "arrivals": Arrivals,
        "citizens": Citizens,
        "operators": Line,
        "capacity": Rate,
        "network": Network,
        "sites": Sites,
        "releases": Release,
    }
    return sections.get(key) if key in model.model_fields else None
