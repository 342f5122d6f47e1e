"""A live run in a process of its own: events and pictures out, commands in."""

from __future__ import annotations

import json
import threading
from collections import deque
from pathlib import Path
from time import monotonic
from typing import Any

from ferpipe import FerpipeError, Packet, UsageError
from ferpipe.timeline import measure_record
from ferpipe_web.chains import last_of, live_chain, read
from ferpipe_web.worker.channel import Channel, Message
from ferpipe_web.worker.coder import Coder
from ferpipe_web.worker.outbox import Outbox
from ferpipe_web.worker.people import NobodyError, People
from ferpipe_web.worker.recording import Recording, RelayOptions
from ferpipe_web.worker.records import facts
from ferpipe_web.worker.wording import public

__all__ = ["LiveWorker"]

_TICK = 0.5
"""Seconds between two reports of the state."""
_STALLED = 2.0
"""Seconds without a frame after which the source counts as stalled."""
_END = 1.2
"""Seconds that the run has to end; a stage that needs longer is left behind."""


class LiveWorker:
    """Runs a pipeline and serves one server until it closes the pipe."""

    def __init__(self, channel: Channel, config: dict[str, Any]) -> None:
        self._channel = channel
        self._number = config["run"]
        source = config.get("source")
        self._pipeline = live_chain(read(config), (source["use"], source["with"]) if source else None)
        self._at = last_of(self._pipeline)
        self._loop = bool(config.get("loop"))
        self._run = self._pipeline.new_run(tap=self._tap, at=self._at)
        self._people = People()
        self._outbox = Outbox(channel)
        self._coder = Coder(self._outbox.picture)
        self._recording: Recording | None = None
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._times: deque[float] = deque(maxlen=600)
        self._begun: tuple[float, float] | None = None
        self._count = 0
        self._size: tuple[int, int] | None = None
        self._live = True

    def serve(self) -> None:
        """Until the server closes the pipe, or says so; outputs are finished then."""
        graph = self._pipeline.graph
        self._outbox.put(
            {
                "type": "ready",
                "measures": [measure_record(each) for each in graph.arrivals[self._at].measures.values()],
            }
        )
        self._run.start()
        threading.Thread(target=self._watch, name="watch", daemon=True).start()
        while (message := self._channel.read()) is not None:
            if message.header["do"] == "stop":
                break
            self._answer(message)
        self._finish()

    # -- in the run's threads ------------------------------------------------------------

    def _tap(self, packet: Packet) -> None:
        """Hand on a packet that has left the pipeline; a file is held back to its own pace."""
        if self._ending.is_set():
            return
        self._pace(packet)
        packet = self._people.apply(packet)
        self._count += 1
        self._times.append(monotonic())
        height, width = packet.picture.shape[:2]
        self._size = (width, height)
        found = facts(packet, self._people)
        text = json.dumps({"type": "frame", "run": self._number, "id": self._count, **found})
        self._outbox.put({"type": "frame", "time": found["time"]}, text.encode())
        self._coder.put(self._count, packet)
        with self._lock:
            if self._recording is not None:
                self._recording.put(packet)

    def _pace(self, packet: Packet) -> None:
        if packet.frame.captured is not None:
            return
        self._live = False
        now, seconds = monotonic(), packet.frame.seconds
        if self._begun is None or packet.frame.discontinuity:
            self._begun = (now, seconds)
        began, first = self._begun
        self._ending.wait(max(0.0, began + seconds - first - now))

    # -- in the watching thread ----------------------------------------------------------

    def _watch(self) -> None:
        while not self._run.wait(_TICK) or self._begin_again():
            self._outbox.put(self._state())
        with self._lock:
            recording, self._recording = self._recording, None
        if recording is not None:
            self._closed(recording)
        error = self._run.report().error
        state = "stopped" if self._ending.is_set() else "ended" if error is None else "failed"
        line = None if error is None else public(str(error))
        self._outbox.put({**self._state(), "state": state, "error": line, "over": True})

    def _begin_again(self) -> bool:
        """Begin a file again at its end, where that is wanted; its people are others then."""
        if not self._loop or self._ending.is_set() or self._run.report().exit_code or not self._times:
            return False
        self._people = People()
        self._begun = None
        self._run = self._pipeline.new_run(tap=self._tap, at=self._at).start()
        return True

    def _state(self) -> dict[str, Any]:
        report = self._run.report()
        source = next(iter(report.sources), None)
        now = monotonic()
        recent = [at for at in tuple(self._times) if now - at <= _STALLED]
        states = {stage.name: stage.state for stage in report.stages}
        said = states.get(source.name, "") if source is not None else ""
        state = "live" if recent else said if said in ("connecting", "waiting", "stalled") else "connecting"
        if not recent and self._times and state == "connecting":
            state = "stalled"
        recording = self._recording
        return {
            "type": "state",
            "state": state,
            "error": None,
            "fps": round((len(recent) - 1) / (recent[-1] - recent[0]), 1) if len(recent) > 1 else 0.0,
            "age_ms": _age(source.age) if source is not None and self._live else None,
            "frames": 0 if source is None else source.out,
            "dropped": {} if source is None else dict(source.dropped),
            "failed": {} if source is None else dict(source.failed),
            "position": 0.0 if source is None else source.position / 1e6,
            "width": None if self._size is None else self._size[0],
            "height": None if self._size is None else self._size[1],
            "classes": list(self._notes().get("classes", ())),
            "people": self._people.listed(),
            "recorded": None if recording is None else recording.frames,
        }

    def _notes(self) -> dict[str, Any]:
        """What the stages up to the tap have noted."""
        notes: dict[str, Any] = {}
        by_stage = self._run.report().notes
        for name in (*self._pipeline.graph.arrivals[self._at].notes_from, self._at):
            notes.update(by_stage.get(name, {}))
        return notes

    # -- in the main thread --------------------------------------------------------------

    def _answer(self, message: Message) -> None:
        header = message.header
        try:
            result = self._do(header)
        except FerpipeError as error:
            status = 404 if isinstance(error, NobodyError) else 409
            answer = {"type": "answer", "re": header.get("id"), "error": public(str(error)), "status": status}
            self._outbox.put(answer)
        else:
            self._outbox.put({"type": "answer", "re": header.get("id"), "result": result})

    def _do(self, header: dict[str, Any]) -> Any:
        what = header["do"]
        if what == "widths":
            self._coder.widths = frozenset(header["widths"])
            return None
        if what == "rename":
            self._people.rename(header["track"], header["name"])
        elif what == "merge":
            self._people.merge(header["into"], header["track"])
        elif what == "split":
            self._people.split(header["track"])
        elif what == "record":
            return self._record(Path(header["folder"]))
        elif what == "finish recording":
            return self._end_recording()
        self._outbox.put(self._state())
        return None

    def _record(self, folder: Path) -> None:
        if self._recording is not None:
            raise UsageError("a recording is under way: stop it first")
        if self._run.wait(0):
            raise UsageError("nothing runs that could be recorded: start the source first")
        arrival = self._pipeline.graph.arrivals[self._at]
        kinds = {*arrival.givers, *self._pipeline.graph[self._at].gives} - {"frame", *arrival.measures}
        report = self._run.report()
        stream = report.sources[0].stream if report.sources else None
        options = RelayOptions(kinds=tuple(sorted(kinds)), numbers=tuple(arrival.measures.values()))
        recording = Recording(folder, options, stream, self._notes())
        with self._lock:
            self._recording = recording

    def _end_recording(self) -> dict[str, Any]:
        with self._lock:
            recording, self._recording = self._recording, None
        if recording is None:
            raise UsageError("no recording is under way")
        return self._closed(recording)

    def _closed(self, recording: Recording) -> dict[str, Any]:
        recording.finish(self._people.names())
        error = recording.error
        result = {
            "frames": recording.frames,
            "lost": recording.lost,
            "error": None if error is None else public(error),
        }
        self._outbox.put({"type": "recorded", **result})
        return result

    def _finish(self) -> None:
        """Within two seconds: the recording first, for it is what would be lost."""
        self._ending.set()
        self._run.finish()
        with self._lock:
            recording, self._recording = self._recording, None
        if recording is not None:
            self._closed(recording)
        self._run.wait(_END)
        self._coder.close()
        self._outbox.close()


def _age(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
