"""Who may ask: Host and Origin, the token, and the headers that keep a page to itself."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ferpipe_web.errors import refusal
from ferpipe_web.rates import Budget
from ferpipe_web.settings import Settings

__all__ = ["COOKIE", "HEAD", "Guard", "cookie_of", "is_right"]

COOKIE = "ferpipe_token"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-src 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
}
_WITH = {
    400: {"Connection": "close"},
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "1"},
    431: {"Connection": "close"},
}
HEAD = 32 * 1024
"""Bytes of the head of a request, address and headers together."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OPEN = frozenset({"/api/login", "/api/logout"})


class Guard:
    """Refuses what does not come from this server's own page or from a program that has the token.

    A foreign web page in the user's browser is kept out by `Origin` and `Sec-Fetch-Site`; a foreign name
    that was made to point here (DNS rebinding) by `Host`, which must be an address, `localhost` or a name
    that was allowed.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._budget = Budget(settings.limits.rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request or a WebSocket, and pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        objection = self._objection(scope)
        if objection is None:
            await self._app(scope, receive, _guarded(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": objection[1]})
        else:
            status, message = objection
            headers = _WITH.get(status, {})
            await refusal(status, message, headers)(scope, receive, _guarded(send))

    def _objection(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        size = len(scope.get("raw_path") or b"") + len(scope["query_string"])
        if size + sum(len(name) + len(value) for name, value in headers.raw) > HEAD:
            return 431, f"the head of the request is larger than {HEAD} bytes: send less"
        if "transfer-encoding" in headers and "content-length" in headers:
            # A proxy that believes the other one would take the rest for the next request (RFC 9112, 6.3).
            return 400, "the request has both a length and a transfer coding: send one of them"
        host = headers.get("host", "")
        if not self._is_ours(host):
            return 403, "the Host of the request is not allowed: start with --allow-host NAME"
        is_socket = scope["type"] == "websocket"
        changes = is_socket or scope["method"] not in _SAFE
        origin = headers.get("origin")
        if changes and origin is not None and _site(origin) != host.lower():
            return 403, "the request comes from another site, which may not use this server"
        client = scope["client"][0] if scope.get("client") else ""
        if not self._budget.take(client):
            return 429, f"more than {self._settings.limits.rate:g} requests a second; ask less often"
        private = scope["path"].startswith("/api") or scope["path"] == "/metrics"
        if (changes or private) and headers.get("sec-fetch-site") == "cross-site":
            return 403, "the request comes from another site, which may not use this server"
        if private and scope["path"] not in _OPEN and not is_right(self._settings.token, headers):
            return 401, "a token is needed: open the address that the server printed, or send it as Bearer"
        return None

    def _is_ours(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        if name == "localhost" or name in self._settings.hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _site(origin: str) -> str:
    """Host and port of an origin; nothing where it is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def cookie_of(token: str) -> str:
    """What stands for the token in the browser's cookie, from which it cannot be read."""
    return hmac.new(token.encode(), b"ferpipe serve cookie", hashlib.sha256).hexdigest()


def is_right(token: str | None, headers: Headers) -> bool:
    """Whether a request has the token, as `Authorization: Bearer` or as the cookie of the login."""
    if token is None:
        return True
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode()):
        return True
    cookies = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
    wanted = cookie_of(token).encode()
    return any(name == COOKIE and hmac.compare_digest(value.encode(), wanted) for name, _, value in cookies)


def _guarded(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("content-security-policy", POLICY)
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return guarded
