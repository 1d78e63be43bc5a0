"""Every choice there is, with its usual value and the words that say how to write it."""

import re
from datetime import time
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from core.email_address import is_email_address
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

EMBEDDED = "embedded"
SHORTEST_KEY = 16
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


def _key(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value()) < SHORTEST_KEY:
        raise ValueError("is too short")
    return key


def _secret_token(token: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", token.get_secret_value()):
        raise ValueError("is too short, or has other characters")
    return token


_Hours: TypeAlias = Annotated[Hours, AfterValidator(_in_order)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Database(_Section):
    # Not shown: the address holds a password.
    url: Annotated[str, AfterValidator(_sqlalchemy_url)] = Field(
        default=EMBEDDED,
        repr=False,
        description='"embedded", or "postgresql://user:password@host:5432/database"',
    )


class Redis(_Section):
    url: Annotated[str, AfterValidator(_redis_url)] = Field(
        default=EMBEDDED, repr=False, description='"embedded", or "redis://127.0.0.1:6379/0"'
    )


class Embedded(_Section):
    folder: Path = Field(default=Path(".crs"), description='a folder for our own databases, such as ".crs"')


class Web(_Section):
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


class Sms(_Section):
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


class Operator(_Section):
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


class Telegram(_Section):
    """A bot; without a token there is none."""

    token: SecretStr | None = Field(
        default=None, description="what @BotFather gave you as text, or set CRS_TELEGRAM_TOKEN"
    )
    mode: Literal["polling", "webhook"] = Field(
        default="polling", description='"polling", or "webhook" where Telegram can reach us'
    )
    public_url: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        description='where the outside world finds [web] listen, such as "https://crs.example.cz"',
    )
    secret_token: Annotated[SecretStr, AfterValidator(_secret_token)] | None = Field(
        default=None,
        description="16 or more letters, digits, _ and - of your own, or set CRS_TELEGRAM_SECRET_TOKEN",
    )
    base_url: str = Field(
        default="https://api.telegram.org",
        pattern=r"^https?://\S+$",
        description='the address of the Bot API, such as "https://api.telegram.org"',
    )
    messages_per_second: float = Field(
        default=30.0, gt=0, description="how many messages a second Telegram takes from a bot, such as 30"
    )

    @model_validator(mode="after")
    def _can_be_called(self) -> Self:
        if self.token and self.mode == "webhook" and not (self.public_url and self.secret_token):
            raise ValueError('needs public_url and secret_token in the mode "webhook"')
        return self


class WhatsApp(_Section):
    """An account of WhatsApp's Cloud API; without a token there is none."""

    token: SecretStr | None = Field(
        default=None, description="the system user's token as text, or set CRS_WHATSAPP_TOKEN"
    )
    app_secret: SecretStr = Field(
        default=SecretStr(""),
        description="the app's secret, which signs what comes to us, or CRS_WHATSAPP_APP_SECRET",
    )
    verify_token: SecretStr = Field(
        default=SecretStr(""),
        description="a word of your own that Meta repeats once, or CRS_WHATSAPP_VERIFY_TOKEN",
    )
    phone_number_id: str = Field(
        default="", pattern=r"^\d*$", description='the id of our number there, such as "106540352242922"'
    )
    template: str = Field(
        default="",
        pattern=r"^[a-z0-9_]*$",
        description='the approved template for what nobody asked for, such as "crs_notice"',
    )
    template_language: str = Field(default="cs", description='its language there, such as "cs"')
    base_url: str = Field(
        default="https://graph.facebook.com",
        pattern=r"^https?://\S+$",
        description='the address of the Cloud API, such as "https://graph.facebook.com"',
    )
    api_version: str = Field(default="v23.0", pattern=r"^v\d+\.\d+$", description='such as "v23.0"')
    messages_per_second: float = Field(
        default=80.0, gt=0, description="how many messages a second Meta takes from a number, such as 80"
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        missing = [
            name
            for name, value in (
                ("app_secret", self.app_secret.get_secret_value()),
                ("verify_token", self.verify_token.get_secret_value()),
                ("phone_number_id", self.phone_number_id),
            )
            if not value
        ]
        if self.token and missing:
            raise ValueError(f"needs {' and '.join(missing)} beside the token")
        return self


class Voice(_Section):
    """The hotline over FastAGI."""

    enabled: bool = Field(default=False, description="true to lead the hotline's calls, or false")
    host: str = Field(default="127.0.0.1", min_length=1, description='where Asterisk calls us: "127.0.0.1"')
    port: int = Field(default=4573, ge=1, le=65535, description="a TCP port, such as 4573")
    key: SecretStr = Field(
        default=SecretStr(""), description="a secret in the dialplan's agi:// address, or CRS_VOICE_KEY"
    )
    sounds_url: str = Field(
        default="http://127.0.0.1:8080/voice",
        pattern=r"^https?://[^\s?#]+$",
        description='where Asterisk reaches [web] of this process, such as "http://127.0.0.1:8080/voice"',
    )
    sounds_folder: Path | None = Field(
        default=None, description="a folder that we and Asterisk see under one path, instead of sounds_url"
    )
    recordings: str = Field(
        default="/var/spool/asterisk/recording",
        pattern=r"^/[^\s]*$",
        description='a folder of Asterisk for spoken names, such as "/var/spool/asterisk/recording"',
    )
    built: Path | None = Field(
        default=None,
        description='a folder for sounds that are built, such as "voice"; usually left out',
    )
    calls_at_once: int = Field(
        default=30, ge=1, description="calls led at once, the rest to the operator: 30"
    )
    longest_call_minutes: float = Field(
        default=20, gt=0, description="minutes, then the operator, such as 20"
    )
    turn_within_seconds: float = Field(
        default=15, gt=0, description="how long an answer may take, such as 15"
    )


class Voicexml(_Section):
    """The hotline for a platform that speaks VoiceXML; without a key there is none."""

    key: Annotated[SecretStr, AfterValidator(_key)] | None = Field(
        default=None, description="16 or more characters that the platform shows, or CRS_VOICEXML_KEY"
    )
    transfer_to: str = Field(
        default="tel:1221",
        pattern=r"^(tel|sips?):\S+$",
        description='where the operators answer, such as "tel:1221" or "sip:hotline@example.cz"',
    )
    recordings: Path | None = Field(
        default=None, description='a folder for spoken names, such as "recordings"; usually left out'
    )


class Mail(_Section):
    """The mail server that takes our letters; without a host none is sent, and none is promised."""

    host: str = Field(default="", description='the name of your mail server, such as "smtp.example.cz"')
    port: int = Field(default=587, ge=1, le=65535, description="its TCP port, such as 587")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description='"starttls", "tls" (mostly port 465), or "none" on your own network'
    )
    user: str = Field(default="", description="our account there, or nothing where it needs none")
    password: SecretStr = Field(
        default=SecretStr(""), description="its password as text, or CRS_MAIL_PASSWORD"
    )
    sender: str = Field(
        default="", description='the address that letters come from, such as "rezervace@example.cz"'
    )
    answers_within_seconds: float = Field(
        default=30.0, gt=0, le=300, description="how long the server may take for an answer, such as 30"
    )

    @field_validator("sender")
    @classmethod
    def _is_an_address(cls, sender: str) -> str:
        if sender and not is_email_address(sender):
            raise ValueError("is not an e-mail address")
        return sender

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.host and not self.sender:
            raise ValueError("needs a sender beside the host")
        if self.user and self.security == "none":
            raise ValueError('would tell the password to everybody on the way: security "none" takes no user')
        return self


class Invitations(_Section):
    policy: str = Field(
        default="chance", description='the name of a policy of inviting, such as "chance" or "2021-02-10"'
    )
    policies: Path | None = Field(
        default=None,
        description='a file with policies of your own, such as "policies.toml"; usually left out',
    )


class Programme(_Section):
    file: Path | None = Field(
        default=None,
        description='a file with a programme of your own, such as "programme.toml"; usually left out',
    )


class Services(_Section):
    file: Path | None = Field(
        default=None,
        description='a file with services of your own, such as "services.toml"; usually left out',
    )


class Information(_Section):
    file: Path | None = Field(
        default=None,
        description='a file with information of your own, such as "information.toml"; usually left out',
    )


class RegisterChoice(_Section):
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


class RegisterChoices(_Section):
    """The registers of people."""

    population: RegisterChoice = Field(
        default=RegisterChoice(), description="a table of its own, [registers.population]"
    )
    nrzp: RegisterChoice = Field(default=RegisterChoice(), description="a table of its own, [registers.nrzp]")


class OpenData(_Section):
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


class Secrets(_Section):
    key: Annotated[SecretStr, AfterValidator(_key)] = Field(
        description="what `crs secrets new` prints, and keep it: without it no insurance number can be read"
    )


class Log(_Section):
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description='"debug", "info", "warning" or "error"'
    )


class Settings(_Section):
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
