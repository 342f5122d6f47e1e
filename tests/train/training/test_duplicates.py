"""Pictures that are nearly the same stay on one side of a split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from train_support import lfw_faces, tiny_recipe

from ferpipe import UsageError
from ferpipe_train.data.cache import save_cache
from ferpipe_train.data.duplicates import groups_of_duplicates, held_out, likeness
from ferpipe_train.training.train import load_splits


def disturbed(faces: np.ndarray) -> np.ndarray:
    """The same pictures, darker and with other noise."""
    noise = np.random.default_rng(1).normal(0, 3, faces.shape)
    return np.clip(faces * 0.8 + 10 + noise, 0, 255).astype(np.uint8)


def test_a_copy_and_a_mirrored_copy_are_of_one_group_and_other_people_are_not() -> None:
    faces = lfw_faces().images[:40]
    group = groups_of_duplicates(np.concatenate([faces, disturbed(faces), faces[:, :, ::-1]]))
    assert (group[:40] == group[40:80]).all()
    assert (group[:40] == group[80:]).all()
    assert len(set(group[:40])) > 30


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_held_out_has_no_copy_among_the_rest(channels: int) -> None:
    faces = np.repeat(lfw_faces().images[:60], channels, axis=-1)
    both = np.concatenate([faces, disturbed(faces)])
    kept = held_out(both, 20, seed=3)
    assert 20 <= kept.sum() < 60
    assert (kept[:60] == kept[60:]).all()
    assert likeness(both[kept], both[~kept]).max() <= 0.93


def test_a_recipe_chooses_by_faces_of_the_split_it_learns_from(tmp_path: Path) -> None:
    save_cache(tmp_path / "faces.npz", lfw_faces())
    path = str(tmp_path / "faces.npz")
    recipe = tiny_recipe("data.hold_out=30")
    learnt, validation = load_splits(recipe, path, print)
    whole, _ = load_splits(tiny_recipe(), path, print)
    assert len(learnt) + len(validation) == len(whole)
    assert len(validation) >= 30
    assert likeness(validation.images, learnt.images).max() <= 0.93
    with pytest.raises(UsageError, match=r"data\.hold_out is 900, but there are only"):
        load_splits(tiny_recipe("data.hold_out=900"), path, print)
