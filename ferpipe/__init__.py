"""ferpipe: what faces show over time, from video.

The names below are the public face; a plugin needs nothing else.  They are loaded on first use,
so that `import ferpipe` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferpipe.analysis import analyze as analyze
    from ferpipe.analysis import analyze_video as analyze_video
    from ferpipe.bases import Classifier as Classifier
    from ferpipe.bases import FileOptions as FileOptions
    from ferpipe.bases import FileSink as FileSink
    from ferpipe.bases import Sender as Sender
    from ferpipe.bases import SenderOptions as SenderOptions
    from ferpipe.check import Check as Check
    from ferpipe.errors import ConfigError as ConfigError
    from ferpipe.errors import FerpipeError as FerpipeError
    from ferpipe.errors import RunError as RunError
    from ferpipe.errors import StageError as StageError
    from ferpipe.errors import UsageError as UsageError
    from ferpipe.errors import redact as redact
    from ferpipe.errors import remedy as remedy
    from ferpipe.hookspecs import hookimpl as hookimpl
    from ferpipe.measures import Measure as Measure
    from ferpipe.output import Output as Output
    from ferpipe.packet import Box as Box
    from ferpipe.packet import Chip as Chip
    from ferpipe.packet import ChipFormat as ChipFormat
    from ferpipe.packet import Emotion as Emotion
    from ferpipe.packet import Face as Face
    from ferpipe.packet import Frame as Frame
    from ferpipe.packet import Mark as Mark
    from ferpipe.packet import Packet as Packet
    from ferpipe.packet import StreamInfo as StreamInfo
    from ferpipe.packet import freeze as freeze
    from ferpipe.pictures import as_image as as_image
    from ferpipe.pipeline import Pipeline as Pipeline
    from ferpipe.pipeline import Session as Session
    from ferpipe.pipeline import stage as stage
    from ferpipe.stages import Context as Context
    from ferpipe.stages import Options as Options
    from ferpipe.stages import Source as Source
    from ferpipe.stages import Stage as Stage

__version__ = "0.1.0"

_HOME = {
    "analyze": "analysis",
    "analyze_video": "analysis",
    "Classifier": "bases",
    "FileOptions": "bases",
    "FileSink": "bases",
    "Sender": "bases",
    "SenderOptions": "bases",
    "Check": "check",
    "ConfigError": "errors",
    "FerpipeError": "errors",
    "RunError": "errors",
    "StageError": "errors",
    "UsageError": "errors",
    "redact": "errors",
    "remedy": "errors",
    "hookimpl": "hookspecs",
    "Measure": "measures",
    "Output": "output",
    "Box": "packet",
    "Chip": "packet",
    "ChipFormat": "packet",
    "Emotion": "packet",
    "Face": "packet",
    "Frame": "packet",
    "Mark": "packet",
    "Packet": "packet",
    "StreamInfo": "packet",
    "freeze": "packet",
    "as_image": "pictures",
    "Pipeline": "pipeline",
    "Session": "pipeline",
    "stage": "pipeline",
    "Context": "stages",
    "Options": "stages",
    "Source": "stages",
    "Stage": "stages",
}

__all__ = ["__version__", *_HOME]  # noqa: PLE0604 -- the keys are strings


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"ferpipe.{_HOME[name]}"), name)
    raise AttributeError(f"module 'ferpipe' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
