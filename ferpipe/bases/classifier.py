"""A stage that classifies faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ferpipe.emotion import Emotion
from ferpipe.packet import ChipFormat, Face, Image, Packet
from ferpipe.stages import Context, OptionsT, Stage

__all__ = ["Classifier"]


class Classifier(Stage[OptionsT]):
    """The base of classifiers: override `probabilities`, and set `classes`.

    It needs a pipeline with `align`, takes each face's picture to `probabilities`, checks what comes back,
    and sets the `emotion` of each face.  Timelines record the classes, and what `card` returns.
    `load` and `close` are for networks; where the classes depend on the model, `load` sets them.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"faces", "face.chip"})
    gives: ClassVar[frozenset[str]] = frozenset({"emotions"})
    classes: Sequence[str] = ()
    """Names, in the order of the probabilities."""
    chip: ChipFormat | None = None
    """The pictures that it wants, which `align` then cuts; None takes what there is.  `load` may set it."""
    _warned = False

    def load(self) -> None:
        """Load what `probabilities` needs; `self.options` and `self.context` are there."""

    def probabilities(self, chips: Sequence[Image]) -> npt.ArrayLike:
        """(N, classes) for N >= 1 pictures of faces, each row summing to 1; a row of NaN is a face
        that cannot be classified.

        chips: (H, W) grey or (H, W, 3) BGR uint8, read-only, in the form `chip` where `align` cut them.
        """
        raise NotImplementedError(f"{type(self).__name__} does not override probabilities")

    def card(self) -> Mapping[str, Any]:
        """What the header of a timeline records of the model: its name, its checksum, its settings."""
        return {"name": self.context.name}

    def open(self, context: Context) -> None:
        """Load the model and note which it is.  Raises ValueError for invalid classes."""
        super().open(context)
        self.load()
        names = list(self.classes)
        if len(names) < 2 or len(set(names)) < len(names) or not all(isinstance(n, str) and n for n in names):
            raise ValueError(f"classes must be two or more different names, not {names!r}")
        if self.chip is not None:
            context.ask("face.chip", self.chip)
        context.note("model", dict(self.card()))
        context.note("classes", names)

    def process(self, packet: Packet) -> Packet:
        """Set the emotion of each face; None, which is counted, if the row is not finite.

        A face without a chip is left unchanged: its aligner failed with `on_error: pass`, or a tracker
        predicted it on a frame without detection.
        """
        found = [chip for face in packet.faces if (chip := face.data.get("chip")) is not None]
        chips = [chip.cut_for(self.chip).image for chip in found]
        if not chips:
            return packet
        self._compare(chips[0])
        rows = iter(self._checked(self.probabilities(chips), len(chips)))
        faces = tuple(
            self._judged(face, next(rows)) if "chip" in face.data else face for face in packet.faces
        )
        return packet.replace(faces=faces)

    def _compare(self, image: Image) -> None:
        """Warn once of an aligner that ignores `chip`."""
        if self._warned or self.chip is None or self.chip.channels == 1 or image.ndim == 3:
            return
        self._warned = True
        self.context.log.warning("the model needs faces in colour, but the aligner provides grey ones")

    def _checked(self, given: npt.ArrayLike, faces: int) -> npt.NDArray[np.float64]:
        rows = np.asarray(given, np.float64)
        wanted = (faces, len(self.classes))
        if rows.shape != wanted:
            raise ValueError(
                f"probabilities returned the shape {rows.shape}, not {wanted}: "
                "a row for each face, a column for each class"
            )
        return rows

    def _judged(self, face: Face, row: npt.NDArray[np.float64]) -> Face:
        if not np.isfinite(row).all():
            self.context.count("not_finite")
            return face.replace(emotion=None)
        return face.replace(emotion=Emotion.of(tuple(self.classes), row))
