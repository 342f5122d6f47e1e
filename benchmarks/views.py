"""Training faces as the detector and the aligner give them: what a recipe's `data.views` takes.

Each face is pasted into a real picture, twice, at 48 to 300 pixels and turned by up to 20 degrees, found
again and aligned; what comes out is written beside the digest of the face that it was made from.  The
pictures are others than those that `benchmarks/aligner.py` measures with.

    python benchmarks/views.py --data fer2013.csv --output views.npz
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from functools import partial
from pathlib import Path

import numpy as np
from _faces import aligner, detector, packet
from aligner import paste, pictures

from ferpipe_train.data import DataOptions, load_faces
from ferpipe_train.data.views import key_of

SCENES = (
    "cell",
    "clock",
    "colorwheel",
    "hubble_deep_field",
    "immunohistochemistry",
    "page",
    "retina",
    "text",
)
SMALLEST, LARGEST, TURN = 48, 300, 20
PART = 500


def seen(faces: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(M, 48, 48) aligned faces and (M,) which of `faces` each is; a face that is not found is omitted."""
    rng = np.random.default_rng(seed)
    scenes, find, align = pictures(SCENES), detector("back"), aligner()
    chips, rows = [], []
    for row, face in enumerate(faces):
        size = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST))))
        scene = scenes[rng.integers(len(scenes))]
        picture, (x, y) = paste(scene, face, size, float(rng.uniform(-TURN, TURN)), "feather", rng)
        result = align.process(find.process(packet(picture)))
        away = [np.hypot(f.box.x + f.box.w / 2 - x, f.box.y + f.box.h / 2 - y) / size for f in result.faces]
        if away and min(away) < 0.4:
            chips.append(result.faces[int(np.argmin(away))].data["chip"].image)
            rows.append(row)
    return np.array(chips, np.uint8).reshape(-1, 48, 48), np.array(rows, int)


def part(which: tuple[int, int, int], faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    start, stop, seed = which
    chips, rows = seen(faces[start:stop], seed)
    return chips, rows + start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="as `ferpipe train` takes it")
    parser.add_argument("--split", default="Training")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=2, help="views of each face")
    parser.add_argument("-o", "--output", type=Path, default=Path("views.npz"))
    args = parser.parse_args()
    faces = load_faces(args.data, DataOptions(), warn=print).split(args.split).images[..., 0]
    parts = [
        (start, min(start + PART, len(faces)), args.seed + time * len(faces) + start)
        for time in range(args.times)
        for start in range(0, len(faces), PART)
    ]
    with multiprocessing.Pool(os.cpu_count()) as pool:
        done = pool.map(partial(part, faces=faces), parts, chunksize=1)
    images, rows = (np.concatenate([pair[i] for pair in done]) for i in (0, 1))
    keys = np.array([key_of(faces[row]) for row in rows])
    np.savez_compressed(args.output, images=images, of=keys)
    print(f"{args.output}: {len(set(rows))} of {len(faces)} faces were found, {len(rows)} views")


if __name__ == "__main__":
    main()
