"""Turns: one MO and everything that follows from it, in one transaction; the desk performs its verbs."""
