"""Which stage objects are at work: a stage keeps the state of one run."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any

from ferpipe.errors import UsageError
from ferpipe.stages import Stage

__all__ = ["claim", "release"]

_at_work: dict[int, Stage[Any]] = {}
"""By identity: what a stage is equal to is its author's affair."""
_lock = Lock()


def claim(stages: Mapping[str, Stage[Any]]) -> None:
    """Take all of `stages` for a run, or none: raises UsageError where one is in another run."""
    with _lock:
        for name, stage in stages.items():
            if id(stage) in _at_work:
                raise UsageError(
                    f"the stage '{name}' is an object that another run is using: wait for that run to end, "
                    f"or make a {type(stage).__name__} for each run"
                )
        _at_work.update({id(stage): stage for stage in stages.values()})


def release(stages: Mapping[str, Stage[Any]]) -> None:
    """The run has ended."""
    with _lock:
        for stage in stages.values():
            _at_work.pop(id(stage), None)
