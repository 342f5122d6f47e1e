"""What a viewer says: that it has drawn a picture, how wide it shows them, that it pauses or goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.websockets import WebSocketDisconnect

__all__ = ["Order", "order_of", "read_order"]

_MOST = 256
"""Bytes of an order."""
_VALUES = {"ack": "id", "size": "width", "pause": None, "resume": None}


class Order(NamedTuple):
    """kind: `ack`, `size`, `pause` or `resume`; value: the picture's number, or the width in pixels."""

    kind: str
    value: int


def order_of(message: Mapping[str, Any]) -> Order | None:
    """The order in an ASGI message; None for any other text or bytes.  Raises WebSocketDisconnect."""
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text = message.get("text")
    return None if text is None else read_order(text.encode())


def read_order(text: bytes) -> Order | None:
    """The order in a text; None where it is none."""
    if len(text) > _MOST:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    kind = found.get("type") if isinstance(found, dict) else None
    if not isinstance(kind, str) or kind not in _VALUES:
        return None
    key = _VALUES[kind]
    value = 0 if key is None else found.get(key)
    return Order(kind, value) if type(value) is int else None
