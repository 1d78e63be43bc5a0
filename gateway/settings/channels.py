"""The ways to people that have settings of their own: chats, the hotline, letters."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from core.email_address import is_email_address
from gateway.settings.section import Key, Section


def _secret_token(token: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", token.get_secret_value()):
        raise ValueError("is too short, or has other characters")
    return token


class Telegram(Section):
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


class WhatsApp(Section):
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


class Voice(Section):
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


class Voicexml(Section):
    """The hotline for a platform that speaks VoiceXML; without a key there is none."""

    key: Key | None = Field(
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


class Mail(Section):
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
