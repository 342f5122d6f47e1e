"""The verbs as a user types them: train, stop, resume, report, evaluate."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from train_support import TINY

from ferpipe.cli import main
from ferpipe_networks.classifier import open_classifier
from ferpipe_train.data import LabelledFaces
from ferpipe_train.training.checkpoint import STATE


@pytest.fixture
def faces_folder(lfw: LabelledFaces, tmp_path: Path) -> Path:
    """The LFW subset as people have their own data: a folder of images a class."""
    for number, (image, label) in enumerate(zip(lfw.images, lfw.labels, strict=True)):
        folder = tmp_path / "faces" / lfw.classes[label]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number:03d}.png"), image)
    return tmp_path / "faces"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(TINY.replace("name: tiny", "name: mine").replace("{size: 24}", "{size: 24, share: 0.25}"))
    return path


def test_the_verbs_cost_nothing_until_they_run() -> None:
    script = "import sys, ferpipe_train.cli; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "'click'" in loaded
    for heavy in ("keras", "tensorflow", "matplotlib", "cv2", "numpy", "pydantic"):
        assert f"'{heavy}'" not in loaded


@pytest.mark.slow
def test_a_shipped_recipe_learns_ones_own_classes(
    faces_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorflow")
    changes = ["network.widths=[4, 8]", "network.depths=[1, 1]", "epochs=1", "schedule={use: constant}"]
    changes += ["data.size=24", "augment=[]", "compile=false"]
    command = ["train", "base", "--data", str(faces_folder), "-o", str(tmp_path / "out"), "--no-report"]
    command += [word for change in changes for word in ("--set", change)]
    command += ["--set", "labels.teacher={models: [base]}"]
    assert main(command) == 0
    said = capsys.readouterr()
    assert "no FER+ votes (fer2013new.csv): removed from the recipe: labels.ferplus, " in said.err
    assert "the teacher 'base' has other classes: removed" in said.err
    assert open_classifier(tmp_path / "out" / "base.keras").classes == ("face", "other")


def test_ones_own_network_in_two_commands(
    faces_folder: Path, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorflow")
    (faces_folder / "face" / "broken.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    more = ["--set", "save=json+h5", "--set", "epochs=8", "--set", "ema=null", "--set", "augment=[]"]
    assert main(["train", str(recipe), "--data", str(faces_folder), "-o", str(out), *more]) == 0
    said = capsys.readouterr()
    assert "1 bad row skipped" in said.err
    assert "face/broken.png" in said.err.replace("\n", "")
    assert "epoch 8/8: loss" in said.out
    report = {path.name for path in (out / "report").iterdir()}
    pictures = ("learning_curves", "confusion", "classes", "reliability", "worst_mistakes", "architecture")
    assert report == {"index.html", "configuration.json", *(f"{name}.png" for name in pictures)}
    about = json.loads((out / "configuration.json").read_text())
    assert about["seed"] == 3
    assert about["packages"]["keras"]
    assert len(about["history"]) == 8
    card = open_classifier(out / "mine.keras").card
    assert card.classes == ("face", "other")
    assert card.scores["PublicTest"]["accuracy"] > 0.8
    assert open_classifier(out / "model.h5").card.output.kind == "probabilities"
    for model in ("mine.keras", "model.json", "model.h5"):
        figures = tmp_path / "scores.json"
        command = ["evaluate", str(out / model), "--data", str(faces_folder), "--no-robustness", "-q"]
        assert main([*command, "--json", str(figures)]) == 0
        # Held back by seed 0 here and by the recipe's seed there: other faces, as good.
        assert json.loads(figures.read_text())["accuracy"] > 0.8


@pytest.mark.slow
def test_a_stopped_training_goes_on(faces_folder: Path, recipe: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    out = tmp_path / "out"
    command = [sys.executable, "-c", "import sys; from ferpipe.cli import main; sys.exit(main(sys.argv[1:]))"]
    command += ["train", str(recipe), "--data", str(faces_folder), "-o", str(out), "--set", "epochs=400"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if line.startswith("epoch 1/"):
                break
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "run the same command with --resume to continue" in told.replace("\n", " ")
    assert (out / STATE).exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["train", "bas"], "neither a file nor a shipped recipe (did you mean 'base'?)"),
        (["train", "base", "--data", "nowhere.csv"], "data 'nowhere.csv' is not there"),
        (["evaluate", "nothing.tflite", "--data", "x"], "there is no model file 'nothing.tflite'"),
        (["export", "nothing.keras", "-o", "x.tflite"], "there is no model file 'nothing.keras'"),
        (["explain", "nothing.png"], "there is no image file 'nothing.png'"),
    ],
)
def test_mistakes_are_one_line(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorflow")
    assert main(words) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error


def test_without_a_backend_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "abacus")
    assert main(["train", "base"]) == 2
    assert "this needs abacus, which is not installed" in capsys.readouterr().err
    assert main(["export", "a.keras", "-o", "b.tflite"]) == 2
    assert "pip install 'ferpipe[train]'" in capsys.readouterr().err
