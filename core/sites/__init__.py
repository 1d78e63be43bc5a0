"""Vaccination sites: read from the registry's open data, compared, and judged by a gate."""

from core.sites.difference import Changed, SitesDiff, diff
from core.sites.gate import Gate, Missing, gate
from core.sites.reading import SitesRead, read_sites
from core.sites.site import Kind, Site

__all__ = [
    "Changed",
    "Gate",
    "Kind",
    "Missing",
    "Site",
    "SitesDiff",
    "SitesRead",
    "diff",
    "gate",
    "read_sites",
]
