"""A site as people name it on the command line: its id, or words of its name."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

import click

from core.open_data import fold
from core.sites import Site

SHOWN: Final = 5

site_option = click.option("--site", "site_named", help="A site: its id, or words of its name.")


def named(site: Site) -> str:
    """A site as commands show it, with the id by which they take it back."""
    return f"{site.name} ({site.site_id})"


def find_site(sites: Iterable[Site], said: str, *, hint: str = "--site") -> Site:
    """The one site that is meant; raises BadParameter, with the choice where there is one."""
    meant = matching(sites, said)
    exact = [site for site in meant if fold(site.name) == fold(said)]
    match exact or meant:
        case [site]:
            return site
        case []:
            raise click.BadParameter(f"there is no site {said!r}", param_hint=hint)
        case several:
            some = "; ".join(named(site) for site in several[:SHOWN])
            more = f"; and {len(several) - SHOWN} more" if len(several) > SHOWN else ""
            raise click.BadParameter(
                f"{said!r} may be any of {len(several)} sites: {some}{more}", param_hint=hint
            )


def matching(sites: Iterable[Site], said: str) -> list[Site]:
    """The sites that may be meant by an id, or by words of a name."""
    try:
        site_id = UUID(said)
    except ValueError:
        words = fold(said).split()
        return [site for site in sites if all(word in fold(site.name) for word in words)]
    return [site for site in sites if site.site_id == site_id]
