"""Pairs: as many as possible, proved against a maximum flow that knows nothing of days."""

from collections import Counter, deque
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.calendars import Slot, count_pairs, pair_up, seconds_for
from core.products import DoseInterval

DAY_0 = datetime(2021, 3, 20, 9, 0, tzinfo=UTC)


def _slots(places: list[tuple[int, int, int]], calendar_id: int) -> list[Slot]:
    return [
        Slot(
            calendar_id * 1000 + n,
            calendar_id,
            DAY_0 + timedelta(days=day, minutes=n),
            capacity,
            min(taken, capacity),
        )
        for n, (day, capacity, taken) in enumerate(places)
    ]


def _places(days: int) -> st.SearchStrategy[list[tuple[int, int, int]]]:
    return st.lists(st.tuples(st.integers(0, days), st.integers(1, 4), st.integers(0, 3)), max_size=7)


# Windows of any length that change from day to day, forwards and backwards, as they did in 2021.
_rules = st.lists(
    st.one_of(
        st.none(),
        st.tuples(st.integers(1, 9), st.integers(0, 5)).map(lambda r: DoseInterval(r[0], r[0] + r[1])),
    ),
    min_size=8,
    max_size=8,
)


def _rule(rules: list[DoseInterval | None], day: date) -> DoseInterval | None:
    return rules[(day - DAY_0.date()).days]


def _can_follow(first: Slot, second: Slot, rules: list[DoseInterval | None]) -> bool:
    interval = _rule(rules, first.day)
    return interval is not None and interval.days_min <= (second.day - first.day).days <= interval.days_max


def _max_flow(firsts: list[Slot], seconds: list[Slot], rules: list[DoseInterval | None]) -> int:
    """Augment along shortest paths, one place at a time, from slot to slot."""
    room: Counter[tuple[object, object]] = Counter()
    for f in firsts:
        room["source", f.slot_id] = f.free
        for s in seconds:
            if _can_follow(f, s, rules):
                room[f.slot_id, s.slot_id] = 10**6
    for s in seconds:
        room[s.slot_id, "sink"] = s.free
    nodes: list[object] = ["source", "sink", *(s.slot_id for s in (*firsts, *seconds))]
    flow = 0
    while True:
        came_from: dict[object, object] = {"source": None}
        queue = deque(["source"])
        while queue and "sink" not in came_from:
            here = queue.popleft()
            for there in nodes:
                if there not in came_from and room[here, there] > 0:
                    came_from[there] = here
                    queue.append(there)  # type: ignore[arg-type]
        if "sink" not in came_from:
            return flow
        step: object = "sink"
        while (before := came_from[step]) is not None:
            room[before, step] -= 1
            room[step, before] += 1
            step = before
        flow += 1


@given(_places(7), _places(16), _rules)
def test_no_matching_is_larger(
    first: list[tuple[int, int, int]], second: list[tuple[int, int, int]], rules: list[DoseInterval | None]
) -> None:
    firsts, seconds = _slots(first, 1), _slots(second, 2)
    counted = count_pairs(firsts, seconds, lambda day: _rule(rules, day))
    assert counted == _max_flow(firsts, seconds, rules)


@given(_places(7), _places(16), _rules)
def test_booking_the_best_second_takes_one_pair_and_no_more(
    first: list[tuple[int, int, int]], second: list[tuple[int, int, int]], rules: list[DoseInterval | None]
) -> None:
    firsts, seconds = _slots(first, 1), _slots(second, 2)

    def interval_on(day: date) -> DoseInterval | None:
        return _rule(rules, day)

    before = count_pairs(firsts, seconds, interval_on)
    for picked in firsts:
        following = seconds_for(picked, firsts, seconds, interval_on) if picked.free else []
        possible = {s.slot_id for s in seconds if s.free and _can_follow(picked, s, rules)}
        assert {s.slot_id for s in following} == (possible if picked.free else set())
        if following:
            after = count_pairs(_book(firsts, picked), _book(seconds, following[0]), interval_on)
            assert after == before - 1


@given(_places(7), _places(16), _rules)
def test_everybody_who_is_offered_a_pair_one_after_another_gets_one(
    first: list[tuple[int, int, int]], second: list[tuple[int, int, int]], rules: list[DoseInterval | None]
) -> None:
    firsts, seconds = _slots(first, 1), _slots(second, 2)

    def interval_on(day: date) -> DoseInterval | None:
        return _rule(rules, day)

    promised = count_pairs(firsts, seconds, interval_on)
    booked = 0
    while offer := pair_up(firsts, seconds, interval_on, now=DAY_0, lead=timedelta(0)):
        picked = offer[len(offer) // 2]  # whatever people fancy
        assert picked.second is not None
        firsts, seconds = _book(firsts, picked.first), _book(seconds, picked.second)
        booked += 1
    assert booked == promised


def _book(slots: list[Slot], taken: Slot) -> list[Slot]:
    return [
        Slot(s.slot_id, s.calendar_id, s.begins_at, s.capacity, s.taken + (s.slot_id == taken.slot_id))
        for s in slots
    ]


def test_the_second_is_at_the_hour_of_the_first() -> None:
    picked = Slot(1, 1, datetime(2021, 3, 26, 9, 0, tzinfo=UTC), 1)  # 10:00, winter time
    seconds = [Slot(n, 2, datetime(2021, 4, 16, n, 0, tzinfo=UTC), 1) for n in range(6, 12)]
    following = seconds_for(picked, [picked], seconds, lambda _: DoseInterval(21, 21))
    assert following[0].begins_at == datetime(2021, 4, 16, 8, 0, tzinfo=UTC)  # 10:00, summer time


def test_offers_keep_the_lead() -> None:
    soon, later = (Slot(n, 1, DAY_0 + timedelta(hours=n), 1) for n in (1, 5))
    second = Slot(9, 2, DAY_0 + timedelta(days=21), 5)
    pairs = pair_up(
        [later, soon], [second], lambda _: DoseInterval(21, 21), now=DAY_0, lead=timedelta(hours=2)
    )
    assert [(p.first, p.second) for p in pairs] == [(later, second)]
