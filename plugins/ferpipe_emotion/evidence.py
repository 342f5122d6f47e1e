"""What is known of a face that says how far its label can be believed."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ferpipe import Face

__all__ = ["evidence", "turn_by_landmarks"]

_NOSE_DEPTH, _NOSE_HEIGHT = 0.68, 0.54
"""How far the tip of the nose stands out, in distances of the eyes, and where it lies between eyes and mouth
where the head is not turned: fitted to the angles of the mesh on three clips of head movements."""

_MOST = 6.0
"""Log odds beyond which a probability is as good as certain."""


def evidence(face: Face) -> dict[str, float]:
    """The numbers of `ferpipe.models.Reliability` for a face with an emotion, without those not known.

    `confidence` is the log odds of the largest probability; `turned` is the turn of the head in tens of
    degrees, that of the mesh (`head.turned`) where it was measured, else that of the detector's landmarks.
    """
    assert face.emotion is not None  # noqa: S101 -- for the type checker; the caller has looked
    first = min(max(face.emotion.probabilities), 1 - 1e-9)
    found = {"confidence": max(-_MOST, min(_MOST, math.log(first / (1 - first))))}
    turn = face.measures.get("head.turned")
    if turn is None and face.landmarks is not None:
        names = zip(face.landmark_names, np.asarray(face.landmarks, np.float64), strict=False)
        turn = turn_by_landmarks(dict(names))
    return found if turn is None else found | {"turned": turn / 10}


def turn_by_landmarks(points: Mapping[str, npt.NDArray[np.float64]]) -> float | None:
    """Degrees by which a head is turned away from the camera, 0 to 90, by where its nose lies between its
    eyes and its mouth; None where these are not known.
    """
    mouth = points.get("mouth")
    if mouth is None and {"mouth_left", "mouth_right"} <= points.keys():
        mouth = (points["mouth_left"] + points["mouth_right"]) / 2
    if mouth is None or not {"left_eye", "right_eye", "nose"} <= points.keys():
        return None
    across = points["right_eye"] - points["left_eye"]
    apart = float(np.hypot(*across))
    middle = (points["left_eye"] + points["right_eye"]) / 2
    if not (np.isfinite([*across, *(mouth - middle), *points["nose"]]).all() and apart > 0):
        return None
    across = across / apart
    down = np.array([-across[1], across[0]])
    nose, tall = points["nose"] - middle, float((mouth - middle) @ down)
    if tall <= 0:
        return 90.0
    side = math.atan(float(nose @ across) / (apart * _NOSE_DEPTH))
    nod = math.atan((float(nose @ down) - _NOSE_HEIGHT * tall) / (tall * _NOSE_DEPTH))
    return math.degrees(math.acos(math.cos(side) * math.cos(nod)))
