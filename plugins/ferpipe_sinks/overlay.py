"""The annotated picture: who is where, and how they look."""

from __future__ import annotations

import math
from typing import Literal

import cv2
import numpy as np
from pydantic import Field

from ferpipe import Context, Emotion, Face, Mark, Options, Packet, Stage
from ferpipe.packet import Image
from ferpipe_sinks._blend import Sprite, paste
from ferpipe_sinks._dashes import draw_dashed
from ferpipe_sinks._eyes import NEEDS, draw_blink, draw_gaze
from ferpipe_sinks._geometry import KINDS, draw_geometry
from ferpipe_sinks._labels import Sizes, bars, bars_size, sizes_for, stacked_bar, tag
from ferpipe_sinks._layout import Area, Side, area_of, place
from ferpipe_sinks._measures import Plates
from ferpipe_sinks._palette import DARK, WHITE, Colour, colour_of
from ferpipe_sinks._privacy import Blur, hide

cv2.setNumThreads(1)

__all__ = ["OverlayOptions", "OverlayStage"]

Part = Literal[
    "box",
    "track",
    "label",
    "bars",
    "measures",
    "landmarks",
    "mesh",
    "axes",
    "gaze",
    "blink",
    "marks",
    "time",
]


class OverlayOptions(Options):
    """What is drawn, and whether faces stay recognisable."""

    show: tuple[Part, ...] = Field(
        ("box", "track", "label", "bars"),
        description="What to draw, of box, track, label, bars, measures, landmarks, mesh, axes, gaze, blink, "
        "marks and time.",
    )
    measures: tuple[str, ...] = Field(
        (),
        description="The measures to draw, such as head.yaw. Default: all of them.",
    )
    blur: Blur = Field("none", description="Make the detected faces unrecognisable: blurred or pixelated.")


class OverlayStage(Stage[OverlayOptions]):
    """Draws boxes, names and bars of the probabilities into a copy of the picture.

    Everything scales with the picture, from 270 lines to 4K.  The colours are Okabe and Ito's, which
    do not depend on full colour vision.  Bars stand where they cover no face; where there is no such
    place a single bar of all probabilities runs under the face.  A face whose label is unsure has a dashed
    box.  Measures stand beside their face, those of the frame in a corner.  `mesh` and `axes` (right, up and
    forwards) come from the stages `mesh` and `pose`, `gaze` (an arrow from each eye) and `blink` (a bar over
    closed eyes) from `eyes`.  Marks are boxes with text that a plugin gives as the
    kind `marks`.  `blur` hides the faces that a tracker does not show yet, too.
    """

    Options = OverlayOptions
    needs = frozenset({"frame", "faces"})
    gives = frozenset({"canvas"})

    def __init__(self, options: OverlayOptions | None = None) -> None:
        super().__init__(options)
        self._sides: dict[int | None, Side] = {}
        self._plates = Plates(())

    @classmethod
    def contract(cls, options: OverlayOptions) -> tuple[frozenset[str], frozenset[str]]:
        """The measures that are named, the marks, and the geometry, where they are drawn."""
        marks = {"marks"} & set(options.show)
        geometry = {kind for part, kind in KINDS.items() if part in options.show}
        geometry |= {kind for part, kinds in NEEDS.items() if part in options.show for kind in kinds}
        return cls.needs | marks | geometry | set(options.measures), cls.gives

    def open(self, context: Context) -> None:
        """See which measures there are, and have faces that are to be hidden found in every frame."""
        super().open(context)
        if self.options.blur != "none":
            context.ask("faces", "every frame")
        known, names = context.measures, self.options.measures
        if "measures" in self.options.show or names:
            self._plates = Plates([measure for measure in known if not names or measure.name in names])
            if not known:
                context.log.warning("no earlier stage gives a measure to draw")

    def process(self, packet: Packet) -> Packet:
        """Give the packet a canvas."""
        picture = packet.picture.copy()
        found = [(face, area) for face in packet.faces if (area := area_of(face.box)) is not None]
        self._hide(picture, packet)
        self._draw(picture, found, packet)
        if "time" in self.options.show:
            _draw_time(picture, packet.time)
        return packet.replace(canvas=picture)

    def _hide(self, picture: Image, packet: Packet) -> None:
        """Hide every face that was found, whether the tracker shows it or still doubts it."""
        unconfirmed: tuple[Face, ...] = packet.data.get("unconfirmed", ())
        for face in (*packet.faces, *unconfirmed):
            area = area_of(face.box)
            if area is not None:
                hide(picture, area, self.options.blur)

    def _draw(self, picture: Image, found: list[tuple[Face, Area]], packet: Packet) -> None:
        height, width = picture.shape[:2]
        sizes = sizes_for(width, height)
        marks = self._draw_marks(picture, packet, sizes)
        for face, area in found:
            self._draw_outline(picture, face, area, sizes)
        tags = [self._draw_tag(picture, face, area, sizes) for face, area in found]
        taken = [*(area for area in tags if area is not None), *(area for _, area in found), *marks]
        if "bars" in self.options.show:
            self._draw_bars(picture, found, taken, sizes)
        self._plates.draw(picture, found, packet.measures, taken, sizes)

    def _draw_marks(self, picture: Image, packet: Packet, sizes: Sizes) -> list[Area]:
        """Draw what plugins have marked, below the faces; gives the areas of the texts."""
        marks: tuple[Mark, ...] = packet.data.get("marks", ()) if "marks" in self.options.show else ()
        texts = []
        for mark in marks:
            area = area_of(mark.box)
            if area is None:
                continue
            _draw_box(picture, area, WHITE, sizes)
            if mark.text:
                texts.append(_put_tag(picture, tag(mark.text, DARK, sizes.cap), area, sizes))
        return texts

    def _draw_outline(self, picture: Image, face: Face, area: Area, sizes: Sizes) -> None:
        colour = _colour(face.emotion)
        if "box" in self.options.show and face.emotion is not None and face.emotion.unsure:
            draw_dashed(picture, area, sizes)
        elif "box" in self.options.show:
            _draw_box(picture, area, colour, sizes)
        if "landmarks" in self.options.show and face.landmarks is not None:
            _draw_landmarks(picture, face, sizes, colour)
        draw_geometry(picture, face, self.options.show, sizes)
        if "gaze" in self.options.show:
            draw_gaze(picture, face, sizes)
        if "blink" in self.options.show:
            draw_blink(picture, face, sizes)

    def _draw_tag(self, picture: Image, face: Face, area: Area, sizes: Sizes) -> Area | None:
        text = self._text(face)
        return _put_tag(picture, tag(text, _colour(face.emotion), sizes.cap), area, sizes) if text else None

    def _text(self, face: Face) -> str:
        parts = []
        if "track" in self.options.show and face.track is not None:
            parts.append(str(face.track))
        emotion = face.emotion
        if "label" in self.options.show and emotion is not None:
            parts.append(_label(emotion))
        return "  ".join(parts)

    def _draw_bars(
        self, picture: Image, found: list[tuple[Face, Area]], taken: list[Area], sizes: Sizes
    ) -> None:
        """Draw the probabilities beside each face; adds to `taken` what they cover."""
        height, width = picture.shape[:2]
        sides: dict[int | None, Side] = {}
        for face, area in found:
            emotion = face.emotion
            if emotion is None or not emotion.classes:
                continue
            others = [other for other in taken if other is not area]
            size, before = bars_size(emotion.classes, sizes), self._sides.get(face.track)
            spot = place(area, size, (width, height), others, gap=sizes.gap, before=before)
            if spot is None:
                stacked_bar(picture, emotion, area, sizes)
                continue
            sides[face.track] = spot[0]
            taken.append(spot[1])
            bars(picture, emotion, spot[1], sizes)
        self._sides = sides


