"""Words and tables in Markdown."""

from __future__ import annotations

import inspect
import json

from ferpipe.plugins.describe import Option

MADE = "<!-- Made by docs/reference: change the code, then run `make docs`. -->"


def paragraphs(text: str | None) -> str:
    """A docstring with a line a paragraph."""
    cleaned = inspect.cleandoc(text or "").replace("\b\n", "")
    return "\n\n".join(one_line(paragraph) for paragraph in cleaned.split("\n\n"))


def one_line(text: str | None) -> str:
    """The text with its line breaks gone."""
    return " ".join((text or "").split())


def cell(text: str) -> str:
    """The text for a cell of a table."""
    return text.replace("|", "\\|")


def stage_row(option: Option) -> str:
    """An option as a row: name, type, default, description."""
    default = "required" if option.required else f"`{json.dumps(option.default)}`"
    kind, about = cell(option.type), cell(option.description)
    return f"| `{option.name}` | {kind} | {default} | {about} |"
