"""Faces turned in depth: a picture laid over the mesh of its face, and the mesh turned.

What a turned head hides stays hidden, what it would show anew is stretched from its edge; the rest of the
picture turns with the head as the rim of a bowl behind it.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from scipy.spatial import Delaunay

from ferpipe_geometry.fit import canonical, turned
from ferpipe_geometry.networks import MeshNetwork, open_mesh
from ferpipe_geometry.region import Region

SIDE = 144
"""Pixels a side of the picture that comes out."""

_RIM = ((1.25, 0.35), (1.7, 0.8))
"""Rings of points about the face: how far from its middle, and how far behind it, in widths of the face."""

_FLIP = np.array([1.0, -1.0, -1.0])


class Turner:
    """Turns faces; one network for all of them."""

    def __init__(self) -> None:
        self._network: MeshNetwork = open_mesh(1)

    def mesh(self, face: np.ndarray) -> np.ndarray | None:
        """(N, 3) points of the mesh and its rims for a square grey face, in pixels of SIDE, or None."""
        big = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        colour = cv2.cvtColor(big, cv2.COLOR_GRAY2BGR)
        points, presence = self._network(colour, Region(SIDE / 2, SIDE / 2, SIDE * 1.25, 0.0))
        if presence < 0.5:
            return None
        middle = points.mean(axis=0)
        width = float(np.ptp(points[:, 0]))
        outline = points[_outline()]
        rims = [
            np.column_stack([middle[:2] + (outline[:, :2] - middle[:2]) * far, outline[:, 2] + deep * width])
            for far, deep in _RIM
        ]
        return np.concatenate([points, *rims]).astype(np.float64)

    def turn(self, face: np.ndarray, mesh: np.ndarray, yaw: float, pitch: float) -> np.ndarray:
        """The face (SIDE, SIDE) after a turn by degrees: positive yaw to the right, positive pitch up."""
        big = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        middle = mesh[:468].mean(axis=0)
        there = (mesh - middle) * _FLIP @ turned(yaw, pitch, 0).T * _FLIP + middle
        triangles = _triangles()
        order = np.argsort(-there[triangles, 2].mean(axis=1))  # the farthest first
        which = np.full((SIDE, SIDE), -1, np.int32)
        corners = np.rint(there[:, :2] * 16).astype(np.int32)
        for number in order.tolist():
            cv2.fillConvexPoly(which, corners[triangles[number]], number, lineType=cv2.LINE_8, shift=4)
        source, target = mesh[triangles, :2], there[triangles, :2]
        ones = np.ones((len(triangles), 3, 1))
        # A triangle that is seen edge on covers no pixel; a hair's breadth keeps it from having no inverse.
        corner = np.concatenate([target, ones], axis=2) + 1e-6 * np.eye(3)
        solved = np.linalg.inv(corner) @ source
        y, x = np.mgrid[:SIDE, :SIDE]
        grid = np.stack([x, y, np.ones_like(x)], axis=-1).astype(np.float64)
        lookup = np.einsum("yxi,yxij->yxj", grid, solved[np.maximum(which, 0)]).astype(np.float32)
        lookup[which < 0] = -1e4
        drawn = cv2.remap(
            big, lookup[..., 0], lookup[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        bare = cv2.GaussianBlur(big, (0, 0), SIDE / 8)
        share = cv2.GaussianBlur((which >= 0).astype(np.float32), (0, 0), 2)
        return np.clip(drawn * share + bare * (1 - share) + 0.5, 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _outline() -> np.ndarray:
    """Numbers of the points on the outline of the canonical face."""
    return np.unique(cv2.convexHull(canonical()[0][:, :2].astype(np.float32), returnPoints=False).ravel())


@lru_cache(maxsize=1)
def _triangles() -> np.ndarray:
    """(M, 3) triangles over the points and the rims, as they lie in the canonical face."""
    points = canonical()[0][:, :2]
    outline = points[_outline()]
    rims = [outline * far for far, _ in _RIM]
    return Delaunay(np.concatenate([points, *rims])).simplices
