"""The `pose` stage."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from pydantic import Field

from ferpipe import Face, Measure, Options, Packet, Stage
from ferpipe_geometry.fit import WIDTH, Similarity, angles, fit, fit_in_perspective
from ferpipe_geometry.region import Doubles

__all__ = ["Pose", "PoseOptions"]

_AXES = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]) * (WIDTH / 2) + [0, 0, 5.0]
"""A cross at the bridge of the nose, in centimetres of the canonical face."""


class PoseOptions(Options):
    """The options of `pose`."""

    field_of_view: float = Field(
        63.0,
        gt=1,
        lt=179,
        description="The camera's vertical field of view in degrees, by which a size becomes a distance. "
        "Default: 63, that of a usual webcam or phone.",
    )
    projection: Literal["parallel", "perspective"] = Field(
        "parallel",
        description="How the angles are meant: parallel, 0 where the face points at the camera from anywhere "
        "in the picture; or perspective, from the axis of the camera by its field of view, as in MediaPipe.",
    )


class Pose(Stage[PoseOptions]):
    """Finds how the head is turned and how far away it is, by fitting a canonical face to the mesh.

    The fit is Umeyama's (1991) closed form.  Yaw is positive where the face turns to the right of the
    picture, pitch where it looks up, roll where the head tilts clockwise in the picture; the mirrored
    picture has the mirrored yaw and roll.  A face that points at the camera has no yaw and no pitch, wherever
    in the picture it is; with `projection: perspective` the angles are those to the camera's axis.
    `face.data["axes"]` is (4, 2) float32: a point on the nose, and half a face's width from it to the
    right, up and forwards, in pixels.
    """

    Options = PoseOptions
    needs = frozenset({"frame", "faces", "face.mesh"})
    gives = frozenset({"face.axes"})
    measures = (
        Measure("head.yaw", "deg", -180, 180, "Turn of the head; positive to the right of the picture."),
        Measure("head.pitch", "deg", -90, 90, "Nod of the head; positive where it looks up."),
        Measure("head.roll", "deg", -180, 180, "Tilt of the head; positive clockwise in the picture."),
        Measure("head.turned", "deg", 0, 180, "Angle between where the face points and the camera's axis."),
        Measure(
            "head.distance", "", 0, None, "Distance from the camera in face widths, by the field of view."
        ),
    )

    @classmethod
    def independent(cls, options: PoseOptions) -> bool:  # noqa: ARG003
        """Always: each face is fitted by itself."""
        return True

    def process(self, packet: Packet) -> Packet:
        """Give each face with a mesh its pose."""
        height = packet.frame.shape[0]
        focal = height / 2 / math.tan(math.radians(self.options.field_of_view) / 2)
        size = packet.frame.image.shape[1], height
        return packet.replace(faces=tuple(self._posed(face, size, focal) for face in packet.faces))

    def _posed(self, face: Face, size: tuple[int, int], focal: float) -> Face:
        mesh = face.data.get("mesh")
        found = None if mesh is None else fit(mesh)
        if mesh is None or found is None:
            return face
        rotation = found.rotation
        if self.options.projection == "perspective":
            seen = fit_in_perspective(mesh, *size, self.options.field_of_view)
            if seen is None:
                return face
            rotation = seen.rotation
        return face.with_data(axes=_axes(found)).with_measures(values(found, rotation, focal))


def values(found: Similarity, rotation: Doubles, focal: float) -> dict[str, float]:
    """The measures of a fitted head that is turned by (3, 3) `rotation`; focal: pixels."""
    yaw, pitch, roll = angles(rotation)
    ahead = float(np.clip(rotation[2, 2], -1, 1))
    return {
        "head.yaw": yaw,
        "head.pitch": pitch,
        "head.roll": roll,
        "head.turned": math.degrees(math.acos(ahead)),
        "head.distance": focal / (found.scale * WIDTH),
    }


def _axes(found: Similarity) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    made: np.ndarray[tuple[int, int], np.dtype[np.float32]] = found.ahead(_AXES)[:, :2].astype(np.float32)
    return made
