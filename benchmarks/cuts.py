"""False and missed hard cuts: the clips themselves, every pair of them joined, and made disturbances.

    python benchmarks/cuts.py

`picture` is what the small pictures say; `track` is what the tracker makes of it, which also looks whether
those who were there still are.  Every disturbance begins at frame 10 of each clip.  CPU is that of `Cuts`
for a frame of 1920x1080, the least of three runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from _faces import SHARED, detector, frames, opened, packet

from ferpipe import Frame
from ferpipe_faces.cuts import Cuts
from ferpipe_faces.track import Track

Film = list[np.ndarray]
BEGIN, LENGTH, STEP = 10, 24, 83_333


def by_picture(film: Film, step: int = STEP) -> list[int]:
    found = Cuts()
    return [i for i, image in enumerate(film) if found.update(Frame(image, i * step, i, "film"))]


def by_track(film: Film) -> list[int]:
    find, follow = detector("back"), opened(Track())
    packets = [follow.process(find.process(packet(image, time=i * STEP))) for i, image in enumerate(film)]
    return [i for i, each in enumerate(packets) if each.frame.discontinuity]


def window(image: np.ndarray, x: float, y: float, share: float) -> np.ndarray:
    """The part of an image at (x, y) that is `share` of it a side, at the image's size."""
    height, width = image.shape[:2]
    part = image[int(y * height) :, int(x * width) :][: int(share * height), : int(share * width)]
    return cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR)


def lit(image: np.ndarray, gain: float, offset: float) -> np.ndarray:
    return np.clip(image * np.float64(gain) + offset, 0, 255).astype(np.uint8)


def pan(speed: float) -> Callable[[np.ndarray, int], np.ndarray]:
    return lambda image, n: window(image, min(0.5, n * speed / 2), 0.1, 0.5)


def zoom(speed: float) -> Callable[[np.ndarray, int], np.ndarray]:
    def zoomed(image: np.ndarray, n: int) -> np.ndarray:
        share = max(0.3, speed**-n)
        return window(image, (1 - share) / 2, (1 - share) / 3, share)

    return zoomed


def shaken(image: np.ndarray, n: int) -> np.ndarray:
    x, y = np.random.default_rng(n).uniform(0, 0.15, 2) if n else (0.05, 0.05)
    return window(image, float(x), float(y), 0.85)


def passer_by(image: np.ndarray, n: int) -> np.ndarray:
    """Somebody dark, 60 % of the picture wide, who crosses it in a second and a half."""
    image, left = image.copy(), round((n * 0.12 - 0.6) * image.shape[1])
    image[:, max(0, left) : max(0, left + round(0.6 * image.shape[1]))] = 35
    return image


def flash(gain: float, offset: float) -> Callable[[np.ndarray, int], np.ndarray]:
    return lambda image, n: lit(image, gain, offset) if n in {1, 2} else image


def side_light(image: np.ndarray, n: int) -> np.ndarray:
    return lit(image * np.linspace(1, 2.5, image.shape[1])[None, :, None], 1, 0) if n else image


DISTURBANCES: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "pan, 5 % of the width a frame": pan(0.05),
    "pan, 10 %": pan(0.1),
    "pan, 20 %": pan(0.2),
    "zoom, 5 % a frame": zoom(1.05),
    "zoom, 20 %": zoom(1.2),
    "shaking, 15 %": shaken,
    "somebody passes close by": passer_by,
    "weak flash": flash(1.8, 60),
    "strong flash": flash(3, 120),
    "white frames": flash(1, 255),
    "black frames": flash(0, 0),
    "a lamp from one side": side_light,
}


def gradual(a: Film, b: Film, length: int, *, black: bool) -> Film:
    """A dissolve, or a fade through three black frames, of `length` frames a side."""
    shares = [(i + 1) / (length + 1) for i in range(length)]
    if not black:
        return [cv2.addWeighted(a[i], 1 - share, b[i], share, 0) for i, share in enumerate(shares)]
    down = [lit(a[i], 1 - share, 0) for i, share in enumerate(shares)]
    return [*down, *[a[0] * 0] * 3, *(lit(b[i], share, 0) for i, share in enumerate(shares))]


def pairs(clips: dict[str, Film]) -> Iterator[tuple[Film, Film]]:
    for a in clips:
        for b in clips:
            if a != b:
                yield clips[a][:14], clips[b][:14]


def main() -> None:
    clips = {
        file.stem: [image for _, image in frames(file)] for file in sorted((SHARED / "media").glob("*.mp4"))
    }
    print("| film | films | cuts | picture: found | picture: false | track: found | track: false |")
    print("|---|---|---|---|---|---|---|")
    for every in (1, 2, 5):
        films = [clip[::every] for clip in clips.values()]
        false = [len(by_picture(film, every * STEP)) for film in films]
        print(
            f"| the clips, every {every}th frame | {len(films)} | 0 | - | {sum(false)} | - | - |", flush=True
        )
    joined = [([*a, *b], len(a)) for a, b in pairs(clips)]
    row("two clips joined", [film for film, _ in joined], [at for _, at in joined])
    for name, change in DISTURBANCES.items():
        films = [
            [change(image, max(0, i - BEGIN)) for i, image in enumerate(clip[:LENGTH])]
            for clip in clips.values()
        ]
        row(name, films, None)
    for length in (3, 12):
        films = [[*a, *gradual(a, b, length, black=False), *b] for a, b in pairs(clips)][::3]
        row(f"dissolves of {length} frames", films, None)
        films = [[*a, *gradual(a, b, length, black=True), *b] for a, b in pairs(clips)][::3]
        row(f"fades through black, {length} frames a side", films, None)
    image = cv2.resize(clips["intel_classroom"][0], (1920, 1080))
    costs = []
    for _ in range(3):
        found, start = Cuts(), time.thread_time()
        for i in range(50):
            found.update(Frame(image, i * STEP, i, "film"))
        costs.append(1000 * (time.thread_time() - start) / 50)
    print(f"\n{min(costs):.2f} ms of CPU a frame of 1920x1080")


def row(name: str, films: list[Film], expected: list[int] | None) -> None:
    columns = []
    for method in (by_picture, by_track):
        given = [method(film) for film in films]
        if expected is None:
            columns += ["-", str(sum(map(len, given)))]
        else:
            hits = [at in some for at, some in zip(expected, given, strict=True)]
            columns += [str(sum(hits)), str(sum(map(len, given)) - sum(hits))]
    print(f"| {name} | {len(films)} | {len(expected or [])} | {' | '.join(columns)} |", flush=True)


if __name__ == "__main__":
    main()
