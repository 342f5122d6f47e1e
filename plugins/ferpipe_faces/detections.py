"""What a detector proposes, as arrays, and how proposals of the same face become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Candidates", "Floats", "concatenate", "nothing", "overlaps", "suppress", "weighted_suppress"]

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidates:
    """N proposals of a detector, in pixels of the picture it looked at.

    boxes: (N, 4) float32: left, top, right, bottom.
    scores: (N,) float32, 0 to 1.
    landmarks: (N, K, 2) float32 x and y, K may be 0.
    """

    boxes: Floats
    scores: Floats
    landmarks: Floats

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, which: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Candidates:
        """The proposals that the indices or the mask `which` select."""
        return Candidates(self.boxes[which], self.scores[which], self.landmarks[which])

    def moved(self, x: float, y: float) -> Candidates:
        """The same, shifted by (x, y) pixels."""
        shift = np.array([x, y], np.float32)
        return Candidates(self.boxes + np.tile(shift, 2), self.scores, self.landmarks + shift)


def nothing(points: int = 0) -> Candidates:
    """No proposals, of a detector that gives `points` landmarks."""
    return Candidates(
        np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, points, 2), np.float32)
    )


def concatenate(parts: Sequence[Candidates]) -> Candidates:
    """All proposals of `parts` (at least one), in order."""
    return Candidates(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.landmarks for part in parts]),
    )


def overlaps(a: Floats, b: Floats, *, of_smaller: bool = False) -> Floats:
    """(N, M) intersection over union of the boxes `a` (N, 4) and `b` (M, 4).

    With `of_smaller`, the intersection over the smaller of the two areas: 1 for a box inside another.
    """
    corner = np.maximum(a[:, None, :2], b[None, :, :2])
    sides = np.clip(np.minimum(a[:, None, 2:], b[None, :, 2:]) - corner, 0, None)
    common = sides[..., 0] * sides[..., 1]
    area_a = np.prod(a[:, 2:] - a[:, :2], axis=1)[:, None]
    area_b = np.prod(b[:, 2:] - b[:, :2], axis=1)[None, :]
    whole = np.minimum(area_a, area_b) if of_smaller else area_a + area_b - common
    return np.asarray(common / np.maximum(whole, 1e-9), np.float32)


def weighted_suppress(found: Candidates, limit: float) -> Candidates:
    """Non-maximum suppression by averaging: the best proposal and all that overlap it by more than
    `limit` become their mean, weighted by score, under the best score.

    MediaPipe's `WEIGHTED` mode, which makes boxes steadier than picking one; from the best down.
    """
    if len(found) < 2:
        return found
    found = found.take(np.argsort(-found.scores, kind="stable"))
    near = overlaps(found.boxes, found.boxes) > limit
    np.fill_diagonal(near, val=True)
    free = np.ones(len(found), np.bool_)
    best: list[int] = []
    weights: list[Floats] = []
    for i in range(len(found)):
        if free[i]:
            group = near[i] & free
            weights.append(np.where(group, found.scores, 0).astype(np.float32))
            best.append(i)
            free &= ~group
    share = np.stack(weights)
    share /= share.sum(axis=1, keepdims=True)
    return Candidates(
        share @ found.boxes,
        found.scores[best],
        np.einsum("gn,nkc->gkc", share, found.landmarks),
    )


def suppress(found: Candidates, limit: float, *, of_smaller: bool = False) -> Candidates:
    """Plain non-maximum suppression: drop what overlaps a better proposal by more than `limit`."""
    found = found.take(np.argsort(-found.scores, kind="stable"))
    near = overlaps(found.boxes, found.boxes, of_smaller=of_smaller) > limit
    keep = np.ones(len(found), np.bool_)
    for i in range(len(found)):
        if keep[i]:
            keep[i + 1 :] &= ~near[i, i + 1 :]
    return found.take(keep)
