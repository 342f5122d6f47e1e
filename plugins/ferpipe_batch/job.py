"""What a worker is given, and what it gives back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["COUNTED", "SURROUNDINGS", "Job", "Limits", "Outcome"]

COUNTED = frozenset({"error", "crash", "time limit", "stalled", "memory limit"})
"""Causes that are the video's own, as far as one can see: each is an attempt used up."""

SURROUNDINGS = frozenset({"killed", "busy", "storage", "missing"})
"""Causes that lie outside: another run may find them gone, and no attempt is used up."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one video may take.

    seconds: altogether; stall: without one more frame; memory: bytes, of its process.  None is no limit.
    """

    seconds: float | None = None
    stall: float | None = 300.0
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at one video, as JSON can carry it.

    out: the output folder or address; scratch: the folder for copies, None where none are needed.
    """

    id: int
    key: str
    source: str
    stem: str
    out: str
    scratch: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The job as JSON takes it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended.

    state: `done` or `failed`; cause: of `COUNTED`, of `SURROUNDINGS`, or `refused`, where no further
    attempt can help; outputs: bytes by name below the output folder; peak: bytes of memory.
    """

    id: int
    state: str
    cause: str | None = None
    error: str | None = None
    outputs: dict[str, int] = field(default_factory=dict)
    frames: int = 0
    seconds: float = 0.0
    peak: int = 0
    log: str = ""

    @classmethod
    def of(cls, data: dict[str, Any]) -> Outcome:
        """The outcome that `asdict` has given."""
        return cls(**data)
