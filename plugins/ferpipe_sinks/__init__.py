"""The first-party sinks: annotated pictures, videos, timelines, windows and live streams."""

from __future__ import annotations

from collections.abc import Iterable

from ferpipe import Check, hookimpl

__all__ = ["ferpipe_doctor", "ferpipe_stages"]


@hookimpl
def ferpipe_stages() -> dict[str, str]:
    """The sinks by name; their modules are imported when a pipeline uses them."""
    return {
        "overlay": "ferpipe_sinks.overlay:OverlayStage",
        "video": "ferpipe_sinks.video:VideoSink",
        "timeline": "ferpipe_sinks.timeline:TimelineSink",
        "window": "ferpipe_sinks.window:WindowSink",
        "stream": "ferpipe_sinks.stream:StreamSink",
        "null": "ferpipe_sinks.null:NullSink",
    }


@hookimpl
def ferpipe_doctor() -> Iterable[Check]:
    """The checks of this package."""
    from ferpipe_sinks._doctor import checks

    return checks()
