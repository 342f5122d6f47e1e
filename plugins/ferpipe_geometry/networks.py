"""The mesh networks and where their files lie: the shipped one, and MediaPipe's Face Landmarker.

Y. Kartynnik et al. 2019, arXiv 1907.06724; constants of MediaPipe's face landmark graphs.
"""

from __future__ import annotations

import zipfile
from typing import Any

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from ferpipe import UsageError
from ferpipe.packet import Image
from ferpipe.quiet import without_lines
from ferpipe.resources import model_dirs, shipped
from ferpipe_geometry.region import Floats, Region, cut

__all__ = ["Blendshapes", "MeshNetwork", "open_landmarker", "open_mesh"]

LANDMARKER = "face_landmarker.task"
_LARGEST = 16 * 1024 * 1024
"""Bytes of a network inside the task file."""


class MeshNetwork:
    """A loaded network; not for use by two threads at once."""

    def __init__(self, content: bytes, threads: int) -> None:
        self._interpreter = interpreter(content, threads)
        shown = self._interpreter.get_input_details()[0]
        self._input, self.size = shown["index"], int(shown["shape"][1])
        first, second = self._interpreter.get_output_details()[:2]
        self._points, self._presence = first["index"], second["index"]

    def __call__(self, image: Image, region: Region) -> tuple[Floats, float]:
        """((N, 3) points, presence): x, y and z in pixels of the BGR frame, and 0 to 1.

        z is 0 about the middle of the head and falls towards the camera.  Points that are not finite
        come with a presence of 0.
        """
        part = cv2.cvtColor(cut(image, region, self.size), cv2.COLOR_BGR2RGB)
        self._interpreter.set_tensor(self._input, part[None].astype(np.float32) / np.float32(255))
        self._interpreter.invoke()
        raw = self._interpreter.get_tensor(self._points).reshape(-1, 3)
        logit = float(self._interpreter.get_tensor(self._presence).ravel()[0])
        points = region.place(raw, self.size)
        if not (np.isfinite(points).all() and np.isfinite(logit)):
            return np.zeros_like(points), 0.0
        return points, float(1 / (1 + np.exp(-np.clip(logit, -80, 80))))


class Blendshapes:
    """The network of the 52 blendshapes: 146 of the 478 points in, 52 numbers from 0 to 1 out."""

    def __init__(self, content: bytes, threads: int) -> None:
        self._interpreter = interpreter(content, threads)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def __call__(self, points: Floats) -> Floats:
        """(52,) for (146, 2) points in pixels."""
        self._interpreter.set_tensor(self._input, points[None].astype(np.float32))
        self._interpreter.invoke()
        found: Floats = self._interpreter.get_tensor(self._output).ravel()
        return found


def interpreter(content: bytes, threads: int) -> Any:
    """An interpreter with its tensors allocated."""
    with without_lines("Created TensorFlow Lite XNNPACK delegate"):
        made = Interpreter(model_content=content, num_threads=threads)
        made.allocate_tensors()
    return made


def open_mesh(threads: int) -> MeshNetwork:
    """The shipped network.  Raises UsageError where its file is missing."""
    file = shipped("models") / "face_mesh" / "face_mesh.tflite"
    try:
        return MeshNetwork(file.read_bytes(), threads)
    except OSError:
        raise UsageError(f"the weights {file} are missing: reinstall ferpipe") from None


def open_landmarker(threads: int) -> tuple[MeshNetwork, Blendshapes]:
    """MediaPipe's Face Landmarker.  Raises UsageError where it is not here, or is not such a file."""
    file = next((path for folder in model_dirs() if (path := folder / LANDMARKER).is_file()), None)
    if file is None:
        raise UsageError(f"{LANDMARKER} is not here: 'ferpipe models pull face_landmarker' downloads it")
    try:
        with zipfile.ZipFile(file) as archive:
            mesh = _member(archive, "face_landmarks_detector.tflite")
            shapes = _member(archive, "face_blendshapes.tflite")
        return MeshNetwork(mesh, threads), Blendshapes(shapes, threads)
    except (OSError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        raise UsageError(
            f"{file} cannot be read as MediaPipe's Face Landmarker ({error}): "
            "delete it, then 'ferpipe models pull face_landmarker' downloads it again"
        ) from None


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _LARGEST:
        raise ValueError(f"{name} is larger than {_LARGEST // 1024} kB")
    return archive.read(name)
