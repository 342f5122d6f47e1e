"""Following against detecting on every frame: the same faces? where? how steady? at what cost?

    python benchmarks/follow.py [--models back full short]

Each clip goes through the detector twice, with `follow` and without.  `found` and `other` are faces that both
give, and those that only the following one gives; `box` and `eyes` are how far they lie apart there,
in percent of the face's height (median and 95th percentile); `restless` is how much the eyes tremble, as
in benchmarks/tracker.py, without and with following; `searches` is the share of the frames in which the
whole picture was searched.  CPU is the detector's, the least of two runs.

Then: for how many frames a face is still given after the scene is cut or something covers it, and how long it
takes until a new face is given.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import cv2
import numpy as np
import skimage.data
from _faces import SHARED, detector, frames, packet
from detectors import matches
from tracker import restlessness

from ferpipe import Face

STEP = 40_000
Film = Sequence[tuple[int, np.ndarray]]


def run(name: str, film: Film, **options: object) -> tuple[list[tuple[Face, ...]], int, float]:
    """Faces a frame, searches, and CPU milliseconds a frame."""
    best = np.inf
    for _ in range(2):
        find = detector(name, **options)
        start = time.thread_time()
        given = [find.process(packet(image, time=at, index=i)).faces for i, (at, image) in enumerate(film)]
        best = min(best, 1000 * (time.thread_time() - start) / len(film))
    return given, find.context.counts.get("searches", len(film)), best


def compare(name: str, clip: str, film: Film) -> None:
    plain, _, before = run(name, film, follow=False)
    followed, searches, after = run(name, film)
    boxes, eyes, other, both = [], [], 0, 0
    for mine, theirs in zip(followed, plain, strict=True):
        left = list(theirs)
        for face in mine:
            same = next((each for each in left if matches(face.box, each.box)), None)
            if same is None:
                other += 1
                continue
            left.remove(same)
            both += 1
            boxes.append(np.abs(np.subtract(face.box, same.box)).mean() / same.box.h)
            if face.landmarks is not None and same.landmarks is not None:
                eyes.append(np.abs(face.landmarks[:4] - same.landmarks[:4]).mean() / same.box.h)
    cells = [f"{100 * np.median(each):.1f} / {100 * np.percentile(each, 95):.1f}" if each else "-"
             for each in (boxes, eyes)]  # fmt: skip
    shakes = " / ".join(f"{100 * trembling(given):.2f}" for given in (plain, followed))
    counts = f"{sum(map(len, plain))} | {both} | {other} | {cells[0]} | {cells[1]} | {shakes}"
    print(
        f"| {name} | {clip} | {counts} | {searches / len(film):.0%} | {before:.1f} | {after:.1f} |",
        flush=True,
    )


def trembling(given: Sequence[Sequence[Face]]) -> float:
    """The mean restlessness of the faces, followed by overlap from frame to frame."""
    tracks: list[list[Face]] = []
    open_ones: list[list[Face]] = []
    for faces in given:
        going = []
        for face in faces:
            mine = next((one for one in open_ones if matches(one[-1].box, face.box)), None)
            if mine is None:
                mine = []
                tracks.append(mine)
            else:
                open_ones.remove(mine)
            mine.append(face)
            going.append(mine)
        open_ones = going
    shakes = [
        restlessness(np.array([np.vstack([face.landmarks[:2], face.box[2:]]) for face in one]))
        for one in tracks
        if len(one) > 4 and one[0].landmarks is not None
    ]
    return float(np.mean(shakes)) if shakes else 0.0


def portrait() -> np.ndarray:
    return cv2.resize(cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)[:400], (640, 480))


def lasting(name: str) -> None:
    """Frames until a face that is gone is given no more; 25 frames a second."""
    picture = portrait()
    find = detector(name)
    (face,) = find.process(packet(picture, time=0)).faces
    x, y, w, h = (round(value) for value in face.box)
    rng = np.random.default_rng(0)

    def covered(n: int) -> np.ndarray:
        image = picture.copy()
        reach = min(1.0, n / 4)
        tone = image[y + h // 2, x + w // 3]
        noise = rng.normal(0, 4, (int(1.6 * h), w + w // 2, 3))
        part = image[y - h // 4 : y - h // 4 + int(1.6 * h * reach), x - w // 4 : x + w + w // 4]
        part[:] = np.clip(tone + noise[: part.shape[0], : part.shape[1]], 0, 255)
        return image

    scenes = [cv2.resize(scene, (640, 480)) for scene in (skimage.data.coffee(), skimage.data.rocket())]
    for what, film in {
        "cut to coffee": [scenes[0]] * 10,
        "cut to a rocket": [scenes[1]] * 10,
        "covered within 4 frames": [covered(n + 1) for n in range(14)],
        "turned upside down": [cv2.flip(picture, 0)] * 10,
    }.items():
        find = detector(name)
        for i in range(5):
            find.process(packet(picture, time=i * STEP))
        given = [len(find.process(packet(each, time=(5 + i) * STEP)).faces) for i, each in enumerate(film)]
        print(f"| {what} | {''.join(map(str, given))} |", flush=True)


def appearing(name: str) -> None:
    """Milliseconds until a face that comes into the picture is given, at 25 frames a second."""
    picture, late = portrait(), []
    empty = cv2.resize(skimage.data.coffee(), (640, 480))
    other = cv2.resize(picture, (240, 180))
    for start in range(1, 26):
        film = [picture.copy() for _ in range(60)]
        for image in film:
            image[300:, :240] = empty[:180, :240]
        for image in film[start:]:
            image[300:, :240] = other
        find = detector(name)
        counts = [len(find.process(packet(image, time=i * STEP)).faces) for i, image in enumerate(film)]
        first = next((i for i in range(start, len(film)) if counts[i] == 2), None)
        late.append(np.inf if first is None else (first - start) * STEP / 1000)
    print(f"\na new face is given after {np.mean(late):.0f} ms in the mean, {max(late):.0f} at most")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="*", default=["back"], help="as benchmarks/detectors.py names them")
    args = parser.parse_args()
    print("| detector | clip | faces | found | other | box % | eyes % | restless % | searches | ms | then |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name in args.models:
        for file in sorted((SHARED / "media").glob("*.mp4")):
            compare(name, file.stem.removeprefix("intel_"), list(frames(file)))
    print("\n| after five frames of a face | faces a frame |\n|---|---|")
    lasting(args.models[0])
    appearing(args.models[0])


if __name__ == "__main__":
    main()