def _put_tag(picture: Image, sprite: Sprite, area: Area, sizes: Sizes) -> Area:
    """Draw a name over its box, or within its upper edge where there is no room above."""
    width, height = sprite.size
    over = area.y - height - sizes.line
    y = over if over >= 0 else max(0, area.y + sizes.line + 1)
    x = max(0, min(area.x - sizes.line // 2, picture.shape[1] - width))
    paste(picture, sprite, x, y)
    return Area(x, y, width, height)


def _label(emotion: Emotion) -> str:
    """The label, and how likely it is where that is known; a dash where there is none yet."""
    if emotion.label is None:
        return "unsure" if emotion.unsure else "-"
    likely = dict(zip(emotion.classes, emotion.probabilities, strict=False)).get(emotion.label, math.nan)
    return f"{emotion.label} {likely:.0%}" if 0 <= likely <= 1 else emotion.label


def _colour(emotion: Emotion | None) -> Colour:
    return WHITE if emotion is None else colour_of(emotion.label, emotion.classes)


def _draw_box(picture: Image, area: Area, colour: Colour, sizes: Sizes) -> None:
    """A rectangle with round corners; a thin dark line around it makes it stand out from anything."""
    grown = sizes.line // 2 + 1
    rim = Area(area.x - grown, area.y - grown, area.w + 2 * grown, area.h + 2 * grown)
    radius = min(sizes.gap, area.w // 3, area.h // 3)
    _draw_rounded(picture, rim, radius + grown, DARK, 1)
    _draw_rounded(picture, area, radius, colour, sizes.line)


def _draw_rounded(picture: Image, area: Area, r: int, colour: Colour, line: int) -> None:
    left, top, right, bottom = area.x, area.y, area.right - 1, area.bottom - 1
    # Filled, as the lines of OpenCV get thicker than they are asked to be.
    before, after = line // 2, (line - 1) // 2
    for y in (top, bottom):
        cv2.rectangle(picture, (left + r, y - before), (right - r, y + after), colour, -1)
    for x in (left, right):
        cv2.rectangle(picture, (x - before, top + r), (x + after, bottom - r), colour, -1)
    for centre, start in (
        ((left + r, top + r), 180),
        ((right - r, top + r), 270),
        ((right - r, bottom - r), 0),
        ((left + r, bottom - r), 90),
    ):
        cv2.ellipse(picture, centre, (r, r), start, 0, 90, colour, line, cv2.LINE_AA)


def _draw_landmarks(picture: Image, face: Face, sizes: Sizes, colour: Colour) -> None:
    for x, y in np.asarray(face.landmarks)[:, :2].tolist():
        point = _point(x, y)
        if point is not None:
            cv2.circle(picture, point, sizes.line + 1, DARK, -1, cv2.LINE_AA)
            cv2.circle(picture, point, sizes.line, colour, -1, cv2.LINE_AA)


def _point(x: float, y: float) -> tuple[int, int] | None:
    """A point in whole pixels; None where it is not finite."""
    limit = 100_000
    return (round(x), round(y)) if abs(x) < limit and abs(y) < limit else None


def _draw_time(picture: Image, time: int) -> None:
    height, width = picture.shape[:2]
    sizes = sizes_for(width, height)
    minutes, rest = divmod(time, 60_000_000)
    sprite = tag(f"{minutes // 60:02}:{minutes % 60:02}:{rest / 1e6:06.3f}", DARK, sizes.cap)
    paste(picture, sprite, sizes.gap, height - sizes.gap - sprite.size[1])
