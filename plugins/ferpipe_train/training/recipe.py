"""What a training is: the fields of a recipe, as they stand in its YAML.

`ferpipe_train.training.recipe_file` reads it, `docs/training.md` explains it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ferpipe_train.training.recipe_networks import Network, Part, Share
from ferpipe_train.training.recipe_parts import Augmentation, Optimizer, Schedule

__all__ = ["HEAD", "Data", "EarlyStop", "Labels", "OtherViews", "Recipe", "SecondHead", "Teacher"]

HEAD = "emotion"
"""The output of a trained network that is classified by."""

Monitor = Literal["accuracy", "macro_f1", "loss"]


class OtherViews(Part):
    """Faces as the detector and the aligner give them, learnt in the place of the faces as they are."""

    path: str = Field(description="An .npz file with `images` and `of`, as written by benchmarks/views.py.")
    share: Share = Field(
        default=0.5, description="Share of the times that a face with another view is shown by that view."
    )


class Data(Part):
    """Which faces are learnt from, and how they are read."""

    path: str = Field(
        default="fer2013.csv",
        description="A FER2013 csv, a folder with a subfolder of images for each class, or a cache.",
    )
    size: int = Field(default=48, ge=16, le=512, description="Faces are resized to size x size pixels.")
    color: Literal["grey", "rgb"] = Field(default="grey", description="Colour of the faces: grey or RGB.")
    classes: tuple[str, ...] | None = Field(
        default=None, description="Names in the order of the labels. Default: those of the data."
    )
    train: str = Field(default="Training", description="The split to train on.")
    validation: str = Field(default="PublicTest", description="The split for validation.")
    hold_out: int | None = Field(
        default=None,
        ge=1,
        description="Validate on about this many faces of the training split, so that the split named by "
        "`validation` stays unseen. Pictures that are nearly the same stay on one side.",
    )
    share: Share = Field(
        default=0.1, description="Fraction held back for validation if the data has no splits."
    )
    limit: int | None = Field(default=None, ge=1, description="Train on this many faces only, for a trial.")
    strict: bool = Field(default=False, description="Refuse data with invalid rows.")
    views: OtherViews | None = Field(default=None, description="Other views of the same faces.")


class SecondHead(Part):
    """A second output that learns FER+'s eight classes beside the first."""

    weight: float = Field(
        default=0.6, ge=0, le=10, description="Weight of its loss; that of the first output is 1."
    )
    smoothing: Share = Field(
        default=0.03,
        description="Label smoothing: the fraction of its targets that is spread over all classes.",
    )


class Teacher(Part):
    """Networks that are trained already, whose answers are learnt too (distillation)."""

    models: tuple[str, ...] = Field(
        min_length=1, description="Names or files of the teachers; several are averaged."
    )
    share: Share = Field(default=0.5, description="Weight of the teachers in the targets, from 0 to 1.")
    temperature: float = Field(
        default=2.0,
        gt=0,
        le=100,
        description=(
            "Temperature that divides the logits of the teachers: a higher one shows more of the similarity"
            " of classes."
        ),
    )
    live: bool = Field(
        default=False,
        description=(
            "Run the teachers on each augmented picture as the student sees it, instead of once for each "
            "face, as Beyer et al. (2022) advise. Each step then includes the cost of the teachers. Keras "
            "only."
        ),
    )


class Labels(Part):
    """What the network is to answer."""

    smoothing: Share = Field(
        default=0.0,
        description="Label smoothing: the fraction of the targets that is spread over all classes.",
    )
    ferplus: Share = Field(
        default=0.0, description="Weight of FER+'s votes in the targets, beside the original label."
    )
    min_votes: int = Field(
        default=3,
        ge=1,
        le=10,
        description="Minimum number of votes for the seven classes; with fewer, only the label counts.",
    )
    not_a_face: int | None = Field(
        default=None, ge=1, le=10, description="Skip faces that at least this many taggers called no face."
    )
    second_head: SecondHead | None = Field(
        default=None, description="A second output for FER+'s eight classes."
    )
    teacher: Teacher | None = Field(
        default=None, description="Networks to distil from, in addition to the labels."
    )


class EarlyStop(Part):
    """End when the validation has not become better for a while."""

    patience: int = Field(ge=1, description="Number of epochs.")


class Recipe(Part):
    """Everything that decides a training."""

    version: Literal[1] = Field(description="The format of recipes: 1.")
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Name of the network.")
    about: str = Field(default="", description="Origin of the recipe, for readers.")
    network: Network
    data: Data = Data()
    labels: Labels = Labels()
    augment: tuple[Augmentation, ...] = ()
    optimizer: Optimizer
    schedule: Schedule
    epochs: int = Field(ge=1, le=10_000)
    batch: int = Field(default=128, ge=1, le=8192)
    ema: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None,
        description=(
            "Decay of the exponential moving average of the weights for each step; the averaged weights are"
            " then the ones kept."
        ),
    )
    class_weights: Literal["none", "balanced"] = Field(
        default="none",
        description="`balanced` weights the loss of each class by the inverse of its frequency.",
    )
    sampling: Literal["shuffle", "balanced"] = Field(
        default="shuffle", description="`balanced` draws each class equally often."
    )
    monitor: Monitor = Field(
        default="accuracy", description="Validation score by which the best epoch is chosen."
    )
    early_stop: EarlyStop | None = None
    save: Literal["keras", "json+h5"] = Field(
        default="keras", description="`json+h5` also writes model.json and model.h5, for older tools."
    )
    seed: int = Field(default=0, ge=0, lt=2**31)
    deterministic: bool = Field(default=True, description="Make results reproducible, at some cost on a GPU.")
    compile: bool = Field(
        default=True, description="Compile the training step with XLA, if the backend supports it."
    )
    checkpoint_seconds: float = Field(default=60.0, ge=0, description="Seconds between checkpoints.")
