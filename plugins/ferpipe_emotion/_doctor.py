"""What `ferpipe doctor` says of classifying: LiteRT, and TensorFlow where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from ferpipe import Check

__all__ = ["checks"]


def checks() -> Iterator[Check]:
    """LiteRT is tried; TensorFlow is only looked up, since its import takes seconds."""
    try:
        from ai_edge_litert.interpreter import Interpreter  # noqa: F401
    except ImportError as error:
        advice = "pip install --force-reinstall ai-edge-litert"
        yield Check("litert", "fail", f"cannot be imported: {error}", advice)
    else:
        yield Check("litert", "ok", version("ai-edge-litert"))
    for name in ("tensorflow", "keras"):
        yield _optional(name)


def _optional(name: str) -> Check:
    try:
        return Check(name, "ok", f"{version(name)} (optional)")
    except PackageNotFoundError:
        advice = "pip install 'ferpipe[train]' if you want the stage 'keras' or to train"
        return Check(name, "warn", "not installed (optional)", advice)
