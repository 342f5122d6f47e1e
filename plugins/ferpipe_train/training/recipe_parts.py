"""The parts of a recipe besides its network: augmentations, optimisers, schedules."""

from __future__ import annotations

from typing import Annotated, Literal, Union

from pydantic import Field

from ferpipe_train.training.recipe_networks import Chance, Count, Part, Share

__all__ = [
    "Affine",
    "Augmentation",
    "Blur",
    "Erase",
    "Light",
    "LowResolution",
    "Mixup",
    "Noise",
    "Optimizer",
    "Schedule",
]

Span = tuple[float, float]


# ---- augmentation --------------------------------------------------------------------------


class Affine(Part):
    """Flip, turn, zoom, stretch and shift, in one resampling."""

    use: Literal["affine"]
    p: Chance = 1.0
    flip: Chance = Field(default=0.5, description="Probability that a face is mirrored.")
    turn: float = Field(
        default=0.0, ge=0, le=90, description="Standard deviation of the rotation in degrees."
    )
    turn_max: float = Field(default=25.0, ge=0, le=180, description="Maximum rotation in degrees.")
    zoom: Span = Field(default=(0.0, 0.0), description="Range of the logarithm of the scale.")
    stretch: float = Field(default=0.0, ge=0, le=1, description="Range of the logarithm of the aspect ratio.")
    shift: float = Field(default=0.0, ge=0, le=0.5, description="Maximum shift as a fraction of the size.")
    fill: Literal["edge", "constant", "mixed"] = Field(
        default="edge", description="How the area outside the picture is filled."
    )


class Light(Part):
    """Gamma, contrast and brightness."""

    use: Literal["light"]
    p: Chance = 0.3
    gamma: float = Field(default=0.0, ge=0, description="Maximum logarithm of the gamma exponent.")
    contrast: float = Field(default=0.0, ge=0, description="Maximum logarithm of the contrast factor.")
    brightness: float = Field(default=0.0, ge=0, le=255, description="Maximum value that is added, of 255.")


class Noise(Part):
    """Gaussian noise."""

    use: Literal["noise"]
    p: Chance = 0.15
    sigma: Span = (2.0, 12.0)


class Blur(Part):
    """A Gaussian blur."""

    use: Literal["blur"]
    p: Chance = 0.07
    sigma: Span = Field(default=(0.5, 1.5), description="Range of the standard deviation in pixels.")


class LowResolution(Part):
    """Shrunk and enlarged again: a face that was far away."""

    use: Literal["low_resolution"]
    p: Chance = 0.15
    pixels: tuple[Count, Count] = Field(default=(18, 42), description="Range of the intermediate size.")


class Erase(Part):
    """A rectangle of one grey (Zhong et al. 2020, arXiv:1708.04896)."""

    use: Literal["erase"]
    p: Chance = 0.35
    size: Span = Field(
        default=(0.12, 0.42), description="Range of its sides as fractions of those of the picture."
    )


class Mixup(Part):
    """Pairs of faces and of their targets, blended (Zhang et al. 2018, arXiv:1710.09412)."""

    use: Literal["mixup"]
    p: Chance = Field(default=0.5, description="Fraction of the batches.")
    alpha: float = Field(default=0.3, gt=0, le=10)


Augmentation = Annotated[
    Union[Affine, Light, Noise, Blur, LowResolution, Erase, Mixup],  # noqa: UP007
    Field(discriminator="use"),
]


# ---- optimisers and schedules --------------------------------------------------------------

Rate = Annotated[float, Field(gt=0, le=10)]


class Sgd(Part):
    """Stochastic gradient descent."""

    use: Literal["sgd"]
    rate: Rate
    momentum: Share = 0.9
    nesterov: bool = True
    weight_decay: float = Field(default=0.0, ge=0)
    clip_norm: float | None = Field(default=None, gt=0, description="Maximum norm of all gradients together.")


class Adam(Part):
    """Adam (Kingma & Ba 2015); with weight decay AdamW (Loshchilov & Hutter 2019)."""

    use: Literal["adam"]
    rate: Rate = 0.001
    epsilon: float = Field(default=1e-7, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    clip_norm: float | None = Field(default=None, gt=0)


Optimizer = Annotated[Union[Sgd, Adam], Field(discriminator="use")]  # noqa: UP007

Epochs = Annotated[float, Field(ge=0)]


class Constant(Part):
    """The same rate all the time; `inverse` divides it by 1 + inverse * steps, as old Keras did."""

    use: Literal["constant"]
    warmup: Epochs = 0
    inverse: float = Field(default=0.0, ge=0)


class Cosine(Part):
    """Half a cosine down to floor times the rate (Loshchilov & Hutter 2017)."""

    use: Literal["cosine"]
    warmup: Epochs = 0
    floor: Share = 0.0


class StableDecay(Part):
    """Warm-up, a long time at the full rate, a linear decay over the last epochs (WSD)."""

    use: Literal["stable_decay"]
    warmup: Epochs = 1
    decay: Epochs = Field(description="Number of epochs.")
    floor: Share = 0.003


class Plateau(Part):
    """Times `factor` when the validation has not become better for `patience` epochs."""

    use: Literal["plateau"]
    warmup: Epochs = 0
    monitor: Literal["accuracy", "macro_f1", "loss"] = "loss"
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1
    patience: int = Field(default=10, ge=1)
    min_rate: float = Field(default=0.0, ge=0)


Schedule = Annotated[Union[Constant, Cosine, StableDecay, Plateau], Field(discriminator="use")]  # noqa: UP007
