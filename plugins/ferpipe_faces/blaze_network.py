"""The BlazeFace networks: their anchors, what goes in, and what comes out.

V. Bazarevsky et al. 2019, arXiv 1907.05047; constants of MediaPipe's face detection graphs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from ferpipe import Frame
from ferpipe.packet import Image
from ferpipe.quiet import without_lines
from ferpipe_faces.detections import Candidates, Floats, nothing
from ferpipe_faces.resize import Region, shrunk_rgb

__all__ = ["LANDMARKS", "VARIANTS", "BlazeNetwork", "Variant", "anchors"]

LANDMARKS = ("left_eye", "right_eye", "nose", "mouth", "left_ear", "right_ear")
"""The six points, named as seen in the picture; MediaPipe names them by the person's own sides."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One network.

    side: pixels a side of its square input; the networks are fully convolutional and take others than
        that of their file.
    layers: (stride in pixels, anchors a cell) of each grid of its output, in order.
    """

    file: str
    side: int
    layers: tuple[tuple[int, int], ...]


VARIANTS = {
    "short": Variant("short_range.tflite", 128, ((8, 2), (16, 6))),
    "full": Variant("full_range.tflite", 192, ((4, 1),)),
    "full-sparse": Variant("full_range_sparse.tflite", 192, ((4, 1),)),
    "back": Variant("back.tflite", 256, ((16, 2), (32, 6))),
}


def anchors(variant: Variant) -> Floats:
    """(N, 2) centres of the anchors in pixels of the input; the networks use no anchor sizes."""
    grids = []
    for stride, each in variant.layers:
        axis = (np.arange(variant.side // stride, dtype=np.float32) + 0.5) * stride
        y, x = np.meshgrid(axis, axis, indexing="ij")
        grids.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), each, axis=0))
    return np.concatenate(grids)


class BlazeNetwork:
    """A loaded network; not for use by two threads at once."""

    def __init__(self, variant: Variant, file: Path, threads: int) -> None:
        self._side = variant.side
        self._anchors = anchors(variant)
        with without_lines("Created TensorFlow Lite XNNPACK delegate"):
            self._interpreter = Interpreter(model_path=str(file), num_threads=threads)
            self._input = self._interpreter.get_input_details()[0]["index"]
            self._interpreter.resize_tensor_input(self._input, [1, self._side, self._side, 3])
            self._interpreter.allocate_tensors()
        outputs = {int(tensor["shape"][-1]): tensor for tensor in self._interpreter.get_output_details()}
        self._regressors, self._scores = outputs[16]["index"], outputs[1]["index"]
        self._picture = np.full((1, self._side, self._side, 3), -1, np.float32)

    def __call__(self, picture: Image | Frame, threshold: float, region: Region | None = None) -> Candidates:
        """All proposals of at least `threshold` in a BGR picture, in its pixels, overlapping ones too.

        region: the part that is shown, and in whose pixels the proposals are.
        """
        scale, offset = self._show(picture, region)
        self._interpreter.set_tensor(self._input, self._picture)
        self._interpreter.invoke()
        logits = self._interpreter.get_tensor(self._scores)[0, :, 0]
        sure = np.flatnonzero(logits >= _logit(threshold))
        if not len(sure):
            return nothing(len(LANDMARKS))
        raw = self._interpreter.get_tensor(self._regressors)[0, sure]
        return self._decode(raw, logits[sure], self._anchors[sure], scale, offset)

    def _show(self, picture: Image | Frame, region: Region | None) -> tuple[Floats, Floats]:
        """Put the picture in the middle of the input, black around it, as RGB from -1 to 1.

        Gives the factors and the offset (x, y) that lead from the input's pixels to the picture's.
        """
        height, width = picture.shape[:2] if region is None else (region[3], region[2])
        ratio = self._side / max(height, width)
        size = max(1, round(width * ratio)), max(1, round(height * ratio))
        shown, factors = shrunk_rgb(picture, region, size)
        x, y = (self._side - size[0]) // 2, (self._side - size[1]) // 2
        self._picture.fill(-1)
        place = self._picture[0, y : y + size[1], x : x + size[0]]
        np.multiply(shown, np.float32(1 / 127.5), out=place)
        place -= 1
        return np.array(factors, np.float32), np.array([x, y], np.float32)

    @staticmethod
    def _decode(raw: Floats, logits: Floats, centres: Floats, scale: Floats, offset: Floats) -> Candidates:
        points = raw.reshape(len(raw), 8, 2).copy()
        half = points[:, 1] / 2
        points[:, 0] += centres
        points[:, 2:] += centres[:, None]
        corners = np.concatenate([points[:, 0] - half - offset, points[:, 0] + half - offset], axis=1)
        scores = 1 / (1 + np.exp(-np.clip(logits, -80, 80)))
        return Candidates(
            (corners * np.tile(scale, 2)).astype(np.float32),
            scores.astype(np.float32),
            ((points[:, 2:] - offset) * scale).astype(np.float32),
        )


def _logit(probability: float) -> float:
    clipped = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(clipped / (1 - clipped)))
