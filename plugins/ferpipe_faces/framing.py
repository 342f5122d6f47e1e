"""How a classifier expects a face to lie in its picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field, ValidationError

from ferpipe import Box, Face, UsageError
from ferpipe.resources import read_json

__all__ = ["DEFAULT", "Framing", "load", "parsed"]

DEFAULT = "fer2013"

_WEIGHTS = {
    "left_eye": 1.0,
    "right_eye": 1.0,
    "nose": 0.5,
    "mouth": 1.0,
    "mouth_left": 0.5,
    "mouth_right": 0.5,
}
"""How much each point counts. The nose tip moves with every turn of the head, ears are often hidden."""

_NARROW = 0.4
"""Share of the expected distance of the eyes below which a face is seen from the side."""

_SCALES = 0.55, 1.8
"""Sizes from the landmarks, in sizes from the box, between which the landmarks are believed."""

_SURE_TURN, _MOST_TURN = math.radians(60), math.radians(115)
"""Turns in the picture up to which landmarks are believed; between the two, eyes and mouth must agree."""
_AGREE = math.radians(25)
"""How far the turn of the line of the eyes and that of the line from eyes to mouth may differ then."""

_BOX_SHARE = np.array([0.85, 0.55])
"""Weight of the box for the face's centre, across and along the face: eyes and nose swing to the side
with a turning head, the box stays; between what a regression over FER2013's faces says
(`benchmarks/framing.py`) and what costs a classifier least (`benchmarks/aligner.py`)."""

Point = tuple[float, float]


class _File(BaseModel):
    """What a framing file, or the `framing` of a model's side file, holds."""

    points: dict[str, Point]
    boxes: dict[str, Annotated[tuple[float, float, float], Field()]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Framing:
    """Where things are in a square picture of a face, from (0, 0) at its top left to (1, 1).

    points: where each landmark lies.
    boxes: the picture's centre (x, y) and side, relative to a detector's box: the offset from the
        box's centre and the length, in box heights.  The keys are `none`, `five` and `six`, by the
            number of landmarks, which distinguishes the detectors, and `mesh`.
    """

    points: Mapping[str, Point]
    boxes: Mapping[str, tuple[float, float, float]]

    def matrix(self, face: Face, boxes: str | None = None) -> npt.NDArray[np.float64]:
        """(2, 3): from the frame, in pixels, to the picture, from 0 to 1: turn, scale and shift.

        The turn is that of the similarity which brings the landmarks closest to their places, in weighted
        least squares (S. Umeyama 1991); scale and shift are that similarity's and the box's, blended as
        fits FER2013 best.  The box alone counts where there are no landmarks, or where they contradict
        it, as those of a face seen from the side do.

        boxes: the key of the kind of box; by default the landmarks' names tell it.
        """
        by_box = self._from_box(face, boxes)
        by_points = None if face.landmarks is None else self._from_points(face)
        if by_points is None or not self._believable(by_points, by_box, face):
            return by_box
        return _blend(by_points, by_box)

    def _from_box(self, face: Face, boxes: str | None) -> npt.NDArray[np.float64]:
        names = face.landmark_names
        usual = "none" if not names else "six" if "left_ear" in names else "five"
        x, y, side = self.boxes[boxes or usual]
        box: Box = face.box
        length = max(side * box.h, 1e-3)
        left = box.x + box.w / 2 + x * box.h - length / 2
        top = box.y + box.h / 2 + y * box.h - length / 2
        return np.array([[1, 0, -left], [0, 1, -top]], np.float64) / length

    def _from_points(self, face: Face) -> npt.NDArray[np.float64] | None:
        assert face.landmarks is not None  # noqa: S101 -- for the type checker; the caller has looked
        used = [i for i, name in enumerate(face.landmark_names) if name in self.points and name in _WEIGHTS]
        if len(used) < 2:
            return None
        names = [face.landmark_names[i] for i in used]
        return _similarity(
            face.landmarks[used].astype(np.float64),
            np.array([self.points[name] for name in names]),
            np.array([_WEIGHTS[name] for name in names]),
        )

    def _believable(
        self, by_points: npt.NDArray[np.float64], by_box: npt.NDArray[np.float64], face: Face
    ) -> bool:
        turn = abs(math.atan2(by_points[1, 0], by_points[0, 0]))
        if turn > _MOST_TURN or (turn > _SURE_TURN and not _agree(face)):
            return False
        low, high = _SCALES
        if not low < np.hypot(by_box[0, 0], by_box[1, 0]) / np.hypot(by_points[0, 0], by_points[1, 0]) < high:
            return False
        assert face.landmarks is not None  # noqa: S101 -- as above
        apart = float(np.hypot(*(face.landmarks[1] - face.landmarks[0]))) * by_box[0, 0]
        expected = self.points["right_eye"][0] - self.points["left_eye"][0]
        return bool(apart > _NARROW * expected)


def _agree(face: Face) -> bool:
    """Whether eyes and mouth say the same of the turn of a face: of one seen from the side they do not."""
    assert face.landmarks is not None  # noqa: S101 -- the caller has looked
    mouth = [i for i, name in enumerate(face.landmark_names) if name.startswith("mouth")]
    if not mouth:
        return False
    left, right = face.landmarks[:2].astype(np.float64)
    across = right - left
    down = face.landmarks[mouth].astype(np.float64).mean(axis=0) - (left + right) / 2
    apart = math.atan2(across[1], across[0]) - math.atan2(-down[0], down[1])
    return abs(math.remainder(apart, math.tau)) <= _AGREE


def _similarity(
    points: npt.NDArray[np.float64], places: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64] | None:
    """(2, 3) least-squares similarity from (K, 2) `points` to `places`; None where points coincide."""
    share = weights / weights.sum()
    middle, goal = share @ points, share @ places
    p, q = points - middle, places - goal
    size = float((share[:, None] * p**2).sum())
    if size < 1e-9:
        return None
    a = float((share * (p * q).sum(axis=1)).sum()) / size
    b = float((share * (p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0])).sum()) / size
    if a * a + b * b < 1e-18:
        return None
    turn = np.array([[a, -b], [b, a]])
    return np.column_stack([turn, goal - turn @ middle])


