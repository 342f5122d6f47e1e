"""How far reading has fallen behind a live stream, derived from its time stamps.  Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from ferpipe.packet import MICROSECONDS

__all__ = ["Lag"]

DRIFT = 5e-4
"""Seconds a second by which a camera's clock may be slow; crystals are ten times better."""

JUMP = 1.0
"""Stamps that step by more than this, in seconds, begin a new count."""


@dataclass
class Lag:
    """The delay of a stream over the least delay seen, in seconds.

    What arrives soonest after its stamp had no queue to wait in; whatever comes later than that
    has waited in the network, in the kernel's buffers, or for this process.
    """

    _least: float | None = field(default=None, init=False)
    _last: tuple[float, float] = field(default=(0.0, 0.0), init=False)

    def tell(self, stamp: int | None, now: float) -> float:
        """The lag of a packet with `stamp` (microseconds) that was read at `now` (seconds)."""
        if stamp is None:
            return 0.0
        seconds = stamp / MICROSECONDS
        read, before = self._last
        self._last = now, seconds
        if self._least is None or not 0 <= seconds - before <= JUMP + now - read:
            self._least = now - seconds
        self._least = min(self._least + DRIFT * (now - read), now - seconds)
        return now - seconds - self._least

    def due(self, stamp: int | None, now: float) -> float:
        """When a frame with `stamp` would have come without any lag; never later than `now`."""
        if stamp is None or self._least is None:
            return now
        when = self._least + stamp / MICROSECONDS
        return when if now - 60 < when < now else now

    def forgive(self) -> None:
        """Take the present delay as the least there can be."""
        self._least = None
