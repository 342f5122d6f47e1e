"""Other views of the faces: found again in any order, shown as often as asked, the same in each run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from train_support import tiny_recipe

from ferpipe import UsageError
from ferpipe_train.data import LabelledFaces
from ferpipe_train.data.views import key_of, load_views
from ferpipe_train.training.adapt import fitted
from ferpipe_train.training.batches import Batches
from ferpipe_train.training.recipe import Recipe


@pytest.fixture
def learnt(lfw: LabelledFaces) -> LabelledFaces:
    return lfw.split("train")


def views_of(faces: LabelledFaces, rows: np.ndarray, file: Path) -> np.ndarray:
    """Write the negatives of some faces as their other views, in a random order."""
    rows = np.random.default_rng(3).permutation(rows)
    negatives = 255 - faces.images[rows]
    np.savez(file, images=negatives, of=np.array([key_of(faces.images[row]) for row in rows]))
    return negatives


def recipe_with(file: Path, share: float) -> Recipe:
    recipe = tiny_recipe()
    data = recipe.data.model_validate({"views": {"path": str(file), "share": share}})
    return recipe.model_copy(update={"data": data})


def shown_as_views(batches: Batches, epoch: int) -> np.ndarray:
    """For each face of an epoch that came: its row if it came by its view, else -1 - row."""
    order = batches.order(epoch)
    pictures = np.concatenate([batch["picture"] for batch in batches.epoch(epoch)])
    told = []
    for row, picture in zip(order, pictures, strict=False):
        face = batches.faces.images[row]
        assert np.array_equal(picture, face) or np.array_equal(picture, 255 - face)
        told.append(row if np.array_equal(picture, 255 - face) else -1 - row)
    return np.array(told)


def test_faces_are_shown_by_their_own_views_as_often_as_asked(learnt: LabelledFaces, tmp_path: Path) -> None:
    rows = np.arange(0, len(learnt), 2)
    views_of(learnt, rows, tmp_path / "v.npz")
    batches = Batches.of(recipe_with(tmp_path / "v.npz", 0.5), learnt)
    told = np.concatenate([shown_as_views(batches, epoch) for epoch in range(20)])
    by_view = told[told >= 0]
    assert set(by_view) <= set(rows)
    come = np.isin(np.where(told >= 0, told, -1 - told), rows).sum()
    assert len(by_view) / come == pytest.approx(0.5, abs=0.06)
    assert not np.array_equal(shown_as_views(batches, 0) >= 0, shown_as_views(batches, 1) >= 0)
    assert np.array_equal(shown_as_views(batches, 0), shown_as_views(batches, 0))


def test_a_face_of_several_views_is_shown_by_each(learnt: LabelledFaces, tmp_path: Path) -> None:
    file, (one, other) = tmp_path / "v.npz", learnt.images[:2]
    tagged = np.repeat(one[None], 3, axis=0)
    tagged[:, 0, 0, 0] = (1, 2, 3)
    keys = [key_of(one), key_of(other), key_of(one), key_of(one)]
    np.savez(file, images=np.stack([tagged[0], other, tagged[1], tagged[2]]), of=np.array(keys))
    views = load_views(file, learnt.images)
    drawn = np.stack([views.drawn(0.9, np.random.default_rng(seed)) for seed in range(300)])
    assert (drawn[:, 2:] == -1).all()
    tags = views.images[drawn[:, 0][drawn[:, 0] >= 0], 0, 0, 0]
    assert np.bincount(tags, minlength=4)[1:] == pytest.approx(90, abs=35)
    assert (drawn[:, 0] == -1).mean() == pytest.approx(0.1, abs=0.06)
    seen = set(drawn[:, 1]) - {-1}
    assert np.array_equal(views.images[seen.pop()], other)
    assert not seen


def test_going_on_in_the_middle_of_an_epoch_shows_the_same(learnt: LabelledFaces, tmp_path: Path) -> None:
    views_of(learnt, np.arange(len(learnt)), tmp_path / "v.npz")
    batches = Batches.of(recipe_with(tmp_path / "v.npz", 0.5), learnt)
    whole = [batch["picture"] for batch in batches.epoch(4)]
    rest = [batch["picture"] for batch in batches.epoch(4, start=2)]
    assert np.array_equal(np.stack(whole[2:]), np.stack(rest))


def test_without_the_file_the_recipe_goes_without(learnt: LabelledFaces, tmp_path: Path) -> None:
    recipe, lines = fitted(recipe_with(tmp_path / "none.npz", 0.5), learnt)
    assert recipe.data.views is None
    assert lines == [f"there is no file '{tmp_path / 'none.npz'}': removed from the recipe: data.views"]


def test_what_is_no_file_of_views_is_refused(learnt: LabelledFaces, tmp_path: Path) -> None:
    file = tmp_path / "v.npz"
    file.write_bytes(b"no archive")
    with pytest.raises(UsageError, match=r"cannot read '.*v\.npz'"):
        Batches.of(recipe_with(file, 0.5), learnt)
    np.savez(file, pictures=np.zeros(3))
    with pytest.raises(UsageError, match="images and of"):
        Batches.of(recipe_with(file, 0.5), learnt)
    np.savez(file, images=np.zeros((3, 20, 20), np.uint8), of=np.zeros(3, np.int64))
    with pytest.raises(UsageError, match=r"of shape \(20, 20, 1\)"):
        Batches.of(recipe_with(file, 0.5), learnt)
