"""Real trainings of a few steps: learning, repeating, and going on after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from train_support import tiny_recipe

from ferpipe import UsageError
from ferpipe_train.data import LabelledFaces
from ferpipe_train.training.checkpoint import STATE
from ferpipe_train.training.recipe import Recipe
from ferpipe_train.training.train import Outcome, Stopped, train

pytest.importorskip("tensorflow")
HERE = Path(__file__).parent


def run(lfw: LabelledFaces, folder: Path, *changes: str, **options: object) -> Outcome:
    return train(tiny_recipe(*changes), lfw.split("train"), lfw.split("val"), folder, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def trained(lfw: LabelledFaces, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run(lfw, tmp_path_factory.mktemp("trained"))


def test_it_learns_faces_from_what_is_none(lfw: LabelledFaces, tmp_path: Path) -> None:
    outcome = run(lfw, tmp_path / "run", "epochs=10", "augment=[]", "ema=null")
    assert outcome.progress.best is not None
    assert outcome.progress.best > 0.85
    assert outcome.progress.history[-1]["loss"] < outcome.progress.history[0]["loss"] / 2
    steps = len(lfw.split("train")) // 32
    hits = [round(row["accuracy"] * steps * 32) for row in outcome.progress.history]
    assert any(count % steps for count in hits), "the mean over an epoch, not its last batch"
    answers = outcome.logits.argmax(axis=1)
    assert (answers == outcome.validation.labels).mean() == pytest.approx(outcome.progress.best)


def test_one_seed_gives_one_network(lfw: LabelledFaces, trained: Outcome, tmp_path: Path) -> None:
    again = run(lfw, tmp_path / "again")
    other = run(lfw, tmp_path / "other", "seed=4")
    assert again.progress.history == trained.progress.history
    assert np.array_equal(again.logits, trained.logits)
    assert not np.array_equal(other.logits, trained.logits)


@pytest.mark.slow
def test_a_stop_saves_and_resuming_gives_the_same_numbers(
    lfw: LabelledFaces, trained: Outcome, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    for steps in (3, 5):  # in the middle of the first epoch, and on the edge of the second
        countdown = iter([False] * (steps - 1) + [True])
        with pytest.raises(Stopped):
            run(lfw, folder, stop=lambda it=countdown: next(it), resume=(folder / STATE).exists())
    outcome = run(lfw, folder, resume=True)
    assert outcome.progress.history == trained.progress.history
    assert np.array_equal(outcome.logits, trained.logits)


KILLED = """
import sys
sys.path.insert(0, {here!r})
from train_support import lfw_faces, tiny_recipe
from ferpipe_train.training.train import train
from pathlib import Path
faces = lfw_faces()
train(tiny_recipe("checkpoint_seconds=0"), faces.split("train"), faces.split("val"), Path({folder!r}))
"""


@pytest.mark.slow
def test_resuming_after_sigkill_gives_the_same_numbers(
    lfw: LabelledFaces, trained: Outcome, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    script = KILLED.format(here=str(HERE), folder=str(folder))
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 90
    while not (folder / STATE).exists():
        assert process.poll() is None, "it ended before it was killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    outcome = run(lfw, folder, resume=True)
    assert outcome.progress.history == trained.progress.history
    assert np.array_equal(outcome.logits, trained.logits)


COMPILED = """
import sys
sys.path.insert(0, {here!r})
from train_support import lfw_faces, tiny_recipe
from ferpipe_train.training.train import train
from pathlib import Path
import json
faces = lfw_faces()
runs = []
for name in ("one", "two"):
    recipe = tiny_recipe("compile=true", "epochs=2", *{changes!r})
    done = train(recipe, faces.split("train"), faces.split("val"), Path({folder!r}) / name)
    runs.append(done.progress.history)
