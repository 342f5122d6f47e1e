"""The trace of a run, for Perfetto."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence

from ferpipe.errors import RunError
from ferpipe.output import Output

__all__ = ["Trace"]


class Trace:
    """A trace in the Trace Event Format (Google, 2016), which Perfetto and Chrome open.

    Events are written as they come, so that a run cut short leaves a trace that still opens.
    """

    def __init__(self, output: Output, threads: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self._error: RunError | None = None
        self._output = output
        self._mark = "[\n"
        self._numbers = {name: i + 1 for i, name in enumerate(threads)}
        meta = [
            {"name": "thread_name", "ph": "M", "pid": 1, "tid": number, "args": {"name": name}}
            for name, number in self._numbers.items()
        ]
        self._pending = [json.dumps(event) for event in meta]

    def lane(self, name: str) -> int:
        """A further row of the trace under `name`; spans in one row must not overlap."""
        with self._lock:
            number = len(self._numbers) + 1
            self._numbers[f"{name} {number}"] = number
            event = {"name": "thread_name", "ph": "M", "pid": 1, "tid": number, "args": {"name": name}}
            self._pending.append(json.dumps(event))
        return number

    def row(self, stage: str) -> int:
        """The row of a stage."""
        return self._numbers.get(stage, 0)

    def span(self, row: int, call: str, start: float, seconds: float, frame: int | None) -> None:
        """One call of a stage: `start` in seconds of `time.perf_counter`."""
        event = (
            f'{{"name":{json.dumps(call)},"cat":"stage","ph":"X","ts":{start * 1e6:.1f},'
            f'"dur":{seconds * 1e6:.1f},"pid":1,"tid":{row},'
            f'"args":{{"frame":{"null" if frame is None else frame}}}}}'
        )
        with self._lock:
            self._pending.append(event)
            if len(self._pending) >= 4096:
                self._write()

    def close(self, *, keep: bool = True) -> RunError | None:
        """Write the rest; the file is complete JSON from here on.  Gives the error if it is not.

        keep: False leaves no file, where nothing has been written yet.
        """
        end = {"name": "process_name", "ph": "M", "pid": 1, "args": {"name": "ferpipe"}}
        with self._lock:
            if not keep and self._mark.startswith("["):
                self._output.close()
                return None
            self._pending.append(json.dumps(end))
            self._write(last=True)
            self._try(self._output.commit)
            self._output.close()
        return self._error

    def _write(self, *, last: bool = False) -> None:
        text = self._mark + ",\n".join(self._pending) + ("\n]\n" if last else "")
        self._mark = ",\n"
        self._pending.clear()
        self._try(lambda: self._output.write(text.encode()))

    def _try(self, work: Callable[[], object]) -> None:
        """A trace that cannot be written is given up; it must not disturb the run."""
        if self._error is not None:
            return
        try:
            work()
        except RunError as error:
            self._error = error
