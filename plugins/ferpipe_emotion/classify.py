"""The stages `litert`, `onnx` and `keras`: each face gets its probabilities and a label.

The libraries that run the networks are imported when a stage opens, never before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

import ferpipe
from ferpipe import Options, Packet, UsageError, remedy
from ferpipe.models import Found, chip_format, find_model
from ferpipe_emotion.doubt import MEASURE, Doubt
from ferpipe_networks.classifier import Classifier, Network, classifier_of

if TYPE_CHECKING:
    from ferpipe_networks.keras import KerasNetwork
    from ferpipe_networks.litert import LiteRTNetwork
    from ferpipe_networks.onnx import OnnxNetwork

__all__ = [
    "Classify",
    "ClassifyOptions",
    "Keras",
    "KerasOptions",
    "LiteRT",
    "LiteRTOptions",
    "Onnx",
    "OnnxOptions",
]


class InputOptions(Options):
    """What the network wants to see, where no side file says so, or says it wrong."""

    height: int | None = Field(default=None, gt=0, le=4096, description="Height in pixels.")
    width: int | None = Field(default=None, gt=0, le=4096, description="Width in pixels.")
    channels: Literal[1, 3] | None = Field(
        default=None, description="Number of channels: 1 is grey, 3 is colour."
    )
    order: Literal["rgb", "bgr"] | None = Field(
        default=None, description="Order of the colour channels: rgb or bgr."
    )
    layout: Literal["NHWC", "NCHW"] | None = Field(
        default=None, description="Layout of the input tensor: NHWC or NCHW."
    )
    scale: Literal["raw", "unit", "signed", "standardize"] | None = Field(
        default=None,
        description=(
            "Range of the pixels: raw is 0 to 255, unit 0 to 1, signed -1 to 1; standardize gives each "
            "picture mean 0 and standard deviation 1."
        ),
    )
    mean: tuple[float, ...] | None = Field(default=None, description="Mean that is subtracted after scaling.")
    std: tuple[float, ...] | None = Field(
        default=None, description="Standard deviation that is divided by after scaling."
    )


class ClassifyOptions(Options):
    """Options that every classifier takes."""

    model: str = Field(description="The name of a model, or the path of its weights or side file.")
    classes: tuple[str, ...] | None = Field(
        default=None, description="Class names in the order of the outputs. Default: those of the side file."
    )
    input: InputOptions | None = Field(
        default=None, description="The input that the network expects. Default: that of the side file."
    )
    temperature: float | None = Field(
        default=None,
        gt=0,
        description=(
            "Temperature that divides the logits: above 1, the probabilities are less certain. Default: "
            "that of the side file."
        ),
    )
    flip: bool = Field(
        default=False,
        description="Average the probabilities with those of the mirrored face, at twice the cost.",
    )
    threads: int = Field(default=1, ge=1, le=64, description="Number of threads of the network.")
    unsure: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Reliability below which a face is unsure and has no label; 0 gives every face a label."
        " Default: that of the side file, else 0.",
    )


OptionsT = TypeVar("OptionsT", bound=ClassifyOptions)


class Classify(ferpipe.Classifier[OptionsT]):
    """The part of a classifier stage that does not depend on what runs the network."""

    Options = ClassifyOptions
    measures = (MEASURE,)
    _ready: Classifier | None = None
    _doubt = Doubt(None, 0.0)

    def network(self, found: Found) -> Network:
        """Open the network of the model that was found; raises UsageError."""
        raise NotImplementedError

    def picture(self, found: Found) -> tuple[int, ...] | None:
        """The shape of one picture as the options or the side file give it; None if neither does."""
        given = self.options.input
        if given is not None and given.height and given.width and given.channels:
            size = (given.height, given.width)
            return (given.channels, *size) if given.layout == "NCHW" else (*size, given.channels)
        return found.card.input.shape if found.card else None

    def load(self) -> None:
        """Find and open the model."""
        found = find_model(self.options.model)
        for file in found.on_disk():
            self.context.input(file)  # so that no output replaces it
        given = self.options.input.model_dump(exclude_none=True) if self.options.input else {}
        self._ready = classifier_of(
            found,
            self.network(found),
            classes=self.options.classes,
            given=given,
            temperature=self.options.temperature,
            flip=self.options.flip,
        )
        self.classes = self._ready.classes
        self.chip = chip_format(self._ready.card)
        self._doubt = Doubt.of(self._ready.card.reliability, self.options.unsure)
        if self._doubt.threshold > 0:
            self.context.note("unsure", {"below": self._doubt.threshold})

    def process(self, packet: Packet) -> Packet:
        """Give each face its emotion, and mark those whose label is unsure."""
        packet = super().process(packet)
        if not (packet.faces and self._doubt.judges):
            return packet
        # A face without a chip is as it came: what it has is not of this classifier.
        faces = (self._doubt.on(face) if "chip" in face.data else face for face in packet.faces)
        return packet.replace(faces=tuple(faces))

    def probabilities(self, chips: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float64]:
        """A row a face; of NaN where the network's answer was not finite."""
        assert self._ready is not None  # noqa: S101 -- `load` has set it
        return self._ready.probabilities(chips)

    def card(self) -> dict[str, Any]:
        """Which model it is, and how it is used."""
        assert self._ready is not None  # noqa: S101 -- `load` has set it
        card = self._ready.card
        return {
            "name": card.name,
            "format": card.format,
            "sha256": card.sha256,
            "temperature": self._ready.temperature,
            "flip": self.options.flip,
        }

    def close(self) -> None:
        """Release the network."""
        if self._ready is not None:
            self._ready.close()
            self._ready = None


