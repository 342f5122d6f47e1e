"""What `ferpipe serve` was started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Choice", "Limits", "Settings"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may ask for; sizes in bytes, times in seconds.

    pixels: of a picture; cameras, viewers, events: connections at once; jobs: that wait or run; keep:
    finished jobs that are kept, the oldest go first; uploads: at once; waiting: pictures that wait for
    `/api/analyze`; rate: requests a second of one client; memory: of a process that decodes; job_memory:
    of a job's.
    """

    upload: int = 4 * 1024**3
    picture: int = 16 * 1024**2
    frame: int = 1024**2
    body: int = 64 * 1024
    pixels: int = 50_000_000
    frame_pixels: int = 2_100_000
    cameras: int = 2
    viewers: int = 200
    events: int = 400
    connections: int = 1000
    jobs: int = 32
    keep: int = 200
    uploads: int = 4
    waiting: int = 32
    rate: float = 100.0
    memory: int = 1536 * 1024**2
    job_memory: int = 4 * 1024**3
    picture_seconds: float = 20.0
    job_seconds: float = 6 * 3600.0
    idle: float = 20.0
    """Seconds without a byte after which a request is given up."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A pipeline that may be served: what a worker needs to read it."""

    name: str
    config: Mapping[str, Any]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that holds for one server.

    pipelines: by name, the served one first.  sources: stage type and options by name; `pipeline` stands
    for the pipeline's own.
    """

    pipelines: Mapping[str, Choice]
    sources: Mapping[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    data: Path = Path()
    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = None
    hosts: frozenset[str] = frozenset()
    autostart: bool = True
    loop: bool = False
    certificate: Path | None = None
    key: Path | None = None
    limits: Limits = Limits()
    parallel_jobs: int = 1

    @property
    def served(self) -> Choice:
        """The pipeline that is started first, and that jobs and pictures go through."""
        return next(iter(self.pipelines.values()))

    @property
    def scratch(self) -> Path:
        """The folder of temporary files."""
        return self.data / "tmp"

    @property
    def secure(self) -> bool:
        """Whether it speaks https."""
        return self.certificate is not None
