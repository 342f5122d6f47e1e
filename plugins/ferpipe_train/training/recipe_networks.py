"""The networks of a recipe."""

from __future__ import annotations

from typing import Annotated, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "Chance",
    "Count",
    "FaceResNet",
    "Layer",
    "LayersNetwork",
    "Network",
    "Part",
    "ResidualNetwork",
    "Share",
    "XceptionNetwork",
]

Share = Annotated[float, Field(ge=0, lt=1)]
Chance = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1, le=8192)]
Normalise = Literal["unit", "signed", "face", "none"]


class Part(BaseModel):
    """A section of a recipe: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ResidualNetwork(Part):
    """Residual blocks (He et al. 2016) with squeeze-excitation (Hu et al. 2018)."""

    use: Literal["residual"]
    widths: tuple[Count, ...] = Field(
        min_length=1, description="Channels of each stage; every stage but the first halves the resolution."
    )
    depths: tuple[Count, ...] = Field(min_length=1, description="Blocks of each stage.")
    stem_kernel: Count = Field(default=5, description="Channels of the first convolution.")
    stem_stride: Count = 2
    antialias: bool = Field(
        default=False,
        description="Whether pictures are halved by an average over a small window before the convolutions, "
        "not by strides (Zhang 2019, arXiv:1904.11486). A shift by a pixel then changes fewer labels.",
    )
    squeeze: Count = Field(
        default=8,
        description="Squeeze-and-excitation ratio: the squeeze has channels / squeeze units, at least 8.",
    )
    dropout: Share = 0.3
    normalise: Normalise = Field(
        default="face",
        description="Normalisation of the input; `face` gives each picture mean 0 and standard deviation 1.",
    )

    @model_validator(mode="after")
    def _as_many(self) -> ResidualNetwork:
        if len(self.widths) != len(self.depths):
            raise ValueError(f"{len(self.widths)} widths but {len(self.depths)} depths")
        return self


class FaceResNet(Part):
    """The first blocks of dlib's face recognition ResNet (King 2017), for one grey picture.

    Its published weights (CC0) are a better beginning than random ones; `models/gpu` has the
    training that starts from them.
    """

    use: Literal["face_resnet"]
    enlarge: Annotated[int, Field(ge=1, le=4)] = Field(
        default=2,
        description="The picture is first enlarged this many times, from 48 to 96 pixels by default.",
    )
    blocks: Annotated[int, Field(ge=1, le=13)] = Field(
        default=10,
        description="The number of residual blocks: 3 of 32 channels, 4 of 64, 3 of 128, 3 of 256.",
    )
    antialias: bool = Field(
        default=False,
        description="Whether pictures are averaged over a small window before they are halved "
        "(Zhang 2019, arXiv:1904.11486).",
    )
    dropout: Share = 0.1
    normalise: Normalise = Field(
        default="face", description="Each picture is brought to mean 0 and deviation 1 (face)."
    )


class XceptionNetwork(Part):
    """mini-XCEPTION (Arriaga et al. 2017, arXiv:1710.07557)."""

    use: Literal["xception"]
    stem: tuple[Count, ...] = Field(default=(8, 8), description="Channels of the plain convolutions.")
    widths: tuple[Count, ...] = Field(
        default=(16, 32, 64, 128), description="Channels of the separable blocks."
    )
    l2: float = Field(default=0.01, ge=0)
    normalise: Normalise = "signed"


class Conv(Part):
    """A 2-D convolution, then normalisation, activation."""

    use: Literal["conv"]
    filters: Count
    kernel: Count = 3
    stride: Count = 1
    padding: Literal["same", "valid"] = "same"
    norm: bool = Field(default=False, description="Batch normalisation before the activation.")
    activation: Literal["relu", "elu", "none"] = "relu"
    l2: float = Field(default=0.0, ge=0)
    initializer: str = "glorot_uniform"


class Dense(Part):
    """A full layer, then normalisation, activation."""

    use: Literal["dense"]
    units: Count
    norm: bool = Field(default=False, description="Batch normalisation before the activation.")
    activation: Literal["relu", "elu", "none"] = "relu"
    l2: float = Field(default=0.0, ge=0)
    initializer: str = "glorot_uniform"


class Pool(Part):
    """Maximum or mean over small windows."""

    use: Literal["pool"]
    kind: Literal["max", "average"] = "max"
    size: Count = 2
    stride: Count | None = None
    padding: Literal["same", "valid"] = "valid"


class Norm(Part):
    """Batch normalisation on its own (the tutorials put it behind the activation)."""

    use: Literal["norm"]


class Dropout(Part):
    """Leaves units out."""

    use: Literal["dropout"]
    rate: Share


class Flatten(Part):
    """Pictures to rows."""

    use: Literal["flatten"]


class GlobalAverage(Part):
    """The mean of each channel."""

    use: Literal["global_average"]


Layer = Annotated[
    Union[Conv, Dense, Pool, Norm, Dropout, Flatten, GlobalAverage],  # noqa: UP007 -- pydantic on 3.10
    Field(discriminator="use"),
]


class LayersNetwork(Part):
    """A plain list of layers; the layer of the classes is added at its end."""

    use: Literal["layers"]
    layers: tuple[Layer, ...] = Field(min_length=1)
    normalise: Normalise = "unit"
    output_l2: float = Field(default=0.0, ge=0)


Network = Annotated[
    Union[ResidualNetwork, FaceResNet, XceptionNetwork, LayersNetwork],  # noqa: UP007
    Field(discriminator="use"),
]
