"""The composition root: what the settings name, opened and wired in one place."""

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from conversations.library import Library, load_library
from conversations.shortcuts import shortcuts
from core.exports.smart import Publication, publish
from core.geography import load_postcodes, region_names
from core.information import Information, UnusableInformation, load_information
from core.invitations import HARD_GUARANTEE, Policy, UnusablePolicy, load_policies
from core.products import Products, load_products
from core.programme import Programme, UnusableProgramme, load_programme
from core.registers import Registers
from core.routing import OperatorChoice
from core.sending_hours import SendingHours
from core.services import Services, UnusableServices, load_services
from core.store.openings import OpeningView
from core.store.schema import current_revision, newest_revision, upgrade
from core.store.work import Store
from core.vault import BadKey, Vault
from core.world import World
from gateway import embedded, smtp
from gateway.clock import utc_now
from gateway.registers.opening import open_registers
from gateway.roads import Roads
from gateway.settings import EMBEDDED, Settings, SettingsError, read
from workers.mails.carrier import Post
from workers.mails.letters import Writer
from workers.workshop import Workshop

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
        return load_library(shortcuts=shortcuts(self.services))

    @cached_property
    def world(self) -> World:
        return load_world(
            country=self.settings.sms.country,
            policy=self.policy,
            programme=self.programme,
            services=self.services,
            information=self.information,
            has_mail=bool(self.settings.mail.host),
            has_nrzp=self.settings.registers.nrzp.kind != "none",
        )

    @cached_property
    def services(self) -> Services:
        """What people may come for: the services we ship, or those of a file of your own."""
        file = self.settings.services.file or DATA / "services.toml"
        try:
            return load_services(file.read_text("utf-8"), load_vaccines())
        except (OSError, UnicodeDecodeError, UnusableServices) as error:
            raise SettingsError(f"The services in {file} cannot be used: {error}") from error

    @cached_property
    def information(self) -> Information:
        """What people are told who ask: the texts we ship, or those of a file of your own."""
        file = self.settings.information.file or DATA / "information.toml"
        try:
            return load_information(file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, UnusableInformation) as error:
            raise SettingsError(f"The information in {file} cannot be used: {error}") from error

    @cached_property
    def programme(self) -> Programme:
        """Who may register from when: the programme we ship, or a file of your own."""
        file = self.settings.programme.file or DATA / "programme.toml"
        try:
            return load_programme(file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, UnusableProgramme) as error:
            raise SettingsError(f"The programme in {file} cannot be used: {error}") from error

    @cached_property
    def policies(self) -> dict[str, Policy]:
        """The policies of inviting by their names: the ones we ship, or those of a file of your own."""
        file = self.settings.invitations.policies or DATA / "policies.toml"
        try:
            return load_policies(file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, UnusablePolicy) as error:
            raise SettingsError(f"The policies in {file} cannot be used: {error}") from error

    @cached_property
    def policy(self) -> Policy:
        """The policy of the settings."""
        return self.policy_named(self.settings.invitations.policy)

    def policy_named(self, name: str) -> Policy:
        if name not in self.policies:
            known = ", ".join(f'"{each}"' for each in self.policies)
            raise SettingsError(f'There is no policy "{name}". There are {known}.')
        return self.policies[name]

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

    def workshop(self, store: Store, clock: Callable[[], datetime] = utc_now) -> Workshop:
        """What jobs work with."""
        return Workshop(
            store,
            self.library,
            self.world,
            self.operators,
            self.sending_hours,
            secrets.SystemRandom(),
            clock,
            self.post,
            self.registers,
        )

    @cached_property
    def registers(self) -> Registers:
        """The registers of people that the settings name."""
        return open_registers(self.settings.registers)

    def free_dates(self, store: Store, now: datetime) -> Publication:
        """What can be booked from now on, as it is published."""
        until = now + timedelta(days=self.settings.open_data.days_ahead)
        with store.begin() as work:
            openings = OpeningView(work.db).of_all_sites(self.world, now=now, until=until)
        return publish(openings, region_names(self.world.postcodes), hotline=self.world.hotline)

    @cached_property
    def writer(self) -> Writer:
        """Who puts letters into words."""
        return Writer(self.library.words, hotline=self.world.hotline)

    @cached_property
    def post(self) -> Post | None:
        """The mail server of the settings; None where there is none."""
        mail = self.settings.mail
        return Post(lambda: smtp.connect(mail), mail.sender) if mail.host else None

    @contextmanager
    def redis_url(self) -> Iterator[str]:
        """Redis; an embedded one is started for as long as somebody uses it."""
        if self.settings.redis.url != EMBEDDED:
            yield self.settings.redis.url
            return
        with embedded.valkey(self.settings.embedded.folder) as url:
            yield url


def load_vaccines() -> Products:
    """The vaccines in use, with their intervals."""
    return load_products((DATA / "vaccine_dose_intervals_cz_2021.csv").read_bytes())


def load_world(
    *,
    country: str = "CZ",
    policy: Policy = HARD_GUARANTEE,
    programme: Programme | None = None,
    services: Services | None = None,
    information: Information | None = None,
    has_mail: bool = False,
    has_nrzp: bool = False,
) -> World:
    """The configuration of the field, from the data shipped with this release where nothing else is given."""
    services = services or load_services((DATA / "services.toml").read_text("utf-8"), load_vaccines())
    return World(
        services=services,
        products=services.vaccination.products,
        programme=programme or load_programme((DATA / "programme.toml").read_text("utf-8")),
        postcodes=load_postcodes((DATA / "psc_geo.csv").read_bytes(), (DATA / "towns.csv").read_bytes()),
        policy=policy,
        information=information or load_information((DATA / "information.toml").read_text("utf-8")),
        country=country,
        has_mail=has_mail,
        has_nrzp=has_nrzp,
    )


def open_vault(key: str) -> Vault:
    """A vault from a key of `crs secrets new`, or from any long phrase."""
    try:
        return Vault.from_text(key)
    except BadKey:
        return Vault(hashlib.scrypt(key.encode(), salt=b"crs secrets key", n=2**14, r=8, p=1, dklen=32))
