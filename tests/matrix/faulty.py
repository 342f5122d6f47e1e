"""A plugin file: a stage of a plugin's own, and all stages of the matrix as they break."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from support.faults import broken

from ferpipe import Options, Packet, Stage, hookimpl
from ferpipe_emotion.classify import LiteRT
from ferpipe_emotion.smooth import Smooth
from ferpipe_faces.align import Align
from ferpipe_faces.blazeface import BlazeFace
from ferpipe_faces.track import Track
from ferpipe_sinks.null import NullSink
from ferpipe_sinks.overlay import OverlayStage
from ferpipe_sinks.stream import StreamSink
from ferpipe_sinks.timeline import TimelineSink
from ferpipe_sinks.video import VideoSink
from ferpipe_sinks.window import WindowSink
from ferpipe_sources.file import FileSource

BEHIND = 2
"""Frames that `later` keeps."""


class Later(Stage[Options]):
    """Gives every packet two packets later, as a stage does that looks ahead."""

    delays = True

    def open(self, context) -> None:
        super().open(context)
        self._kept: deque[Packet] = deque()

    def process(self, packet: Packet) -> Packet | None:
        self._kept.append(packet)
        return self._kept.popleft() if len(self._kept) > BEHIND else None

    def flush(self) -> Iterable[Packet]:
        return list(self._kept)


KINDS = {
    "file": FileSource,
    "blazeface": BlazeFace,
    "track": Track,
    "align": Align,
    "litert": LiteRT,
    "smooth": Smooth,
    "later": Later,
    "overlay": OverlayStage,
    "video": VideoSink,
    "timeline": TimelineSink,
    "null": NullSink,
    "stream": StreamSink,
    "window": WindowSink,
}


@hookimpl
def ferpipe_stages():
    return {"later": Later} | {f"broken-{name}": broken(kind) for name, kind in KINDS.items()}
