"""Real networks evaluated through the command line's own functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ferpipe import UsageError
from ferpipe.models import Input, Model, Output
from ferpipe_networks.classifier import open_classifier
from ferpipe_train.commands.evaluate import Request, run_evaluation
from ferpipe_train.data import FER_CLASSES, LabelledFaces
from ferpipe_train.data.faces import in_classes_of
from ferpipe_train.evaluation.corruptions import CONDITIONS, SLIGHT_CHANGES, disturb
from ferpipe_train.evaluation.evaluate import Evaluated, compare, evaluate

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")

SIDE = 48


def shapes(n: int = 210) -> LabelledFaces:
    """Squares whose brightness tells the class, with FER+ votes."""
    random = np.random.default_rng(0)
    labels = np.arange(n) % 7
    images = (20 + 35 * labels[:, None, None] + random.integers(-9, 10, (n, SIDE, SIDE))).astype(np.uint8)
    votes = np.zeros((n, 10), np.float32)
    votes[np.arange(n), np.array([4, 5, 6, 1, 3, 2, 0])[labels]] = 10
    votes[:7] = [0, 0, 0, 0, 0, 0, 0, 10, 0, 0]  # contempt
    splits = np.where(np.arange(n) % 2, 1, 0)
    return LabelledFaces(images[..., None], labels, splits, FER_CLASSES, votes, source="shapes.csv")


def brightness_network(folder: Path, name: str, shift: float = 0.0) -> Path:
    """A network that is right by construction: the logit of a class is near its brightness."""
    picture = keras.Input((SIDE, SIDE, 1))
    mean = keras.layers.GlobalAveragePooling2D()(picture)
    logits = keras.layers.Dense(7, name="emotion")(mean)
    network = keras.Model(picture, logits)
    centres = 20 + 35 * np.arange(7) + shift
    # -(x - c)^2 / 100 without the part that all classes share is linear in x.
    network.layers[-1].set_weights([2 * centres[None] / 100, -(centres**2) / 100])
    path = folder / f"{name}.keras"
    network.save(path)
    card = Model(
        name=name,
        file=path.name,
        format="keras",
        classes=FER_CLASSES,
        input=Input(height=SIDE, width=SIDE),
        output=Output(kind="logits"),
    )
    card.write(folder / f"{name}.json")
    return path


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("models")
    return brightness_network(folder, "good"), brightness_network(folder, "shifted", 20.0)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERPIPE_CACHE", str(tmp_path / "cache"))


def write_csv(faces: LabelledFaces, path: Path) -> Path:
    names = ("Training", "PublicTest", "PrivateTest")
    with path.open("w") as file:
        file.write("emotion,pixels,Usage\n")
        for image, label, split in zip(faces.images, faces.labels, faces.splits, strict=True):
            file.write(f"{label},{' '.join(map(str, image.ravel()))},{names[split]}\n")
    return path


def test_a_right_network_scores_one(models: tuple[Path, Path]) -> None:
    report = evaluate(open_classifier(models[0]), shapes(), rounds=20).report
    assert report["accuracy"] == report["macro_f1"] == 1.0
    assert report["n"] == 210
    assert report["confusion"] == np.diag([30] * 7).tolist()
    assert report["ferplus"] == {"n": 203, "accuracy": 1.0}
    assert [row["condition"] for row in report["robustness"]] == list(CONDITIONS)
    by_name = {row["condition"]: row["accuracy"] for row in report["robustness"]}
    assert by_name["blurred"] == by_name["20 px"] == 1.0, "the mean stays where it was"
    assert by_name["dim"] < 0.5, "this network only sees brightness"


def test_labels_that_slight_changes_turn_over_are_counted(tmp_path: Path) -> None:
    """A network that goes by brightness: a shift changes no label, more light those near a border."""
    near = brightness_network(tmp_path, "near", shift=-12)
    report = evaluate(open_classifier(near), shapes(), rounds=5).report
    changed = {row["change"]: row["labels_changed"] for row in report["stability"]}
    assert list(changed) == list(SLIGHT_CHANGES)
    assert changed["shifted 1 px across"] == 0
    assert 0.2 < changed["gamma 0.9"] < 1


def test_a_shifted_network_is_worse_and_the_interval_says_so(models: tuple[Path, Path]) -> None:
    faces = shapes()
    good = evaluate(open_classifier(models[0]), faces, robustness=False, rounds=20)
    bad = evaluate(open_classifier(models[1]), faces, robustness=False, rounds=20)
    found = compare(bad, good, rounds=200)
    assert found["accuracy_gain"] == pytest.approx(1 - bad.report["accuracy"], abs=1e-6)
    assert (
        0 < found["accuracy_gain_interval"][0] < found["accuracy_gain"] < found["accuracy_gain_interval"][1]
    )
    assert found["only_first_right"] == 0
    assert found["only_second_right"] == round(210 * found["accuracy_gain"])
    assert compare(good, good, rounds=50)["accuracy_gain_interval"] == [0.0, 0.0]


def test_classes_are_matched_by_name_not_by_number(models: tuple[Path, Path]) -> None:
    faces = shapes()
    order = tuple(reversed(FER_CLASSES))
    turned = LabelledFaces(faces.images, 6 - faces.labels, faces.splits, order, faces.votes)
    report = evaluate(open_classifier(models[0]), turned, robustness=False, rounds=5).report
    assert report["accuracy"] == 1.0
    assert report["ferplus"]["accuracy"] == 1.0
    with pytest.raises(UsageError, match="the classes bored, which the model does not know"):
        in_classes_of(LabelledFaces(faces.images[:1], np.array([0]), np.array([0]), ("bored",)), FER_CLASSES)


def in_order(evaluated: Evaluated, order: tuple[str, ...]) -> Evaluated:
    """The same answers from a model whose outputs are in another order, or more."""
    known = [evaluated.faces.classes.index(name.lower()) if name != "bored" else None for name in order]
    columns = [np.zeros(len(evaluated.faces)) if i is None else evaluated.probabilities[:, i] for i in known]
    faces = in_classes_of(evaluated.faces, order)
    return Evaluated(faces, np.stack(columns, axis=1), evaluated.report)


@pytest.mark.parametrize("more", [(), ("bored",)])
def test_models_with_other_orders_of_classes_are_compared_by_name(
    models: tuple[Path, Path], more: tuple[str, ...]
) -> None:
    faces = shapes()
    good = evaluate(open_classifier(models[0]), faces, robustness=False, rounds=20)
    bad = evaluate(open_classifier(models[1]), faces, robustness=False, rounds=20)
    order = (*more, *(name.capitalize() for name in reversed(FER_CLASSES)))
    found = compare(bad, in_order(good, order), rounds=200)
    assert found == compare(bad, good, rounds=200)
    same = compare(good, in_order(good, order), rounds=50)
    assert (same["accuracy_gain"], same["macro_f1_gain"]) == (0.0, 0.0)
    assert (same["only_first_right"], same["only_second_right"]) == (0, 0)


def test_models_measured_on_different_faces_are_not_compared(models: tuple[Path, Path]) -> None:
    classifier = open_classifier(models[0])
    first = evaluate(classifier, shapes(70), robustness=False, rounds=5)
    fewer = evaluate(classifier, shapes(63), robustness=False, rounds=5)
    with pytest.raises(UsageError, match="cannot be compared"):
        compare(first, fewer)
    with pytest.raises(UsageError, match="differ only in case"):
        in_classes_of(shapes(7), (*FER_CLASSES, "Happy"))


def test_every_figure_on_disk(
    models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_csv(shapes(), tmp_path / "fer2013.csv")
    request = Request(str(models[0]), str(data), compare=str(models[1]))
    outs = [tmp_path / f"{i}.json" for i in range(2)]
    for out in outs:
        code = run_evaluation(request, json_out=out, html_out=tmp_path / "page.html")
        assert code == 0
    assert outs[0].read_bytes() == outs[1].read_bytes(), "twice the same"
    report: dict[str, Any] = json.loads(outs[0].read_text())
    assert report["format"] == "ferpipe.evaluation/1"
    assert (report["accuracy"], report["macro_f1"], report["n"]) == (1.0, 1.0, 105)
    assert report["comparison"]["accuracy_gain"] < 0
    page = (tmp_path / "page.html").read_text()
    assert page.count("data:image/png;base64,") == 4
    assert "http" not in page.replace("http-equiv", ""), "self-contained"
    printed = capsys.readouterr().out
    assert "100.00 %" in printed
    assert "good" in printed


def test_a_bare_h5_file_with_its_classes_and_scale(models: tuple[Path, Path], tmp_path: Path) -> None:
    network = keras.models.load_model(models[0])
    plain = keras.Model(network.inputs, keras.layers.Softmax()(network.outputs[0]))
    plain.save(tmp_path / "old.h5")
    data = write_csv(shapes(70), tmp_path / "fer2013.csv")
    out = tmp_path / "e.json"
    request = Request(str(tmp_path / "old.h5"), str(data), classes=FER_CLASSES, scale="raw", robustness=False)
    run_evaluation(request, json_out=out, html_out=None, quiet=True)
    assert json.loads(out.read_text())["accuracy"] == 1.0


def test_a_folder_of_images(models: tuple[Path, Path], tmp_path: Path) -> None:
    faces = shapes(70)
    for number, (image, label) in enumerate(zip(faces.images, faces.labels, strict=True)):
        folder = tmp_path / "data" / ("train" if number % 2 else "test") / FER_CLASSES[label]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), image)
    out = tmp_path / "e.json"
    request = Request(str(models[0]), str(tmp_path / "data"), split="validation", robustness=False)
    run_evaluation(request, json_out=out, html_out=None, quiet=True)
    report = json.loads(out.read_text())
    assert (report["accuracy"], report["n"], report["ferplus"]) == (1.0, 35, None)


def test_disturbances_repeat_and_keep_the_size() -> None:
    random = np.random.default_rng(2)
    faces = [random.integers(0, 256, (48, 48), dtype=np.uint8) for _ in range(2)]
    for condition in CONDITIONS:
        once, twice = disturb(faces, condition), disturb(faces, condition)
        for before, one, two in zip(faces, once, twice, strict=True):
            assert one.shape == before.shape
            assert one.dtype == np.uint8
            assert np.array_equal(one, two)
            assert not np.array_equal(one, before)


def test_small_faces_lose_detail_the_smaller_the_more() -> None:
    face = np.random.default_rng(3).integers(0, 256, (48, 48), dtype=np.uint8)
    roughness = [np.diff(disturb([face], f"{n} px")[0].astype(float)).std() for n in (20, 30, 40)]
    assert roughness == sorted(roughness)


def test_turns_go_both_ways_about_the_centre() -> None:
    bar = np.zeros((49, 49), np.uint8)
    bar[:, 24] = 255
    one, other = disturb([bar, bar], "turned 20")
    assert np.abs(one.astype(int) - other[:, ::-1].astype(int)).max() <= 16
    angle = np.degrees(np.arctan2(one[4].argmax() - one[44].argmax(), 40))
    assert abs(angle) == pytest.approx(20, abs=2)
