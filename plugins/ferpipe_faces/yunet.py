"""The `yunet` stage."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from pydantic import Field

from ferpipe import Context, UsageError
from ferpipe.models import REMOTE, digest
from ferpipe.packet import Image
from ferpipe.resources import all_model_dirs, user_models
from ferpipe_faces.detections import Candidates, nothing
from ferpipe_faces.detector import Detector, DetectorOptions
from ferpipe_faces.resize import at_most
from ferpipe_networks.probe import probe

__all__ = ["MODEL_FILE", "YuNet", "YuNetOptions"]

cv2.setNumThreads(1)

MODEL_FILE = "face_detection_yunet_2023mar.onnx"
"""The name under which OpenCV Zoo publishes the network."""

_FOLDERS = ("", "yunet")


class YuNetOptions(DetectorOptions):
    """The options of `yunet`."""

    threshold: float = Field(0.7, ge=0, le=1, description="Minimum score of a face, from 0 to 1.")
    model: str | None = Field(
        None, description="The ONNX file. Default: the one that `ferpipe models pull yunet` downloads."
    )
    size: int = Field(
        640,
        ge=0,
        description=(
            "The picture is reduced to this many pixels on its longer side before detection; a smaller one "
            "is not enlarged. The cost grows with its square. 0 keeps the size of the frame."
        ),
    )


class YuNet(Detector[YuNetOptions]):
    """Finds faces with OpenCV's YuNet: box, score and five landmarks; good at small faces.

    W. Wu, H. Peng and S. Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023.  The network is
    not part of ferpipe: `ferpipe models pull yunet` fetches it from OpenCV Zoo.
    """

    Options = YuNetOptions
    landmark_names = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")

    def open(self, context: Context) -> None:
        """Load the network."""
        super().open(context)
        file = self._file(context)
        if digest(file) != REMOTE["yunet"].sha256:  # the file that is published is known to load
            self._try(file)
        try:
            self._network = cv2.FaceDetectorYN.create(
                str(file), "", (320, 320), self.options.threshold, self.options.nms, 5000
            )
        except cv2.error as error:
            raise UsageError(
                f"{file} is not a YuNet network that OpenCV {cv2.__version__} can read: "
                "download it again with 'ferpipe models pull yunet'"
            ) from error
        context.note("detector", {"name": "yunet", "model": file.stem})

    @staticmethod
    def _try(file: Path) -> None:
        try:
            probe(file, library="yunet")
        except UsageError as error:
            raise UsageError(f"{error}; download it again with 'ferpipe models pull yunet'") from None

    def _file(self, context: Context) -> Path:
        if self.options.model is not None:
            file = context.input(self.options.model)
            if not file.is_file():
                raise UsageError(
                    f"there is no file {file}: correct 'model', or omit it and run "
                    "'ferpipe models pull yunet'"
                )
            return file
        for models in all_model_dirs():
            for folder in _FOLDERS:
                file = models / folder / MODEL_FILE
                if file.is_file():
                    return file
        raise UsageError(
            f"the network is not in {user_models()}: run 'ferpipe models pull yunet', or give the "
            f"path of {MODEL_FILE} as 'model'"
        )

    def look(self, image: Image, *, still: bool = False) -> Candidates:  # noqa: ARG002
        """The faces in the picture, looked at in at most `size` pixels."""
        image, factors = at_most(image, self.options.size)
        self._network.setInputSize((image.shape[1], image.shape[0]))
        rows = self._network.detect(image)[1]
        if rows is None:
            return nothing(len(self.landmark_names))
        scale = np.array(factors, np.float32)
        points = rows[:, :14].reshape(-1, 7, 2).astype(np.float32) * scale
        corners = np.concatenate([points[:, 0], points[:, 0] + points[:, 1]], axis=1)
        return Candidates(corners, rows[:, 14].astype(np.float32), points[:, 2:])
