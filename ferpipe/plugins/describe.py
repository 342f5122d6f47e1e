"""A stage in words, taken from its class: for listings, references and completion."""

from __future__ import annotations

import inspect
import types
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from ferpipe.measures import Measure
from ferpipe.stages import Source, Stage

__all__ = ["Option", "StageDescription", "describe"]

_UNIONS = (Union, types.UnionType)
_BOUNDS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<", "min_length": "length >=", "max_length": "length <="}


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a stage: its type in words, its default as JSON, what it does."""

    name: str
    type: str
    required: bool
    default: Any
    description: str


@dataclass(frozen=True, slots=True)
class StageDescription:
    """A stage's contract and options.  `summary` is the first paragraph of its docstring.

    measures: those that it gives whatever its options.
    """

    summary: str
    source: bool
    needs: tuple[str, ...]
    gives: tuple[str, ...]
    measures: tuple[Measure, ...]
    options: tuple[Option, ...]


def describe(stage: type[Stage[Any]]) -> StageDescription:
    """The description of a stage; nothing is opened."""
    fields = stage.Options.model_fields.items()
    return StageDescription(
        summary=_first_paragraph(stage),
        source=issubclass(stage, Source),
        needs=tuple(sorted(stage.needs)),
        gives=tuple(sorted(stage.gives)),
        measures=tuple(stage.measures),
        options=tuple(_option(field.alias or name, field) for name, field in fields),
    )


def _first_paragraph(stage: type[Stage[Any]]) -> str:
    # inspect.getdoc would take the docstring of Stage where the class has none.
    text = inspect.cleandoc(stage.__doc__ or "")
    return " ".join(text.split("\n\n")[0].split())


def _option(name: str, field: FieldInfo) -> Option:
    required = field.is_required()
    default = None if required else field.get_default(call_default_factory=True, validated_data={})
    limits = [
        f"{sign} {getattr(limit, attribute)}"
        for limit in field.metadata
        for attribute, sign in _BOUNDS.items()
        if getattr(limit, attribute, None) is not None
    ]
    return Option(
        name=name,
        type=", ".join([_words(field.annotation), *limits]),
        required=required,
        default=to_jsonable_python(default, fallback=str),
        description=" ".join((field.description or "").split()),
    )


def _words(annotation: Any) -> str:
    """A type as a person would write it: `int | none`, `"left" | "right"`, `list of str`."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in (None, type(None)):
        return "none"
    if origin in _UNIONS:
        return " | ".join(dict.fromkeys(_words(part) for part in inner))
    if origin is Literal:
        return " | ".join(str(part) for part in inner)
    if hasattr(annotation, "__metadata__"):
        return _words(inner[0])
    if origin is not None:
        parts = [_words(part) for part in inner if part is not Ellipsis]
        return f"{origin.__name__} of {', '.join(dict.fromkeys(parts))}" if parts else origin.__name__
    return getattr(annotation, "__name__", str(annotation)).lower()
