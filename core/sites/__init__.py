"""Sites: read from the registry's open data, compared, and judged by a gate."""

from core.sites.difference import Changed, SitesDiff, diff
from core.sites.doubts import Doubt, Doubted, People, SortedOut, sort_out
from core.sites.gate import Gate, Missing, gate
from core.sites.reading import SitesRead, read_sites
from core.sites.record import Entry, Event, Origin
from core.sites.sampling import read_registry
from core.sites.site import Kind, Method, Site

__all__ = [
    "Changed",
    "Doubt",
    "Doubted",
    "Entry",
    "Event",
    "Gate",
    "Kind",
    "Method",
    "Missing",
    "Origin",
    "People",
    "Site",
    "SitesDiff",
    "SitesRead",
    "SortedOut",
    "diff",
    "gate",
    "read_registry",
    "read_sites",
    "sort_out",
]
