"""Colours that people with any kind of colour vision can distinguish.

The palette is Okabe and Ito's (M. Okabe, K. Ito, "Color Universal Design", 2008; recommended by
B. Wong, "Points of view: Color blindness", Nature Methods 8, 441, 2011), in BGR.  Its black and dark
blue are not used, as they cannot be seen on a dark plate; a light grey stands in for `neutral`.
"""

from __future__ import annotations

__all__ = ["DARK", "GREY", "WHITE", "Colour", "colour_of", "ink_on"]

Colour = tuple[int, int, int]

ORANGE: Colour = (0, 159, 230)
SKY_BLUE: Colour = (233, 180, 86)
GREEN: Colour = (115, 158, 0)
YELLOW: Colour = (66, 228, 240)
VERMILLION: Colour = (0, 94, 213)
PURPLE: Colour = (167, 121, 204)
GREY: Colour = (190, 190, 190)
WHITE: Colour = (255, 255, 255)
DARK: Colour = (24, 20, 18)

_EMOTIONS = {
    "angry": VERMILLION,
    "anger": VERMILLION,
    "disgust": GREEN,
    "fear": PURPLE,
    "happy": YELLOW,
    "happiness": YELLOW,
    "sad": SKY_BLUE,
    "sadness": SKY_BLUE,
    "surprise": ORANGE,
    "neutral": GREY,
}

_OTHERS = (ORANGE, SKY_BLUE, GREEN, YELLOW, VERMILLION, PURPLE, GREY)


def colour_of(label: str | None, classes: tuple[str, ...] = ()) -> Colour:
    """The colour of a label: the same for an emotion everywhere, by position for other classes."""
    if label is None:
        return WHITE
    known = _EMOTIONS.get(label.lower())
    if known is not None or label not in classes:
        return known or WHITE
    return _OTHERS[classes.index(label) % len(_OTHERS)]


def ink_on(colour: Colour) -> Colour:
    """Dark or white, whichever stands out from `colour` (relative luminance, WCAG 2.2)."""
    blue, green, red = ((part / 255) ** 2.2 for part in colour)
    return DARK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 else WHITE
