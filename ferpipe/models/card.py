"""The side file of a model, `ferpipe.model/1`: what must be known to use its weights.

It is a JSON file beside the weights, described in `docs/models.md`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from ferpipe.chip import ChipFormat
from ferpipe.errors import UsageError
from ferpipe.models.checksum import digest
from ferpipe.models.reliability import Reliability
from ferpipe.output import Output as OutputFile
from ferpipe.resources import read_json, read_small

__all__ = [
    "VERSION",
    "Format",
    "Framing",
    "Input",
    "Model",
    "Output",
    "chip_format",
    "is_card",
    "is_side_file",
    "read_side_file",
]

VERSION: Literal["ferpipe.model/1"] = "ferpipe.model/1"
"""The first key of every side file."""
_FAMILY = VERSION.split("/")[0] + "/"

Format = Literal["litert", "keras", "h5", "keras-json", "saved-model", "onnx"]
"""How the weights are stored: a .tflite file; a .keras file; an .h5 file of a whole model;
an architecture in JSON with its weights in another file; a SavedModel folder; an .onnx file."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Input(_Part):
    """What the network wants to see.

    A chip is resized to height x width, made grey or coloured, scaled, and then, where `mean`
    and `std` are given, normalised to (x - mean) / std, one value or one a channel.
    """

    height: int = Field(gt=0, le=4096, description="Height in pixels.")
    width: int = Field(gt=0, le=4096, description="Width in pixels.")
    channels: Literal[1, 3] = Field(default=1, description="Number of channels: 1 is grey, 3 is colour.")
    order: Literal["rgb", "bgr"] = Field(default="rgb", description="Order of the three channels.")
    layout: Literal["NHWC", "NCHW"] = Field(default="NHWC", description="Position of the channel axis.")
    scale: Literal["raw", "unit", "signed", "standardize"] = Field(
        default="raw",
        description=(
            "Range of the pixels: raw is 0 to 255, unit 0 to 1, signed -1 to 1; standardize gives each "
            "picture mean 0 and standard deviation 1."
        ),
    )
    mean: tuple[float, ...] | None = Field(default=None, description="Mean that is subtracted after scaling.")
    std: tuple[float, ...] | None = Field(
        default=None, description="Standard deviation that is divided by after scaling."
    )
    dtype: Literal["float32", "uint8", "int8"] = Field(
        default="float32",
        description="Type of the input tensor; integers are quantised as the model file specifies.",
    )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one picture, in the order of `layout`."""
        if self.layout == "NCHW":
            return self.channels, self.height, self.width
        return self.height, self.width, self.channels

    @model_validator(mode="after")
    def _statistics_fit_channels(self) -> Input:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if values is not None and len(values) not in {1, self.channels}:
                raise ValueError(f"{name} must have 1 or {self.channels} values")
        if self.std is not None and min(self.std) <= 0:
            raise ValueError("std must be above 0")
        return self


class Output(_Part):
    """What the network answers."""

    kind: Literal["logits", "probabilities"] = Field(
        default="logits", description="Whether the output is logits, which need a softmax, or probabilities."
    )
    index: int = Field(default=0, ge=0, description="Index of the network's output, from 0.")
    temperature: float = Field(
        default=1.0, gt=0, description="Logits are divided by it before the softmax (Guo et al. 2017)."
    )


class Framing(_Part):
    """Where the landmarks lie in the pictures that the network was trained on.

    Positions are fractions of the picture's side, from its top left corner.  The aligner cuts by it
    what this network is given.
    """

    points: dict[str, tuple[float, float]] = Field(
        description="Position of each landmark; the names are those of `Face.landmark_names`."
    )
    boxes: dict[str, tuple[float, float, float]] = Field(
        default_factory=dict,
        description="The picture's centre and side relative to a detector's box, in box heights.",
    )


class Model(_Part):
    """A side file.  `path` is where its weights lie."""

    version: Literal["ferpipe.model/1"] = Field(default=VERSION, description="The format of this file.")
    name: str = Field(min_length=1, description="What pipelines call the model.")
    kind: Literal["emotion"] = Field(default="emotion", description="What the model classifies.")
    file: str = Field(min_length=1, description="The file of the weights, beside this file.")
    weights: str | None = Field(
        default=None, description="The file of the weights, if `file` holds only the layers."
    )
    format: Format = Field(description="Format of the weights.")
    sha256: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{64}$",
        description="Checksum of the file; docs/models.md describes that of several files.",
    )
    classes: tuple[str, ...] = Field(
        min_length=2, description="Names of the classes, in the order of the outputs."
    )
    input: Input = Field(description="The input that the network expects.")
    output: Output = Field(default=Output(), description="The output of the network.")
    framing: Framing | None = Field(
        default=None,
        description="Position of the landmarks in the training pictures; null means as in FER2013.",
    )
    reliability: Reliability | None = Field(
        default=None,
        description="How likely a label is right, from the face's probabilities and its picture; null where "
        "nobody has fitted it.",
    )
    data: str = Field(default="", description="The data that it was trained on.")
    recipe: str = Field(default="", description="The recipe that it was trained by.")
    scores: dict[str, Any] = Field(
        default_factory=dict, description="Scores by data set, each with its number of faces n."
    )
    licence: str = Field(default="", description="Licence of the weights (SPDX).")
    source: str = Field(default="", description="Where the weights come from.")

    _folder: Path = PrivateAttr(default=Path())

    @model_validator(mode="after")
    def _names_are_distinct_and_near(self) -> Model:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("classes must not repeat")
        for part in (self.file, self.weights or "."):
            if Path(part).is_absolute() or ".." in Path(part).parts:
                raise ValueError(f"'{part}' must lie beside the side file")
        return self

    @property
    def path(self) -> Path:
        """The weights (for `keras-json`, the file of the layers)."""
        return self._folder / self.file

    @property
    def weights_path(self) -> Path | None:
        """The second file of a `keras-json` model."""
        return self._folder / self.weights if self.weights else None

    @property
    def files(self) -> tuple[Path, ...]:
        """Everything that the checksum covers."""
        second = self.weights_path
        return (self.path,) if second is None else (self.path, second)

    def placed(self, folder: Path) -> Model:
        """The same, with its weights in `folder`."""
        twin = self.model_copy()
        twin._folder = folder  # noqa: SLF001 -- its own
        return twin

    def check(self) -> None:
        """Raise UsageError where the weights are missing or are not those that were described."""
        for path in self.files:
            if not path.exists():
                raise UsageError(
                    f"model '{self.name}': its weights '{path}' are missing; put them there, "
                    "or reinstall ferpipe if the model came with it"
                )
        if self.sha256 is not None and (found := digest(*self.files)) != self.sha256:
            raise UsageError(
                f"model '{self.name}': '{self.path}' has the checksum {found[:12]}..., its side file says "
                f"{self.sha256[:12]}...; fetch the model again, or export it again with its side file"
            )

    def write(self, path: Path) -> None:
        """Write the side file as indented JSON, in place of what is there."""
        OutputFile.save(path, self.model_dump_json(indent=2, exclude_defaults=False) + "\n", overwrite=True)


def chip_format(card: Model) -> ChipFormat:
    """The pictures of faces to ask an aligner for: square, as large as the longer side of the input."""
    framing = "" if card.framing is None else card.framing.model_dump_json()
    return ChipFormat(max(card.input.height, card.input.width), card.input.channels, framing)


def read_side_file(path: Path) -> Model:
    """Read a side file; the checksum is not looked at (see `Model.check`).

    Raises UsageError, one line, where it cannot be read or does not follow the format.
    """
    try:
        model = Model.model_validate_json(read_small(path))
    except OSError as error:
        raise UsageError(f"cannot read the side file '{path}': {error.strerror}") from None
    except ValidationError as error:
        raise UsageError(f"the side file '{path}' is wrong: {_reasons(error)} (see docs/models.md)") from None
    return model.placed(path.parent)


def _reasons(error: ValidationError) -> str:
    def reason(item: Any) -> str:
        where = ".".join(str(part) for part in item["loc"])
        return f"{where}: {item['msg']}" if where else str(item["msg"])

    return "; ".join(reason(item) for item in error.errors(include_url=False))


def is_side_file(path: Path, kind: str | None = None) -> bool:
    """Whether a file is a side file, of `kind` if that is given; the layers of a network are JSON too."""
    try:
        content = read_json(path)
    except (OSError, ValueError):
        return False
    return is_card(content) and (kind is None or content.get("kind") == kind)


def is_card(content: Any) -> bool:
    """Whether the content of a JSON file is that of a side file, of this version or another."""
    return isinstance(content, dict) and str(content.get("version", "")).startswith(_FAMILY)
