"""Every choice there is, with its usual value and the words that say how to write it."""

from datetime import time
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from core.exports.anonymity import DEFAULT_K
from core.messages import (
    SMS_CHANNEL,
    TELEGRAM_CHANNEL,
    VOICE_CHANNEL,
    WEB_CHANNEL,
    WHATSAPP_CHANNEL,
    Lane,
)
from core.sending_hours import Hours
from gateway.settings.channels import Mail, Telegram, Voice, Voicexml, WhatsApp
from gateway.settings.section import Key, Section

EMBEDDED = "embedded"
CHANNELS = frozenset({SMS_CHANNEL, TELEGRAM_CHANNEL, WHATSAPP_CHANNEL, WEB_CHANNEL, VOICE_CHANNEL})


def _sqlalchemy_url(url: str) -> str:
    scheme, colon, rest = url.partition("://")
    if url == EMBEDDED:
        return url
    if not colon or scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise ValueError("is not the address of a PostgreSQL")
    return f"postgresql+psycopg://{rest}"


def _redis_url(url: str) -> str:
    if url != EMBEDDED and not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("is not the address of a Redis")
    return url


def _country(code: str) -> str:
    if code not in SUPPORTED_REGIONS:
        raise ValueError("is not a country we know")
    return code


def _in_order(hours: Hours) -> Hours:
    if not hours[0] < hours[1]:
        raise ValueError("ends before it begins")
    return hours


_Hours: TypeAlias = Annotated[Hours, AfterValidator(_in_order)]


class Database(Section):
    # Not shown: the address holds a password.
    url: Annotated[str, AfterValidator(_sqlalchemy_url)] = Field(
        default=EMBEDDED,
        repr=False,
        description='"embedded", or "postgresql://user:password@host:5432/database"',
    )


class Redis(Section):
    url: Annotated[str, AfterValidator(_redis_url)] = Field(
        default=EMBEDDED, repr=False, description='"embedded", or "redis://127.0.0.1:6379/0"'
    )


class Embedded(Section):
    folder: Path = Field(default=Path(".crs"), description='a folder for our own databases, such as ".crs"')


class Web(Section):
    listen: str = Field(
        default="127.0.0.1:8080",
        pattern=r"^(\[[0-9a-fA-F:.]+\]|[^\s:]+):\d{1,5}$",
        description='an address with a port, such as "127.0.0.1:8080"',
    )
    chat: bool = Field(default=True, description="true for the chat at /chat, or false")
    behind_proxy: bool = Field(
        default=False,
        description="true where a proxy of yours sets X-Forwarded-For and X-Forwarded-Proto, or false",
    )

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])

    @field_validator("listen")
    @classmethod
    def _is_a_port(cls, listen: str) -> str:
        if int(listen.rpartition(":")[2]) > 65535:
            raise ValueError("has no such port (65535 is the last)")
        return listen


class Sms(Section):
    sender: str = Field(
        default="1221", pattern=r"^\+?\d{3,15}$", description='our number as text, such as "1221"'
    )
    country: Annotated[str, AfterValidator(_country)] = Field(
        default="CZ", description='two capital letters of a country, such as "CZ"'
    )
    sending_hours: _Hours = Field(
        default=(time(8), time(20)),
        description='the first and the last local time of day for invitations, such as ["08:00", "20:00"]',
    )
    lane_hours: dict[Literal["confirmation", "invitation", "notice"], _Hours] = Field(
        default_factory=dict,
        description='a table of lanes with hours of their own, such as { notice = ["09:00", "18:00"] }',
    )
    safe_segments_per_second: float = Field(
        default=2.0,
        gt=0,
        description="segments a second each process may send an operator while Redis is away, such as 2",
    )

    def hours_by_lane(self) -> dict[Lane, Hours]:
        """When each lane may leave; answers at any time, and so confirmations, unless hours are given."""
        named = {Lane[lane.upper()]: hours for lane, hours in self.lane_hours.items()}
        return {Lane.INVITATION: self.sending_hours, Lane.NOTICE: self.sending_hours} | named


