"""The first-party geometry of faces: mesh, pose of the head, eyes, movements, valence and quality.

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
        "mesh": "ferpipe_geometry.mesh:Mesh",
        "pose": "ferpipe_geometry.pose:Pose",
        "eyes": "ferpipe_geometry.eyes:Eyes",
        "movements": "ferpipe_geometry.movements:Movements",
        "valence": "ferpipe_geometry.valence:Valence",
        "quality": "ferpipe_geometry.quality:Quality",
    }


@hookimpl
def ferpipe_doctor() -> Iterable[Check]:
    """The checks of this package."""
    from ferpipe_geometry._doctor import checks

    return checks()
