"""pydantic's errors in short plain sentences, each at its place in the file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ferpipe.documents.located import Item, Notes, describe, locate, plain
from ferpipe.text import did_you_mean, listing, message_of

__all__ = ["validate"]

ModelT = TypeVar("ModelT", bound=BaseModel)

_EXPECTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text",
    "string_unicode": "text in UTF-8",
    "path_type": "a path",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "mapping_type": "a mapping",
    "none_required": "nothing",
    "url_type": "a URL",
    "url_parsing": "a URL",
    "color_error": "a colour",
}
_IN_PYTHON = {"true or false": "True or False", "nothing": "None", "a mapping": "a dict"}
_LIMITS = {
    "greater_than": ("gt", "more than {}"),
    "greater_than_equal": ("ge", "at least {}"),
    "less_than": ("lt", "less than {}"),
    "less_than_equal": ("le", "at most {}"),
    "multiple_of": ("multiple_of", "a multiple of {}"),
    "string_too_short": ("min_length", "at least {} characters"),
    "string_too_long": ("max_length", "at most {} characters"),
    "string_pattern_mismatch": ("pattern", "text of the form {}"),
}


def validate(
    model: type[ModelT], item: Item, notes: Notes, where: str = "", *, noun: str = "key", owner: str = ""
) -> ModelT | None:
    """The model made from `item`, or None with every mistake in `notes`.

    where: the stage that messages name; noun: what a key is called; owner: what has the keys.
    """
    try:
        return model.model_validate(plain(item))
    except ValidationError as error:
        teller = _Teller(model, item, notes, where, noun, owner)
        groups = _by_path(item, error.errors(include_url=False))
        meant = {teller.meant(path) for path, errors in groups if errors[0]["type"] == "extra_forbidden"}
        for path, errors in groups:
            if errors[0]["type"] != "missing" or path not in meant:
                teller.tell(path, errors)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 -- a plugin's own validator may raise anything
        reason = f"the options could not be checked: {message_of(error)}"
        notes.add(item.place, reason, where, "the plugin is broken")
    return None


Path = tuple["str | int", ...]


def _by_path(item: Item, errors: Iterable[ErrorDetails]) -> list[tuple[Path, list[ErrorDetails]]]:
    """Errors by the place they really mean: each branch of a union reports its own."""
    groups: dict[Path, list[ErrorDetails]] = {}
    for error in errors:
        _, path = locate(item, error["loc"])
        if error["type"] == "missing":
            path = (*path, error["loc"][-1])
        groups.setdefault(path, []).append(error)
    return [(path, group) for path, group in groups.items() if not _is_shadowed(path, group, groups)]


def _is_shadowed(path: Path, group: Sequence[ErrorDetails], groups: Iterable[Path]) -> bool:
    """Whether a union's other branch got further: its deeper errors say what is meant."""
    in_union = any(len(error["loc"]) > len(path) for error in group)
    return in_union and any(len(other) > len(path) and other[: len(path)] == path for other in groups)


