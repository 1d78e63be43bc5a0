"""Adapters of the registers: a file that is read once, or a service over HTTP."""
