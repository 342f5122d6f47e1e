"""The timelines that are converted: their findings in memory, their frames only while they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ferpipe import UsageError
from ferpipe.timeline import Timeline, load

__all__ = ["Input", "inputs_of", "stem_of"]


@dataclass(frozen=True, slots=True)
class Input:
    """One timeline under the name of its recording.

    about: the timeline, perhaps without its frames.  columns: those of its `.csv`.  whole: gives it with
    its frames.
    """

    name: str
    about: Timeline
    columns: list[str]
    whole: Callable[[], Timeline]

    @classmethod
    def of(cls, name: str, timeline: Timeline) -> Input:
        """A timeline that stays in memory."""
        return cls(name, timeline, timeline.columns(), lambda: timeline)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows of the `.csv`, one a face a frame."""
        return self.whole().rows()


def inputs_of(paths: Sequence[Path]) -> list[Input]:
    """The timelines by the names of their recordings; by those of the files where these are not unique.

    Of several, each is read again when its frames are wanted, so that one at a time is in memory.
    Raises UsageError where one cannot be read, or is given twice.
    """
    found = [_opened(path, alone=len(paths) == 1) for path in paths]
    if len({each.name for each in found}) == len(found):
        return found
    names = [str(path) for path in paths]
    if len(set(names)) < len(names):
        raise UsageError(f"'{max(names, key=names.count)}' is given twice")
    return [replace(each, name=name) for each, name in zip(found, names, strict=True)]


def _opened(path: Path, *, alone: bool) -> Input:
    timeline = load(path)
    one = Input.of(timeline.source["name"] if timeline.source else stem_of(path), timeline)
    if alone:
        return one
    return replace(one, about=replace(timeline, frames=[]), whole=lambda: load(path))


def stem_of(path: Path) -> str:
    """The name of a timeline's file without what says that it is one."""
    name = path.name
    for ending in (".part", ".json", ".jsonl", ".csv", ".timeline"):
        name = name.removesuffix(ending)
    return name
