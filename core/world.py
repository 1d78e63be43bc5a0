"""What a release and its configuration know about the world, as values."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from core.calendars.calendar import Calendar
from core.geography import Postcodes
from core.information import NO_TEXTS, Information
from core.invitations import HARD_GUARANTEE, Policy
from core.products import Products
from core.programme import Programme
from core.services import VACCINATION, Service, Services


@dataclass(frozen=True, slots=True)
class World:
    """Loaded once at the composition root and passed to whatever decides."""

    services: Services
    products: Products  # of the service in view: usually vaccination
    programme: Programme
    postcodes: Postcodes
    policy: Policy = HARD_GUARANTEE  # under which people are invited, and told how long a PIN is good
    information: Information = NO_TEXTS
    country: str = "CZ"
    hotline: str = "1221"
    has_mail: bool = False  # letters by e-mail are sent, and may be promised
    has_nrzp: bool = False  # the register of health workers can be asked
    hold_for: timedelta = timedelta(minutes=30)  # how long dates are kept while somebody decides
    lead: timedelta = timedelta(hours=2)  # no first date sooner than this after choosing it
    in_view: str = VACCINATION

    @property
    def service(self) -> Service:
        """The service in view."""
        return self.services.by_key[self.in_view]

    def seen_by(self, key: str) -> "World | None":
        """The same world with another service in view; None where there is no such service."""
        service = self.services.get(key)
        if service is None:
            return None
        if key == self.in_view:
            return self
        return replace(self, products=service.products, lead=service.lead or self.lead, in_view=key)

    def in_sight(self, calendars: Iterable[Calendar]) -> list[Calendar]:
        """Calendars of the service in view, and those of no service at all, which the linter names."""
        everything = self.services.products
        return [c for c in calendars if self.products.find(c.product) or not everything.find(c.product)]
