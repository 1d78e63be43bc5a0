"""What a rehearsal has shown: sampled while it runs, counted from the database when it has ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from core.calendars.calendar import PRAGUE
from core.invitations import BANDS, band_of
from core.messages import Lane
from core.programme import age
from core.store.figures import FigureBook
from core.store.numbers import DayNumbers, NumbersBook
from core.store.outcomes import OutcomeBook, Waited
from core.store.work import Store
from gateway.capacity.arithmetic import SECOND
from gateway.simulation.citizens import Heard
from gateway.simulation.exchange import Exchange, microseconds
from gateway.simulation.scenario import Scenario

HOUR: Final = 3600.0


@dataclass(slots=True)
class Samples:
    """One value per sample of each series, over all operators."""

    at: list[datetime] = field(default_factory=list)
    queued: dict[str, list[int]] = field(default_factory=lambda: {lane.name.lower(): [] for lane in Lane})
    used: list[float | None] = field(default_factory=list)
    """Of the operators' capacity since the last sample; None where nothing could leave."""
    answer_p50: list[float | None] = field(default_factory=list)
    answer_p99: list[float | None] = field(default_factory=list)
    registrations: list[int] = field(default_factory=list)
    reservations: list[int] = field(default_factory=list)
    invitations: list[int] = field(default_factory=list)


