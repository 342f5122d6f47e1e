"""The colours of labels: those of the overlay, as a test asserts."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["NO_LABEL", "colour_of", "colours"]

NO_LABEL = "#8a8f98"
"""Of a face whose label is not known."""

_EMOTIONS = {
    "angry": "#D55E00",
    "anger": "#D55E00",
    "disgust": "#009E73",
    "fear": "#CC79A7",
    "happy": "#F0E442",
    "happiness": "#F0E442",
    "sad": "#56B4E9",
    "sadness": "#56B4E9",
    "surprise": "#E69F00",
    "neutral": "#BEBEBE",
}

_OTHERS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#D55E00", "#CC79A7", "#BEBEBE")


def colour_of(label: str, classes: Sequence[str]) -> str:
    """The colour of a label as `#RRGGBB`: fixed for the emotions, by position for other classes.

    Okabe and Ito's palette ("Color Universal Design", 2008), without the two colours that a dark
    background hides.
    """
    known = _EMOTIONS.get(label.lower())
    if known is not None:
        return known
    return _OTHERS[classes.index(label) % len(_OTHERS)] if label in classes else NO_LABEL


def colours(classes: Sequence[str]) -> dict[str, str]:
    """The colour of each class."""
    return {label: colour_of(label, classes) for label in classes}
