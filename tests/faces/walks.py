"""People who walk through a picture, and packets of them as a detector gives them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ferpipe import Box, Face, Packet
from ferpipe.testing import make_packet

FACE = 48
"""Width and height of a face, in pixels."""
SECOND = 1_000_000
Place = tuple[float, float]
"""The upper left of a face."""
Path2D = Callable[[float], "Place | None"]
"""Where a face is after so many seconds; None while it is not there."""


def every(step: float, end: float) -> list[float]:
    return [i * step for i in range(round(end / step))]


def crossing(speed: float) -> list[Path2D]:
    return [lambda t: (40 + speed * t, 70), lambda t: (360 - speed * t, 76)]


def film(
    people: Sequence[np.ndarray],
    paths: Sequence[Path2D],
    times: Sequence[float],
    *,
    jitter: float = 0,
    drop: float = 0,
    seed: int = 0,
) -> list[Packet]:
    """Packets as a detector gives them: who is covered by more than half is not found."""
    rng = np.random.default_rng(seed)
    packets = []
    for index, time in enumerate(times):
        places = [path(time) for path in paths]
        faces = []
        for i, place in enumerate(places):
            if place is None or (drop and rng.random() < drop):
                continue
            if not any(_covers(other, place) for other in places[i + 1 :]):
                faces.append(_found(place, jitter, rng))
        order = rng.permutation(len(faces))
        packets.append(
            make_packet(
                _scene(people, places),
                time=round(time * SECOND),
                index=index,
                faces=tuple(faces[i] for i in order),
            )
        )
    return packets


def identities(packets: Sequence[Packet], paths: Sequence[Path2D]) -> list[set[int | None]]:
    """The ids each person had on frames where nobody else was near."""
    ids: list[set[int | None]] = [set() for _ in paths]
    for packet in packets:
        places = [path(packet.time / SECOND) for path in paths]
        there = [place for place in places if place is not None]
        if len(there) > 1 and abs(there[0][0] - there[1][0]) < FACE:
            continue
        for face in packet.faces:
            if face.detected:
                ids[_owner(face, places)].add(face.track)
    return ids


def _scene(people: Sequence[np.ndarray], places: Sequence[Place | None]) -> np.ndarray:
    """A picture with the people at the places of their faces; the last one stands in front."""
    picture = np.full((240, 480, 3), 110, np.uint8)
    for person, place in zip(people, places, strict=True):
        if place is None:
            continue
        x, y = round(place[0]) - 12, round(place[1]) - 16
        left, top, right, bottom = max(x, 0), max(y, 0), min(x + 72, 480), min(y + 111, 240)
        if left < right and top < bottom:
            picture[top:bottom, left:right] = person[top - y : bottom - y, left - x : right - x]
    return picture


def _covers(other: Place | None, place: Place) -> bool:
    return other is not None and abs(other[0] - place[0]) < FACE / 2 and abs(other[1] - place[1]) < FACE / 2


def _found(place: Place, jitter: float, rng: np.random.Generator) -> Face:
    """The face at `place`, as little off as detectors are."""
    x, y = np.array(place) + rng.normal(0, jitter * FACE, 2)
    size = FACE * np.exp(rng.normal(0, jitter))
    eyes = np.array([[x + 0.3 * size, y + 0.4 * size], [x + 0.7 * size, y + 0.4 * size]], np.float32)
    return Face(Box(x, y, size, size), 0.9, eyes, ("left_eye", "right_eye"))


def _owner(face: Face, places: Sequence[Place | None]) -> int:
    """Whose face it is: the nearest person's."""
    away = {
        i: float(np.hypot(face.box.x - place[0], face.box.y - place[1]))
        for i, place in enumerate(places)
        if place is not None
    }
    return min(away, key=away.__getitem__)
