"""Other pictures of the faces that are learnt from: as a detector and an aligner give them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from ferpipe import UsageError

__all__ = ["Views", "key_of", "load_views"]


def key_of(face: npt.NDArray[np.uint8]) -> int:
    """What a face is found again by, in any order of the data: 8 bytes of its pixels' SHA-256."""
    return int.from_bytes(hashlib.sha256(face.tobytes()).digest()[:8], "big", signed=True)


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """`images` (M, H, W, C) uint8, those of one face beside each other.

    first, count: (N,), where the views of each of N faces begin, and how many it has.
    """

    images: npt.NDArray[np.uint8]
    first: npt.NDArray[np.int64]
    count: npt.NDArray[np.int64]

    def drawn(self, share: float, random: np.random.Generator) -> npt.NDArray[np.int64]:
        """(N,) a view of `share` of the faces, each view as likely; -1 for a face that is shown as it is."""
        shown = random.random(len(self.first)) < share
        which = np.floor(random.random(len(self.first)) * self.count).astype(np.int64)
        return np.where(shown & (self.count > 0), self.first + which, -1)


def load_views(file: Path, faces: npt.NDArray[np.uint8]) -> Views:
    """The views in an `.npz` of `images` (M, H, W) or (M, H, W, C) and `of` (M,), for `faces` (N, H, W, C).

    `of` holds the `key_of` the face that each is a view of.  Raises UsageError where the file
    is not such a one, or is of faces of another size.
    """
    try:
        with np.load(file) as held:
            images, of = held["images"], held["of"]
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise UsageError(
            f"data.views: cannot read '{file}': {type(error).__name__}: it has to be an .npz of images and of"
        ) from None
    images = images[..., None] if images.ndim == 3 else images
    if images.shape[1:] != faces.shape[1:] or images.dtype != np.uint8 or of.shape != images.shape[:1]:
        raise UsageError(
            f"data.views: '{file}' holds {images.dtype} views of shape {images.shape[1:]}; "
            f"the faces are uint8 of shape {faces.shape[1:]}"
        )
    order = np.argsort(of, kind="stable")
    keys = np.array([key_of(face) for face in faces], np.int64)
    first = np.searchsorted(of[order], keys, "left")
    return Views(images[order], first, np.searchsorted(of[order], keys, "right") - first)
