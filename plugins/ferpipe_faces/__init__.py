"""The first-party faces: detectors, the tracker and the aligner.

Only names stand here; OpenCV and LiteRT are imported when a pipeline uses a stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ferpipe import Check, hookimpl

__all__ = ["ferpipe_doctor", "ferpipe_stages"]


@hookimpl
def ferpipe_stages() -> Mapping[str, str]:
    """The stages by the names that pipelines use."""
    return {
        "blazeface": "ferpipe_faces.blazeface:BlazeFace",
        "yunet": "ferpipe_faces.yunet:YuNet",
        "haar": "ferpipe_faces.haar:Haar",
        "track": "ferpipe_faces.track:Track",
        "align": "ferpipe_faces.align:Align",
    }


@hookimpl
def ferpipe_doctor() -> Iterable[Check]:
    """The checks of this package."""
    from ferpipe_faces._doctor import checks

    return checks()
