"""Where a mesh says that a face and its features are, as a detector would say it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ferpipe import Box, Face

__all__ = ["BOX", "by_mesh"]

BOX = "mesh"
"""The key of a framing's `boxes` for boxes from here."""

_FEATURES: dict[str, tuple[int, ...]] = {
    "left_eye": (33, 133),
    "right_eye": (362, 263),
    "nose": (1,),
    "mouth": (13, 14, 61, 291),
    "mouth_left": (61,),
    "mouth_right": (291,),
}
"""Numbers of MediaPipe's points, whose mean is the feature; left and right are those of the picture."""

_POINTS = 468


def by_mesh(face: Face) -> Face | None:
    """The face with landmarks and a box from its mesh; None where it has none that can be used.

    The box holds the mesh upright along the eyes: it neither grows with the roll of the head nor trembles as
    a detector's does.
    """
    mesh = face.data.get("mesh")
    if mesh is None or len(mesh) < _POINTS or not np.isfinite(mesh[:_POINTS, :2]).all():
        return None
    flat: npt.NDArray[np.float64] = np.asarray(mesh[:_POINTS, :2], np.float64)
    landmarks = np.array([flat[list(numbers)].mean(axis=0) for numbers in _FEATURES.values()])
    across = landmarks[1] - landmarks[0]
    length = float(np.hypot(*across))
    if length == 0:
        return None
    cosine, sine = across / length
    turn = np.array([[cosine, -sine], [sine, cosine]])
    upright = flat @ turn
    low, high = upright.min(axis=0), upright.max(axis=0)
    width, height = (high - low).tolist()
    x, y = (turn @ ((low + high) / 2)).tolist()
    box = Box(x - width / 2, y - height / 2, width, height)
    return face.replace(box=box, landmarks=landmarks.astype(np.float32), landmark_names=tuple(_FEATURES))
