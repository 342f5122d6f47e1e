"""Pipelines from Python: build one from YAML or from objects, run it, or iterate its results."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, count
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from ferpipe.errors import ConfigError, Problem
from ferpipe.graph.model import Graph, RunSettings
from ferpipe.packet import Packet
from ferpipe.run import Run, RunReport
from ferpipe.stages import Stage

if TYPE_CHECKING:
    from ferpipe.config import Definition

__all__ = ["Pipeline"]

Item = str | tuple[str, Mapping[str, Any]] | Stage[Any]
_RESULTS = 8
"""Results that wait for the caller before the run waits for him."""


class Pipeline:
    """A proven pipeline.

    Run it as often as wanted: each run makes its stages anew, but for those given as objects.
    """

    def __init__(
        self,
        graph: Graph,
        settings: RunSettings | None = None,
        *,
        name: str = "pipeline",
        made: Mapping[str, Stage[Any]] | None = None,
    ) -> None:
        self.graph = graph
        self.settings = settings or RunSettings()
        self.name = name
        self._made = dict(made or {})
        self.report: RunReport | None = None

    def __repr__(self) -> str:
        return f"<Pipeline {self.name}: {' -> '.join(node.name for node in self.graph.nodes)}>"

    @classmethod
    def from_yaml(
        cls, path: str | Path, *, overrides: Sequence[str] = (), plugins: Sequence[str | Path] = ()
    ) -> Pipeline:
        """Read a pipeline file, or a shipped pipeline by its name.

        overrides: as of the command line, such as "file.path=talk.mp4".
        plugins: Python files with further stages.
        Raises ConfigError with every mistake of the file, or with every plugin file that is broken.
        """
        from ferpipe.config import find, load
        from ferpipe.plugins import registry_with

        registry = registry_with(plugins, "plugins")
        found = find(str(path), registry.pipelines())
        return cls.from_definition(load(found, registry=registry, overrides=overrides))

    @classmethod
    def from_definition(cls, definition: Definition) -> Pipeline:
        """What `ferpipe.config` has read."""
        return cls(definition.graph, definition.settings, name=definition.name)

    @classmethod
    def of(cls, *items: Item, **settings: Any) -> Pipeline:
        """A chain of stages, each the name of an installed one, a (name, options) pair, or an object.

        settings: fields of `RunSettings`.  Raises ConfigError, as for a file.

            Pipeline.of(("file", {"path": "talk.mp4"}), "blazeface", "track", MyStage())
        """
        from ferpipe.config import from_dict, settings_with

        objects: dict[str, Stage[Any]] = {}
        shelf = _Shelf(objects)
        stages = [_entry(item, shelf, objects) for item in items]
        definition = from_dict({"version": 1, "stages": stages}, registry=shelf, variables=False)
        return cls(definition.graph, settings_with(definition.settings, settings), made=objects)

    def start(self, *, tap: Callable[[Packet], None] | None = None, trace: Path | None = None) -> Run:
        """Start a run and return it; the caller waits for it and reads its report."""
        return Run(self.graph, self.settings, made=self._made, tap=tap, trace=trace).start()

    def with_settings(self, **changes: Any) -> Pipeline:
        """The same pipeline under other run settings.  Raises ConfigError for one that is wrong."""
        from ferpipe.config import settings_with

        settings = settings_with(self.settings, changes)
        return Pipeline(self.graph, settings, name=self.name, made=self._made)

    def run(self) -> RunReport:
        """Run to the end.  Raises the run's error, after every output has been finished."""
        run = self.start()
        try:
            while not run.wait(0.2):
                pass
        except KeyboardInterrupt:
            run.finish("SIGINT")
            run.wait()
            raise
        return self._ended(run)

    def __iter__(self) -> Iterator[Packet]:
        """Run, and give each packet as it leaves the last stage of its source's part.

        The run waits for the caller (a live one drops frames meanwhile); leaving the loop ends it
        in good order.  Raises the run's error at the end.
        """
        results: queue.Queue[Packet] = queue.Queue(_RESULTS)
        over = False

        def tap(packet: Packet) -> None:
            while not over and not run.control.stop.is_set():
                with suppress(queue.Full):
                    results.put(packet, timeout=0.1)
                    break

        run = Run(self.graph, self.settings, made=self._made, tap=tap)
        run.start()
        try:
            while not (run.wait(0) and results.empty()):
                with suppress(queue.Empty):
                    yield results.get(timeout=0.05)
            self._ended(run)
        finally:
            over = True
            run.finish()
            self._drain(run)
            self.report = run.report()

    def _ended(self, run: Run) -> RunReport:
        self.report = run.report()
        if self.report.error is not None:
            raise self.report.error
        return self.report

    @staticmethod
    def _drain(run: Run) -> None:
        deadline = monotonic() + 60
        while not run.wait(0.2) and monotonic() < deadline:
            pass


def _entry(item: Item, shelf: _Shelf, objects: dict[str, Stage[Any]]) -> dict[str, Any]:
    """An item of `Pipeline.of` as a pipeline file would have it."""
    if not isinstance(item, Stage):
        use, options = _named(item)
        return {"use": use, "with": dict(options)} if options else {"use": use}
    use = type(item).__name__.lower()
    name = next(n for n in chain([use], (f"{use}-{i}" for i in count(2))) if n not in shelf.names())
    objects[name] = item
    return {"use": name, "name": name, "with": item.options.model_dump(exclude_unset=True)}


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


class _Shelf:
    """The installed stages, and those given as objects."""

    def __init__(self, objects: Mapping[str, Stage[Any]]) -> None:
        from ferpipe.plugins import Registry

        self._installed = Registry()
        self._objects = objects

    def names(self) -> tuple[str, ...]:
        return (*self._installed.names(), *self._objects)

    def stage(self, name: str) -> type[Stage[Any]]:
        return type(self._objects[name]) if name in self._objects else self._installed.stage(name)

    def entries(self) -> Sequence[Any]:
        return self._installed.entries()

    def unused(self) -> Sequence[str]:
        return self._installed.unused()

    def add_file(self, path: Path) -> object:
        return self._installed.add_file(path)
