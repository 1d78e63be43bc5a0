"""``make bench``: every measurement, as a rate and as a ratio to a plain baseline of the same run."""

from bench import answers, limiter, reservations, submits, turns

for measurement in (turns, submits, reservations, limiter, answers):
    print(f"\n{measurement.__name__}")
    measurement.main()