print(json.dumps(runs))
"""


@pytest.mark.slow
def test_compiled_and_with_every_augmentation_it_repeats_itself(tmp_path: Path) -> None:
    augment = (
        "augment=[{use: affine, turn: 9, zoom: [-0.2, 0.2], stretch: 0.1, shift: 0.1, fill: mixed},"
        "{use: light, gamma: 0.5, contrast: 0.2, brightness: 20}, {use: noise}, {use: blur, p: 0.5},"
        "{use: low_resolution, p: 0.5, pixels: [8, 20]}, {use: erase}, {use: mixup}]"
    )
    changes = [augment]
    script = COMPILED.format(here=str(HERE), folder=str(tmp_path), changes=changes)
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    one, two = json.loads(done.stdout)
    assert one == two
    assert all(np.isfinite(row["loss"]) for row in one)


def test_a_finished_folder_is_not_trained_over(lfw: LabelledFaces, trained: Outcome) -> None:
    with pytest.raises(UsageError, match="contains a training: continue with --resume"):
        run(lfw, trained.folder)
    with pytest.raises(UsageError, match=r"another recipe \(batch, optimizer differ\)"):
        run(lfw, trained.folder, "batch=16", "optimizer.rate=0.1", resume=True)
    with pytest.raises(UsageError, match="on other faces"):
        train(tiny_recipe(), lfw.split("val"), lfw.split("train"), trained.folder, resume=True)
    with np.load(trained.folder / STATE) as state:
        stored = json.loads(str(state["about"]))["recipe"]
    assert Recipe.model_validate(stored) == tiny_recipe()


def test_a_damaged_state_is_one_clear_line(lfw: LabelledFaces, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="contains no training to resume"):
        run(lfw, tmp_path, resume=True)
    (tmp_path / STATE).write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(UsageError, match="is damaged"):
        run(lfw, tmp_path, resume=True)


def test_early_stop_ends_when_nothing_becomes_better(lfw: LabelledFaces, tmp_path: Path) -> None:
    outcome = run(
        lfw, tmp_path / "run", "epochs=9", "optimizer.rate=1e-9", "early_stop={patience: 2}", "ema=null"
    )
    assert len(outcome.progress.history) == 3
    assert outcome.progress.best_epoch == 1


def test_a_loss_that_is_no_number_ends_it_in_words(lfw: LabelledFaces, tmp_path: Path) -> None:
    dense = "{use: dense, units: 64, activation: none}"
    changes = [
        "optimizer.rate=10",
        "augment=[]",
        f"network={{use: layers, normalise: none, layers: [{{use: flatten}}, {dense}, {dense}]}}",
    ]
    with pytest.raises(UsageError, match=r"the loss is not a number in epoch 1, step \d+: lower"):
        run(lfw, tmp_path / "run", *changes)


def test_it_starts_from_the_weights_of_another_training(
    lfw: LabelledFaces, trained: Outcome, tmp_path: Path
) -> None:
    still = ("epochs=1", "optimizer.rate=1e-9", "optimizer.weight_decay=0")
    outcome = run(lfw, tmp_path / "run", *still, start=trained.model)
    assert np.allclose(outcome.logits, trained.logits, atol=0.1)  # the normalisations have moved
    assert outcome.progress.start is not None
    assert outcome.progress.start["file"] == "best.keras"
    assert outcome.progress.start["fresh"] == []
    again = run(lfw, tmp_path / "run", *still, resume=True)
    assert again.progress.start == outcome.progress.start


def test_other_classes_get_new_outputs(lfw: LabelledFaces, trained: Outcome, tmp_path: Path) -> None:
    import keras

    three = replace(lfw, labels=np.arange(200) % 3, classes=("a", "b", "c"))
    outcome = run(three, tmp_path / "run", "epochs=1", "optimizer.rate=1e-9", start=trained.model)
    assert outcome.progress.start is not None
    assert outcome.progress.start["fresh"] == ["emotion"]
    assert outcome.logits.shape[1] == 3
    before, after = (
        keras.models.load_model(path).layers[3].get_weights()[0] for path in (trained.model, outcome.model)
    )
    assert before.ndim == 4
    assert np.allclose(before, after, atol=1e-4)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("nowhere.keras", "there is no file '.*nowhere.keras' to start from"),
        ("text.keras", "cannot start from '.*text.keras': "),
        ("best.keras", "its layers are not those of this recipe's network .2 against 1 with weights."),
    ],
)
def test_what_cannot_be_started_from_is_refused(
    lfw: LabelledFaces, trained: Outcome, tmp_path: Path, file: str, message: str
) -> None:
    (tmp_path / "text.keras").write_text("no network")
    place = trained.folder if file == "best.keras" else tmp_path
    layers = "[{use: conv, filters: 9, kernel: 5}, {use: flatten}]"
    network = f"network={{use: layers, normalise: face, layers: {layers}}}"
    with pytest.raises(UsageError, match=message):
        run(lfw, tmp_path / "run", network, start=place / file)


def test_a_second_training_leaves_an_export_its_side_file(trained: Outcome, tmp_path: Path) -> None:
    from ferpipe.models import digest, find_model
    from ferpipe_train.training.artifacts import keep_model

    outcome = replace(trained, folder=tmp_path)
    first = keep_model(tiny_recipe(), outcome)
    own, second = first.path.with_suffix(".json"), first.path.with_suffix(".ferpipe.json")
    # As an export leaves them.
    first.model_copy(update={"sha256": "0" * 64}).write(second)
    first.model_copy(update={"file": "tiny.tflite", "format": "litert"}).write(own)
    exported = own.read_bytes()
    keep_model(tiny_recipe(), outcome)
    assert own.read_bytes() == exported
    card = find_model(first.path).card
    assert card is not None
    assert card.sha256 == digest(first.path)


@pytest.mark.slow
def test_the_end_may_be_moved_until_the_rate_begins_to_fall(lfw: LabelledFaces, tmp_path: Path) -> None:
    wsd = "schedule={use: stable_decay, warmup: 0, decay: 1}"
    for name, steps in (("moved", 4), ("late", 6)):  # of 4 an epoch
        stops = iter([False] * (steps - 1) + [True])
        with pytest.raises(Stopped):
            run(lfw, tmp_path / name, wsd, "epochs=9", stop=lambda it=stops: next(it))
    moved = run(lfw, tmp_path / "moved", wsd, "epochs=2", resume=True)
    straight = run(lfw, tmp_path / "straight", wsd, "epochs=2")
    assert moved.progress.history == straight.progress.history
    with pytest.raises(UsageError, match=r"another recipe \(epochs differ\)"):
        run(lfw, tmp_path / "late", wsd, "epochs=2", resume=True)


def test_the_plain_image_path_of_the_trainee_is_the_networks_own(
    lfw: LabelledFaces, trained: Outcome
) -> None:
    """What is saved answers as it did in validation: no augmentation is left in it."""
    import keras

    network = keras.models.load_model(trained.model)
    answer = network.predict_on_batch(lfw.split("val").images.astype("float32"))
    assert np.allclose(answer, trained.logits, atol=1e-4)
