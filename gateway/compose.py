"""The composition root: what the settings name, opened and wired in one place."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from conversations.library import Library, load_library
from core.geography import load_postcodes
from core.products import load_products
from core.programme import load_programme
from core.routing import OperatorChoice
from core.sending_hours import SendingHours
from core.store.schema import current_revision, newest_revision, upgrade
from core.store.work import Store
from core.vault import BadKey, Vault
from core.world import World
from gateway import embedded
from gateway.roads import Roads
from gateway.settings import EMBEDDED, Settings, SettingsError, read

DATA = Path(__file__).parent.parent / "data"


class App:
    """One process's view of the system; everything is opened when first needed."""

    def __init__(self, config: Path | None = None, settings: Settings | None = None) -> None:
        self.config = config
        self._settings = settings

    @cached_property
    def settings(self) -> Settings:
        return self._settings or read(self.config)

    @cached_property
    def library(self) -> Library:
        return load_library()

    @cached_property
    def world(self) -> World:
        return load_world(country=self.settings.sms.country)

    @cached_property
    def operators(self) -> tuple[OperatorChoice, ...]:
        return tuple(
            OperatorChoice(
                o.name,
                None if o.carriers is None else frozenset(o.carriers),
                down_after=timedelta(seconds=o.down_after_seconds),
            )
            for o in self.settings.operators
        )

    @cached_property
    def roads(self) -> Roads:
        return Roads(
            self.operators,
            {o.name: frozenset(o.unknown_subscriber_errors) for o in self.settings.operators},
        )

    @cached_property
    def sending_hours(self) -> SendingHours:
        return SendingHours(self.settings.sms.hours_by_lane(), self.settings.time_zone)

    @cached_property
    def vault(self) -> Vault:
        return open_vault(self.settings.secrets.key.get_secret_value() if self.settings.secrets.key else "")

    @contextmanager
    def database_url(self) -> Iterator[str]:
        """The database as it is: an embedded one is started for as long as somebody uses it."""
        if self.settings.database.url != EMBEDDED:
            yield self.settings.database.url
            return
        with embedded.postgres(self.settings.embedded.folder) as url:
            yield url

    @contextmanager
    def store(self, *, connections: int = 8) -> Iterator[Store]:
        """The store, at this release's schema: an embedded one is migrated, another only checked."""
        with self.database_url() as url:
            if self.settings.database.url == EMBEDDED:
                upgrade(url)
            elif current_revision(url) != newest_revision():
                raise SettingsError("The database is not at this release's schema. Run `crs db upgrade`.")
            store = Store.connect(url, self.vault, connections=connections)
            try:
                yield store
            finally:
                store.close()

    @contextmanager
    def redis_url(self) -> Iterator[str]:
        """Redis; an embedded one is started for as long as somebody uses it."""
        if self.settings.redis.url != EMBEDDED:
            yield self.settings.redis.url
            return
        with embedded.valkey(self.settings.embedded.folder) as url:
            yield url


def load_world(*, country: str = "CZ") -> World:
    """The configuration of the field, from the data shipped with this release."""
    return World(
        products=load_products((DATA / "vaccine_dose_intervals_cz_2021.csv").read_bytes()),
        programme=load_programme((DATA / "programme.toml").read_text("utf-8")),
        postcodes=load_postcodes((DATA / "psc_geo.csv").read_bytes(), (DATA / "towns.csv").read_bytes()),
        country=country,
    )


def open_vault(key: str) -> Vault:
    """A vault from a key of `crs secrets new`, or from any long phrase."""
    try:
        return Vault.from_text(key)
    except BadKey:
        return Vault(hashlib.scrypt(key.encode(), salt=b"crs secrets key", n=2**14, r=8, p=1, dklen=32))
