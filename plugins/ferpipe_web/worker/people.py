"""Who is who in one run: names given by hand, and tracks that are the same person."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from ferpipe import Face, Packet, UsageError

__all__ = ["NobodyError", "People"]

_MOST = 1000
"""People who are remembered; those who left longest ago are forgotten first."""
_GONE = 1_000_000
"""Microseconds of stream time after which a person who is not seen is not present."""


class NobodyError(UsageError):
    """A track that nobody has, or that is merged into another one."""


class People:
    """The tracks of a run, as they are shown: merged and named.  Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._into: dict[int, int] = {}
        self._names: dict[int, str] = {}
        self._seen: dict[int, dict[str, Any]] = {}
        self._together: dict[int, set[int]] = {}
        self._now = 0

    def apply(self, packet: Packet) -> Packet:
        """The packet with merged tracks under one number; remembers who is in it."""
        with self._lock:
            self._now = packet.time
            found = [face.track for face in packet.faces if face.track is not None]
            shown = self._shown(found)
            self._remember(packet, shown)
        if all(shown[track] == track for track in found):
            return packet
        return packet.replace(faces=tuple(_renumbered(face, shown) for face in packet.faces))

    def name_of(self, track: int | None) -> str | None:
        """The name of a person."""
        return None if track is None else self._names.get(track)

    def names(self) -> dict[str, str]:
        """All names by track, as they go into a recording."""
        with self._lock:
            return {str(track): name for track, name in sorted(self._names.items())}

    def rename(self, track: int, name: str | None) -> None:
        """Give a person a name, or take it away.  Raises NobodyError where nobody has that track."""
        with self._lock:
            self._known(track)
            if name is None:
                self._names.pop(track, None)
            else:
                self._names[track] = name

    def merge(self, into: int, track: int) -> None:
        """Show `track` as `into` from now on.  Raises NobodyError, UsageError where both were in one
        picture.
        """
        with self._lock:
            self._known(into)
            self._known(track)
            if into == track:
                raise UsageError(f"track {track} cannot be merged with itself")
            ours, theirs = {into, *self._merged(into)}, {track, *self._merged(track)}
            if any(self._together.get(each, set()) & theirs for each in ours):
                raise UsageError(f"tracks {into} and {track} were in one picture: they are two people")
            for each in theirs:
                self._into[each] = into
            name = self._names.pop(track, None)
            if name is not None:
                self._names.setdefault(into, name)
            first = min(self._seen[into]["first"], self._seen[track]["first"])
            self._seen[into] = {
                **max(self._seen[into], self._seen[track], key=lambda seen: int(seen["last"])),
                "first": first,
            }

    def split(self, track: int) -> None:
        """Undo a merge.  Raises UsageError where the track is not merged into another one."""
        with self._lock:
            if self._into.pop(track, None) is None:
                raise UsageError(f"track {track} is not merged into another one")

    def listed(self) -> list[dict[str, Any]]:
        """Everyone, in the order of their numbers; times in seconds of stream time."""
        with self._lock:
            return [
                {
                    "track": track,
                    "name": self._names.get(track),
                    "merged": self._merged(track),
                    "present": self._now - seen["last"] <= _GONE,
                    "label": seen["label"],
                    "first": seen["first"] / 1e6,
                    "last": seen["last"] / 1e6,
                }
                for track, seen in sorted(self._seen.items())
                if track not in self._into
            ]

    def _shown(self, found: Iterable[int]) -> dict[int, int]:
        """The number under which each track is shown; its own where the other one is in the picture too."""
        tracks = list(found)
        shown: dict[int, int] = {}
        for track in sorted(tracks, key=lambda track: track in self._into):
            into = self._into.get(track, track)
            shown[track] = track if into in shown.values() or (into != track and into in tracks) else into
        return shown

    def _remember(self, packet: Packet, shown: dict[int, int]) -> None:
        for face in packet.faces:
            if face.track is None:
                continue
            label = None if face.emotion is None else face.emotion.label
            for track in {face.track, shown[face.track]}:
                seen = self._seen.setdefault(track, {"first": packet.time})
                seen.update(last=packet.time, label=label)
            if len(shown) > 1:
                self._together.setdefault(face.track, set()).update(shown.keys() - {face.track})
        while len(self._seen) > _MOST:
            oldest = min(self._seen, key=lambda track: (track in self._names, self._seen[track]["last"]))
            for part in (self._seen, self._into, self._names, self._together):
                part.pop(oldest, None)

    def _merged(self, track: int) -> list[int]:
        return sorted(other for other, into in self._into.items() if into == track)

    def _known(self, track: int) -> None:
        if track not in self._seen or track in self._into:
            raise NobodyError(f"nobody has the track {track}: choose one of the people that are listed")


def _renumbered(face: Face, shown: dict[int, int]) -> Face:
    return face if face.track is None else face.replace(track=shown[face.track])
