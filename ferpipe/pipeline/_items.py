"""What `Pipeline.of` is given, as a pipeline file would have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from typing import Any

from ferpipe.errors import ConfigError, Problem
from ferpipe.stages import Options, Source, Stage

__all__ = ["CALLER", "Given", "Item", "StageItem", "read_items", "stage"]

CALLER = "frames"
"""The name of the source that stands for the caller of a session."""


@dataclass(frozen=True, slots=True)
class StageItem:
    """A stage of `Pipeline.of` with what `stage` says of it."""

    use: str | Stage[Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, Any] = field(default_factory=dict)


Item = str | tuple[str, Mapping[str, Any]] | Stage[Any] | StageItem


def stage(
    use: str | Stage[Any],
    options: Mapping[str, Any] | None = None,
    *,
    from_: str | Sequence[str] | None = None,
    name: str | None = None,
    on_error: str | Mapping[str, Any] | None = None,
    timeout: float | None = None,
) -> StageItem:
    """A stage for `Pipeline.of` that says more of itself than its options.

    use: the name of an installed stage, or a stage object.
    options: its options; leave them out for an object, which has its own.
    from_: the names of the stages that it takes packets from; default: the one before it.  Two
        stages that take packets from the same one are a tee, a stage with two inputs is a join.
    name: its name in the pipeline; default: that of the stage, with `-2`, `-3` where it is taken.
    on_error: `"fail"` ends the run, `"skip"` leaves the packet out, `"pass"` gives it on as it came;
        `{"action": "skip", "budget": 10}` ends the run after more errors than that.
    timeout: seconds that one call may take before the run is ended; default: 30.

    Raises ConfigError, like `Pipeline.of`, where one of them has the wrong type.

        Pipeline.of(
            ("file", {"path": "talk.mp4"}), "blazeface", "track", "align", "litert",
            stage("timeline", {"path": "talk.json"}, from_="litert"),
            stage("overlay", from_="litert"), ("video", {"path": "talk.mp4"}),
        )
    """
    if not isinstance(use, str | Stage):
        raise ConfigError([Problem(f"expected the name of a stage or a stage, found {use!r}", "stage")])
    if options is not None and not isinstance(options, Mapping):
        raise ConfigError([Problem(f"options: expected a dict, found {options!r}", f"stage {use!r}")])
    if options and isinstance(use, Stage):
        hint = f"give them to {type(use).__name__} itself"
        raise ConfigError([Problem("a stage object has its options already", repr(use), hint=hint)])
    keys: dict[str, Any] = {"name": name, "on_error": on_error, "timeout": timeout}
    if from_ is not None:
        names = [from_] if isinstance(from_, str) else from_
        if not isinstance(names, Sequence) or not all(isinstance(each, str) for each in names):
            hint = "each is a str; several are a list"
            problem = Problem(
                f"from_: expected names of stages, found {from_!r}", f"stage {use!r}", hint=hint
            )
            raise ConfigError([problem])
        keys["from"] = list(names)
    return StageItem(use, dict(options or {}), {key: part for key, part in keys.items() if part is not None})


@dataclass(slots=True)
class Given:
    """The items of a pipeline: as entries of a file, and the objects by the name that they use."""

    entries: list[dict[str, Any]]
    shelf: Shelf
    objects: dict[str, Stage[Any]]

    @property
    def has_source(self) -> bool:
        """Whether packets come from one of them; True where one is unknown, which is another mistake."""
        for entry in self.entries:
            try:
                found = self.shelf.stage(entry["use"])
            except Exception:  # noqa: BLE001 -- unknown or broken: loading says so, with its name
                return True
            if issubclass(found, Source):
                return True
        return False


def read_items(items: Sequence[Item]) -> Given:
    """Raises ConfigError where something is no stage, or the same object stands in two places."""
    shelf = Shelf()
    seen: dict[int, Stage[Any]] = {}
    entries = []
    for item in items:
        whole = item if isinstance(item, StageItem) else StageItem(item) if isinstance(item, Stage) else None
        if whole is None:
            use, options = _named(item)
            whole = StageItem(use, options)
        if isinstance(whole.use, Stage):
            if id(whole.use) in seen:
                message = f"the same {type(whole.use).__name__} object is given twice"
                raise ConfigError([Problem(message, hint="make one for each place: it keeps its own state")])
            seen[id(whole.use)] = whole.use
        entries.append(_entry(whole, shelf))
    objects = {
        entry.get("name", entry["use"]): shelf.objects[entry["use"]]
        for entry in entries
        if entry["use"] in shelf.objects
    }
    return Given(entries, shelf, objects)


def _entry(item: StageItem, shelf: Shelf) -> dict[str, Any]:
    if isinstance(item.use, Stage):
        _refuse_unmade(item.use)
        use = shelf.put(item.use)
        return {"use": use, "name": use, "with": _set(item.use.options), **item.keys}
    entry = {"use": item.use, **item.keys}
    return {**entry, "with": dict(item.options)} if item.options else entry


def _refuse_unmade(stage: Stage[Any]) -> None:
    """Raise ConfigError where a class of the caller's own has no options of ferpipe's kind."""
    name = type(stage).__name__
    if not (isinstance(stage.Options, type) and issubclass(stage.Options, Options)):
        raise ConfigError([Problem(f"{name}.Options is not a subclass of ferpipe.Options", name)])
    if not isinstance(getattr(stage, "options", None), Options):
        hint = "call super().__init__(options) in its __init__"
        raise ConfigError([Problem("the stage has no options", name, hint=hint)])


def _set(options: Options) -> dict[str, Any]:
    """The options that differ from the defaults, as they are: what they hold may be no plain data."""
    fields = type(options).model_fields
    return {fields[name].alias or name: getattr(options, name) for name in options.model_fields_set}


def _named(item: object) -> tuple[str, Mapping[str, Any]]:
    """A stage's name and options.  Raises ConfigError where `item` is something else."""
    match item:
        case str():
            return item, {}
        case (str() as use, Mapping() as options):
            return use, options
    hint = 'such as ("file", {"path": "talk.mp4"})'
    if isinstance(item, type) and issubclass(item, Stage):
        hint = f"make one of the class: {item.__name__}()"
    message = f"expected the name of a stage, a name with options, or a stage, found {item!r}"
    raise ConfigError([Problem(message, hint=hint)])


