"""Pipelines from Python: build one, run it, iterate its results, or feed it from a loop of your own."""

from ferpipe.pipeline._items import Item, StageItem, stage
from ferpipe.pipeline._pipeline import Pipeline
from ferpipe.pipeline._results import Results
from ferpipe.pipeline._session import Session

__all__ = ["Item", "Pipeline", "Results", "Session", "StageItem", "stage"]
