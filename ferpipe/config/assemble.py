"""Items to a proven pipeline, with every mistake noted on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from ferpipe.config.definition import Definition
from ferpipe.config.document import MOST_STAGES, PipelineKeys
from ferpipe.config.entries import Entry, read_entries
from ferpipe.config.overrides import SETTINGS, Override
from ferpipe.config.protocols import Stages, givers
from ferpipe.documents.edit import put
from ferpipe.documents.located import Item, Notes, describe
from ferpipe.documents.validation import validate
from ferpipe.errors import ConfigError, Problem, UsageError, remedy
from ferpipe.graph import Fault, Graph, RunSettings, check
from ferpipe.text import did_you_mean, listing, quoted

__all__ = ["Assembly"]


class Assembly:
    """One loading of one pipeline: the notes taken, the stages known, where plugin files lie."""

    def __init__(self, notes: Notes, stages: Stages, base_dir: Path, *, local_plugins: bool) -> None:
        self.notes = notes
        self.stages = stages
        self.base_dir = base_dir
        self.local_plugins = local_plugins

    def build(self, root: Item, overrides: Sequence[Override], path: Path | None) -> Definition | None:
        """The pipeline, None where the notes say why not."""
        if not isinstance(root.value, dict):
            hint = "put the list under the key stages" if isinstance(root.value, list) else ""
            message = f"expected a mapping with version and stages, found {describe(root)}"
            self.notes.add(root.place, message, hint=hint)
            return None
        for override in overrides:
            if override.target == SETTINGS:
                put(root, (SETTINGS, *override.path), override.item)
        document = validate(PipelineKeys, root, self.notes, owner="a pipeline")
        plugins = self._add_plugins(root.get("plugins"))
        entries = self._entries(root, overrides, broken_plugin=None in plugins)
        graph = self._prove(entries) if entries else None
        if self.notes.problems or document is None or graph is None:
            return None
        return Definition(
            name=document.name or (path.stem if path else "pipeline"),
            path=path,
            graph=graph,
            settings=self._settings(document),
            warnings=tuple(self._placed(entries, warning) for warning in graph.warnings),
            plugins=tuple(plugin for plugin in plugins if plugin),
        )

    def _settings(self, document: PipelineKeys) -> RunSettings:
        settings = document.run.settings() if document.run else RunSettings()
        return replace(settings, trusted=self.local_plugins)

    def _entries(self, root: Item, overrides: Sequence[Override], *, broken_plugin: bool) -> list[Entry]:
        stages = root.get("stages")
        items = stages.value if stages and isinstance(stages.value, list) else []
        if len(items) > MOST_STAGES:
            return []  # the document's model has blamed it
        entries = read_entries(items, self.notes, self.stages, broken_plugin=broken_plugin)
        by_name = {entry.name: entry for entry in reversed(entries)}
        for override in overrides:
            if override.target in by_name:
                by_name[override.target].override(override)
            elif override.target != SETTINGS:
                self._blame_target(override, list(by_name)[::-1])
        return entries

    def _blame_target(self, override: Override, names: list[str]) -> None:
        known = f"the pipeline has {listing(quoted(names), 'and')}, and run" if names else ""
        hint = did_you_mean(override.target, [*names, SETTINGS]) or known
        self.notes.add(override.item.place, f"the pipeline has no stage '{override.target}'", hint=hint)

    def _add_plugins(self, item: Item | None) -> list[Path | None]:
        """The plugin files, None for each that could not be loaded."""
        parts = item.value if item and isinstance(item.value, list) else []
        return [self._add_plugin(part) for part in parts]

    def _add_plugin(self, item: Item) -> Path | None:
        if not isinstance(item.value, str):
            return None  # the document's model has blamed it
        if not self.local_plugins:
            switch = remedy("--no-local-plugins", "trusted=False")
            hint = f"plugin files are code and {switch} forbids them"
            self.notes.add(item.place, f"names the plugin file {describe(item)}", hint=hint)
            return None
        if "://" in item.value:
            self.notes.add(
                item.place, f"expected the path of a plugin file, found {describe(item)}", "plugins"
            )
            return None
        try:
            path = (self.base_dir / Path(item.value).expanduser()).absolute()
            problem = self.stages.add_file(path)
        except (UsageError, OSError, ValueError, RuntimeError) as error:
            problem = str(error) or type(error).__name__
        if problem is not None:
            self.notes.add(item.place, str(problem), "plugins")
            return None
        return path

    def _prove(self, entries: Sequence[Entry]) -> Graph | None:
        nodes = [entries[0].node(self.notes, None)]
        nodes += [entry.node(self.notes, before) for before, entry in pairwise(entries)]
        try:
            inputs = "from_" if self.notes.python else "from"
            return check(nodes, lambda: givers(self.stages), inputs=inputs)
        except ConfigError as error:
            self.notes.extend(self._placed(entries, problem) for problem in error.problems)
            return None

    def _placed(self, entries: Sequence[Entry], problem: Problem) -> Problem:
        """The problem of the graph, at the key of the file that is to blame."""
        if not isinstance(problem, Fault) or problem.node is None:
            return problem
        place = entries[problem.node].place_of(problem.path)
        where = place.label or problem.where
        return Problem(problem.message, where, place.file, place.line, place.column, problem.hint)
