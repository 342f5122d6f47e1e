"""What people look at, made of timelines: the report, and files that other tools read."""

from __future__ import annotations

from ferpipe import hookimpl

__all__ = ["ferpipe_stages"]


@hookimpl
def ferpipe_stages() -> dict[str, str]:
    """The sink by name; its module is imported when a pipeline uses it."""
    return {"convert": "ferpipe_report.convert.sink:ConvertSink"}
