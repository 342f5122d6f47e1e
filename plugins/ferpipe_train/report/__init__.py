"""The report of a training: pictures and one HTML page."""

from ferpipe_train.report.write import write_report

__all__ = ["write_report"]
