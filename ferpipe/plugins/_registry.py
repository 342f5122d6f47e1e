"""The registry of plugins and of the stages they offer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from ferpipe import resources
from ferpipe.errors import UsageError, redact
from ferpipe.plugins._hooks import Hooks
from ferpipe.plugins._installed import installed
from ferpipe.plugins._load import cause, load_file, load_object
from ferpipe.text import shown

if TYPE_CHECKING:
    from ferpipe.stages import Stage

__all__ = ["Broken", "Registry", "StageEntry"]

_ALLOW = "FERPIPE_PLUGINS"


@dataclass(frozen=True, slots=True)
class Broken:
    """A plugin, or one thing of a plugin, that cannot be used, and why."""

    origin: str
    cause: str

    def __str__(self) -> str:
        return redact(f"{self.origin}: {self.cause}")


@dataclass(frozen=True, slots=True)
class StageEntry:
    """A stage that a plugin offers: `stage` is None where it cannot be loaded, then `error` says
    why.  `origin` is the distribution with its version, or the path of the plugin file.
    """

    name: str
    origin: str
    stage: type[Stage[Any]] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Offer:
    origin: str
    what: object


class Registry:
    """Every plugin that is installed and allowed, and the plugin files that were named.

    files: plugin files, relative to the working directory.
    allow: names of entry points, or of distributions; nothing else is imported.  None takes the
        comma list in `FERPIPE_PLUGINS`; where that is not set, all are allowed.

    A plugin that cannot be imported, or whose hook raises, is remembered in `broken()`.  Plugins
    load in the order ferpipe's own, installed ones by name, files; of two stages with one name
    the first is kept and the second is broken.
    """

    def __init__(self, *, files: Sequence[str | Path] = (), allow: Sequence[str] | None = None) -> None:
        self._hooks = Hooks(self._blame_wrapper)
        self._origins: dict[str, str] = {}
        self._offers: dict[str, _Offer] = {}
        self._broken: dict[Broken, None] = {}
        self._labels: dict[str, str] = {}
        self._troubles: dict[str, Broken] = {}
        self._left_out: list[str] = []
        self._files: dict[Path, Broken | None] = {}
        self._add_installed(_allowed() if allow is None else tuple(allow))
        for file in files:
            self.add_file(file)

    def names(self) -> tuple[str, ...]:
        """The stages by name; none is imported."""
        return tuple(self._offers)

    def origin(self, name: str) -> str:
        """Where a stage comes from.  Raises KeyError for an unknown name."""
        return self._offers[name].origin

    def stage(self, name: str) -> type[Stage[Any]]:
        """The class of a stage, imported now if it was not yet.

        Raises KeyError for an unknown name, UsageError where the stage cannot be loaded.
        """
        offer = self._offers[name]
        try:
            return _checked(load_object(offer.what) if isinstance(offer.what, str) else offer.what)
        except BaseException as error:
            raise UsageError(f"stage '{name}' of {offer.origin} cannot be loaded: {cause(error)}") from error

    def entries(self) -> tuple[StageEntry, ...]:
        """Every stage, imported; what cannot be loaded has an error instead of a class."""
        return tuple(self._entry(name, offer) for name, offer in self._offers.items())

    def broken(self) -> tuple[Broken, ...]:
        """What could not be used so far, in the order it was met."""
        return tuple(self._broken)

    def left_out(self) -> tuple[str, ...]:
        """Installed plugins that the allow-list does not name."""
        return tuple(self._left_out)

    def unused(self) -> tuple[str, ...]:
        """The plugins whose stages are not there, for one reason or the other."""
        broken = dict.fromkeys(note.origin for note in self._broken if note.origin != _ALLOW)
        return (*broken, *self._left_out)

    def plugins(self) -> tuple[str, ...]:
        """The origins of the plugins that were loaded, in order, each once."""
        return tuple(dict.fromkeys(self._origins.values()))

    @property
    def hook(self) -> pluggy.HookRelay:
        """All hooks; here an exception of a plugin is the caller's.  `each` is the safe way."""
        return self._hooks.manager.hook

    def each(self, hook: str) -> Iterator[tuple[str, Any]]:
        """(origin, item) of everything the plugins give for a hook that gives an iterable.

        A plugin that raises gives nothing and becomes broken.
        """
        for key in self._hooks.givers(hook):
            origin = self._origins[key]
            try:
                items = [item for given in self._hooks.call(hook, key) for item in given]
            except BaseException as error:  # noqa: BLE001 -- a plugin may raise anything
                self._note(origin, f"{hook} failed: {cause(error)}")
                continue
            for item in items:
                yield origin, item

    def _folders(self, hook: str) -> Iterator[Path]:
        for origin, item in self.each(hook):
            if isinstance(item, str | os.PathLike):
                yield Path(item)
            else:
                self._note(origin, f"{hook} returned {shown(item)}, not the path of a folder")

    def pipelines(self) -> Mapping[str, Path]:
        """The ready pipelines by name: the shipped ones, then those of plugins; the first of a
        name is kept.
        """
        folders = [
            resources.shipped("pipelines"),
            *self._folders("ferpipe_pipelines"),
        ]
        found: dict[str, Path] = {}
        for folder in folders:
            for path in sorted(folder.glob("*.yaml")):
                found.setdefault(path.stem, path)
        return MappingProxyType(found)

    def model_dirs(self) -> tuple[Path, ...]:
        """Folders of models: the user's, the shipped one, those of plugins; each once."""
        return tuple(dict.fromkeys([*resources.model_dirs(), *self._folders("ferpipe_models")]))

    def add_file(self, path: str | Path) -> Broken | None:
        """Load a plugin file; None, or what is wrong with it.  A file given twice loads once."""
        place = resources.expanded(path)
        key = place.resolve()
        if key not in self._files:
            self._files[key] = None  # a plugin that asks for itself must not load for ever
            self._files[key] = self._load(str(key), str(path), lambda: load_file(place))
            if self._files[key] is None:
                self._ask()
                self._files[key] = self._troubles.get(str(key))
        return self._files[key]

    def _add_installed(self, allow: tuple[str, ...] | None) -> None:
        unseen = set(allow or ())
        plugins, malformed = installed()
        for origin, why in malformed:
            self._note(origin, why)
        for plugin in plugins:
            unseen -= plugin.names
            if allow is None or plugin.names & set(allow):
                label = f"{plugin.origin} ({plugin.point.name})"
                self._load(plugin.key, plugin.origin, plugin.point.load, label=label)
            else:
                self._left_out.append(f"{plugin.point.name} ({plugin.origin})")
        for name in sorted(unseen):
            self._note(_ALLOW, f"allows '{name}', which is not installed")
        self._ask()

    def _load(
        self, key: str, origin: str, load: Callable[[], ModuleType], *, label: str = ""
    ) -> Broken | None:
        """Import a plugin and register its hooks; None, or what is wrong with it."""
        try:
            self._hooks.add(load(), key)
        except BaseException as error:  # noqa: BLE001 -- a plugin may raise anything
            self._hooks.remove(key)
            return self._note(label or origin, cause(error))
        self._origins[key], self._labels[key] = origin, label or origin
        return None

    def _ask(self) -> None:
        """Ask every plugin for its stages; again after each that came, whose wrappers see all."""
        self._offers.clear()
        self._troubles.clear()
        for key, origin in list(self._origins.items()):
            try:
                given = [_mapping(one) for one in self._hooks.call("ferpipe_stages", key)]
                if not given and key in self._hooks.givers("ferpipe_stages"):
                    raise TypeError("ferpipe_stages returned None, not a mapping of names to stages")  # noqa: TRY301
            except BaseException as error:  # noqa: BLE001 -- a plugin may raise anything
                self._hooks.remove(key)
                del self._origins[key]
                self._troubles[key] = self._note(self._labels[key], cause(error))
                continue
            for name, what in {name: what for one in given for name, what in one.items()}.items():
                if problem := self._offer(name, _Offer(origin, what)):
                    self._troubles.setdefault(key, problem)
        for key in self._hooks.givers("ferpipe_models"):
            resources.bring_models(key, partial(self._models_of, key))

    def _models_of(self, key: str) -> list[Path]:
        """The folders of models of one plugin, where they are such; `model_dirs` notes what is wrong."""
        try:
            return [Path(item) for given in self._hooks.call("ferpipe_models", key) for item in given]
        except BaseException:  # noqa: BLE001 -- a plugin may raise anything
            return []

    def _blame_wrapper(self, key: str, hook: str, error: BaseException) -> None:
        self._note(self._origins[key], f"its wrapper of {hook} failed: {cause(error)}")

    def _offer(self, name: str, offer: _Offer) -> Broken | None:
        first = self._offers.setdefault(name, offer)
        if first is offer:
            return None
        return self._note(offer.origin, f"stage '{name}' is already given by {first.origin}: rename it")

    def _entry(self, name: str, offer: _Offer) -> StageEntry:
        try:
            return StageEntry(name, offer.origin, self.stage(name))
        except UsageError as error:
            return StageEntry(name, offer.origin, error=cause(error.__cause__ or error))

    def _note(self, origin: str, why: str) -> Broken:
        note = Broken(origin, why)
        self._broken.setdefault(note)
        return note


def _allowed() -> tuple[str, ...] | None:
    given = os.environ.get(_ALLOW)
    return None if given is None else tuple(name.strip() for name in given.split(",") if name.strip())


def _mapping(given: object) -> Mapping[str, object]:
    if isinstance(given, Mapping) and all(isinstance(name, str) for name in given):
        return given
    raise TypeError(f"ferpipe_stages returned {shown(given)}, not a mapping of names to stages")


def _checked(what: object) -> type[Stage[Any]]:
    from ferpipe.stages import Options, Stage  # pydantic loads only when a stage is wanted

    if not (isinstance(what, type) and issubclass(what, Stage)):
        raise TypeError(f"{shown(what)} is not a subclass of ferpipe.Stage")
    if not (isinstance(what.Options, type) and issubclass(what.Options, Options)):
        raise TypeError(f"{what.__name__}.Options is not a subclass of ferpipe.Options")
    for word in ("needs", "gives"):
        kinds = getattr(what, word)
        if not (isinstance(kinds, frozenset) and all(isinstance(kind, str) for kind in kinds)):
            raise TypeError(
                f"{what.__name__}.{word} is {shown(kinds)}, not a frozenset of names such as "
                'frozenset({"faces"})'
            )
    return what
