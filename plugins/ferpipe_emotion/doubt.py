"""Which labels are unsure, by how far they can be believed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ferpipe import Face, Measure
from ferpipe.models import Reliability
from ferpipe_emotion.evidence import evidence

__all__ = ["MEASURE", "Doubt"]

MEASURE = Measure(
    "reliability",
    "",
    0,
    1,
    "Estimated probability that the likeliest class is right, from its probability and the turn of the head.",
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Judges faces by a model's reliability; without one, by the probability of the likeliest class.

    threshold: reliability below which a label is unsure; 0 never doubts.
    """

    reliability: Reliability | None
    threshold: float

    @classmethod
    def of(cls, reliability: Reliability | None, wanted: float | None) -> Doubt:
        """What a model can say, and what an option wants instead of the model's own threshold."""
        own = 0.0 if reliability is None else reliability.threshold
        return cls(reliability, own if wanted is None else wanted)

    @property
    def judges(self) -> bool:
        """Whether anything is known to judge by, or wanted."""
        return self.reliability is not None or self.threshold > 0

    def on(self, face: Face) -> Face:
        """The face with its reliability, and without a label where that is too low."""
        emotion = face.emotion
        if emotion is None:
            return face
        if self.reliability is None:
            believed = max(emotion.probabilities)
        else:
            believed = self.reliability.of(evidence(face))
            face = face.with_measures({MEASURE.name: believed})
        if believed >= self.threshold:
            return face
        return face.replace(emotion=replace(emotion, label=None, unsure=True))
