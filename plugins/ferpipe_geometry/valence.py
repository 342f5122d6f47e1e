"""The `valence` stage."""

from __future__ import annotations

from ferpipe import Emotion, Face, Measure, Options, Packet, Stage

__all__ = ["Valence", "index"]

_GLAD = "happy"
_SORRY = frozenset({"angry", "disgust", "fear", "sad"})


class Valence(Stage[Options]):
    """Gives each face an index of valence: how likely `happy` is, less the likeliest unpleasant emotion.

    The index is p(happy) - max(p(angry), p(disgust), p(fear), p(sad)), from -1 to 1.  It restates the
    classifier's probabilities in one number; it is no measurement of a feeling.  Behind `smooth` it is
    made of the smoothed ones.  A classifier with other classes gets none.
    """

    needs = frozenset({"faces", "emotions"})
    measures = (
        Measure(
            "valence", "", -1, 1, "Index: p(happy) less the largest of p(angry), p(disgust), p(fear), p(sad)."
        ),
    )

    @classmethod
    def independent(cls, options: Options) -> bool:  # noqa: ARG003
        """Always: each face has its own."""
        return True

    def process(self, packet: Packet) -> Packet:
        """Give each face with such an emotion its valence."""
        return packet.replace(faces=tuple(map(_with_valence, packet.faces)))


def index(emotion: Emotion) -> float | None:
    """The index of an emotion; None where its classes do not include what it is made of."""
    likely = dict(zip(emotion.classes, emotion.probabilities, strict=True))
    sorry = [likely[name] for name in _SORRY & likely.keys()]
    return likely[_GLAD] - max(sorry) if _GLAD in likely and sorry else None


def _with_valence(face: Face) -> Face:
    value = None if face.emotion is None else index(face.emotion)
    return face if value is None else face.with_measures({"valence": value})
