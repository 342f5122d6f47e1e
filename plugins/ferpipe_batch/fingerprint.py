"""What the outputs of a batch depend on besides the video: pipeline, models and versions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any

from ferpipe import Pipeline, UsageError
from ferpipe.resources import all_model_dirs, resolve
from ferpipe_batch.template import Template

__all__ = ["Fingerprint", "changes", "digest", "fingerprint"]

LIBRARIES = ("ferpipe", "numpy", "opencv-python", "av", "ai-edge-litert")
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Checksums of what the outputs depend on.

    pipeline: of the stages with all their options; files: of plugin files; models: by name or path;
    versions: of the distributions that take part.  `versions` are kept but decide nothing.
    """

    pipeline: str
    files: Mapping[str, str]
    models: Mapping[str, str]
    versions: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """The fingerprint as the manifest has it."""
        return {
            "pipeline": self.pipeline,
            "files": dict(self.files),
            "models": dict(self.models),
            "versions": dict(self.versions),
        }


def fingerprint(template: Template) -> Fingerprint:
    """The fingerprint of a pipeline as it would run now."""
    pipeline = template.pipeline
    outputs = {template.source, *template.endings}
    stages = []
    models: dict[str, str] = {}
    for node in pipeline.graph.nodes:
        options = node.options.model_dump(mode="json")
        kept = {key: value for key, value in options.items() if f"{node.name}.{key}" not in outputs}
        policy = [node.on_error.action, node.on_error.budget]
        stages.append([node.name, node.use, list(node.inputs), policy, kept])
        for text in _texts(kept):
            models.update(_files_of(text))
    text = json.dumps([stages, list(template.endings.items()), template.named], sort_keys=True)
    files = {Path(path).name: digest(path) for path in _plugin_files(template, pipeline)}
    return Fingerprint(hashlib.sha256(text.encode()).hexdigest(), files, models, _versions(pipeline))


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """What has changed in a line, None where the outputs are still good."""
    if before.get("pipeline") != now["pipeline"]:
        return "the pipeline has changed"
    for kind, word in (("files", "the plugin file"), ("models", "the model")):
        old, new = before.get(kind, {}), now[kind]
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                return f"{word} '{Path(name).name}' has changed"
    return None


def digest(path: str | Path) -> str:
    """The SHA-256 of a file.  Raises OSError."""
    value = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(CHUNK):
            value.update(chunk)
    return value.hexdigest()


def _plugin_files(template: Template, pipeline: Pipeline) -> list[str]:
    """The plugin files; the pipeline's own file counts by what it says, not by its comments."""
    return [*template.recipe.plugins, *(str(path) for path in pipeline.files if path.suffix == ".py")]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(part)


def _files_of(text: str) -> dict[str, str]:
    """The checksums of the files that an option names: by its path, or as a model by its name."""
    if not text or len(text) > 1000 or "\0" in text or "://" in text:
        return {}
    try:
        path = resolve(text)
        if path.is_file():
            return {text: digest(path)}
    except (UsageError, OSError, ValueError):
        return {}
    if not text.replace("-", "").replace("_", "").replace(".", "").isalnum():
        return {}
    for folder in all_model_dirs():
        own = sorted(
            each
            for each in folder.glob(f"{text}.*")
            if each.suffix in {".tflite", ".onnx", ".keras", ".json"}
        )
        if own:
            return {each.name: digest(each) for each in own}
    return {}


def _versions(pipeline: Pipeline) -> dict[str, str]:
    packages = {node.stage.__module__.partition(".")[0] for node in pipeline.graph.nodes}
    plugins = [point for point in entry_points(group="ferpipe") if point.module.partition(".")[0] in packages]
    names = {*LIBRARIES, *(point.dist.name for point in plugins if point.dist is not None)}
    found = {}
    for name in sorted(names):
        with suppress(ModuleNotFoundError):
            found[name] = version(name)
    return found
