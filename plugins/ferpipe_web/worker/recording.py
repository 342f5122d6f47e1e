"""Recording a part of a run: an annotated video and a timeline, by the sinks of ferpipe."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from ferpipe import Context, Measure, Options, Packet, Pipeline, Source, StreamInfo
from ferpipe.packet import Frame

__all__ = ["Recording", "RelayOptions"]

_WAITING = 64
"""Packets that wait for the encoder; then the oldest one is dropped, and counted."""


_STEP = 40_000
"""Microseconds between the last frame of a file and its first one, when it begins again."""


class RelayOptions(Options):
    """What arrives from the other run."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    kinds: tuple[str, ...] = ()
    numbers: tuple[Measure, ...] = ()


class Relay(Source[RelayOptions]):
    """Gives the packets of another run, from time 0."""

    Options = RelayOptions

    def __init__(self, options: RelayOptions, stream: StreamInfo | None, notes: Mapping[str, Any]) -> None:
        super().__init__(options)
        self._of = stream
        self._notes = notes
        self._waiting: deque[Packet] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self.lost = 0

    @classmethod
    def contract(cls, options: RelayOptions) -> tuple[frozenset[str], frozenset[str]]:
        """What the other run gives."""
        return frozenset(), frozenset({"frame", *options.kinds})

    @classmethod
    def measured(cls, options: RelayOptions, arriving: Mapping[str, Measure]) -> tuple[Measure, ...]:  # noqa: ARG003
        """The measures of the other run."""
        return options.numbers

    def open(self, context: Context) -> None:
        """Leave the notes of the other run for the header of the timeline."""
        super().open(context)
        of = self._of
        self.stream = StreamInfo(context.name, "live" if of is None else of.uri, rate=of.rate if of else None)
        for key, value in self._notes.items():
            context.note(key, value)

    def put(self, packet: Packet) -> None:
        """Hand a packet in."""
        with self._changed:
            if len(self._waiting) >= _WAITING:
                self._waiting.popleft()
                self.lost += 1
            self._waiting.append(packet)
            self._changed.notify()

    def end(self) -> None:
        """There will be no more."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def interrupt(self) -> None:
        """Wake `frames`."""
        self.end()

    def frames(self) -> Iterator[Packet]:
        """The packets, numbered and timed from the first one; a file that begins again goes on."""
        start: int | None = None
        index, last = 0, -_STEP
        while (packet := self._next()) is not None:
            frame, cut = packet.frame, packet.frame.discontinuity
            start = frame.time if start is None else start
            if frame.time - start <= last:
                start, cut = frame.time - last - _STEP, True
            last = frame.time - start
            image = Frame(frame.image, last, index, self.context.name, cut)
            yield Packet(image, packet.data, packet.measures)
            index += 1

    def _next(self) -> Packet | None:
        with self._changed:
            while not self._waiting and not self._ended:
                self.context.alive()
                self._changed.wait(1.0)
            return self._waiting.popleft() if self._waiting else None


class Recording:
    """One recording under way; `folder` gets `video.mp4` and `timeline.jsonl`."""

    def __init__(
        self,
        folder: Path,
        options: RelayOptions,
        stream: StreamInfo | None,
        notes: Mapping[str, Any],
    ) -> None:
        self.folder = folder
        self._relay = Relay(options, stream, notes)
        self._run = Pipeline.of(
            self._relay,
            ("video", {"path": str(folder / "video.mp4"), "preset": "superfast", "audio": False}),
            ("timeline", {"path": str(folder / "timeline.json")}),
            mode="lossless",
            overwrite=True,
        ).start()
        self.frames = 0

    def put(self, packet: Packet) -> None:
        """Record a packet; never waits."""
        self.frames += 1
        self._relay.put(packet)

    @property
    def lost(self) -> int:
        """Frames that the encoder was too slow for."""
        return self._relay.lost

    @property
    def error(self) -> str | None:
        """What went wrong, if anything."""
        error = self._run.control.error
        return None if error is None else str(error)

    def finish(self, people: Mapping[str, str], patience: float = 1.5) -> None:
        """Finish the files, and put the names of people into the header of the timeline."""
        self._relay.end()
        if not self._run.wait(patience):
            self._run.finish()
            self._run.wait(1.0)
        if people and self.error is None:
            _put_names(self.folder / "timeline.json", people)


def _put_names(path: Path, people: Mapping[str, str]) -> None:
    """Add `people` to the notes of a finished timeline, whose header has a line for each entry."""
    changed = path.with_name(f".{path.name}.names")
    with path.open(encoding="utf-8") as old, changed.open("w", encoding="utf-8") as new:
        for line in old:
            key, colon, value = line.partition(": ")
            if colon and key == '"notes"':
                notes = {**json.loads(value.rstrip().rstrip(",")), "people": dict(people)}
                new.write(f"{key}: {json.dumps(notes, ensure_ascii=False, separators=(',', ':'))},\n")
                new.writelines(old)
                break
            new.write(line)
    changed.replace(path)
