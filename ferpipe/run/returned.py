"""What a call of a stage returned."""

from __future__ import annotations

from collections.abc import Iterable

from ferpipe.packet import Packet
from ferpipe.run.message import Message

__all__ = ["ReturnedError", "returned"]


class ReturnedError(Exception):
    """The stage returned in `call` what its contract does not allow."""

    def __init__(self, call: str, what: str, message: Message | None = None) -> None:
        super().__init__(what)
        self.call = call
        self.message = message


def returned(result: object) -> list[object]:
    """What a stage returned, as a list.  A generator runs here, in the stage's own call."""
    if isinstance(result, Packet) or not isinstance(result, Iterable) or isinstance(result, str):
        return [result]
    return list(result)
