"""The stage `smooth`: steady what the classifier says along each track.  See docs/smoothing.md."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ferpipe import Emotion, Face, Options, Packet, Stage
from ferpipe.packet import MICROSECONDS
from ferpipe_emotion.hysteresis import Steadiness, Steady

__all__ = ["Smooth", "SmoothOptions"]


class SmoothOptions(Options):
    """Options of `smooth`; times are seconds of stream time."""

    tau: float = Field(
        default=0.2,
        ge=0,
        le=60,
        description="Time constant: 63 % of a change is shown after it; 0 is none.",
    )
    margin: float = Field(
        default=0.15,
        ge=0,
        lt=1,
        description="A new label must be this much more probable than the old one ...",
    )
    hold: float = Field(default=0.2, ge=0, le=60, description="... for this long, without a break.")
    forget: float = Field(
        default=1.0, gt=0, le=3600, description="A track that was away for longer starts afresh."
    )
    carried: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Weight of faces that the tracker carried over a frame without detection.",
    )


class Smooth(Stage[SmoothOptions]):
    """Steady emotions along each track: exponential smoothing, and labels with hysteresis.

    The probabilities before smoothing are kept as `raw`.  Faces without a track or without an
    emotion pass unchanged.
    """

    Options = SmoothOptions
    needs: ClassVar[frozenset[str]] = frozenset({"faces", "tracks", "emotions"})
    gives: ClassVar[frozenset[str]] = frozenset({"smoothed"})

    def __init__(self, options: SmoothOptions | None = None) -> None:
        super().__init__(options)
        self._tracks: dict[tuple[str, int], Steady] = {}

    def process(self, packet: Packet) -> Packet:
        """Smooth the emotion of every tracked face."""
        if packet.frame.discontinuity:
            self._tracks.clear()
        self._forget(packet.time)
        if not packet.faces:
            return packet
        return packet.replace(faces=tuple(self._smoothed(face, packet) for face in packet.faces))

    def close(self) -> None:
        """Forget every track."""
        self._tracks.clear()

    def _smoothed(self, face: Face, packet: Packet) -> Face:
        if face.track is None or face.emotion is None:
            return face
        emotion, key = face.emotion, (packet.frame.source, face.track)
        steady = self._tracks.get(key)
        if steady is None or steady.classes != emotion.classes:
            steady = self._tracks[key] = Steady(emotion.classes, self._steadiness())
        weight = 1.0 if face.detected else self.options.carried
        shares, label = steady.update(emotion.probabilities, packet.time, weight)
        return face.replace(emotion=Emotion(emotion.classes, shares, label, raw=emotion.probabilities))

    def _steadiness(self) -> Steadiness:
        options = self.options
        return Steadiness(options.tau, options.margin, round(options.hold * MICROSECONDS))

    def _forget(self, now: int) -> None:
        """Drop the tracks that have been away for too long, so that memory stays bounded."""
        limit = now - round(self.options.forget * MICROSECONDS)
        for key in [key for key, steady in self._tracks.items() if steady.time < limit]:
            del self._tracks[key]
