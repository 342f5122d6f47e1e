"""Distillation: answers asked once, and answers asked about each picture as the student sees it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from train_support import tiny_recipe

from ferpipe import UsageError
from ferpipe.models import Model, digest
from ferpipe_networks.classifier import open_classifier, softmax
from ferpipe_train.data import LabelledFaces
from ferpipe_train.data.faces import pictures
from ferpipe_train.training.distillation import LiveTeachers
from ferpipe_train.training.targets import make_targets
from ferpipe_train.training.train import Outcome, Stopped, train

pytest.importorskip("keras")


@pytest.fixture(scope="module")
def card(lfw: LabelledFaces, tmp_path_factory: pytest.TempPathFactory) -> Model:
    from ferpipe_train.training.artifacts import keep_model

    recipe = tiny_recipe()
    folder = tmp_path_factory.mktemp("teacher")
    return keep_model(recipe, train(recipe, lfw.split("train"), lfw.split("val"), folder))


def taught_by(card: Model, more: str = "") -> str:
    return f"labels.teacher={{models: ['{card.path}'], share: 0.25, temperature: 3{more}}}"


def run(lfw: LabelledFaces, folder: Path, *changes: str, **kinds: object) -> Outcome:
    return train(tiny_recipe(*changes), lfw.split("train"), lfw.split("val"), folder, **kinds)


def test_a_teachers_answers_become_targets(lfw: LabelledFaces, card: Model) -> None:
    said = open_classifier(card.path).logits(pictures(lfw))
    said_mirrored = open_classifier(card.path).logits([image[:, ::-1] for image in pictures(lfw)])
    teacher = taught_by(card)
    targets = make_targets(lfw, tiny_recipe(teacher).labels).emotion
    theirs = (softmax(said, 3) + softmax(said_mirrored, 3)) / 2
    np.testing.assert_allclose(targets, 0.75 * np.eye(2)[lfw.labels] + 0.25 * theirs, atol=1e-4)
    assert targets.dtype == np.float32
    with pytest.raises(UsageError, match="has the classes face, other; the faces are of a, b"):
        make_targets(replace(lfw, classes=("a", "b")), tiny_recipe(teacher).labels)


def test_a_live_teacher_answers_to_what_the_student_sees(lfw: LabelledFaces, card: Model) -> None:
    recipe = tiny_recipe(taught_by(card, ", live: true"))
    assert recipe.labels.teacher is not None
    labels = np.eye(2, dtype=np.float32)[lfw.labels]
    np.testing.assert_array_equal(make_targets(lfw, recipe.labels).emotion, labels)
    seen = [np.asarray(255 - image) for image in pictures(lfw)]
    live = LiveTeachers(recipe, recipe.labels.teacher, lfw.classes)
    batch = np.stack(seen).reshape(-1, 24, 24, 1).astype(np.float32)
    theirs = softmax(open_classifier(card.path).logits(seen), 3)
    np.testing.assert_allclose(
        np.asarray(live.blended(batch, labels)), 0.75 * labels + 0.25 * theirs, atol=1e-4
    )


@pytest.mark.slow
def test_a_live_training_goes_on_to_the_same_end_and_saves_no_teacher(
    lfw: LabelledFaces, card: Model, tmp_path: Path
) -> None:
    teacher = taught_by(card, ", live: true")
    straight = run(lfw, tmp_path / "straight", teacher)
    stops = iter([False] * 5 + [True])
    with pytest.raises(Stopped):
        run(lfw, tmp_path / "halved", teacher, stop=lambda: next(stops))
    halved = run(lfw, tmp_path / "halved", teacher, resume=True)
    np.testing.assert_allclose(halved.logits, straight.logits, atol=1e-5)
    alone = run(lfw, tmp_path / "alone", taught_by(card))
    assert np.abs(alone.logits - straight.logits).max() > 1e-3, "live or not is no other training"
    with (
        np.load(tmp_path / "straight" / "state.npz") as live,
        np.load(tmp_path / "alone" / "state.npz") as plain,
    ):
        assert live.files == plain.files


@pytest.mark.slow
@pytest.mark.parametrize("live", ["", ", live: true"])
def test_a_training_does_not_go_on_with_another_teacher(
    lfw: LabelledFaces, card: Model, live: str, tmp_path: Path
) -> None:
    own = card.model_copy().placed(tmp_path)
    (tmp_path / card.file).write_bytes(card.path.read_bytes())
    own.write(tmp_path / "own.json")
    teacher = f"labels.teacher={{models: ['{tmp_path / 'own.json'}'], share: 0.25{live}}}"
    stops = iter([False, True])
    with pytest.raises(Stopped):
        run(lfw, tmp_path / "run", teacher, stop=lambda: next(stops))
    other = run(lfw, tmp_path / "other", "seed=5").model
    (tmp_path / card.file).write_bytes(other.read_bytes())
    own.model_copy(update={"sha256": digest(other)}).write(tmp_path / "own.json")
    with pytest.raises(UsageError, match=r"teacher '.*own\.json' is another one than when"):
        run(lfw, tmp_path / "run", teacher, resume=True)
    (tmp_path / card.file).write_bytes(card.path.read_bytes())
    own.write(tmp_path / "own.json")
    assert run(lfw, tmp_path / "run", teacher, resume=True).progress.epoch == tiny_recipe().epochs


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("data.size=20", "expects other pictures than this recipe's 20x20x1"),
        ("data.color=rgb", "expects other pictures than this recipe's 24x24x3"),
    ],
)
def test_a_live_teacher_must_see_the_same(lfw: LabelledFaces, card: Model, change: str, said: str) -> None:
    recipe = tiny_recipe(taught_by(card, ", live: true"), change)
    assert recipe.labels.teacher is not None
    with pytest.raises(UsageError, match=said):
        LiveTeachers(recipe, recipe.labels.teacher, lfw.classes)
    with pytest.raises(UsageError, match="has the classes face, other; the faces are of a, b"):
        LiveTeachers(tiny_recipe(taught_by(card)), recipe.labels.teacher, ("a", "b"))


def test_a_live_teacher_must_be_what_its_side_file_says(lfw: LabelledFaces, card: Model) -> None:
    wrong = card.model_copy(update={"output": card.output.model_copy(update={"index": 3})}).placed(
        card.path.parent
    )
    wrong.write(card.path.with_name("wrong.json"))
    recipe = tiny_recipe(f"labels.teacher={{models: ['{card.path.with_name('wrong.json')}'], live: true}}")
    assert recipe.labels.teacher is not None
    with pytest.raises(UsageError, match="its side file asks for output 3"):
        LiveTeachers(recipe, recipe.labels.teacher, lfw.classes)
