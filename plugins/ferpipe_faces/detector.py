"""What all detectors share: common options, tidying up, following, and detection on some frames only."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from pydantic import Field

from ferpipe import Box, Context, Face, Frame, Options, Packet, Stage, freeze
from ferpipe.packet import MICROSECONDS, Image
from ferpipe_faces.cuts import Cuts
from ferpipe_faces.detections import Candidates
from ferpipe_faces.following import Following
from ferpipe_faces.second_look import SecondLook

__all__ = ["Detector", "DetectorOptions"]


class DetectorOptions(Options):
    """The options of every detector."""

    threshold: float = Field(0.5, ge=0, le=1, description="Minimum score of a face, from 0 to 1.")
    nms: float = Field(0.3, gt=0, le=1, description="Overlap (IoU) above which two boxes count as one face.")
    max_faces: int = Field(
        200,
        ge=1,
        description=(
            "Maximum number of faces in a frame; those with the highest scores are kept. Where there are "
            "more, a warning is logged, and the statistics count them as beyond_max_faces."
        ),
    )
    min_size: float = Field(
        0, ge=0, le=100_000, description="Minimum height of a face in pixels of the frame."
    )
    doubt: float = Field(
        0.9,
        ge=0,
        le=1,
        description=(
            "In stills, which no tracker checks, a face with a lower score must pass a second look that "
            "decides whether it is a face and which way up it is. 0 turns it off."
        ),
    )
    every: int = Field(
        1,
        ge=1,
        description=(
            "Detect on every n-th frame, and after a hard cut. The other frames repeat the last faces, "
            "marked as not detected, and a tracker behind the detector moves them."
        ),
    )
    follow: bool = Field(
        True,
        description=(
            "In videos, search the whole picture only every `search` seconds, after a hard cut and when a "
            "face is lost; in between, look for each known face close to its last position. This takes a "
            "fraction of the time, and a new face appears up to `search` seconds late. An overlay that hides "
            "faces turns it off, unless it is set."
        ),
    )
    search: float = Field(
        0.4,
        ge=0,
        le=60,
        description="Seconds between two searches of the whole picture while faces are followed.",
    )


_WARNED: WeakKeyDictionary[object, set[str]] = WeakKeyDictionary()
"""The stages that have warned, by the stop event of their run: replicas of one warn once together."""


def warn_once(context: Context, line: str) -> None:
    """Log a warning, unless this stage, or a replica of it, has done so in this run."""
    warned = _WARNED.setdefault(context.stop, set())
    if context.name not in warned:
        warned.add(context.name)
        context.log.warning("%s: %s", context.name, line)


DetectorOptionsT = TypeVar("DetectorOptionsT", bound=DetectorOptions)


@dataclass(frozen=True, slots=True)
class Found:
    """What a detector gives for a frame: faces, and those that whoever hides faces must hide too."""

    faces: tuple[Face, ...]
    unconfirmed: tuple[Face, ...]

    def repeated(self) -> Found:
        """The same for a frame without detection."""
        parts = (
            tuple(face.replace(detected=False) for face in some) for some in (self.faces, self.unconfirmed)
        )
        return Found(*parts)


class Detector(Stage[DetectorOptionsT]):
    """The base of the detectors: `look` at a picture, get proposals; the rest happens here."""

    needs = frozenset({"frame"})
    gives = frozenset({"faces"})
    landmark_names: ClassVar[tuple[str, ...]] = ()
    """The names of the landmarks that `look` gives, in its order."""

    @classmethod
    def independent(cls, options: DetectorOptions) -> bool:
        """Unless a frame's faces depend on those of the frames before: followed or repeated ones do."""
        return options.every == 1 and not options.follow

    @abstractmethod
    def look(self, image: Image, *, still: bool = False) -> Candidates:
        """The faces in a (H, W, 3) uint8 BGR picture, each once, in its pixels, in any order.

        A `still` has time for more than a frame of a film.
        """

    def open(self, context: Context) -> None:
        """Begin with a detection on the first frame."""
        super().open(context)
        self._last = Found((), ())
        self._second: SecondLook | None = None
        self._shape: tuple[int, ...] = ()
        self._until_next = 0
        self._cuts = Cuts() if self.options.every > 1 or self.options.follow else None
        self._following: Following | None = None
        self._follow = self.options.follow

    def asked(self, kind: str, wanted: Any) -> None:
        """Who hides faces wants new ones at once: nobody is followed then, unless an option says so."""
        if kind == "faces" and wanted == "every frame" and "follow" not in self.options.model_fields_set:
            self._follow = False

    def process(self, packet: Packet) -> Packet:
        """Find or follow the faces; on a frame that is skipped, repeat the last ones as not detected.

        Where cuts are looked for, the packet gets `cut`: whether the picture says that there is one.
        """
        frame = packet.frame
        if frame.picture is not None:
            self._until_next = 0
            found = self._found(frame)
            return packet.replace(faces=found.faces, unconfirmed=found.unconfirmed)
        cut = self._is_cut(frame)
        # Boxes of another shot or another resolution mean nothing here.
        if frame.discontinuity or frame.shape != self._shape or cut:
            self._until_next = 0
            if self._following is not None:
                self._following.forget()
        if self._until_next:
            found = self._last.repeated()
        else:
            found = self._last = self._followed(frame)
            self._shape = frame.shape
            self._until_next = self.options.every
        self._until_next -= 1
        kinds = {} if self._cuts is None else {"cut": cut}
        return packet.replace(faces=found.faces, unconfirmed=found.unconfirmed, **kinds)

    def _followed(self, frame: Frame) -> Found:
        """The known faces where they are by now, or what a search finds."""
        if not self._follow:
            return self._found(frame)
        if self._following is None:
            self._following = Following(self.landmark_names, round(self.options.search * MICROSECONDS))
        faces = self._following.follow(frame)
        if faces is not None:
            return Found(faces, self._last.repeated().unconfirmed)
        self.context.count("searches")
        found = self._found(frame)
        return Found(self._following.found(found.faces, frame), found.unconfirmed)

    def _found(self, frame: Frame) -> Found:
        still = frame.picture is not None
        faces = self._tidy(self.look(frame.image, still=still), frame.shape)
        faces, beyond = faces[: self.options.max_faces], faces[self.options.max_faces :]
        if beyond:
            self.context.count("beyond_max_faces", len(beyond))
            warn_once(
                self.context,
                f"{len(faces) + len(beyond)} faces in frame {frame.index}, of which {len(faces)} are kept: "
                "raise 'max_faces' to keep all",
            )
        if not still or not self.options.doubt:
            return Found(faces, beyond)
        believed, refused = self._seen_again(faces, frame.image)
        return Found(believed, (*refused, *beyond))

    def _seen_again(self, faces: tuple[Face, ...], image: Image) -> tuple[tuple[Face, ...], tuple[Face, ...]]:
        """The faces that pass a second look, those turned by more than 90 degrees marked; and the others."""
        believed, refused = [], []
        for face in faces:
            if face.score >= self.options.doubt:
                believed.append(face)
                continue
            if self._second is None:
                self._second = SecondLook()
            verdict = self._second(image, face.box)
            if not verdict.face:
                refused.append(face)
            else:
                believed.append(face.with_data(turned=True) if verdict.turned else face)
        if refused:
            self.context.count("refused", len(refused))
        return tuple(believed), tuple(refused)

    def close(self) -> None:
        """Release the networks of the second look and the follower, which keep their files open."""
        self._second = self._following = None

    def _is_cut(self, frame: Frame) -> bool:
        if self._cuts is None:
            return False
        if frame.discontinuity:
            self._cuts.forget()
        return self._cuts.update(frame)

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
        found = found.take(order)
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
