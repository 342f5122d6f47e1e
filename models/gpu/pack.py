"""Puts what `train.py` needs into one folder of about 50 MB."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from functools import partial
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
from _faces import aligner, detector, packet
from aligner import paste, pictures
from views import SCENES

from ferpipe_train.data import DataOptions, load_faces
from ferpipe_train.data.duplicates import held_out

ACROSS, PART = 128, 300


def framings(which: tuple[int, int], faces: np.ndarray) -> np.ndarray:
    """(N, 2, 3): from each crop to what detector and aligner make of it; zeros where it is not found."""
    start, stop = which
    rng = np.random.default_rng(1000 + start)
    scenes, find, align = pictures(SCENES), detector("back"), aligner()
    found = np.zeros((stop - start, 2, 3), np.float32)
    for row, face in enumerate(faces[start:stop]):
        size = float(np.exp(rng.uniform(np.log(52), np.log(220))))
        placed: list[np.ndarray] = []
        scene = scenes[rng.integers(len(scenes))]
        picture, (x, y) = paste(
            scene, face, size, float(rng.uniform(-18, 18)), "feather", rng, placed=placed.append
        )
        result = align.process(find.process(packet(picture)))
        away = [np.hypot(f.box.x + f.box.w / 2 - x, f.box.y + f.box.h / 2 - y) / size for f in result.faces]
        if away and min(away) < 0.4:
            chip = result.faces[int(np.argmin(away))].data["chip"]
            whole = np.vstack([chip.matrix, [0, 0, 1]]) @ np.vstack([placed[0], [0, 0, 1]])
            found[row] = whole[:2]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="fer2013.csv, with fer2013new.csv beside it")
    parser.add_argument("--dlib", type=Path, required=True, help="dlib's weights; README.md says which")
    parser.add_argument("--held-out", type=int, default=2000, help="faces for validation")
    parser.add_argument("--limit", type=int, help="of faces (a trial)")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    learnt = load_faces(args.data, DataOptions(), warn=print).split("Training")
    learnt = learnt.take(np.arange(len(learnt))[: args.limit])
    if learnt.votes is None:
        sys.exit("the votes of FER+ are missing: put fer2013new.csv beside fer2013.csv")
    if args.held_out >= len(learnt):
        sys.exit(f"--held-out {args.held_out} leaves nothing of {len(learnt)} faces to learn from")
    faces = learnt.images[..., 0]
    parts = [(start, min(start + PART, len(faces))) for start in range(0, len(faces), PART)]
    with multiprocessing.Pool(os.cpu_count()) as pool:
        framing = np.concatenate(pool.map(partial(framings, faces=faces), parts, chunksize=1))
    rows = -(-len(faces) // ACROSS)
    mosaic = np.zeros((rows * ACROSS, 48, 48), np.uint8)
    mosaic[: len(faces)] = faces
    mosaic = mosaic.reshape(rows, ACROSS, 48, 48).transpose(0, 2, 1, 3).reshape(rows * 48, ACROSS * 48)
    cv2.imwrite(str(args.output / "faces.png"), mosaic)
    np.savez_compressed(
        args.output / "labels.npz",
        labels=learnt.labels.astype(np.uint8),
        votes=learnt.votes.astype(np.uint8),
        validation=np.flatnonzero(held_out(learnt.images, args.held_out, seed=5)).astype(np.int32),
        framing=framing,
    )
    (args.output / "dlib.npz").write_bytes(args.dlib.read_bytes())
    print(f"{args.output}: {len(faces)} faces, {np.count_nonzero(framing[:, 0, 0])} of them framed")


if __name__ == "__main__":
    main()
