"""When places and vaccine become known, at which site and for which day."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from uuid import UUID

from core.calendars.calendar import PRAGUE
from core.sites.site import Site
from gateway.simulation.scenario import Scenario

K = TypeVar("K", UUID, date)


@dataclass(frozen=True, slots=True)
class Publication:
    """What becomes known at one moment.

    ``firsts`` are places for first doses per site and day. ``seconds`` are those for second doses; None: as
    many as first ones, and as far on as the vaccine asks. ``doses`` come to the sites.
    """

    at: datetime
    firsts: Mapping[tuple[UUID, date], int]
    doses: Mapping[UUID, int]
    seconds: Mapping[tuple[UUID, date], int] | None = None


def invented(scenario: Scenario, sites: Sequence[Site], weights: Counter[UUID]) -> list[Publication]:
    """Releases spread over the sites as people are, and one site's places of every day."""
    published = []
    per_place = scenario.sites.doses_per_place
    for release in scenario.sites.releases:
        days = _days(*release.days)
        wanted = round(release.first_doses * scenario.scale)
        by_site = shared(wanted, {s.site_id: weights[s.site_id] or 0.1 for s in sites})
        places = {
            (site_id, day): count
            for site_id, total in by_site.items()
            for day, count in shared(total, dict.fromkeys(days, 1.0)).items()
            if count
        }
        doses = {site_id: round(count * per_place) for site_id, count in by_site.items() if count}
        published.append(Publication(release.at, places, doses))
    if scenario.sites.daily:
        count, site_id = max(1, round(scenario.sites.daily * scenario.scale)), sites[0].site_id
        begins = scenario.begins.astimezone(PRAGUE).date()
        for day in _days(begins, scenario.ends.astimezone(PRAGUE).date() + scenario.sites.ahead):
            at = datetime.combine(day - scenario.sites.ahead, time(), PRAGUE)
            doses = {site_id: round(count * per_place)}
            published.append(Publication(max(at, scenario.begins), {(site_id, day): count}, doses))
    return published


def shared(total: int, weights: Mapping[K, float]) -> dict[K, int]:
    """Whole shares in proportion to the weights, the largest remainders first."""
    whole = sum(weights.values())
    exact = {key: total * weight / whole for key, weight in weights.items()}
    shares = {key: int(share) for key, share in exact.items()}
    left = total - sum(shares.values())
    for key in sorted(exact, key=lambda key: (shares[key] - exact[key], str(key)))[:left]:
        shares[key] += 1
    return shares


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
