"""What a release and its configuration know about the world, as values."""

from dataclasses import dataclass
from datetime import timedelta

from core.geography import Postcodes
from core.invitations import HARD_GUARANTEE, Policy
from core.products import Products
from core.programme import Programme


@dataclass(frozen=True, slots=True)
class World:
    """Loaded once at the composition root and passed to whatever decides."""

    products: Products
    programme: Programme
    postcodes: Postcodes
    policy: Policy = HARD_GUARANTEE  # under which people are invited, and told how long a PIN is good
    country: str = "CZ"
    hotline: str = "1221"
    has_mail: bool = False  # letters by e-mail are sent, and may be promised
    hold_for: timedelta = timedelta(minutes=30)  # how long dates are kept while somebody decides
    lead: timedelta = timedelta(hours=2)  # no first dose sooner than this after choosing it
