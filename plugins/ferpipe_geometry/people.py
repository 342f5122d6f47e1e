"""What a stage remembers of each person: by source and track, bounded, afresh after a cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from ferpipe import Frame

__all__ = ["People"]

T = TypeVar("T")

_MOST = 256
"""People of a source that are remembered; those not seen for longest are forgotten first."""


class People(Generic[T]):
    """One `T` a person, made when it is first requested."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._known: dict[str, dict[int, T]] = {}

    def at(self, frame: Frame) -> Callable[[int], T]:
        """Gives what is known of a track in this frame; call it once a frame, as a cut forgets everybody."""
        if frame.discontinuity:
            self._known.pop(frame.source, None)
        known = self._known.setdefault(frame.source, {})

        def of(track: int) -> T:
            known[track] = found = known.pop(track) if track in known else self._make()
            if len(known) > _MOST:
                del known[next(iter(known))]
            return found

        return of
