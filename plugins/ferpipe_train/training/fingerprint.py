"""What a training learns from, known again when it goes on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from ferpipe_train.data import LabelledFaces
from ferpipe_train.training.batches import Batches
from ferpipe_train.training.distillation import teacher_digests

__all__ = ["Inputs"]


@dataclass(frozen=True, slots=True)
class Inputs:
    """The SHA-256 of all faces and labels together, and of each teacher's file by its name."""

    faces: str
    teachers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, batches: Batches, validation: LabelledFaces) -> Inputs:
        """Those of a training."""
        hasher = hashlib.sha256()
        if batches.views is not None:
            hasher.update(batches.views.images.tobytes())
        for faces in (batches.faces, validation):
            hasher.update(faces.images.tobytes())
            hasher.update(faces.labels.tobytes())
        teacher = batches.recipe.labels.teacher
        return cls(hasher.hexdigest(), {} if teacher is None else teacher_digests(teacher))

    @classmethod
    def stored(cls, about: dict[str, Any]) -> Inputs:
        """Those of a saved state; one of before teachers were noted has none."""
        return cls(about["data"], about.get("teachers") or {})

    def changed_teachers(self, before: Inputs) -> list[str]:
        """The names of the teachers whose files are others than `before`."""
        return [name for name, sha256 in before.teachers.items() if self.teachers.get(name) != sha256]