class Operator(Section):
    """One SMPP bind."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]*$", description='small letters, digits and hyphens, such as "o2"'
    )
    host: str = Field(min_length=1, description='the name or address of the SMSC, such as "smsc.example.cz"')
    port: int = Field(default=2775, ge=1, le=65535, description="a TCP port, such as 2775")
    system_id: str = Field(min_length=1, description="our account there, as the operator gave it")
    password: SecretStr = Field(
        default=SecretStr(""),
        description="the password as text, or set CRS_OPERATORS_<NAME>_PASSWORD",
    )
    system_type: str = Field(default="", description="what the operator prescribes, mostly nothing")
    tls: bool = Field(default=False, description="true for SMPP over TLS, or false")
    window: int = Field(
        default=20, ge=1, le=10_000, description="how many submit_sm may wait for an answer, such as 20"
    )
    answers_within_seconds: float = Field(
        default=30.0, gt=0, le=60, description="how long it may take to answer a submit_sm, such as 30"
    )
    segments_per_second: float = Field(
        default=50.0, gt=0, description="the capacity from the contract with the operator, such as 50"
    )
    carriers: tuple[str, ...] | None = Field(
        default=None, min_length=1, description='the networks it serves, such as ["O2"]; leave it out for any'
    )

    down_after_seconds: float = Field(
        default=30.0,
        ge=5,
        description="seconds without a bind, after which its messages go by another operator, such as 30",
    )
    unknown_subscriber_errors: tuple[str, ...] = Field(
        default=("001",),
        description='errors of receipts that mean "not our number", such as ["001"]; [] for none',
    )


class Invitations(Section):
    policy: str = Field(
        default="chance", description='the name of a policy of inviting, such as "chance" or "2021-02-10"'
    )
    policies: Path | None = Field(
        default=None,
        description='a file with policies of your own, such as "policies.toml"; usually left out',
    )


class Programme(Section):
    file: Path | None = Field(
        default=None,
        description='a file with a programme of your own, such as "programme.toml"; usually left out',
    )


class Services(Section):
    file: Path | None = Field(
        default=None,
        description='a file with services of your own, such as "services.toml"; usually left out',
    )


class Information(Section):
    file: Path | None = Field(
        default=None,
        description='a file with information of your own, such as "information.toml"; usually left out',
    )


class RegisterChoice(Section):
    """One register of people; without a kind there is none."""

    kind: Literal["none", "file", "http"] = Field(default="none", description='"none", "file" or "http"')
    file: Path | None = Field(
        default=None, description='a CSV of the register, such as "nrzp.csv", with kind = "file"'
    )
    url: str = Field(
        default="",
        pattern=r"^(https?://[^\s?#]+)?$",
        description='where it is asked, such as "https://nrzp.example.cz/people", with kind = "http"',
    )
    token: SecretStr = Field(default=SecretStr(""), description="what shows it who we are, as text")
    answers_within_seconds: float = Field(
        default=3.0, gt=0, le=30, description="how long it may take to answer, such as 3"
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.kind == "file" and self.file is None:
            raise ValueError('needs file with kind = "file"')
        if self.kind == "http" and not self.url:
            raise ValueError('needs url with kind = "http"')
        return self


class RegisterChoices(Section):
    """The registers of people."""

    population: RegisterChoice = Field(
        default=RegisterChoice(), description="a table of its own, [registers.population]"
    )
    nrzp: RegisterChoice = Field(default=RegisterChoice(), description="a table of its own, [registers.nrzp]")


class OpenData(Section):
    """What is published for everybody."""

    smallest_group: int = Field(
        default=DEFAULT_K,
        ge=2,
        description="how many registrations a published row has to stand for at least, such as 10",
    )
    scheduling_links: bool = Field(
        default=True, description="true for free dates at /smart-scheduling/$bulk-publish, or false"
    )
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s?#]+)?$",
        description='where the outside world finds [web] listen, such as "https://crs.example.cz"',
    )
    days_ahead: int = Field(
        default=28, ge=1, le=366, description="for how many days free dates are published, such as 28"
    )


class Secrets(Section):
    key: Key = Field(
        description="what `crs secrets new` prints, and keep it: without it no insurance number can be read"
    )


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description='"debug", "info", "warning" or "error"'
    )


class Settings(Section):
    """Everything that may be chosen."""

    database: Database = Database()
    redis: Redis = Redis()
    embedded: Embedded = Embedded()
    web: Web = Web()
    sms: Sms = Sms()
    telegram: Telegram = Telegram()
    whatsapp: WhatsApp = WhatsApp()
    operators: tuple[Operator, ...] = ()
    voice: Voice = Voice()
    voicexml: Voicexml = Voicexml()
    mail: Mail = Mail()
    invitations: Invitations = Invitations()
    programme: Programme = Programme()
    services: Services = Services()
    information: Information = Information()
    open_data: OpenData = OpenData()

    registers: RegisterChoices = RegisterChoices()
    secrets: Secrets
    log: Log = Log()
    time_zone: ZoneInfo = Field(
        default=ZoneInfo("Europe/Prague"), description='a name from the tz database, such as "Europe/Prague"'
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [operator.name for operator in self.operators]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f'two operators are called "{name}"; give each a name of its own')
            if name in CHANNELS:
                raise ValueError(f'an operator cannot be called "{name}": that is a channel')
        return self