class LiteRTOptions(ClassifyOptions):
    """Options of `litert`."""

    model: str = Field(
        default="base", description="The name of a model, or the path of a .tflite file or of a side file."
    )


class LiteRT(Classify[LiteRTOptions]):
    """Classify each face's expression with a LiteRT network: class probabilities and a label.

    It takes the aligned faces of a frame, resizes them where the network wants another size,
    and gives each face its `emotion`.
    """

    Options = LiteRTOptions

    @classmethod
    def independent(cls, options: LiteRTOptions) -> bool:  # noqa: ARG003
        """Always: each face is judged by itself."""
        return True

    def network(self, found: Found) -> LiteRTNetwork:
        """Open a .tflite file."""
        if found.format != "litert":
            raise UsageError(f"{_other_stage(found)}, or export it to LiteRT")
        from ferpipe_networks.litert import LiteRTNetwork

        return LiteRTNetwork(found.path, self.options.threads, self.picture(found))


class OnnxOptions(ClassifyOptions):
    """Options of `onnx`."""

    model: str = Field(description="The path of an .onnx file or of its side file.")


class Onnx(Classify[OnnxOptions]):
    """Classify each face's expression with an ONNX network; needs the extra `onnx`.

    It runs what `ferpipe export` writes as .onnx, and any other ONNX classifier whose input and classes the
    side file or the options describe.  It does what `litert` does.
    """

    Options = OnnxOptions

    @classmethod
    def independent(cls, options: OnnxOptions) -> bool:  # noqa: ARG003
        """Always: each face is judged by itself."""
        return True

    def network(self, found: Found) -> OnnxNetwork:
        """Open an .onnx file."""
        if found.format != "onnx":
            raise UsageError(_other_stage(found))
        from ferpipe_networks.onnx import OnnxNetwork

        return OnnxNetwork(found.path, self.options.threads, self.picture(found))


def _other_stage(found: Found) -> str:
    """Which stage runs the model."""
    kind, stage = {"litert": ("a LiteRT", "litert"), "onnx": ("an ONNX", "onnx")}.get(
        found.format, ("a Keras", "keras")
    )
    return f"'{found.path}' is {kind} model: use the stage '{stage}'"


class KerasOptions(ClassifyOptions):
    """Options of `keras`."""

    model: str = Field(
        description="The path of a .keras or .h5 file, a model.json with its weights, a SavedModel folder, "
        "or a side file."
    )


class Keras(Classify[KerasOptions]):
    """Classify each face's expression with a Keras network or a SavedModel; needs TensorFlow.

    For networks that were not exported to LiteRT, those of Keras 2 included.  It does what
    `litert` does, and costs more memory and time to start.
    """

    Options = KerasOptions

    def network(self, found: Found) -> KerasNetwork:
        """Open a Keras file or a SavedModel."""
        if not self.context.trusted:
            raise UsageError(
                f"'{found.path}' is a Keras model, which can hold code, and the pipeline is run with "
                f"{remedy('--no-local-plugins', 'trusted=False')}: export the model to LiteRT, or omit that "
                "if you trust it"
            )
        if found.format in {"litert", "onnx"}:
            raise UsageError(_other_stage(found))
        from ferpipe_networks.keras import KerasNetwork

        return KerasNetwork(found, self.options.threads)
