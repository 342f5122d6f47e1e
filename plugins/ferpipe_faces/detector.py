"""What all detectors share: common options, tidying up, and detection on some frames only."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, TypeVar

import numpy as np
from pydantic import Field

from ferpipe import Box, Context, Face, Frame, Options, Packet, Stage, freeze
from ferpipe.packet import Image
from ferpipe_faces.cuts import Cuts
from ferpipe_faces.detections import Candidates

__all__ = ["Detector", "DetectorOptions"]


class DetectorOptions(Options):
    """The options of every detector."""

    threshold: float = Field(0.5, ge=0, le=1, description="Minimum score of a face, from 0 to 1.")
    nms: float = Field(0.3, gt=0, le=1, description="Overlap (IoU) above which two boxes count as one face.")
    max_faces: int = Field(
        20, ge=1, description="Maximum number of faces in a frame; those with the highest scores are kept."
    )
    min_size: float = Field(
        0, ge=0, le=100_000, description="Minimum height of a face in pixels of the frame."
    )
    every: int = Field(
        1,
        ge=1,
        description=(
            "Detect on every n-th frame, and after a hard cut. The other frames repeat the last faces, "
            "marked as not detected, and a tracker behind the detector moves them."
        ),
    )


DetectorOptionsT = TypeVar("DetectorOptionsT", bound=DetectorOptions)


class Detector(Stage[DetectorOptionsT]):
    """The base of the detectors: `look` at a picture, get proposals; the rest happens here."""

    needs = frozenset({"frame"})
    gives = frozenset({"faces"})
    landmark_names: ClassVar[tuple[str, ...]] = ()
    """The names of the landmarks that `look` gives, in its order."""

    @classmethod
    def independent(cls, options: DetectorOptions) -> bool:
        """Unless frames are left out: the faces of those are the last ones found."""
        return options.every == 1

    @abstractmethod
    def look(self, image: Image) -> Candidates:
        """The faces in a (H, W, 3) uint8 BGR picture, each once, in its pixels, in any order."""

    def open(self, context: Context) -> None:
        """Begin with a detection on the first frame."""
        super().open(context)
        self._last: tuple[Face, ...] = ()
        self._shape: tuple[int, ...] = ()
        self._until_next = 0
        self._cuts = Cuts() if self.options.every > 1 else None

    def process(self, packet: Packet) -> Packet:
        """Find the faces; on a frame that is left out, repeat the last ones as not detected."""
        frame = packet.frame
        # Boxes of another shot or another resolution mean nothing here.
        if frame.discontinuity or frame.image.shape != self._shape or self._is_cut(frame):
            self._until_next = 0
        if self._until_next:
            faces = tuple(face.replace(detected=False) for face in self._last)
        else:
            faces = self._last = self._tidy(self.look(frame.image), frame.image.shape)
            self._shape = frame.image.shape
            self._until_next = self.options.every
        self._until_next -= 1
        return packet.replace(faces=faces)

    def _is_cut(self, frame: Frame) -> bool:
        return self._cuts is not None and self._cuts.update(frame.image, frame.time)

    def _tidy(self, found: Candidates, shape: tuple[int, ...]) -> tuple[Face, ...]:
        """Drop what is weak, small, empty or outside the picture; the best first."""
        left, top, right, bottom = found.boxes.T
        keep = (found.scores >= self.options.threshold) & (bottom - top >= self.options.min_size)
        keep &= (right - left > 1) & (bottom - top > 1)
        keep &= (right > 0) & (bottom > 0) & (left < shape[1]) & (top < shape[0])
        keep &= np.isfinite(found.boxes).all(axis=1) & np.isfinite(found.landmarks).all(axis=(1, 2))
        found = found.take(keep)
        # Ties are broken by place, so that the order never depends on the network's anchors.
        order = np.lexsort((found.boxes[:, 1], found.boxes[:, 0], -found.scores))
        found = found.take(order[: self.options.max_faces])
        return tuple(self._face(found, i) for i in range(len(found)))

    def _face(self, found: Candidates, i: int) -> Face:
        left, top, right, bottom = (float(value) for value in found.boxes[i])
        landmarks = np.array(found.landmarks[i], np.float32) if self.landmark_names else None
        return Face(
            Box(left, top, right - left, bottom - top),
            min(max(float(found.scores[i]), 0.0), 1.0),
            None if landmarks is None else freeze(landmarks),
            self.landmark_names,
        )
