"""One pipeline for every video: where its source reads, and where its outputs go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from ferpipe import Options, Pipeline, UsageError

__all__ = ["Recipe", "Template"]

NAME = "{name}"
"""In a value of `--set`: the output of this video, without its ending."""

WORDS = {"video": "annotated", "timeline": "timeline"}
"""What stands before the suffix of an output, by stage; that of other stages is their name."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the user says of the pipeline, as a worker is given it.

    pipeline: a shipped pipeline's name or the path of a file; sets: as `--set` has them; copies: of a
    stage at work at once, None to leave it to the pipeline; folder: that relative
    names start from.
    """

    pipeline: str
    sets: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    trusted: bool = True
    copies: int | None = None
    folder: str = ""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Recipe:
        """The recipe that `to_dict` has given."""
        return cls(**{**data, "sets": tuple(data["sets"]), "plugins": tuple(data["plugins"])})

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON takes it."""
        return asdict(self)

    def load(self, more: Sequence[str] = ()) -> Pipeline:
        """The checked pipeline.  Raises ConfigError with every mistake."""
        pipeline = Pipeline.from_yaml(
            self.pipeline, overrides=[*self.sets, *more], plugins=self.plugins, trusted=self.trusted
        )
        return pipeline if self.copies is None else pipeline.with_settings(copies=self.copies)


class Template:
    """A recipe, read once: the option that is the source, and the endings of the outputs.

    Raises ConfigError for a wrong pipeline, UsageError for one that does not suit a batch.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.named = tuple(text for text in recipe.sets if NAME in text)
        self._plain = Recipe(
            recipe.pipeline,
            tuple(text for text in recipe.sets if NAME not in text),
            recipe.plugins,
            recipe.trusted,
            recipe.copies,
            recipe.folder,
        )
        self.pipeline = self._plain.load([_placed(text, "name") for text in self.named])
        self.source = self._source()
        self.endings = self._endings()
        if not self.endings and not self.named:
            raise UsageError(
                f"{recipe.pipeline} writes no file: end it with a sink such as 'timeline' or 'video'"
            )

    def outputs(self, stem: str) -> list[str]:
        """The files of one video, below the output folder."""
        own = [_placed(text, stem).partition("=")[2].strip().strip("'\"") for text in self.named]
        return [*(stem + ending for ending in self.endings.values()), *own]

    def overrides(self, source: str, out: Path, stem: str) -> list[str]:
        """What makes it the pipeline of one video."""
        own = [_named(text, out / stem) for text in self.named]
        ends = [f"{option}={_quoted(out / (stem + ending))}" for option, ending in self.endings.items()]
        return [f"{self.source}={_quoted(source)}", *ends, *own]

    def load(self, source: str, out: Path, stem: str) -> Pipeline:
        """The pipeline of one video, which writes below `out` and takes the place of what is there."""
        if self.named:
            pipeline = self._plain.load(self.overrides(source, out, stem))
        else:
            pipeline = self._renamed(source, out, stem)
        return pipeline.with_settings(overwrite=True, output_dir=str(out))

    def _renamed(self, source: str, out: Path, stem: str) -> Pipeline:
        """The pipeline that was checked with other names: reading it again would take a tenth of a second."""
        paths = {option: str(out / (stem + ending)) for option, ending in self.endings.items()}
        paths[self.source] = source
        nodes = tuple(
            replace(node, options=_with_path(node.options, paths[f"{node.name}.path"]))
            if f"{node.name}.path" in paths
            else node
            for node in self.pipeline.graph.nodes
        )
        base = self.pipeline
        graph = replace(base.graph, nodes=nodes)
        return Pipeline(graph, base.settings, name=base.name, warnings=base.warnings, files=base.files)

    def _source(self) -> str:
        sources = [node for node in self.pipeline.graph.nodes if node.is_source]
        if len(sources) != 1:
            raise UsageError(
                f"{self.recipe.pipeline} has {len(sources)} sources: a batch needs a pipeline with one"
            )
        node = sources[0]
        if "path" not in node.stage.Options.model_fields or getattr(node.stage, "live", False):
            raise UsageError(
                f"{self.recipe.pipeline} reads '{node.use}', which has no path: a batch needs a pipeline "
                "that reads 'file'"
            )
        return f"{node.name}.path"

    def _endings(self) -> dict[str, str]:
        """The ending of each output, by the option that names it."""
        endings: dict[str, str] = {}
        given = {text.partition("=")[0].strip() for text in self.named}
        for node in self.pipeline.graph.nodes:
            option = f"{node.name}.path"
            value = getattr(node.options, "path", None)
            if node.is_source or node.gives or not isinstance(value, str) or option in given:
                continue
            suffix = PurePosixPath(value).suffix
            ending = f".{WORDS.get(node.use, node.name)}{suffix}"
            if ending in endings.values():
                ending = f".{node.name}{suffix}"
            endings[option] = ending
        return endings


def _with_path(options: Options, path: str) -> Options:
    given = {name: getattr(options, name) for name in options.model_fields_set}
    return type(options)(**{**given, "path": path})


def _placed(text: str, name: str) -> str:
    return text.replace(NAME, name)


def _named(text: str, stem: Path) -> str:
    """The override for one video; the value is taken as a name, so that YAML reads nothing into it."""
    option, _, value = text.partition("=")
    plain = value.strip()
    if len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "'\"":
        plain = plain[1:-1]
    return f"{option}={_quoted(_placed(plain, str(stem)))}"


def _quoted(path: str | Path) -> str:
    """The path as YAML reads it unchanged, whatever characters it has."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    controls = {chr(code): f"\\x{code:02x}" for code in (*range(32), 127)}
    return '"' + "".join(controls.get(char, char) for char in text) + '"'
