"""Everything that needs Keras: networks, augmentation layers, and the model that is trained.

Its modules import Keras when they are imported; import them inside functions, after
`need_keras()` and `import_quietly()`.
"""

from __future__ import annotations

import importlib.util
import os

from ferpipe import UsageError
from ferpipe_emotion.quiet_keras import import_quietly

__all__ = ["import_quietly", "need_keras", "need_matplotlib"]

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
