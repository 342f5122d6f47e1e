"""A pipeline as the server runs it: another source, no output files, an overlay where there is none."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from ferpipe import ConfigError, Pipeline

__all__ = ["Source", "last_of", "live_chain", "read", "session_chain", "still_chain", "with_outputs"]

Source = tuple[str, Mapping[str, Any]]
"""A source stage by its type, and its options."""
Entries = list[dict[str, Any]]
_TIMELY = frozenset({"tracks", "smoothed"})
"""Kinds that only mean something from picture to picture."""


def read(config: Mapping[str, Any]) -> Pipeline:
    """The pipeline of `config`: `pipeline`, and `overrides`, `plugins`, `trusted` as on the command line.

    Raises ConfigError.
    """
    return Pipeline.from_yaml(
        config["pipeline"],
        overrides=config.get("overrides", ()),
        plugins=config.get("plugins", ()),
        trusted=config.get("trusted", True),
    )


def live_chain(pipeline: Pipeline, source: Source | None = None) -> Pipeline:
    """The part of `pipeline` that finds and draws, of its first source, or fed by another `source`."""
    entries = _without(_entries(pipeline, source), _outputs(pipeline))
    return _drawn(_made(pipeline, entries))


def session_chain(pipeline: Pipeline) -> Pipeline:
    """The part of `pipeline` that finds: nothing is drawn, nothing is written."""
    drawing = {node.name for node in pipeline.graph.nodes if node.gives == {"canvas"}}
    return _made(pipeline, _without(_entries(pipeline), _outputs(pipeline) | drawing))


def still_chain(pipeline: Pipeline) -> Pipeline:
    """The part of `pipeline` that works on a single picture: nobody is followed, nothing is smoothed.

    Where nothing is left without that, the usual detector, aligner and classifier.
    """
    base = session_chain(pipeline)
    timely = {node.name for node in base.graph.nodes if node.gives & _TIMELY or node.stage.delays}
    try:
        return _made(base, _without(_entries(base), timely))
    except ConfigError:
        return Pipeline.of("blazeface", "align", "litert")


def with_outputs(pipeline: Pipeline, source: Source, timeline: str, video: str | None) -> Pipeline:
    """What finds of `pipeline`, on the file of `source`, into a timeline and an annotated video."""
    chain = (
        live_chain(pipeline, source) if video else session_chain(_made(pipeline, _entries(pipeline, source)))
    )
    entries = _entries(chain)
    last = last_of(chain)
    entries.append({"use": "timeline", "name": "web-timeline", "from": [last], "with": {"path": timeline}})
    if video:
        entries.append({"use": "video", "name": "web-video", "from": [last], "with": {"path": video}})
    return _made(chain, entries)


def last_of(pipeline: Pipeline) -> str:
    """The last stage that knows of the faces, after the overlay where there is one."""
    graph = pipeline.graph
    names = graph.components[0]
    for kind in ("canvas", "faces"):
        for name in reversed(names):
            if kind in graph.arrivals[name].givers or kind in graph[name].gives:
                return name
    return names[-1]


def _entries(pipeline: Pipeline, source: Source | None = None) -> Entries:
    """The stages of the first source's part as entries of a pipeline file."""
    graph = pipeline.graph
    names = {name: name for name in graph.components[0]}
    if source is not None and source[0] not in names:
        names[graph.components[0][0]] = source[0]  # messages name a stage by what it is
    entries: Entries = []
    for node in graph.nodes:
        if node.name not in names:
            continue
        use, options = node.use, node.options.model_dump(exclude_unset=True, by_alias=True)
        if node.is_source and source is not None:
            use, options = source[0], dict(source[1])
        entries.append(
            {
                "use": use,
                "name": names[node.name],
                "with": options,
                "on_error": {"action": node.on_error.action, "budget": node.on_error.budget},
                "timeout": node.timeout,
                **({"from": [names[each] for each in node.inputs]} if node.inputs else {}),
            }
        )
    return entries


def _outputs(pipeline: Pipeline) -> set[str]:
    """The stages that only write a file or show a window: they find nothing for those behind them."""
    return {
        node.name
        for node in pipeline.graph.nodes
        if not node.is_source
        and not node.gives
        and not node.stage.measured(node.options, {})
        and ("path" in type(node.options).model_fields or node.use in ("window", "null"))
    }


def _without(entries: Entries, names: Iterable[str]) -> Entries:
    """The entries that are not in `names`; who took packets from one of these takes its input instead."""
    left_out = set(names)
    inputs = {entry["name"]: entry.get("from", []) for entry in entries}

    def before(name: str) -> list[str]:
        return [name] if name not in left_out else [far for near in inputs[name] for far in before(near)]

    kept = [entry for entry in entries if entry["name"] not in left_out]
    for entry in kept:
        if "from" in entry:
            entry["from"] = list(dict.fromkeys(far for near in entry["from"] for far in before(near)))
    return kept


def _drawn(pipeline: Pipeline) -> Pipeline:
    """With an overlay at the end, where nothing is drawn and faces are found."""
    graph = pipeline.graph
    nodes = [graph[name] for name in graph.components[0]]
    if any("canvas" in node.gives for node in nodes) or not any("faces" in node.gives for node in nodes):
        return pipeline
    overlay = {"use": "overlay", "name": "web-overlay", "from": [last_of(pipeline)]}
    return _made(pipeline, [*_entries(pipeline), overlay])


def _made(
    pipeline: Pipeline, entries: Entries, executor: Literal["inline", "threads"] | None = None
) -> Pipeline:
    settings = dataclasses.asdict(pipeline.settings)
    trusted = settings.pop("trusted")
    settings.update({"mode": "auto", "output_dir": None}, **({"executor": executor} if executor else {}))
    run = {name: value for name, value in settings.items() if value is not None}
    made = Pipeline.from_dict(
        {"version": 1, "name": pipeline.name, "run": run, "stages": entries},
        plugins=[file for file in pipeline.files if file.suffix == ".py"],
        trusted=trusted,
    )
    made.files = pipeline.files
    return made
