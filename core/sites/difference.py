"""What an import would change."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Self
from uuid import UUID

from core.sites.site import Site


@dataclass(frozen=True, slots=True)
class Changed:
    """A site before and after, and the fields that differ."""

    old: Site
    new: Site
    fields: tuple[str, ...]

    @classmethod
    def between(cls, old: Site, new: Site) -> Self:
        """Whatever differs between two descriptions of one site; perhaps nothing."""
        differing = (f.name for f in fields(Site) if getattr(old, f.name) != getattr(new, f.name))
        return cls(old, new, tuple(differing))

    def words(self, only: Collection[str] | None = None) -> str:
        """Say what changes: ``capacity_per_day 300 -> 600``; all of it, or some fields only."""
        told = (f for f in self.fields if only is None or f in only)
        return ", ".join(
            f"{f} {as_words(getattr(self.old, f))} -> {as_words(getattr(self.new, f))}" for f in told
        )


@dataclass(frozen=True, slots=True)
class SitesDiff:
    """What is new, changed, gone and unchanged, each by name."""

    new: tuple[Site, ...]
    changed: tuple[Changed, ...]
    gone: tuple[Site, ...]
    unchanged: tuple[Site, ...]

    @property
    def is_empty(self) -> bool:
        """Nothing to do: the same file again."""
        return not (self.new or self.changed or self.gone)


def diff(
    old: Mapping[UUID, Site],
    new: Iterable[Site],
    *,
    silent: Collection[str] = (),
    set_aside: Collection[UUID] = (),
) -> SitesDiff:
    """Compare what we have with what a file says.

    Fields in ``silent`` keep what we have; sites in ``set_aside`` (quarantined rows) stay as they are.
    """
    added: list[Site] = []
    changed: list[Changed] = []
    unchanged: list[Site] = []
    seen: set[UUID] = set()
    for site in new:
        seen.add(site.site_id)
        if (before := old.get(site.site_id)) is None:
            added.append(site)
            continue
        after = replace(site, **{f: getattr(before, f) for f in silent})
        if (between := Changed.between(before, after)).fields:
            changed.append(between)
        else:
            unchanged.append(before)
    unchanged += [site for site_id, site in old.items() if site_id in set_aside and site_id not in seen]
    gone = [site for site_id, site in old.items() if site_id not in seen and site_id not in set_aside]
    return SitesDiff(
        new=tuple(sorted(added, key=_by_name)),
        changed=tuple(sorted(changed, key=lambda c: _by_name(c.new))),
        gone=tuple(sorted(gone, key=_by_name)),
        unchanged=tuple(sorted(unchanged, key=_by_name)),
    )


def _by_name(site: Site) -> tuple[str, str]:
    return site.name, str(site.site_id)


def as_words(value: object) -> str:
    """A field's value in a sentence."""
    if isinstance(value, frozenset):
        return " ".join(sorted(value)) or "nothing"
    return "nothing" if value is None else str(value)
