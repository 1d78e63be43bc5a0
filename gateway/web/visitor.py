"""Whose browser it is: a secret in a cookie, the address made of it, and proof that a form is ours."""

import hmac
import ipaddress
import re
import secrets
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from core.messages import WEB_CHANNEL, Address
from core.vault import Vault

SECRET_BYTES: Final = 16
HEX_OF_128_BITS: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Front:
    """How browsers reach us; ``behind_proxy`` believes what a proxy of ours says of them."""

    behind_proxy: bool

    def origin(self, request: web.Request) -> str:
        """Scheme and host as the browser has them."""
        return f"{self._scheme(request)}://{request.host}"

    def client(self, request: web.Request) -> str:
        """Who asks, for limits: an IPv4 address or an IPv6 network of one house (/64)."""
        told = request.headers.get("X-Forwarded-For", "") if self.behind_proxy else ""
        # The last one is what our own proxy saw; those before it are hearsay.
        written = told.rpartition(",")[2].strip() or request.remote or ""
        try:
            client = ipaddress.ip_address(written)
        except ValueError:
            return "unknown"
        return str(client) if client.version == 4 else str(ipaddress.ip_network((client, 64), strict=False))

    def is_ours(self, request: web.Request) -> bool:
        """Sent from a page of ours; a browser always says where a POST comes from."""
        origin = urlsplit(request.headers.get("Origin", ""))
        return f"{origin.scheme}://{origin.netloc}" == self.origin(request)

    def cookie(self, request: web.Request) -> str:
        """The cookie's name; over HTTPS one that no other host can set."""
        return "__Host-crs-chat" if self._scheme(request) == "https" else "crs-chat"

    def remember(self, secret: str, response: web.Response, request: web.Request) -> None:
        """Know the browser again until it is closed."""
        response.set_cookie(
            self.cookie(request),
            secret,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=self._scheme(request) == "https",
        )

    def forget(self, response: web.Response, request: web.Request) -> None:
        response.del_cookie(
            self.cookie(request),
            path="/",
            httponly=True,
            samesite="Strict",
            secure=self._scheme(request) == "https",
        )

    def _scheme(self, request: web.Request) -> str:
        told = request.headers.get("X-Forwarded-Proto", "") if self.behind_proxy else ""
        return told.rpartition(",")[2].strip().lower() or request.scheme


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser with its secret, which nobody keeps but the browser."""

    secret: str = field(repr=False)
    is_new: bool

    @classmethod
    def of(cls, request: web.Request, front: Front) -> "Visitor":
        """Whom the cookie says, else somebody new."""
        kept = request.cookies.get(front.cookie(request), "")
        if HEX_OF_128_BITS.fullmatch(kept):
            return cls(kept, is_new=False)
        return cls(secrets.token_hex(SECRET_BYTES), is_new=True)

    def address(self, vault: Vault) -> Address:
        """Where it is answered; the secret cannot be told from it."""
        return Address(WEB_CHANNEL, vault.digest(self.secret, purpose="web address").hex()[:32])

    def token(self, vault: Vault) -> str:
        """What our form carries and a foreign page cannot know."""
        return vault.digest(self.secret, purpose="web form").hex()[:32]

    def has_token(self, given: str, vault: Vault) -> bool:
        return hmac.compare_digest(given.encode(), self.token(vault).encode())
