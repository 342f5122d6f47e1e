"""`--set stage.option=value`: values from the command line over those of the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ferpipe.documents.edit import move
from ferpipe.documents.located import Item, Notes, Place
from ferpipe.documents.reader import parse

__all__ = ["SETTINGS", "Override", "read_overrides"]

SETTINGS = "run"
"""The first word of an override that means the pipeline's `run` settings and not a stage."""


@dataclass(frozen=True, slots=True)
class Override:
    """One value from the command line: the stage or `run`, the keys below it, and the value."""

    target: str
    path: tuple[str, ...]
    item: Item


def read_overrides(texts: Iterable[str], notes: Notes) -> list[Override]:
    """The overrides, in order; what is not of the form `stage.option=value` goes to `notes`."""
    overrides = []
    for text in texts:
        left, equals, value = text.partition("=")
        target, *path = (part.strip() for part in left.split("."))
        place = Place(label=" ".join(["--set", *left.split()]))
        if equals and target and path and all(path):
            overrides.append(Override(target, tuple(path), _value(value.strip(), place)))
        else:
            notes.add(place, "expected stage.option=value, such as cam.path=clip.mp4 or run.queue=4")
    return overrides


def _value(text: str, place: Place) -> Item:
    """The value as YAML reads it; as it stands where YAML cannot, as in `*.jpg` or `#ff8800`."""
    notes = Notes()
    item = None if text.startswith("#") else parse(text, None, notes, None)
    if item is None or notes.problems:
        return Item(text or None, place)
    move(item, place)
    return item