def _blend(by_points: npt.NDArray[np.float64], by_box: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    scale = float(np.hypot(by_points[0, 0], by_points[1, 0]))
    turn = by_points[:, :2] / scale
    centre, of_box = _centre(by_points), _centre(by_box)
    centre = centre + turn.T @ (_BOX_SHARE * (turn @ (of_box - centre)))
    linear = turn * np.sqrt(scale * by_box[0, 0])
    return np.column_stack([linear, 0.5 - linear @ centre])


def _centre(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The point of the frame that comes to lie in the middle of the picture."""
    return np.asarray(np.linalg.solve(matrix[:, :2], 0.5 - matrix[:, 2]), np.float64)


def load(name: str, file: Path | None = None) -> Framing:
    """The framing called `name`, or the one in `file`: a framing file, or a model's side file with a
    `framing` in it.

    Raises UsageError where there is none.
    """
    if file is None:
        file = Path(__file__).parent / f"framing_{name}.json"
    try:
        content: Any = read_json(file)
    except (OSError, ValueError) as error:
        raise _refusal(str(file), error) from error
    if isinstance(content, dict) and "framing" in content:
        content = content["framing"]
    return parsed(content, str(file), usual=None if name == DEFAULT else load(DEFAULT))


def parsed(content: Any, where: str, usual: Framing | None) -> Framing:
    """The framing that `content`, as JSON has it, describes; `where` it stands is for messages.

    usual: what the boxes are taken from that it does not describe.  Raises UsageError where it is none.
    """
    try:
        checked = _File.model_validate(content)
    except ValueError as error:
        raise _refusal(where, error) from error
    if not {"left_eye", "right_eye"} <= checked.points.keys():
        raise UsageError(f"align: the framing in {where} lacks 'left_eye' or 'right_eye' among its 'points'")
    boxes = {} if usual is None else _carried_over(usual, checked.points)
    return Framing(checked.points, {**boxes, **checked.boxes})


def _refusal(where: str, error: Exception) -> UsageError:
    return UsageError(
        f"align: {where} holds no framing: give 'framing' the name 'fer2013', or a JSON file with 'points' "
        f'such as {{"left_eye": [0.32, 0.39], ...}} ({_first_line(error)})'
    )


def _carried_over(usual: Framing, points: Mapping[str, Point]) -> dict[str, tuple[float, float, float]]:
    """The boxes of a framing that specifies only its points, from those of one that specifies both."""
    names = [name for name in points if name in usual.points]
    old, new = (np.array([some[name] for name in names]) for some in (usual.points, points))
    change = _similarity(old, new, np.ones(len(names)))
    if change is None:
        return dict(usual.boxes)
    longer = 1 / float(np.hypot(change[0, 0], change[1, 0]))
    x, y = _centre(change) - 0.5
    return {
        key: (dx + float(x) * side, dy + float(y) * side, side * longer)
        for key, (dx, dy, side) in usual.boxes.items()
    }


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error).splitlines()[0]
