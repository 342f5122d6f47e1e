"""Executors and what they are made of; `Run` is the door."""

from ferpipe.run.engine import Run
from ferpipe.run.report import RunReport, SourceReport, StageReport

__all__ = ["Run", "RunReport", "SourceReport", "StageReport"]
