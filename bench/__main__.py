"""``make bench``: every measurement, as a rate and as a ratio to a plain baseline of the same run."""

from bench import (
    answers,
    exporting,
    launch_day,
    limiter,
    linting,
    pacing,
    planning,
    reservations,
    submits,
    turns,
)

for measurement in (
    turns,
    submits,
    reservations,
    limiter,
    pacing,
    answers,
    linting,
    planning,
    exporting,
    launch_day,
):
    print(f"\n{measurement.__name__}", flush=True)
    measurement.main()
