"""uvicorn as ferpipe runs it: bounded connections, a deadline for headers, an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from ferpipe import UsageError
from ferpipe_web.guard import HEAD
from ferpipe_web.settings import Settings
from ferpipe_web.sockets import Sockets

__all__ = ["Listener", "bind", "listener"]

_HEADERS = 10.0
"""Seconds that a client may take to send the head of a request."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Bounded(H11Protocol):
    """Closes a connection on which no request has come for a while, which uvicorn leaves open."""

    _check: asyncio.TimerHandle | None = None
    _since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._since = self.loop.time()
        self._again()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._check is not None:
            self._check.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Give the next request on this connection its own time."""
        self._since = self.loop.time()
        super().on_response_complete()

    def _again(self) -> None:
        self._check = self.loop.call_later(_HEADERS / 4, self._look)

    def _look(self) -> None:
        if self.transport.get_protocol() is not self:
            return  # it has become a WebSocket
        if self.cycle is not None and not self.cycle.response_complete:
            self._since = self.loop.time()
        elif self.loop.time() - self._since > _HEADERS:
            self.transport.close()
            return
        self._again()


class Listener(uvicorn.Server):
    """Ends by a signal in good order, and remembers it rather than raising it again.

    ending: called in the event loop at once when the signal comes.
    """

    signal: int | None = None
    ending: Callable[[], Any] = staticmethod(lambda: None)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle SIGINT and SIGTERM."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """End; a second time at once."""
        if self.signal is not None:
            self.force_exit = True
        self.signal = sig
        self.should_exit = True
        asyncio.get_running_loop().call_soon_threadsafe(self.ending)


def bind(settings: Settings) -> socket.socket:
    """The socket to listen at.  Raises UsageError where the address is taken or is none."""
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family[0], family[1])
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(family[4])
    except OSError as error:
        raise UsageError(
            f"cannot listen at {settings.host}, port {settings.port} ({error.strerror}): "
            "choose another --port or --host"
        ) from None
    return made


def listener(app: Starlette, settings: Settings) -> Listener:
    """The server for `app`.  Raises UsageError for a certificate or key that cannot be used."""
    config = uvicorn.Config(
        app,
        http=_Bounded,
        ws=Sockets,
        ws_max_size=max(settings.limits.frame + 64, 64 * 1024),
        ws_max_queue=4,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        limit_concurrency=settings.limits.connections,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=HEAD,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.key,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"--certificate and --key cannot be used ({error.strerror or error}): "
            "give a certificate and its key as PEM files"
        ) from None
    return Listener(config)
