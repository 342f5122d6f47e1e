"""The values of a pipeline file, each with the place that it stands at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, TypeAlias

from ferpipe.errors import Problem, redact

__all__ = ["Item", "Notes", "Place", "describe", "from_object", "locate", "plain"]

_LONGEST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a file with line and column from 1, or an argument as `label`."""

    file: str | None = None
    line: int | None = None
    column: int | None = None
    label: str = ""


Value: TypeAlias = dict[str, "Item"] | list["Item"] | str | int | float | bool | None


@dataclass(slots=True)
class Item:
    """A value, the place it stands at, and those of its keys.

    variable: the text as it stands in the file, where it refers to a variable; messages show
        this and not the value, which may be a secret.
    """

    value: Value
    place: Place = Place()
    keys: dict[str, Place] = field(default_factory=dict)
    variable: str | None = None

    def get(self, key: str) -> Item | None:
        """The value of a key, None where it is absent or this is no mapping."""
        return self.value.get(key) if isinstance(self.value, dict) else None


class Notes:
    """The mistakes found so far.

    python: whether the values were written in Python, whose words the messages then use.
    """

    def __init__(self, *, python: bool = False) -> None:
        self.problems: list[Problem] = []
        self.python = python
        self._known: set[Problem] = set()

    def add(self, place: Place, message: str, where: str = "", hint: str = "") -> None:
        """Remember a mistake; an argument of the command line names itself as `where`."""
        where = place.label or where
        problem = Problem(message, where, place.file, place.line, place.column, hint)
        if problem not in self._known:
            self._known.add(problem)
            self.problems.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Remember mistakes that already know their place."""
        self.problems.extend(problems)

    def in_order(self) -> list[Problem]:
        """In the order of the file; what has no line comes last."""
        nowhere = (1 << 60, 0)
        return sorted(self.problems, key=lambda p: (p.line, p.column or 0) if p.line else nowhere)


def plain(item: Item) -> Any:
    """The value without places, as YAML's safe loader would give it."""
    if isinstance(item.value, dict):
        return {key: plain(value) for key, value in item.value.items()}
    if isinstance(item.value, list):
        return [plain(value) for value in item.value]
    return item.value


def from_object(value: Any, place: Place) -> Item:
    """An item from plain Python values; every part stands at `place`."""
    if isinstance(value, PurePath):
        return Item(str(value), place)
    if isinstance(value, Mapping):
        parts = {str(key): from_object(part, place) for key, part in value.items()}
        return Item(parts, place, dict.fromkeys(parts, place))
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return Item([from_object(part, place) for part in value], place)
    return Item(value, place)


def locate(item: Item, path: Sequence[str | int]) -> tuple[Item, tuple[str | int, ...]]:
    """The item at `path` and the path really walked.

    Steps that the item does not have are omitted: they are pydantic's names of the branches of a union.
    """
    walked: list[str | int] = []
    for step in path:
        if isinstance(item.value, dict) and str(step) in item.value:
            item = item.value[str(step)]
        elif isinstance(item.value, list) and isinstance(step, int) and step < len(item.value):
            item = item.value[step]
        else:
            continue
        walked.append(step)
    return item, tuple(walked)


def describe(item: Item, *, python: bool = False) -> str:
    """The value as a message shows it: short, and without credentials."""
    if item.variable is not None:
        return f"the value of {redact(item.variable)}"
    value = item.value
    if value is None:
        return "None" if python else "nothing"
    if isinstance(value, bool):
        return str(value) if python else str(value).lower()
    if isinstance(value, dict | list):
        kind = "dict" if python else "mapping"
        return f"a {kind}" if isinstance(value, dict) else "a list"
    text = repr(redact(value)) if isinstance(value, str) else str(value)
    if len(text) <= _LONGEST_SHOWN:
        return text
    return text[: _LONGEST_SHOWN - 4] + "..." + (text[0] if isinstance(value, str) else "")
