"""Faces that are the same picture, or nearly: they must not stand on both sides of a split."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["SIMILAR", "groups_of_duplicates", "held_out", "likeness"]

SIMILAR = 0.93
"""Correlation of two faces at 24 pixels from which they count as one picture; crops of it differ by less."""

_PART = 1024

Faces = npt.NDArray[np.uint8]


def groups_of_duplicates(faces: Faces) -> npt.NDArray[np.int64]:
    """(N,) the group of each of the (N, H, W, C) faces; a face is alike to one of its group.

    A mirrored picture counts as the same.
    """
    parent = np.arange(len(faces))

    def root(face: int) -> int:
        while parent[face] != face:
            parent[face] = parent[parent[face]]
            face = int(parent[face])
        return face

    for first, correlation in _correlations(faces, faces):
        for one, other in zip(*np.nonzero(correlation > SIMILAR), strict=True):
            parent[root(first + int(one))] = root(int(other))
    return np.unique([root(face) for face in range(len(faces))], return_inverse=True)[1].astype(np.int64)


def held_out(faces: Faces, count: int, seed: int) -> npt.NDArray[np.bool_]:
    """(N,) which faces are held back: about `count` of them, whole groups of duplicates at a time."""
    group = groups_of_duplicates(faces)
    order = np.random.default_rng(seed).permutation(int(group.max(initial=-1)) + 1)
    before = np.concatenate([[0], np.cumsum(np.bincount(group)[order])[:-1]])
    return np.isin(group, order[before < count])


def likeness(faces: Faces, others: Faces) -> npt.NDArray[np.float32]:
    """(N,) the highest correlation of each face with one of the others, mirrored or not."""
    best = np.full(len(faces), -1, np.float32)
    for first, correlation in _correlations(faces, others):
        part = best[first : first + len(correlation)]
        np.maximum(part, correlation.max(axis=1, initial=-1), out=part)
    return best


def _correlations(faces: Faces, others: Faces) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
    """(first row, (n, M) correlations) of parts of the faces, once plain and once against mirrored ones."""
    plain = _standardised(faces)
    for compared in (_standardised(others), _standardised(others[:, :, ::-1])):
        for first in range(0, len(plain), _PART):
            yield first, plain[first : first + _PART] @ compared.T


def _standardised(faces: Faces) -> npt.NDArray[np.float32]:
    """(N, 576 C) of mean 0 and length 1."""
    small = [cv2.resize(np.ascontiguousarray(face), (24, 24), interpolation=cv2.INTER_AREA) for face in faces]
    flat = np.array(small, np.float32).reshape(len(faces), -1)
    flat -= flat.mean(axis=1, keepdims=True)
    standardised: npt.NDArray[np.float32] = flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6)
    return standardised
