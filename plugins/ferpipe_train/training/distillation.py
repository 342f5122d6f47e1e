"""Distillation: what trained networks say of the faces, as targets for another one.

After Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network" (2015).  The targets are
made once, from the faces as they are; or, by live teachers, of each picture as the student sees it, after
Beyer et al., "Knowledge distillation: A good teacher is patient and consistent" (2022, arXiv:2106.05237).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ferpipe import UsageError
from ferpipe.models import Found, Model, find_model, keras_twin
from ferpipe_networks.classifier import open_classifier, refuse_misfit, softmax
from ferpipe_networks.keras_files import shapes_of
from ferpipe_train.data import LabelledFaces
from ferpipe_train.data.faces import pictures
from ferpipe_train.training.initial_weights import read_network
from ferpipe_train.training.recipe import Recipe, Teacher

__all__ = ["LiveTeachers", "taught", "teacher_digests"]

_AT_ONCE = 512


def taught(faces: LabelledFaces, teacher: Teacher) -> npt.NDArray[np.float32]:
    """(N, K) probabilities: the mean over the teacher's networks, each averaged with the mirror image.

    Raises UsageError where a network cannot be opened or has other classes.
    """
    whole = np.zeros((len(faces), len(faces.classes)))
    images = pictures(faces)
    for name in teacher.models:
        classifier = open_classifier(name)
        if classifier.classes != faces.classes:
            raise UsageError(
                f"the teacher '{name}' has the classes {', '.join(classifier.classes)}; "
                f"the faces are of {', '.join(faces.classes)}"
            )
        for start in range(0, len(faces), _AT_ONCE):
            part = images[start : start + _AT_ONCE]
            for seen in (part, [image[:, ::-1] for image in part]):
                whole[start : start + _AT_ONCE] += softmax(classifier.logits(seen), teacher.temperature)
        classifier.close()
    shares: npt.NDArray[np.float32] = (whole / whole.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def teacher_digests(teacher: Teacher) -> dict[str, str]:
    """The SHA-256 of each teacher's file, or of its several files, by the name that the recipe gives it.

    Raises UsageError where there is none.
    """
    found = {name: find_model(name) for name in teacher.models}
    if teacher.live:
        found = {name: keras_twin(one) or one for name, one in found.items()}
    return {name: one.sha256() for name, one in found.items()}


class LiveTeachers:
    """The teachers' Keras networks, asked in the training step itself.

    They hold no state of the training: Keras shall not track them, nor a checkpoint keep them.
    """

    def __init__(self, recipe: Recipe, teacher: Teacher, classes: tuple[str, ...]) -> None:
        self.share, self.temperature = teacher.share, teacher.temperature
        members = [_opened(name, recipe, classes) for name in teacher.models]
        self._members: Callable[[], list[tuple[Any, Model]]] = lambda: members

    def blended(self, seen: Any, targets: Any) -> Any:
        """(N, K) `targets` with the teachers' share of answers to the pictures `seen`, (N, H, W, C)."""
        from keras import ops

        answers = [self._answer(network, card, seen) for network, card in self._members()]
        said = ops.stop_gradient(sum(answers[1:], answers[0]) / len(answers))
        return (1 - self.share) * targets + self.share * said

    def _answer(self, network: Any, card: Model, seen: Any) -> Any:
        from keras import ops

        outputs = network(seen, training=False)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        return ops.softmax(outputs[card.output.index] / self.temperature, axis=-1)


def _opened(name: str, recipe: Recipe, classes: tuple[str, ...]) -> tuple[Any, Model]:
    """Raises UsageError where the teacher cannot be asked about what this recipe's network sees."""
    found = find_model(name)
    twin: Found | None = keras_twin(found)
    if twin is None or twin.card is None or twin.format != "keras":
        raise UsageError(f"the live teacher '{name}' needs its .keras file and a side file")
    card, wants = twin.card, twin.card.input
    if card.classes != classes:
        raise UsageError(
            f"the teacher '{name}' has the classes {', '.join(card.classes)}; "
            f"the faces are of {', '.join(classes)}"
        )
    channels = 1 if recipe.data.color == "grey" else 3
    size = recipe.data.size
    plain = wants.scale == "raw" and wants.mean is None and wants.std is None and wants.layout == "NHWC"
    plain = plain and (channels == 1 or wants.order == "rgb")
    if (wants.height, wants.width, wants.channels) != (size, size, channels) or not plain:
        raise UsageError(
            f"the live teacher '{name}' expects other pictures than this recipe's {size}x{size}x{channels} "
            "from 0 to 255: remove `live`"
        )
    if card.output.kind != "logits":
        raise UsageError(f"the live teacher '{name}' gives probabilities, not logits: remove `live`")
    network = read_network(twin.path, "cannot learn from")
    shape, sizes = shapes_of(twin, network)
    refuse_misfit(card, shape[1:], sizes)
    network.trainable = False
    return network, card
