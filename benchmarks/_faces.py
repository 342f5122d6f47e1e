"""What the benchmarks of the face stages share: data, detectors, and how to run them."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from ferpipe import Packet, Stage
from ferpipe.testing import TestContext, make_packet
from ferpipe_faces.align import Align, AlignOptions
from ferpipe_faces.blazeface import BlazeFace, BlazeFaceOptions
from ferpipe_faces.haar import Haar, HaarOptions
from ferpipe_faces.yunet import YuNet, YuNetOptions

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("FERPIPE_SHARED", ROOT.parent / "shared"))
CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def fer2013(split: str) -> tuple[np.ndarray, np.ndarray]:
    """(N, 48, 48) uint8 faces and (N,) labels of a split, from the mosaics under FERPIPE_SHARED."""
    folder = SHARED / "fer2013"
    with (folder / f"{split}.csv").open() as file:
        labels = np.array([int(row["emotion"]) for row in csv.DictReader(file)])
    mosaic = cv2.imread(str(folder / f"{split}.png"), cv2.IMREAD_GRAYSCALE)
    rows, columns = mosaic.shape[0] // 48, mosaic.shape[1] // 48
    faces = mosaic.reshape(rows, 48, columns, 48).transpose(0, 2, 1, 3).reshape(-1, 48, 48)
    return faces[: len(labels)], labels


def detector(name: str, **options: Any) -> Stage[Any]:
    """An opened detector by its name here: blazeface variants by `full`, `short`, `back`, `full+1`..."""
    if name == "yunet":
        file = SHARED / "models" / "face_detection_yunet_2023mar.onnx"
        model = {"model": str(file)} if file.is_file() else {}
        return opened(YuNet(YuNetOptions(**model, **options)))
    if name == "haar":
        return opened(Haar(HaarOptions(**options)))
    variant, _, tiles = name.partition("+")
    rows: Any = tiles if tiles == "auto" else int(tiles or 0)
    return opened(BlazeFace(BlazeFaceOptions(model=variant, tiles=rows, **options)))


def aligner(**options: Any) -> Stage[Any]:
    return opened(Align(AlignOptions(**options)))


def opened(stage: Any) -> Any:
    stage.open(TestContext(Path(tempfile.gettempdir())))
    return stage


def packet(image: np.ndarray, **fields: Any) -> Packet:
    return make_packet(image, **fields)


def frames(file: Path) -> Iterator[tuple[int, np.ndarray]]:
    """(microseconds, BGR picture) of each frame of a clip."""
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        for frame in container.decode(stream):
            yield int(frame.pts * stream.time_base * 1_000_000), frame.to_ndarray(format="bgr24")


def classifier(file: Path) -> Any:
    """A function from (N, 48, 48) uint8 faces to (N,) classes: a .keras or a .tflite network that
    takes (1, 48, 48, 1) greys from 0 to 255 and whose first output is the seven classes.
    """
    if file.suffix == ".tflite":
        from ai_edge_litert.interpreter import Interpreter

        network = Interpreter(model_path=str(file), num_threads=1)
        network.allocate_tensors()
        place = network.get_input_details()[0]["index"]
        answer = next(out["index"] for out in network.get_output_details() if out["shape"][-1] == 7)

        def one(face: np.ndarray) -> int:
            network.set_tensor(place, face[None, :, :, None].astype(np.float32))
            network.invoke()
            return int(network.get_tensor(answer)[0].argmax())

        return lambda faces: np.array([one(face) for face in faces], int)
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    model = keras.models.load_model(file, compile=False)

    def many(faces: np.ndarray) -> np.ndarray:
        parts = []
        for start in range(0, len(faces), 256):
            out = model(faces[start : start + 256, :, :, None].astype(np.float32), training=False)
            parts.append(np.asarray(out[0] if isinstance(out, (list, tuple)) else out).argmax(axis=1))
        return np.concatenate(parts) if parts else np.zeros(0, int)

    return many
