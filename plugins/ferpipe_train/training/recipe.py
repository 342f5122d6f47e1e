"""What a training is: the fields of a recipe, as they stand in its YAML.

`ferpipe_train.training.recipe_file` reads it, `docs/training.md` explains it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ferpipe_train.training.recipe_parts import (
    Augmentation,
    Network,
    Optimizer,
    Part,
    Schedule,
    Share,
)

__all__ = ["HEAD", "Data", "EarlyStop", "Labels", "OtherViews", "Recipe", "SecondHead", "Teacher"]

HEAD = "emotion"
"""The output of a trained network that is classified by."""

Monitor = Literal["accuracy", "macro_f1", "loss"]


class OtherViews(Part):
    """Faces as the detector and the aligner give them, learnt in the place of the faces as they are."""

    path: str = Field(description="An .npz of images and of; benchmarks/views.py writes it.")
    share: Share = Field(default=0.5, description="How often a face that has another view is shown by it.")


class Data(Part):
    """Which faces are learnt from, and how they are read."""

    path: str = Field(
        default="fer2013.csv", description="A FER2013 csv, a folder of images a class, or a cache."
    )
    size: int = Field(default=48, ge=16, le=512, description="Faces are made size x size pixels.")
    color: Literal["grey", "rgb"] = Field(default="grey", description="Grey or RGB.")
    classes: tuple[str, ...] | None = Field(
        default=None, description="Names in the order of the labels; taken from the data where left out."
    )
    train: str = Field(default="Training", description="The split that is learnt from.")
    validation: str = Field(default="PublicTest", description="The split that is chosen by.")
    share: Share = Field(
        default=0.1, description="Part held back for validation where the data has no splits."
    )
    limit: int | None = Field(default=None, ge=1, description="Learn from this many faces only (a trial).")
    strict: bool = Field(default=False, description="Refuse data with bad rows.")
    views: OtherViews | None = Field(default=None, description="Other pictures of the same faces.")


class SecondHead(Part):
    """A second output that learns FER+'s eight classes beside the first."""

    weight: float = Field(default=0.6, ge=0, le=10, description="Of its loss; the first has 1.")
    smoothing: Share = Field(default=0.03, description="Part of its targets spread over all classes.")


class Teacher(Part):
    """Networks that are trained already, whose answers are learnt too (distillation)."""

    models: tuple[str, ...] = Field(min_length=1, description="Names or files; several are averaged.")
    share: Share = Field(default=0.5, description="Part of the targets that is theirs.")
    temperature: float = Field(
        default=2.0, gt=0, le=100, description="Divides their logits: higher shows more of what is alike."
    )
    live: bool = Field(
        default=False,
        description="Ask them about each picture as the student sees it, turned, erased and blended, in "
        "place of once about each face, as Beyer et al. advise (2022); each step costs theirs. Keras only.",
    )


class Labels(Part):
    """What the network is to answer."""

    smoothing: Share = Field(default=0.0, description="Part of the targets spread over all classes.")
    ferplus: Share = Field(
        default=0.0, description="Part of the targets that FER+'s votes have beside the original label."
    )
    min_votes: int = Field(
        default=3, ge=1, le=10, description="Fewer votes for the seven classes do not count."
    )
    not_a_face: int | None = Field(
        default=None, ge=1, le=10, description="Leave faces out that so many taggers called no face."
    )
    second_head: SecondHead | None = Field(default=None, description="An output of FER+'s eight classes.")
    teacher: Teacher | None = Field(default=None, description="Networks to learn from beside the labels.")


class EarlyStop(Part):
    """End when the validation has not become better for a while."""

    patience: int = Field(ge=1, description="Epochs.")


class Recipe(Part):
    """Everything that decides a training."""

    version: Literal[1] = Field(description="The format of recipes: 1.")
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="What the network is called.")
    about: str = Field(default="", description="Where it comes from, for people.")
    network: Network
    data: Data = Data()
    labels: Labels = Labels()
    augment: tuple[Augmentation, ...] = ()
    optimizer: Optimizer
    schedule: Schedule
    epochs: int = Field(ge=1, le=10_000)
    batch: int = Field(default=128, ge=1, le=8192)
    ema: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, description="Decay a step of the averaged weights, which are then what is kept."
    )
    class_weights: Literal["none", "balanced"] = Field(
        default="none", description="balanced: errors weigh as much as their class is rare."
    )
    sampling: Literal["shuffle", "balanced"] = Field(
        default="shuffle", description="balanced: each class is drawn equally often."
    )
    monitor: Monitor = Field(
        default="accuracy", description="What the best epoch is chosen by, on validation."
    )
    early_stop: EarlyStop | None = None
    save: Literal["keras", "json+h5"] = Field(
        default="keras", description="json+h5: also model.json and model.h5, as older tools want them."
    )
    seed: int = Field(default=0, ge=0, lt=2**31)
    deterministic: bool = Field(
        default=True, description="The same numbers each time, at some cost on a GPU."
    )
    compile: bool = Field(default=True, description="Compile the step with XLA where the backend has it.")
    checkpoint_seconds: float = Field(default=60.0, ge=0, description="A state to resume from, this often.")
