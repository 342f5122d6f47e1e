"""The page of the first-party stages."""

from __future__ import annotations

from typing import Any

from docs.reference.words import MADE, cell, paragraphs, stage_row
from ferpipe.plugins import Registry
from ferpipe.plugins.describe import describe
from ferpipe.stages import Stage

ROOMS = {
    "ferpipe_sources": "Sources",
    "ferpipe_faces": "Faces: detectors, tracker, aligner",
    "ferpipe_geometry": "Geometry: mesh, head, eyes, movements, quality",
    "ferpipe_emotion": "Emotion: classifiers and smoother",
    "ferpipe_sinks": "Sinks",
    "ferpipe_report": "Files of other tools",
}


def stages_page() -> str:
    """Every first-party stage: what it does, needs and gives, and its options."""
    parts = [
        "# The stages",
        MADE,
        (
            "What ships with ferpipe. `ferpipe plugins` lists what is installed on your machine, plugins "
            "included, and `ferpipe plugins NAME` describes one. *Needs* and *gives* are the kinds of "
            "finding that a packet must carry into a stage and carries out of it; the whole pipeline is "
            "checked by them before anything opens. Time is in seconds and lengths are in pixels unless an "
            "option says otherwise."
        ),
    ]
    found = stages()
    for package, title in ROOMS.items():
        parts.append(f"## {title}")
        for name, stage in found.items():
            if stage.__module__.split(".")[0] == package:
                parts += _stage(name, stage)
    return "\n\n".join(parts) + "\n"


def stages() -> dict[str, type[Stage[Any]]]:
    """The first-party stages by name, in the order in which their plugins give them."""
    registry = Registry(allow=["ferpipe"])
    return {name: registry.stage(name) for name in registry.names()}


def _stage(name: str, stage: type[Stage[Any]]) -> list[str]:
    described = describe(stage)
    needs = ", ".join(f"`{kind}`" for kind in described.needs) or "nothing"
    gives = ", ".join(f"`{kind}`" for kind in described.gives) or "nothing new"
    parts = [f"### {name}", paragraphs(stage.__doc__), f"Needs {needs}. Gives {gives}."]
    if described.measures:
        parts.append(
            "| measure | unit | range | of a | what it is |\n|---|---|---|---|---|\n"
            + "\n".join(
                f"| `{m.name}` | {m.unit} | {m.range} | {m.of} | {cell(m.about)} |"
                for m in described.measures
            )
        )
    if described.options:
        parts.append(
            "| option | type | default | what it does |\n|---|---|---|---|\n"
            + "\n".join(stage_row(option) for option in described.options)
        )
    return parts
