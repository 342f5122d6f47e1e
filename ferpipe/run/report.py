"""What is known of a run while it goes on, and at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ferpipe.errors import FerpipeError
from ferpipe.packet import StreamInfo

__all__ = ["RunReport", "SourceReport", "StageReport"]

_SIGNALS = {"SIGINT": 130, "SIGTERM": 143}


@dataclass(frozen=True, slots=True)
class StageReport:
    """The figures of one stage; times in milliseconds.

    share: part of the time of all stages, 0 for a live source, which only waits;
    queue, deepest: packets waiting now, and at the most; copies: of the stage at work at once.
    """

    name: str
    use: str
    frames: int
    mean: float
    p50: float
    p95: float
    p99: float
    total: float
    share: float
    queue: int
    deepest: int
    errors: int
    state: str
    counters: Mapping[str, int]
    copies: int = 1


@dataclass(frozen=True, slots=True)
class SourceReport:
    """Where the frames of one source went: `entered` = `out` + dropped + failed + `in_flight`.

    position: stream time in microseconds of the newest frame that left; age: seconds between a
    live frame's arrival and its leaving, lately, None for files.
    """

    name: str
    stream: StreamInfo | None
    live: bool
    entered: int
    out: int
    dropped: Mapping[str, int]
    failed: Mapping[str, int]
    in_flight: int
    position: int
    age: float | None
    oldest: float | None


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run: `error` is None where it went well; `reason` is the signal that ended it, if any.

    elapsed: seconds from the start, opening included; first_frame: seconds until the first frame
    left.  outputs: the files finished; about: lines on what is in them, by file.  notes: what each
    stage noted, by its name.
    """

    elapsed: float
    first_frame: float | None
    sources: tuple[SourceReport, ...]
    stages: tuple[StageReport, ...]
    outputs: tuple[str, ...] = ()
    about: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    reason: str | None = None
    error: FerpipeError | None = None
    others: tuple[FerpipeError, ...] = ()

    @property
    def frames(self) -> int:
        """Frames that left, over all sources."""
        return sum(source.out for source in self.sources)

    @property
    def refused(self) -> bool:
        """Whether the run ended before its first frame, by something that its caller has to change."""
        return self.exit_code == 2 and not any(source.entered for source in self.sources)

    @property
    def exit_code(self) -> int:
        """0, the error's code, or 128 and the signal's number."""
        if self.error is not None:
            return self.error.exit_code
        return _SIGNALS.get(self.reason or "", 0)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON takes it; what `--stats` writes."""
        return {
            "format": "ferpipe.stats/1",
            "elapsed": self.elapsed,
            "first_frame": self.first_frame,
            "reason": self.reason,
            "error": None if self.error is None else str(self.error),
            "others": [str(error) for error in self.others],
            "outputs": list(self.outputs),
            "sources": [asdict(source) for source in self.sources],
            "stages": [asdict(stage) for stage in self.stages],
        }
