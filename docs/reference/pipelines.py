"""The page of the pipeline file."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from docs.reference.words import MADE, cell, paragraphs, stage_row
from ferpipe.config.document import OnError, PipelineKeys, Run, StageKeys
from ferpipe.plugins.describe import _option as option_of
from ferpipe.resources import shipped


def pipelines_page() -> str:
    """The keys of a pipeline file, and the pipelines that are ready."""
    parts = ["# The pipeline file", MADE, paragraphs(PIPELINE_INTRO)]
    for title, model in (
        ("The whole file", PipelineKeys),
        ("A stage", StageKeys),
        ("`on_error:`", OnError),
        ("`run:`", Run),
    ):
        parts += [f"## {title}", paragraphs(model.__doc__), _table(model)]
    rows = "\n".join(f"| `{path.stem}` | {cell(_comment(path))} |" for path in ready())
    parts += [
        "## Ready pipelines",
        "`ferpipe run NAME` finds them.",
        f"| name | what it does |\n|---|---|\n{rows}",
    ]
    return "\n\n".join(parts) + "\n"


PIPELINE_INTRO = """
    A stage is a mapping with `use`, or the name alone where it needs no more. `${NAME}` and
    `${NAME:-default}` are taken from the environment, also inside a text; `$${` is a plain `${`.
    `--set stage.option=value` on the command line comes last.

    The first line of a ready pipeline names the JSON Schema, so that an editor with the YAML language
    server completes and checks it; `ferpipe schema -o schema.json` writes one with your own plugins.
    """


def _table(model: type[BaseModel]) -> str:
    rows = []
    for name, field in model.model_fields.items():
        shown = option_of(field.alias or name, field)
        rows.append(stage_row(shown))
    return "| key | type | default | what it does |\n|---|---|---|---|\n" + "\n".join(rows)


def ready() -> list[Path]:
    """The pipelines that ferpipe ships."""
    return sorted(shipped("pipelines").glob("*.yaml"))


def _comment(path: Path) -> str:
    """The words a pipeline begins with, and the command that they give."""
    lines = [line.lstrip("# ").rstrip() for line in path.read_text(encoding="utf-8").splitlines()]
    shown = [line for line in lines[: lines.index("version: 1")] if line and "$schema" not in line]
    return " ".join(f"`{line}`" if "ferpipe run" in line else line for line in shown)