class Shelf:
    """The installed stages, and those given as objects."""

    def __init__(self) -> None:
        from ferpipe.plugins import Registry

        self._installed = Registry()
        self.objects: dict[str, Stage[Any]] = {}
        self._classes: dict[str, type[Stage[Any]]] = {}

    def put(self, stage: Stage[Any]) -> str:
        """Take an object in, and give the name under which it is found."""
        word = type(stage).__name__.lower()
        use = next(n for n in chain([word], (f"{word}-{i}" for i in count(2))) if n not in self.names())
        self.objects[use] = stage
        self._classes[use] = type(stage)
        return use

    def put_class(self, use: str, stage: type[Stage[Any]]) -> None:
        """Have `use` mean this class."""
        self._classes[use] = stage

    def names(self) -> tuple[str, ...]:
        """Every name."""
        return (*self._installed.names(), *self._classes)

    def stage(self, name: str) -> type[Stage[Any]]:
        """The class of that name."""
        return self._classes[name] if name in self._classes else self._installed.stage(name)

    def entries(self) -> Sequence[Any]:
        """The installed stages."""
        return self._installed.entries()

    def unused(self) -> Sequence[str]:
        """The plugins that are broken, or not allowed."""
        return self._installed.unused()

    def add_file(self, path: Path) -> object:
        """Register the stages of a plugin file."""
        return self._installed.add_file(path)
