"""Importing a registry of sites: what is safe is applied, what is doubtful waits for somebody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from core.calendars.calendar import PRAGUE
from core.sites import Origin, Site, SitesDiff, SitesRead, diff, sort_out
from core.store.held_changes import HeldChangeBook, Questions
from core.store.sites import SiteBook


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a file would do to what we know: apply at once, and ask about."""

    safe: SitesDiff
    questions: Questions


class SiteImportBook:
    """Brings a file together with the sites that are kept, and with the people who would be hurt."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._sites = SiteBook(db)
        self._held = HeldChangeBook(db)

    def compare(
        self, read: SitesRead, *, now: datetime, known: Mapping[UUID, Site] | None = None
    ) -> Comparison:
        """Compare a file with the sites we know, changing nothing; nobody else imports until the commit.

        ``known`` narrows what the file speaks about: a site that is not among them cannot be gone from it.
        """
        self._held.one_at_a_time()
        known = read.concerned(self._sites.all()) if known is None else known
        found = diff(known, read.sites, silent=read.silent, set_aside=read.set_aside)
        touched = {c.new.site_id for c in found.changed} | {site.site_id for site in found.gone}
        parted = sort_out(
            found,
            self._sites.people(touched, since=now),
            gone_before=self._sites.gone() if found.new else {},
            today=now.astimezone(PRAGUE).date(),
        )
        about = (known.keys() | {site.site_id for site in read.sites}) - read.set_aside
        questions = self._held.ask(parted.doubted, about=about, silent=read.silent)
        return Comparison(parted.safe, questions)

    def carry_out(self, comparison: Comparison, origin: Origin, *, now: datetime) -> None:
        """Apply what is safe, and hold the rest."""
        self._sites.apply(comparison.safe, now=now, origin=origin)
        self._held.hold(comparison.questions, origin, now=now)
