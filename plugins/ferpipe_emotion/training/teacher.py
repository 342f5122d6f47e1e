"""Distillation: what trained networks say of the faces, as targets for another one.

After Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network" (2015), with
targets made once, from the faces as they are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ferpipe import UsageError
from ferpipe_emotion.classifier import open_classifier, softmax
from ferpipe_emotion.evaluation.evaluate import pictures
from ferpipe_emotion.training.data import LabelledFaces
from ferpipe_emotion.training.recipe import Teacher

__all__ = ["taught"]

_AT_ONCE = 512


def taught(faces: LabelledFaces, teacher: Teacher) -> npt.NDArray[np.float32]:
    """(N, K) probabilities: the mean over the teacher's networks, each averaged with the mirror image.

    Raises UsageError where a network cannot be opened or tells other classes.
    """
    whole = np.zeros((len(faces), len(faces.classes)))
    images = pictures(faces)
    for name in teacher.models:
        classifier = open_classifier(name)
        if classifier.classes != faces.classes:
            raise UsageError(
                f"the teacher '{name}' tells {', '.join(classifier.classes)}; "
                f"the faces are of {', '.join(faces.classes)}"
            )
        for start in range(0, len(faces), _AT_ONCE):
            part = images[start : start + _AT_ONCE]
            for seen in (part, [image[:, ::-1] for image in part]):
                whole[start : start + _AT_ONCE] += softmax(classifier.logits(seen), teacher.temperature)
        classifier.close()
    shares: npt.NDArray[np.float32] = (whole / whole.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares
