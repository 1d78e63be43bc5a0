"""Somebody who asks for something, whatever it is and however she asks."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Who asks, and at which site; ``number`` is the insurance number, digits only."""

    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    number: str = field(repr=False)
    verdict: str
    """valid or suspicious"""
    birth_date: date = field(repr=False)
    insurer: str
    psc: str
    phone: str = field(repr=False)
    email: str | None = field(repr=False)
    site_id: UUID
