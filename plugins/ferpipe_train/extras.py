"""Whether the optional packages of `ferpipe[train]` are there."""

from __future__ import annotations

import importlib.util
import os

from ferpipe import UsageError

__all__ = ["need_keras", "need_matplotlib"]


_INSTALL = "install it with: pip install 'ferpipe[train]'"


def need_keras() -> None:
    """Raise UsageError where Keras or its backend is not installed; imports neither."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    for name in ("keras", backend):
        if importlib.util.find_spec(name) is None:
            raise UsageError(f"this needs {name}, which is not installed; {_INSTALL}")


def need_matplotlib() -> None:
    """Raise UsageError where matplotlib is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        raise UsageError(f"this needs matplotlib, which is not installed; {_INSTALL}")
    import matplotlib as mpl

    mpl.use("Agg")