class _Teller:
    def __init__(
        self, model: type[BaseModel], item: Item, notes: Notes, where: str, noun: str, owner: str
    ) -> None:
        self.model = model
        self.item = item
        self.notes = notes
        self.where = where
        self.noun = noun
        self.owner = owner

    def tell(self, path: Path, errors: Sequence[ErrorDetails]) -> None:
        kind = errors[0]["type"]
        if kind == "missing":
            self._missing(path)
        elif kind == "extra_forbidden":
            self._unknown(path)
        else:
            self._wrong(path, errors)

    def meant(self, path: Path) -> Path:
        """The key that an unknown one was perhaps meant to be: it is not missing as well."""
        close = did_you_mean(str(path[-1]), self._fields(path[:-1]))
        return (*path[:-1], close.split("'")[1]) if close else path

    def _missing(self, path: Path) -> None:
        parent, _ = locate(self.item, path[:-1])
        field = self._fields(path[:-1]).get(str(path[-1]))
        hint = (field or "").strip().split("\n")[0]
        self.notes.add(parent.place, f"the {self.noun} '{_dotted(path)}' is missing", self.where, hint)

    def _unknown(self, path: Path) -> None:
        parent, _ = locate(self.item, path[:-1])
        key = str(path[-1])
        known = list(self._fields(path[:-1]))
        owner = f"{self.owner} has " if self.owner and len(path) == 1 else "there are "
        none = f"{owner}no {self.noun}s" if self.owner else ""
        hint = did_you_mean(key, known) or (f"{owner}{listing(known, 'and')}" if known else none)
        place = parent.keys.get(key, parent.place)
        self.notes.add(place, f"unknown {self.noun} '{_dotted(path)}'", self.where, hint)

    def _wrong(self, path: Path, errors: Sequence[ErrorDetails]) -> None:
        item, _ = locate(self.item, path)
        name = f"'{_dotted(path)}': " if path else ""
        expected = list(dict.fromkeys(text for error in errors if (text := _expected(error))))
        if expected:
            if self.notes.python:
                expected = [_IN_PYTHON.get(text, text) for text in expected]
            found = _found(item, errors[0], python=self.notes.python)
            message = f"expected {listing(expected)}, found {found}"
        else:
            message = "; ".join(dict.fromkeys(_own_words(error) for error in errors))
        advice = _advice(item, errors)
        if errors[0]["type"] == "string_pattern_mismatch":
            advice = self._fields(path[:-1]).get(str(path[-1])) or ""
        self.notes.add(item.place, name + message, self.where, advice)

    def _fields(self, path: Path) -> dict[str, str | None]:
        """The keys that the model at `path` has, with their descriptions."""
        model: Any = self.model
        for step in path:
            model = _model_below(model, step)
        if model is None:
            return {}
        return {field.alias or name: field.description for name, field in model.model_fields.items()}


def _model_below(model: type[BaseModel] | None, step: str | int) -> type[BaseModel] | None:
    """The model that a field's value is checked against, where it is one."""
    if model is None or isinstance(step, int):
        return model
    for name, field in model.model_fields.items():
        if step == (field.alias or name):
            return _first_model(field.annotation)
    return None


def _first_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    parts: tuple[Any, ...] = getattr(annotation, "__args__", ())
    return next((found for part in parts if (found := _first_model(part))), None)


def _dotted(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _expected(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _LIMITS:
        key, form = _LIMITS[kind]
        value = context.get(key)
        return form.format(f"{value:g}" if isinstance(value, float) else value)
    if kind in {"literal_error", "enum"}:
        return str(context["expected"]).replace("'", "")
    if kind in {"too_short", "too_long"}:
        return _length(kind, context)
    return _EXPECTED.get(kind, "")


def _length(kind: str, context: dict[str, Any]) -> str:
    count = context.get("min_length" if kind == "too_short" else "max_length")
    return f"at {'least' if kind == 'too_short' else 'most'} {count} {'value' if count == 1 else 'values'}"


def _found(item: Item, error: ErrorDetails, *, python: bool) -> str:
    is_length = error["type"] in {"too_short", "too_long"} and isinstance(item.value, list | dict)
    return (
        str(error.get("ctx", {}).get("actual_length", "none")) if is_length else describe(item, python=python)
    )


def _own_words(error: ErrorDetails) -> str:
    message = error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ").strip()
    first = " ".join(message.split()) or "is not right"
    keep = error["type"] in {"value_error", "assertion_error"}
    return first if keep else first[0].lower() + first[1:]


def _advice(item: Item, errors: Sequence[ErrorDetails]) -> str:
    for error in errors:
        if error["type"] in {"literal_error", "enum"} and isinstance(item.value, str) and not item.variable:
            choices = str(error.get("ctx", {}).get("expected", "")).replace(" or ", ", ").replace("'", "")
            if item.value in choices.split(", "):
                return "remove the quotes"
            return did_you_mean(item.value, choices.split(", "))
        if error["type"] == "string_unicode":
            return "of a file, change the name"
        if error["type"] == "string_type" and isinstance(item.value, int | float):
            return "put it in quotes"
    return ""
