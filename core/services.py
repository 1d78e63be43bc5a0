"""What people may come for: vaccination, tests and whatever is configured; what differs is data.

A service that invites lets people wait for a PIN2. Any other offers its slots at once.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from core.products import Product, Products
from core.sites.site import Kind, Method

VACCINATION: Final = "vaccination"
LANGUAGES: Final = ("cs", "en", "uk")
MOST_SERVICES: Final = 9  # offered at once: more would not fit the keys of a phone
MOST_LABEL: Final = 24  # characters, as the price of a message is reckoned with them
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{1,19}")
_PRICES: Final = range(1, 100_000)
_LEADS: Final = range(7 * 24 * 60 + 1)


class UnusableServices(Exception):
    """The services cannot be used; the message says which one and what to mend."""


class Referral(StrEnum):
    """Whether a physician has to send people; who has no optional referral pays, where there is a price."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Service:
    """One thing that people may come for."""

    key: str
    labels: Mapping[str, str]
    is_invited: bool
    rounds: int
    products: Products
    kinds: frozenset[Kind]
    """The kinds of sites that may offer it."""
    methods: frozenset[Method] = frozenset()
    """What a site must be able to do, any of them; empty: nothing in particular."""
    referral: Referral = Referral.NONE
    price: int | None = None
    """CZK, for whoever comes without a referral."""
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By language, or ``any``: what a message begins with that asks for it."""
    lead: timedelta | None = None
    """No slot sooner than this after choosing it; None: as everywhere."""
    may_come_again: bool = False
    """Once the date is over it may be ordered anew."""

    def label(self, language: str) -> str:
        return self.labels.get(language, self.labels["cs"])


@dataclass(frozen=True, slots=True)
class Services:
    """Every service by its key, in the order of the file."""

    by_key: Mapping[str, Service]
    products: Products
    """Those of all services: what a calendar may be for."""

    def __iter__(self) -> Iterator[Service]:
        return iter(self.by_key.values())

    def get(self, key: str) -> Service | None:
        return self.by_key.get(key)

    @property
    def vaccination(self) -> Service:
        return self.by_key[VACCINATION]

    @property
    def at_once(self) -> tuple[Service, ...]:
        """Those whose slots are offered to anybody who asks."""
        return tuple(service for service in self if not service.is_invited)


def load_services(text: str, vaccines: Products) -> Services:
    """Read ``services.toml``; vaccination's products are the vaccines. Raises UnusableServices."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise UnusableServices(f"it is not TOML: {wrong}") from wrong
    services = {key: _named_service(key, body, vaccines) for key, body in raw.items()}
    if VACCINATION not in services:
        raise UnusableServices(f"there is no [{VACCINATION}], whose people are invited")
    found = Services(MappingProxyType(services), _all_products(services.values()))
    if len(found.at_once) > MOST_SERVICES:
        raise UnusableServices(
            f"{len(found.at_once)} services offer slots at once, at most {MOST_SERVICES} may"
        )
    return found


def _named_service(key: str, body: Any, vaccines: Products) -> Service:
    try:
        return _service(key, _Body(body), vaccines)
    except UnusableServices as wrong:
        raise UnusableServices(f"{key}: {wrong}") from wrong


def _all_products(services: Iterable[Service]) -> Products:
    owner: dict[str, str] = {}
    products: dict[str, Product] = {}
    for service in services:
        for key, product in service.products.by_key.items():
            if (other := owner.setdefault(key, service.key)) != service.key:
                raise UnusableServices(f"{service.key}: its product {key} is one of {other}")
            products[key] = product
    return Products(MappingProxyType(products))


class _Body:
    """One table of the file; what nobody asked it for is a mistake."""

    def __init__(self, raw: Any) -> None:
        if not isinstance(raw, dict):
            raise UnusableServices("it is not a table; write [it] above its lines")
        self._raw = dict(raw)

    def take(self, key: str, kind: type | tuple[type, ...], default: Any) -> Any:
        found = self._raw.pop(key, default)
        is_whole = not (isinstance(found, bool) and kind is int)
        if found is not default and not (isinstance(found, kind) and is_whole):
            raise UnusableServices(f"{key} = {found!r} is of the wrong kind")
        return found

    def number(self, key: str, allowed: range, default: int | None) -> int | None:
        found = self.take(key, int, default)
        if found is not None and found not in allowed:
            raise UnusableServices(f"{key} = {found} is not between {allowed[0]} and {allowed[-1]}")
        return None if found is None else int(found)

    def end(self) -> None:
        if self._raw:
            raise UnusableServices(f"it says {', '.join(self._raw)}, which nobody knows")


def _service(key: str, body: _Body, vaccines: Products) -> Service:
    if not _KEY.fullmatch(key):
        raise UnusableServices("its name is not 2 to 20 small letters, digits and _")
    is_invited = bool(body.take("invited", bool, default=False))
    rounds = body.number("rounds", range(1, 3), 1) or 1
    if is_invited != (key == VACCINATION):
        raise UnusableServices("vaccination invites, and nothing else does: the planner counts its vaccine")
    if rounds > 1 and not is_invited:
        raise UnusableServices("rounds = 2 needs the intervals of vaccines; only vaccination has them")
    lead = body.number("lead_minutes", _LEADS, None)
    service = Service(
        key=key,
        labels=_labels(body.take("label", dict, {})),
        is_invited=is_invited,
        rounds=rounds,
        products=vaccines if is_invited else _products(body.take("products", dict, {})),
        kinds=frozenset(_named(Kind, name) for name in body.take("kinds", list, [])),
        methods=frozenset(_named(Method, name) for name in body.take("methods", list, [])),
        referral=_named(Referral, body.take("referral", str, Referral.NONE.value)),
        price=body.number("price", _PRICES, None),
        keywords=_keywords(body.take("keywords", dict, {})),
        lead=None if lead is None else timedelta(minutes=lead),
        may_come_again=bool(body.take("again", bool, default=False)),
    )
    body.end()
    if not service.kinds:
        raise UnusableServices(f"it names no kinds of sites: {', '.join(Kind)}")
    if service.referral is Referral.REQUIRED and service.price is not None:
        raise UnusableServices("nobody pays where a referral is required; leave out one of them")
    return service


def _labels(raw: Mapping[str, Any]) -> Mapping[str, str]:
    for language in LANGUAGES:
        said = raw.get(language)
        if not isinstance(said, str) or not said.strip():
            raise UnusableServices(f"its label has no words in {language}")
        if len(said) > MOST_LABEL:
            raise UnusableServices(f"its label in {language} is longer than {MOST_LABEL} characters")
    return MappingProxyType({language: raw[language].strip() for language in LANGUAGES})


def _products(raw: Mapping[str, Any]) -> Products:
    if not raw:
        raise UnusableServices('it has no products; write products = { pcr = "PCR test" }')
    return Products(
        MappingProxyType({key: Product.of_one_round(key, str(name)) for key, name in raw.items()})
    )


def _keywords(raw: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    for language, said in raw.items():
        if language not in (*LANGUAGES, "any") or not isinstance(said, list):
            raise UnusableServices(f"keywords are lists by language, {', '.join(LANGUAGES)} or any")
    return MappingProxyType({language: tuple(map(str, said)) for language, said in raw.items()})


def _named(kind: Any, name: object) -> Any:
    try:
        return kind(name)
    except ValueError:
        raise UnusableServices(f"{name!r} is none of {', '.join(kind)}") from None
