"""The bodies of requests and answers, from which the OpenAPI document is made."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

__all__ = [
    "Analysis",
    "ErrorAnswer",
    "FaceAnswer",
    "FileAnswer",
    "JobAnswer",
    "JobResult",
    "JobsAnswer",
    "LiveAnswer",
    "LoginBody",
    "MeasureAnswer",
    "MergeBody",
    "NameBody",
    "PersonAnswer",
    "PipelinesAnswer",
    "RecordingAnswer",
    "RecordingsAnswer",
    "SourcesAnswer",
    "SplitBody",
    "StartBody",
    "StateAnswer",
]

Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
PersonName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Track = Annotated[int, Field(ge=1, le=2**53)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class LoginBody(_Body):
    """The token that the server printed at its start."""

    token: Annotated[str, StringConstraints(max_length=500)]


class StartBody(_Body):
    """What is to run; omitted fields stay as they are."""

    pipeline: Name | None = None
    source: Name | None = None


class NameBody(_Body):
    """The name of a person; null takes it away."""

    name: PersonName | None


class MergeBody(_Body):
    """Two tracks that are the same person."""

    into: Track
    track: Track


class SplitBody(_Body):
    """A track that was merged into another one by mistake."""

    track: Track


class ErrorAnswer(BaseModel):
    """One line: what is wrong, where, and what to do."""

    error: str


class FaceAnswer(BaseModel):
    """A face, as in timelines: `box` is left, top, width and height in pixels of the picture."""

    track: int | None = None
    name: str | None = None
    box: tuple[float, float, float, float]
    score: float | None
    label: str | None
    probabilities: dict[str, float] | None
    measures: dict[str, float] = {}
    detected: bool = True


class Analysis(BaseModel):
    """The faces in one picture, which is `width` by `height` pixels; `ms` is the time it took."""

    width: int
    height: int
    faces: list[FaceAnswer]
    measures: dict[str, float]
    ms: float


class MeasureAnswer(BaseModel):
    """A named number about a face or a frame."""

    name: str
    unit: str
    low: float | None
    high: float | None
    about: str
    of: Literal["face", "frame"]


class PersonAnswer(BaseModel):
    """Someone who was seen; `first` and `last` are seconds of stream time."""

    track: int
    name: str | None
    merged: list[int]
    present: bool
    label: str | None
    first: float
    last: float


class FileAnswer(BaseModel):
    """A file to download; `size` is in bytes."""

    name: str
    url: str
    size: int


class RecordingAnswer(BaseModel):
    """A recording; its files are listed when it is done."""

    id: str
    state: Literal["recording", "done", "failed"]
    started: str
    seconds: float
    error: str | None
    frames: int | None = None
    files: list[FileAnswer]


class RecordingsAnswer(BaseModel):
    """All recordings, the newest first."""

    recordings: list[RecordingAnswer]


class LiveAnswer(BaseModel):
    """The live run; `age_ms` is the age of a frame when it leaves, null for files."""

    run: int
    pipeline: str
    source: str
    state: Literal["stopped", "connecting", "live", "stalled", "waiting", "ended", "failed"]
    error: str | None
    fps: float
    age_ms: float | None
    frames: int
    dropped: dict[str, int]
    failed: dict[str, int]
    position: float
    width: int | None
    height: int | None
    viewers: int
    classes: list[str]
    measures: list[MeasureAnswer]
    people: list[PersonAnswer]
    recording: RecordingAnswer | None


class PipelineAnswer(BaseModel):
    """A pipeline that may be run."""

    name: str
    title: str
    served: bool


class PipelinesAnswer(BaseModel):
    """The pipelines that may be run."""

    pipelines: list[PipelineAnswer]


class SourceAnswer(BaseModel):
    """A source that may be chosen."""

    name: str
    kind: Literal["file", "pictures", "camera", "stream", "other"]
    live: bool


class SourcesAnswer(BaseModel):
    """The sources that may be chosen."""

    sources: list[SourceAnswer]


class StateAnswer(BaseModel):
    """Everything a page needs at its start."""

    version: str
    limits: dict[str, int]
    features: dict[str, bool]
    pipelines: list[PipelineAnswer]
    sources: list[SourceAnswer]
    live: LiveAnswer


class JobResult(BaseModel):
    """What a job has made; `labels` are seconds by label over everybody."""

    report: str
    files: list[FileAnswer]
    summary: dict[str, Any]


class JobAnswer(BaseModel):
    """An uploaded file and what becomes of it; `progress` is from 0 to 1."""

    id: str
    name: str
    size: int
    pipeline: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    step: Literal["analysing", "reporting"] | None
    progress: float | None
    created: str
    started: str | None
    finished: str | None
    error: str | None
    result: JobResult | None


class JobsAnswer(BaseModel):
    """All jobs, the newest first."""

    jobs: list[JobAnswer]
