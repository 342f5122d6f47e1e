"""The closed-form fit of MediaPipe's canonical face to a mesh.

S. Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns", IEEE
Transactions on Pattern Analysis and Machine Intelligence 13(4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ferpipe import UsageError
from ferpipe.resources import shipped
from ferpipe_geometry.region import Doubles, Floats

__all__ = [
    "HEIGHT",
    "WIDTH",
    "Similarity",
    "angles",
    "canonical",
    "fit",
    "fit_in_perspective",
    "turned",
    "umeyama",
]

WIDTH, HEIGHT = 15.486, 17.665
"""Extent of the canonical face in centimetres, ear to ear and forehead to chin."""

_FLIP = np.array([1.0, -1.0, -1.0])
"""From the picture (y down, z away) to the canonical face (y up, z towards the camera)."""

_FLAT = 1e-4
"""Share of the largest extent below which the second one is rounding: the points lie on a line."""


@dataclass(frozen=True, slots=True)
class Similarity:
    """target = scale * rotation @ source + shift; the rotation is (3, 3) and proper."""

    scale: float
    rotation: Doubles
    shift: Doubles

    def back(self, points: Floats) -> Doubles:
        """(N, 3) points of a mesh in centimetres of the canonical face, as it faces the camera."""
        back: Doubles = (points * _FLIP - self.shift) @ self.rotation / self.scale
        return back

    def ahead(self, points: Doubles) -> Doubles:
        """(N, 3) points of the canonical face in pixels of the picture."""
        ahead: Doubles = (self.scale * points @ self.rotation.T + self.shift) * _FLIP
        return ahead


@lru_cache(maxsize=1)
def canonical() -> tuple[Doubles, Doubles]:
    """((468, 3) points in centimetres, x to the right, y up, z to the camera; (468,) weights of the fit)."""
    file = shipped("models") / "face_mesh" / "canonical.csv"
    try:
        table = np.loadtxt(file, delimiter=",", skiprows=1)
    except OSError:
        raise UsageError(f"the canonical face {file} is missing: reinstall ferpipe") from None
    return table[:, :3], table[:, 3]


def umeyama(source: Doubles, target: Doubles, weights: Doubles) -> Similarity | None:
    """The similarity that leads (N, 3) `source` to `target` with the least weighted squares.

    None where the points do not settle it: fewer than three, all on a line, or not finite.
    """
    shares = weights / weights.sum()
    middle, centre = shares @ source, shares @ target
    here, there = source - middle, target - centre
    spread = float(shares @ (here**2).sum(axis=1))
    covariance = (there * shares[:, None]).T @ here
    if not (np.isfinite(covariance).all() and spread > 0):
        return None
    u, values, v = np.linalg.svd(covariance)
    if values[1] <= _FLAT * max(values[0], 1e-12):
        return None
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u) * np.linalg.det(v))])
    rotation = u @ np.diag(signs) @ v
    scale = float(values @ signs) / spread
    return Similarity(scale, rotation, centre - scale * rotation @ middle) if scale > 0 else None


def fit(mesh: Floats) -> Similarity | None:
    """How the canonical face lies in the picture, for a mesh of at least 468 points in pixels."""
    points, weights = canonical()
    used = weights > 0
    target = mesh[: len(points)][used].astype(np.float64) * _FLIP
    return umeyama(points[used], target, weights[used])


def fit_in_perspective(mesh: Floats, width: int, height: int, field_of_view: float) -> Similarity | None:
    """As `fit`, for a camera with this vertical field of view in degrees, whose axis meets the middle of the
    picture of `width` by `height` pixels: a similarity to centimetres before the camera.

    It is what MediaPipe's face geometry module does: the depth follows from the scale of the fit, the points
    are moved out along their rays by their depth, and the canonical face is fitted anew.
    """
    points, weights = canonical()
    used = weights > 0
    source, shares = points[used], weights[used]
    unit = 2 * math.tan(math.radians(field_of_view) / 2) / height
    near = (mesh[: len(points)].astype(np.float64) - [width / 2, height / 2, 0]) * unit
    depth = near[:, 2] - near[:, 2].mean() + 1
    found = umeyama(source, near[used] * _FLIP, shares)
    scale = 1.0
    for _ in range(2):
        if found is None:
            return None
        scale *= found.scale
        away = depth / scale
        moved = np.column_stack([near[:, 0] * away, near[:, 1] * away, away])
        found = umeyama(source, moved[used] * _FLIP, shares)
    return found


def angles(rotation: Doubles) -> tuple[float, float, float]:
    """(yaw, pitch, roll) in degrees of a head: 0 where it faces the camera upright.

    yaw and pitch are where the nose points: positive to the right of the picture and up.  roll turns the
    head about that direction: positive clockwise in the picture.  yaw and roll lie within 180 degrees,
    pitch within 90, so that it cannot jump by 180.
    """
    x, y, z = rotation[:, 2]
    yaw, pitch = np.arctan2(x, z), np.arcsin(np.clip(y, -1, 1))
    own = (_about_y(yaw) @ _about_x(-pitch)).T @ rotation
    roll = -np.arctan2(own[1, 0], own[0, 0])
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))


def turned(yaw: float, pitch: float, roll: float) -> Doubles:
    """The rotation of a head with these angles in degrees; the inverse of `angles`."""
    a, b, c = np.radians([yaw, pitch, -roll])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1.0]])
    made: Doubles = _about_y(a) @ _about_x(-b) @ about_z
    return made


def _about_y(angle: float) -> Doubles:
    return np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1.0, 0], [-np.sin(angle), 0, np.cos(angle)]])


def _about_x(angle: float) -> Doubles:
    return np.array([[1.0, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