class Sampler:
    """Takes a sample of everything whenever it is told to."""

    def __init__(self, store: Store, exchange: Exchange, heard: Heard) -> None:
        self.samples = Samples()
        self.all_waits: list[float] = []
        self._store = store
        self._exchange = exchange
        self._heard = heard
        self._handed_over = 0

    def take(self, now: datetime) -> None:
        """Look now."""
        s = self.samples
        with self._store.begin() as work:
            queued = work.outbox.queued_segments()
            figures = FigureBook(work.db, work.vault).figures()
        for lane in Lane:
            s.queued[lane.name.lower()].append(sum(n for (_, of), n in queued.items() if of is lane))
        s.used.append(self._used(s.at[-1] if s.at else None, now))
        waits, self._heard.waits = sorted(self._heard.waits), []
        self.all_waits += waits
        s.answer_p50.append(percentile(waits, 0.5))
        s.answer_p99.append(percentile(waits, 0.99))
        s.registrations.append(figures.registrations)
        s.reservations.append(figures.reservations)
        s.invitations.append(figures.invitations)
        s.at.append(now)

    def _used(self, since: datetime | None, now: datetime) -> float | None:
        handed_over = sum(sender.handed_over for sender in self._exchange.senders)
        before, self._handed_over = self._handed_over, handed_over
        if since is None:
            return None
        rate = sum(sender.rate(since) for sender in self._exchange.senders)
        return (handed_over - before) / (rate * (now - since).total_seconds())


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The value that this share of them does not exceed."""
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else None


def result(
    store: Store,
    exchange: Exchange,
    sampler: Sampler,
    heard: Heard,
    scenario: Scenario,
) -> dict[str, Any]:
    """Everything a report needs, as JSON."""
    begins, ends, people = scenario.begins, scenario.ends, scenario.people
    first_day = begins.astimezone(PRAGUE).date()
    with store.begin() as work:
        book = OutcomeBook(work.db)
        waited = book.waits()
        # A rehearsal that ends at midnight has not seen that day.
        seen = (ends - timedelta(microseconds=1)).astimezone(PRAGUE).date()
        published = book.places(since=first_day)
        messages = book.messages()
        delivered, promised = book.doses()
        days = [d for d in NumbersBook(work.db).daily(until=seen) if d.date >= first_day]
        miscounted = book.miscounted_slots()
        handed_over = book.handed_over()
        waves = book.waves()
    answered, nothing = len(heard.answered), len(heard.found_nothing & heard.answered)
    places = [p for p in published if p.day <= seen]
    counted = [p for p in places if p.day >= first_day + scenario.settles_in]
    offered, taken = sum(p.places for p in counted), sum(p.taken for p in counted)
    last = days[-1] if days else None
    waits = sorted(sampler.all_waits)
    return {
        "summary": {
            "people": people,
            "begun": heard.begun,
            "registrations": last.registrations if last else 0,
            "reservations": last.reservations if last else 0,
            "waiting": last.waiting if last else 0,
            "places_offered": offered,
            "places_taken": taken,
            "capacity_used": _share(taken, offered),
            "places_published": sum(p.places for p in published),
            "published_used": _share(sum(p.taken for p in published), sum(p.places for p in published)),
            "doses_delivered": delivered,
            "doses_promised": promised,
            "doses_used": _share(promised, delivered),
            "invited": sampler.samples.invitations[-1],
            "answered": answered,
            "found_nothing": nothing,
            "broken_promises": _share(nothing, answered),
            "waves": len(waves),
            "largest_wave": max((size for _, size in waves), default=0),
            "asked_again": heard.asked_again,
            "mos": messages.mos,
            "mts": messages.mts,
            "segments": messages.segments,
            "mts_per_person": round(messages.mts / people, 2),
            "mos_per_person": round(messages.mos / people, 2),
            "answer_p50": percentile(waits, 0.5),
            "answer_p99": percentile(waits, 0.99),
            "largest_backlog": max(map(sum, zip(*sampler.samples.queued.values(), strict=True))),
        },
        "laws": _laws(exchange, handed_over, miscounted, days=days, states=messages.by_state),
        "days": [
            {
                "date": d.date.isoformat(),
                "registrations": d.registrations,
                "reservations": d.reservations,
                "waiting": d.waiting,
            }
            for d in days
        ],
        "places": [{"date": p.day.isoformat(), "places": p.places, "taken": p.taken} for p in places],
        "waits": _by_band(waited, ends),
        "samples": {
            "at": [at.astimezone(PRAGUE).isoformat(timespec="seconds") for at in sampler.samples.at],
            "queued": sampler.samples.queued,
            "used": [None if u is None else round(u, 4) for u in sampler.samples.used],
            "answer_p50": sampler.samples.answer_p50,
            "answer_p99": sampler.samples.answer_p99,
            "registrations": sampler.samples.registrations,
            "reservations": sampler.samples.reservations,
            "invitations": sampler.samples.invitations,
        },
    }


def _laws(
    exchange: Exchange,
    handed_over: Mapping[int, int],
    miscounted: int,
    *,
    days: Sequence[DayNumbers],
    states: Mapping[str, int],
) -> dict[str, Any]:
    """What must hold however it went, counted at the receiving side where that is the other side."""
    taken: dict[int, int] = {}
    doubled = 0
    operators = []
    for sender in exchange.senders:
        log = sender.operator.log
        for (mt_id, _), times in log.parts.items():
            taken[mt_id] = taken.get(mt_id, 0) + 1
            doubled += times - 1
        spans = sender.spans()
        operators.append(
            {
                "name": sender.operator.name,
                "parts": len(log.moments),
                "refused": log.refused,
                "without_answer": log.silent,
                "by_capacity": [
                    {
                        "segments_per_second": round(rate, 4),
                        "allowed_in_a_second": max(1, int(rate)),
                        "most_in_a_second": log.most_in_a_second(
                            since=microseconds(since) + SECOND, until=microseconds(until)
                        ),
                    }
                    for since, until, rate in spans
                ],
            }
        )
    return {
        "registrations_are_reservations_and_waiting": all(
            d.registrations == d.reservations + d.waiting for d in days
        ),
        "slots_miscounted": miscounted,
        "mts_lost": sum(taken.get(mt_id, 0) < segments for mt_id, segments in handed_over.items()),
        "parts_doubled": doubled,
        "mts_by_state": dict(states),
        "operators": operators,
    }


def _by_band(waited: Sequence[Waited], ends: datetime) -> list[dict[str, Any]]:
    """Median hours from registration to invitation and to dates, per age band."""
    today = ends.astimezone(PRAGUE).date()
    by_band: dict[str, list[Waited]] = {}
    for each in waited:
        by_band.setdefault(band_of(age(each.birth_date, today)), []).append(each)
    return [
        {
            "band": band,
            "registered": len(of_band),
            "invited": sum(w.invited_at is not None for w in of_band),
            "reserved": sum(w.reserved_at is not None for w in of_band),
            "hours_to_invitation": _hours(
                [w.invited_at - w.registered_at for w in of_band if w.invited_at is not None]
            ),
            "hours_to_dates": _hours(
                [w.reserved_at - w.registered_at for w in of_band if w.reserved_at is not None]
            ),
        }
        for band in BANDS
        if (of_band := by_band.get(band))
    ]


def _hours(spans: Sequence[timedelta]) -> float | None:
    return round(median(span.total_seconds() for span in spans) / HOUR, 1) if spans else None


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
