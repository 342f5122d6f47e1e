"""The shape of a pipeline file: its keys, what they take, and what they are for.

Loading checks files against these models, and the JSON Schema is made from them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ferpipe.graph.model import ErrorPolicy, RunSettings

__all__ = ["MOST_STAGES", "VERSION", "OnError", "PipelineKeys", "Run", "StageKeys"]

VERSION = 1
MOST_STAGES = 1000
"""Proving a pipeline takes a time that grows with the square of its stages."""

_DEFAULTS = RunSettings()
_Action = Literal["fail", "skip", "pass"]
Name = Annotated[str, Field(pattern=r"^\w[\w-]*$", max_length=64)]


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Run(_Keys):
    """How the pipeline is run; the command line overrides it."""

    executor: Literal["inline", "threads"] = Field(
        _DEFAULTS.executor,
        description=(
            "`threads` gives each stage a thread of its own; `inline` runs all stages in one thread, in "
            "order."
        ),
    )
    mode: Literal["auto", "lossless", "live"] = Field(
        _DEFAULTS.mode,
        description=(
            "`lossless` waits for slow stages, `live` drops frames at the source, and `auto` is lossless "
            "for files and live for live sources."
        ),
    )
    queue: int = Field(_DEFAULTS.queue, ge=1, le=10_000, description="Maximum number of packets in a queue.")
    queue_bytes: int = Field(
        _DEFAULTS.queue_bytes, ge=1, description="Maximum number of bytes of frames in flight."
    )
    copies: int | None = Field(
        _DEFAULTS.copies,
        ge=1,
        le=64,
        description=(
            "How many replicas of a stage that processes each packet independently, such as a detector, run"
            " at once on a file. Default: one for each core, at most four."
        ),
    )
    in_flight: int | None = Field(
        _DEFAULTS.in_flight, ge=1, description="Maximum number of live frames in flight. Default: adaptive."
    )
    open_timeout: float = Field(
        _DEFAULTS.open_timeout, gt=0, description="Seconds that a stage may take to open."
    )
    output_dir: str | None = Field(
        _DEFAULTS.output_dir, min_length=1, description="Every output file must be below this folder."
    )
    overwrite: bool = Field(_DEFAULTS.overwrite, description="Whether outputs overwrite existing files.")

    def settings(self) -> RunSettings:
        """As the run takes them."""
        return RunSettings(**dict(self))


class OnError(_Keys):
    """What happens when the stage fails on a packet, and how often it may."""

    action: _Action = Field(
        description="`fail` ends the run, `skip` drops the packet, `pass` passes it on unchanged."
    )
    budget: int | None = Field(None, ge=0, description="The run ends if there are more errors than this.")


class StageKeys(_Keys):
    """One stage of the pipeline."""

    use: str = Field(min_length=1, description="The type of the stage, as listed by `ferpipe plugins`.")
    name: Name | None = Field(
        None, description="The name of the stage in this pipeline. Default: its type, then type-2, type-3."
    )
    from_: str | list[str] = Field(
        [], alias="from", description="The stages whose packets it receives. Default: the stage before it."
    )
    on_error: _Action | OnError = Field(
        "fail",
        description=(
            "What happens if the stage fails on a packet: `fail` ends the run, `skip` drops the packet, "
            "`pass` passes it on unchanged."
        ),
    )
    timeout: float = Field(30.0, gt=0, description="Seconds that one call may take before the run is ended.")
    with_: dict[str, Any] | None = Field(None, alias="with", description="The options of the stage.")

    def policy(self) -> ErrorPolicy:
        """`on_error` as the run takes it."""
        if isinstance(self.on_error, OnError):
            return ErrorPolicy(self.on_error.action, self.on_error.budget)
        return ErrorPolicy(self.on_error)


class PipelineKeys(_Keys):
    """A ferpipe pipeline: stages that packets pass through, from sources to sinks."""

    version: Literal[1] = Field(description="The version of this format: 1.")
    name: str | None = Field(
        None, min_length=1, description="A name for reports. Default: the name of the file."
    )
    plugins: list[str] | None = Field(
        None, description="Plugin files, relative to this one. They are code and run with your rights."
    )
    run: Run | None = Field(None, description="How the pipeline is run. The command line overrides it.")
    stages: list[Any] = Field(
        min_length=1,
        max_length=MOST_STAGES,
        description="The stages, in the order in which packets pass through them.",
    )
