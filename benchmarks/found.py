"""Faces found and false ones, by the whole chain of detector and tracker, with and without the second look.

    python benchmarks/found.py

Clips go through `blazeface` and `track`, pictures through `blazeface` alone.  The reference is YuNet at full
size, turned upright where a picture is upside down: a face that it finds is there, and one that it does not
find is false.  `before` has at most 20 faces, no tiles and no second look.  CPU is that of detector and
tracker, the least of two runs.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import cv2
import numpy as np
import skimage.data
from _faces import SHARED, frames, opened, packet
from detectors import matches

from ferpipe import Box, Frame, Packet
from ferpipe_faces.blazeface import BlazeFace, BlazeFaceOptions
from ferpipe_faces.track import Track, TrackOptions
from ferpipe_faces.yunet import YuNet, YuNetOptions

BEFORE = ({"tiles": 0, "max_faces": 20, "doubt": 0}, {"doubt": 0})
AFTER: tuple[dict[str, float], dict[str, float]] = ({}, {})
FACELESS = ("coffee", "rocket", "page", "text", "brick", "grass", "gravel", "coins", "moon", "clock", "logo")


def reference(images: Sequence[np.ndarray], *, upside_down: bool = False) -> list[list[Box]]:
    file = SHARED / "models" / "face_detection_yunet_2023mar.onnx"
    judge = opened(YuNet(YuNetOptions(model=str(file), size=0, threshold=0.6)))
    found = []
    for image in images:
        shown = np.ascontiguousarray(image[::-1, ::-1]) if upside_down else image
        boxes = [face.box for face in judge.process(packet(shown)).faces]
        height, width = image.shape[:2]
        if upside_down:
            boxes = [Box(width - box.x - box.w, height - box.y - box.h, box.w, box.h) for box in boxes]
        found.append(boxes)
    return found


def run(
    film: Sequence[np.ndarray], step: int, options: tuple[dict[str, float], dict[str, float]]
) -> tuple[list[list[Box]], set[int | None], int, float]:
    """The boxes shown, the tracks, how many faces are marked as turned, and CPU milliseconds a frame."""
    best = np.inf
    for _ in range(2):
        find = opened(BlazeFace(BlazeFaceOptions(**options[0])))
        follow = opened(Track(TrackOptions(**options[1]))) if step else None
        shown, tracks, turned, start = [], set(), 0, time.thread_time()
        for i, image in enumerate(film):
            frame = Frame(image, i * (step or 1), i, "film", picture=None if step else "still.png")
            given = find.process(Packet(frame))
            faces = (follow.process(given) if follow is not None else given).faces
            shown.append([face.box for face in faces])
            tracks |= {face.track for face in faces}
            turned += sum(bool(face.data.get("turned")) for face in faces)
        best = min(best, 1000 * (time.thread_time() - start) / len(film))
    return shown, tracks, turned, best


def score(shown: list[list[Box]], expected: list[list[Box]]) -> tuple[int, int, int]:
    """Faces that are there, those found of them, and false ones."""
    hits = false = 0
    for boxes, there in zip(shown, expected, strict=True):
        left = list(there)
        for box in boxes:
            mine = next((other for other in left if matches(box, other)), None)
            if mine is None:
                false += 1
            else:
                left.remove(mine)
                hits += 1
    return sum(map(len, expected)), hits, false


def row(name: str, film: Sequence[np.ndarray], expected: list[list[Box]], step: int) -> None:
    cells = []
    for options in (BEFORE, AFTER):
        shown, tracks, turned, cost = run(film, step, options)
        there, hits, false = score(shown, expected)
        people = str(len(tracks)) if step else "-"
        cells += [str(hits), str(false), people, str(turned), f"{cost:.1f}"]
    print(f"| {name} | {len(film)} | {there} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    print("| | frames | faces | before: found | false | tracks | turned | ms | after: found | false | tracks "
          "| turned | ms |")  # fmt: skip
    print("|---" * 13 + "|")
    clips = sorted((SHARED / "media").glob("*.mp4")) + sorted((SHARED / "cases").glob("*_*/c*t2.mp4"))
    for file in clips:
        film = [image for _, image in frames(file)]
        row(file.stem, film, reference(film), 80_000)
    for file in sorted((SHARED / "cases").glob("false_person/*.mp4")):
        film = [image for _, image in frames(file)]
        row(file.stem, film, [[] for _ in film], 41_667)
    for file in sorted((SHARED / "cases").glob("*/*.png")):
        if file.parent.name in {"crowd", "small_faces", "upside_down"}:
            film = [cv2.imread(str(file))]
            row(file.stem, film, reference(film, upside_down="upside" in file.parent.name), 0)
    pictures = [faceless(name) for name in FACELESS]
    row(f"{len(FACELESS)} pictures of scikit-image without a face", pictures, [[] for _ in pictures], 0)
    still = [cv2.resize(pictures[0], (1920, 1080))] * 6
    row("1080p without a face", still, [[] for _ in still], 40_000)


def faceless(name: str) -> np.ndarray:
    image = getattr(skimage.data, name)()
    image = np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image[..., 2::-1]
    return np.ascontiguousarray(image[..., :3]).astype(np.uint8)


if __name__ == "__main__":
    main()
