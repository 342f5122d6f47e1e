"""Two public-domain portraits, cut out of their backgrounds, for `make_sample.py`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from skimage import data

Pixels = npt.NDArray[np.float32]
"""(H, W, 3) or (H, W, 4), BGR with or without opacity, 0 to 1; colours multiplied by the opacity."""


@dataclass(frozen=True)
class Portrait:
    """A cut-out: the picture, and the middle and the height of its face in it."""

    pixels: Pixels
    x: float
    y: float
    height: float


def astronaut() -> Portrait:
    """Eileen Collins, NASA, 1992."""
    picture = data.astronaut()[:400, 20:440, ::-1]
    return Portrait(cut_out(picture, head=(204, 106, 80, 92), body=(200, 400, 215, 210)), 204, 130, 118)


def admiral() -> Portrait:
    """Grace Hopper, US Navy, 1984."""
    path = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    picture = cv2.imread(str(path))
    return Portrait(cut_out(picture, head=(260, 190, 128, 178), body=(260, 606, 262, 280)), 258, 215, 175)


def cut_out(picture: npt.NDArray[np.uint8], head: tuple[int, ...], body: tuple[int, ...]) -> Pixels:
    """Head and shoulders with a feathered edge; `head` and `body` are ellipses: middle and half axes.

    GrabCut (C. Rother et al., 2004) finds the outline between what is surely inside and outside.
    """
    height, width = picture.shape[:2]
    mask = np.full((height, width), cv2.GC_BGD, np.uint8)
    for middle_x, middle_y, half_x, half_y in (head, body):
        cv2.ellipse(mask, (middle_x, middle_y), (half_x, half_y), 0, 0, 360, (cv2.GC_PR_FGD,), -1)
    for middle_x, middle_y, half_x, half_y in (head, body):
        core = (round(half_x * 0.72), round(half_y * 0.78))
        cv2.ellipse(mask, (middle_x, middle_y), core, 0, 0, 360, (cv2.GC_FGD,), -1)
    cv2.setRNGSeed(0)
    cv2.grabCut(picture, mask, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), 6, cv2.GC_INIT_WITH_MASK)
    inside = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    inside = cv2.morphologyEx(inside, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    inside = cv2.erode(inside, np.ones((3, 3), np.uint8))
    opacity = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 2.2)
    opacity *= np.clip((height - 2 - np.arange(height, dtype=np.float32)) / 60, 0, 1)[:, None]
    colour = picture.astype(np.float32) / 255
    return np.dstack([colour * opacity[..., None], opacity]).astype(np.float32)
