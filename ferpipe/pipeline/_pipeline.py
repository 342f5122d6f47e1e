"""A checked pipeline, and how to make and run one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferpipe.errors import ConfigError, Problem, UsageError, remedy
from ferpipe.graph.model import Graph, Node, RunSettings
from ferpipe.packet import Packet
from ferpipe.pictures import Color
from ferpipe.pipeline._items import CALLER, Item, read_items
from ferpipe.pipeline._results import Results
from ferpipe.pipeline._session import Caller, Session
from ferpipe.run import Run, RunReport
from ferpipe.stages import Options, Stage
from ferpipe.text import did_you_mean, listing, quoted

if TYPE_CHECKING:
    from ferpipe.config import Definition
    from ferpipe.plugins import Registry

__all__ = ["Pipeline"]


class Pipeline:
    """A checked pipeline: every stage exists, every option is right, every need is met.

    Make one with `of`, `from_yaml` or `from_dict`.  Run it as often as wanted: each run makes its
    stages anew, but for those given as objects, which can be in one run at a time.
    """

    def __init__(
        self,
        graph: Graph,
        settings: RunSettings | None = None,
        *,
        name: str = "pipeline",
        made: Mapping[str, Stage[Any]] | None = None,
        warnings: Sequence[Problem] = (),
        files: Sequence[Path] = (),
    ) -> None:
        self.graph = graph
        self.settings = settings or RunSettings()
        self.name = name
        self.warnings = tuple(warnings)
        self.files = tuple(files)
        self.report: RunReport | None = None
        self._made = dict(made or {})

    def __repr__(self) -> str:
        return f"<Pipeline {self.name}: {' -> '.join(node.name for node in self.graph.nodes)}>"

    @classmethod
    def of(cls, *items: Item, **settings: Any) -> Pipeline:
        """A pipeline of stages, each taking packets from the one before it.

        items: the name of an installed stage, a (name, options) pair, a stage object, or what `stage`
            gives, which can name other inputs.
        settings: fields of `RunSettings`, such as `executor="inline"` or `overwrite=True`.

        Without a source it serves `session`.  Raises ConfigError with every mistake.

            Pipeline.of(("file", {"path": "talk.mp4"}), "blazeface", "track", MyStage())
        """
        from ferpipe.config import from_dict, settings_with

        given = read_items(items)
        if not given.has_source:
            given.shelf.put_class(CALLER, Caller)
            given.entries.insert(0, {"use": CALLER})
        definition = from_dict(
            {"version": 1, "stages": given.entries}, registry=given.shelf, variables=False, python=True
        )
        return cls(
            definition.graph,
            settings_with(definition.settings, settings),
            made=given.objects,
            warnings=definition.warnings,
        )

    @classmethod
    def from_yaml(
        cls,
        path: str | Path,
        *,
        overrides: Sequence[str] = (),
        plugins: Sequence[str | Path] = (),
        trusted: bool = True,
        registry: Registry | None = None,
    ) -> Pipeline:
        """Read a pipeline file, or a shipped pipeline by its name.

        overrides: as on the command line, such as "file.path=talk.mp4".
        plugins: Python files with further stages.
        trusted: False for a pipeline whose author is not trusted, as `--no-local-plugins`.
        registry: the stages to choose from, in place of the installed ones and `plugins`.

        Raises ConfigError with every mistake of the file, or with every plugin file that is broken.
        """
        from ferpipe.config import find, load

        registry = registry or _registry(plugins)
        try:
            found = find(str(path), registry.pipelines())
        except UsageError as error:
            raise ConfigError([Problem(str(error))]) from error
        return cls.from_definition(load(found, registry=registry, overrides=overrides, local_plugins=trusted))

    @classmethod
    def from_dict(
        cls,
        data: Mapping[str, Any],
        *,
        overrides: Sequence[str] = (),
        plugins: Sequence[str | Path] = (),
        trusted: bool = True,
        registry: Registry | None = None,
    ) -> Pipeline:
        """The pipeline in plain Python objects, with the keys of a pipeline file.

        `$` has no special meaning in it.  The rest is as for `from_yaml`.

            Pipeline.from_dict({"version": 1, "stages": [{"use": "file", "with": {"path": "talk.mp4"}}]})
        """
        from ferpipe.config import from_dict

        registry = registry or _registry(plugins)
        return cls.from_definition(
            from_dict(data, registry=registry, overrides=overrides, variables=False, local_plugins=trusted)
        )

    @classmethod
    def from_definition(cls, definition: Definition) -> Pipeline:
        """What `ferpipe.config` has read."""
        read = () if definition.path is None else (definition.path,)
        return cls(
            definition.graph,
            definition.settings,
            name=definition.name,
            warnings=definition.warnings,
            files=(*read, *definition.plugins),
        )

    def with_settings(self, **changes: Any) -> Pipeline:
        """The same pipeline under other run settings.  Raises ConfigError for one that is wrong."""
        from ferpipe.config import settings_with

        settings = settings_with(self.settings, changes)
        return Pipeline(
            self.graph,
            settings,
            name=self.name,
            made=self._made,
            warnings=self.warnings,
            files=self.files,
        )

    def start(
        self, *, tap: Callable[[Packet], None] | None = None, at: str | None = None, trace: Path | None = None
    ) -> Run:
        """Start a run and return it; the caller waits for it and reads its report.

        The arguments are those of `new_run`.  Raises UsageError too where a stage object is in another run.
        """
        return self.new_run(tap=tap, at=at, trace=trace).start()

    def new_run(
        self, *, tap: Callable[[Packet], None] | None = None, at: str | None = None, trace: Path | None = None
    ) -> Run:
        """A run that has not been started.

        tap: called with each packet that leaves the stage `at`, in that stage's thread; without `at`
            it is the last stage of each source's part.
        trace: the file for a trace of every call.

        Raises UsageError where the pipeline has no source, or no stage has that name.
        """
        if any(node.stage is Caller and node.name not in self._made for node in self.graph.nodes):
            raise UsageError(
                'the pipeline has no source: begin it with one, such as ("file", {"path": "talk.mp4"}), '
                "or feed it with session()"
            )
        self._known(at)
        return self._guarded(Run(self.graph, self.settings, made=self._made, tap=tap, at=at, trace=trace))

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
        self.report = run.report()
        if self.report.error is not None:
            raise self.report.error
        return self.report

    def __iter__(self) -> Iterator[Packet]:
        """Run, and give each packet as it leaves the last stage of its source's part; see `at`."""
        return iter(self.at(None))

    def __aiter__(self) -> AsyncIterator[Packet]:
        """The same for `async for`; the event loop stays free."""
        return self.at(None).__aiter__()

    def at(self, name: str | None) -> Results:
        """The packets that leave the stage `name`, for `for` and `async for`.

            for packet in pipeline.at("overlay"):
                show(packet.picture)

        Each loop runs the pipeline; leaving it ends the run in good order.  Raises UsageError where no
        stage has that name.
        """
        self._known(name)

        def keep(report: RunReport) -> None:
            self.report = report

        return Results(lambda tap: self.start(tap=tap, at=name), keep)

    def session(self, *, live: bool = False, at: str | None = None, color: Color = "bgr") -> Session:
        """The pipeline for a loop of the caller's own; see `Session`.

            with Pipeline.of("blazeface", "track", "align", "litert", "smooth").session() as session:
                packet = session.process(picture)

        The caller's pictures take the place of the source, where the pipeline has one.
        live: whether `process` returns at once, and pictures may be dropped.
        at: the stage whose packets are given; default: the last one.
        color: the order of the channels of the caller's arrays, "bgr" or "rgb".

        Raises UsageError where the pipeline has several sources, or one that gives more than frames.
        """
        self._known(at)
        sources = [node for node in self.graph.nodes if node.is_source]
        if len(sources) > 1:
            names = listing(quoted(node.name for node in sources), "and")
            raise UsageError(f"a session feeds one source, and the pipeline has {names}")
        source = sources[0]
        if more := source.gives - {"frame"}:
            raise UsageError(f"a session gives frames, and '{source.name}' gives {listing(more, 'and')} too")
        graph = replace(self.graph, nodes=tuple(_fed(node) for node in self.graph.nodes))
        settings = replace(
            self.settings,
            mode="live" if live else "lossless",
            executor=self.settings.executor if live else "inline",
        )
        made = {name: stage for name, stage in self._made.items() if name != source.name}

        def start(caller: Caller, tap: Callable[[Packet], None]) -> Run:
            run = Run(graph, settings, made={**made, source.name: caller}, tap=tap, at=at)
            return self._guarded(run).start()

        return Session(start, source.name, live=live, color=color)

    def _guarded(self, run: Run) -> Run:
        """The run, whose outputs may not take the place of the files that the pipeline was read from."""
        for file in self.files:
            run.files.input("the pipeline", file)
        return run

    def _known(self, name: str | None) -> None:
        names = [node.name for node in self.graph.nodes]
        if name is not None and name not in names:
            hint = did_you_mean(name, names) or f"the stages are {listing(quoted(names), 'and')}"
            raise UsageError(f"the pipeline has no stage '{name}': {hint}")


def _registry(plugins: Sequence[str | Path]) -> Registry:
    from ferpipe.plugins import registry_with

    return registry_with(plugins, remedy("--plugin", "plugins"))


def _fed(node: Node) -> Node:
    """The node, or the caller in the place of a source."""
    return replace(node, stage=Caller, options=Options()) if node.is_source else node
