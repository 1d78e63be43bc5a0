"""Rehearsals: the real dialogues, planner, store and capacity, on a clock that runs faster than life."""
