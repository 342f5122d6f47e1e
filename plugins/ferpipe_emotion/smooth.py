"""The stage `smooth`: steady what the classifier says along each track.  See docs/smoothing.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from ferpipe import Context, Face, Measure, Options, Packet, Stage
from ferpipe.packet import MICROSECONDS, StreamInfo
from ferpipe_emotion.hysteresis import Steady
from ferpipe_emotion.labels import LabelRule
from ferpipe_emotion.measure_filter import MeasureFilter, declared

__all__ = ["Smooth", "SmoothOptions"]


class SmoothOptions(Options):
    """Options of `smooth`; times are seconds of stream time."""

    tau: float = Field(
        default=0.2,
        ge=0,
        le=60,
        description="Time constant: 63 % of a change is shown after it. 0 turns smoothing off.",
    )
    margin: float = Field(
        default=0.15,
        ge=0,
        lt=1,
        description="A class becomes the label if it exceeds every other by `margin` for `hold`.",
    )
    hold: float = Field(
        default=0.2, ge=0, le=60, description="Time without interruption that `margin` must be kept for."
    )
    window: float = Field(
        default=1.0,
        gt=0,
        le=60,
        description="A class also becomes the label if it leads the mean over `window` for `lasting`.",
    )
    lasting: float = Field(
        default=0.3,
        ge=0,
        le=60,
        description="Time without interruption that a class must lead the mean over `window` for.",
    )
    keep: float = Field(
        default=2.0,
        ge=0,
        le=3600,
        description="Time after which a label that has not been confirmed is dropped.",
    )
    forget: float = Field(
        default=1.0, gt=0, le=3600, description="Time after which a track that was missing starts anew."
    )
    carried: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Weight of the faces that the tracker predicted on a frame without detection.",
    )
    unsure: bool = Field(
        default=True,
        description="A face that the classifier is unsure of for most of `window` has no label and is unsure;"
        " false gives it a label nevertheless.",
    )
    measures: tuple[str, ...] = Field(
        default=(),
        description=(
            "Measures to smooth too, such as head.yaw; the unsmoothed value is kept as head.yaw.raw. If any"
            " is named, no classifier is needed."
        ),
    )


class Smooth(Stage[SmoothOptions]):
    """Steady emotions along each track: exponential smoothing, and labels that are earned.

    A track begins without a label, and has none while the classifier is unsure of it.  The probabilities
    before smoothing are kept as `raw`.  Faces without a track or without an emotion pass unchanged.
    Measures that are named are smoothed too, those of faces along each track, and kept as they were under
    their name with `.raw` behind it.
    """

    Options = SmoothOptions
    needs: ClassVar[frozenset[str]] = frozenset({"faces", "tracks", "emotions"})
    gives: ClassVar[frozenset[str]] = frozenset({"smoothed"})

    def __init__(self, options: SmoothOptions | None = None) -> None:
        super().__init__(options)
        self._tracks: dict[tuple[str, int], Steady] = {}
        self._filters: dict[tuple[str, int | None], MeasureFilter] = {}
        self._last: dict[str, int] = {}
        self._short: frozenset[str] = frozenset()

    @classmethod
    def contract(cls, options: SmoothOptions) -> tuple[frozenset[str], frozenset[str]]:
        """The measures that are named, and a classifier where none is."""
        if not options.measures:
            return cls.needs, cls.gives
        return cls.needs - {"emotions"} | set(options.measures), cls.gives

    @classmethod
    def measured(cls, options: SmoothOptions, arriving: Mapping[str, Measure]) -> tuple[Measure, ...]:
        """What is smoothed, and what it was before."""
        return declared(options.measures, arriving)

    def open(self, context: Context) -> None:
        """Note the sources that are over before a label could be earned."""
        super().open(context)
        limit = round(self.options.window * MICROSECONDS)
        self._short = frozenset(
            name for name, stream in context.streams.items() if _ends_within(stream, limit)
        )

    def process(self, packet: Packet) -> Packet:
        """Smooth the emotion of every tracked face."""
        if packet.frame.discontinuity:
            self._tracks.clear()
            self._filters.clear()
        self._forget(packet.time)
        last = self._last.get(packet.frame.source)
        self._last[packet.frame.source] = packet.time
        if self.options.measures and packet.measures:
            packet = packet.with_measures(self._filtered(None, packet.measures, packet, 1.0))
        if not packet.faces:
            return packet
        at_once = packet.frame.source in self._short or self._is_rare(packet.time, last)
        return packet.replace(faces=tuple(self._smoothed(face, packet, at_once) for face in packet.faces))

    def close(self) -> None:
        """Forget every track."""
        self._tracks.clear()
        self._filters.clear()

    def _smoothed(self, face: Face, packet: Packet, at_once: bool) -> Face:  # noqa: FBT001
        track = face.track
        if track is None:
            return face
        weight = 1.0 if face.detected else self.options.carried
        if self.options.measures and face.measures:
            face = face.with_measures(self._filtered(track, face.measures, packet, weight))
        if face.emotion is None:
            return face
        emotion, key = face.emotion, (packet.frame.source, track)
        steady = self._tracks.get(key)
        if steady is None or steady.classes != emotion.classes:
            steady = self._tracks[key] = Steady(
                emotion.classes, self.options.tau, self._rule(), at_once=at_once
            )
        unsure = emotion.unsure and self.options.unsure
        return face.replace(emotion=steady.update(emotion.probabilities, packet.time, weight, unsure=unsure))

    def _filtered(
        self, track: int | None, values: Mapping[str, float], packet: Packet, weight: float
    ) -> dict[str, float]:
        """Of the measures of a face, or of the frame, those that are smoothed."""
        key = (packet.frame.source, track)
        if key not in self._filters:
            forget = round(self.options.forget * MICROSECONDS)
            self._filters[key] = MeasureFilter(self.options.measures, self.options.tau, forget)
        return self._filters[key].update(values, packet.time, weight)

    def _rule(self) -> LabelRule:
        options = self.options
        times = (options.hold, options.window, options.lasting, options.keep)
        return LabelRule(options.margin, *(round(seconds * MICROSECONDS) for seconds in times))

    def _is_rare(self, time: int, last: int | None) -> bool:
        """Whether frames come so seldom that no track lasts from one to the next."""
        return last is not None and time - last > self.options.forget * MICROSECONDS

    def _forget(self, now: int) -> None:
        """Drop the tracks that have been away for too long, so that memory stays bounded."""
        limit = now - round(self.options.forget * MICROSECONDS)
        for key in [key for key, steady in self._tracks.items() if steady.time < limit]:
            del self._tracks[key]
        for of in [of for of, each in self._filters.items() if each.time < limit]:
            del self._filters[of]


def _ends_within(stream: StreamInfo, limit: int) -> bool:
    """Whether a stream is a still, or known to last for less than `limit` microseconds."""
    if stream.live:
        return False
    ends = [end for end in (stream.end, stream.duration) if end is not None]
    return stream.frames == 1 or (bool(ends) and min(ends) - stream.start < limit)
