"""WebSockets as ferpipe runs them: shared pictures to viewers, and no unbounded queue for anybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import State

from ferpipe_web.live.hub import Picture, Viewer
from ferpipe_web.live.orders import read_order

__all__ = ["Sockets", "sockets_of"]

_EXTENSION = "ferpipe.sockets"
_FRAGMENTS = 256
"""Fragments of one message; empty ones would be free of any limit of size."""


class Sockets(WebSocketsSansIOProtocol):
    """One WebSocket.

    What a viewer is sent and answers, for each picture, goes past the queues and tasks of ASGI: a picture is
    written as the frame that all viewers share, an acknowledgement is taken as soon as it is read.
    """

    viewer: Viewer | None = None
    _fragments = 0

    def picture(self, picture: Picture) -> bool:
        """Send a picture; False where the client has not taken what was sent before."""
        if not self.writable.is_set():
            return False
        if self.conn.state is State.OPEN and not self.close_sent and not self.transport.is_closing():
            self.transport.write(picture.frame)
        return True

    def resume_writing(self) -> None:
        """Go on with the newest picture."""
        super().resume_writing()
        if self.viewer is not None:
            self.viewer.offer()

    def handle_connect(self, event: Request) -> None:
        """Let the application find this socket."""
        super().handle_connect(event)
        if not self.close_sent:
            cast("dict[str, Any]", self.scope["extensions"])[_EXTENSION] = self

    def handle_text(self, event: Frame) -> None:
        """Take an acknowledgement here, and leave other messages to the application."""
        self._fragments = 0
        if self.viewer is not None and event.fin and not self.close_sent:
            order = read_order(bytes(event.data))
            if order is not None and order.kind == "ack":
                self.viewer.acknowledge(order.value)
                return
        super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        """The first frame of a binary message."""
        self._fragments = 0
        super().handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        """A further fragment, of not too many."""
        self._fragments += 1
        if self._fragments > _FRAGMENTS:
            self._refuse("a message has too many fragments")
            return
        super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer; one who sends pings and takes no answers is let go."""
        if not self.writable.is_set():
            self.transport.abort()
            return
        super().handle_ping()

    def _refuse(self, reason: str) -> None:
        self.frames = []
        if self.close_sent:
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1008, "reason": reason})
        self.conn.send_close(1008, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()


def sockets_of(scope: Mapping[str, Any]) -> Sockets | None:
    """The socket of a request, where this server runs it and not another one."""
    found = scope.get("extensions", {}).get(_EXTENSION)
    return found if isinstance(found, Sockets) else None
