"""The page of the hooks."""

from __future__ import annotations

import inspect
from typing import Any

from docs.reference.words import MADE, paragraphs
from ferpipe import hookspecs


def hooks_page() -> str:
    """Every hook with its documentation."""
    parts = [
        "# The hooks",
        MADE,
        (
            "A plugin is a module that an entry point of the group `ferpipe` names, or a Python file named "
            "in a pipeline or by `--plugin`. It implements any of these hooks, each marked with "
            "`ferpipe.hookimpl`. [plugins.md](plugins.md) builds a plugin step by step."
        ),
    ]
    for name, hook in hooks().items():
        returns = inspect.get_annotations(hook)["return"]
        parts += [
            f"## {name}",
            f"```python\n@hookimpl\ndef {name}() -> {returns}: ...\n```",
            paragraphs(hook.__doc__),
        ]
    return "\n\n".join(parts) + "\n"


def hooks() -> dict[str, Any]:
    """The hook specifications by name."""
    return {name: hook for name, hook in vars(hookspecs).items() if name.startswith("ferpipe_")}
