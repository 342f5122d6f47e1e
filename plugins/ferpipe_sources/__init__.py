"""The first-party sources: files, frames from Python, images, webcams and network streams."""

from __future__ import annotations

from collections.abc import Iterable

from ferpipe import Check, hookimpl

__all__ = ["ferpipe_doctor", "ferpipe_stages"]


@hookimpl
def ferpipe_stages() -> dict[str, str]:
    """The sources by name; their modules are imported when a pipeline uses them."""
    return {
        "file": "ferpipe_sources.file:FileSource",
        "frames": "ferpipe_sources.frames:FramesSource",
        "images": "ferpipe_sources.images:ImagesSource",
        "webcam": "ferpipe_sources.webcam:WebcamSource",
        "rtsp": "ferpipe_sources.rtsp:RtspSource",
    }


@hookimpl
def ferpipe_doctor() -> Iterable[Check]:
    """The checks of this package."""
    from ferpipe_sources._doctor import checks

    return checks()
