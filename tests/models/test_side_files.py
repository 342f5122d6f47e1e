"""The side file: what it holds, how a model is found, and what is said when something is wrong."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ferpipe import UsageError
from ferpipe.models import Input, Model, digest, find_model, known_models, load_model_card
from ferpipe.resources import shipped

SIDE: dict[str, Any] = {
    "version": "ferpipe.model/1",
    "name": "mine",
    "kind": "emotion",
    "file": "mine.tflite",
    "format": "litert",
    "classes": ["a", "b"],
    "input": {"height": 8, "width": 8},
}


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The user's folder of models, with one in it."""
    monkeypatch.setenv("FERPIPE_MODELS", str(tmp_path))
    (tmp_path / "mine.tflite").write_bytes(b"weights")
    write(tmp_path / "mine.json")
    return tmp_path


def write(path: Path, **changes: Any) -> Path:
    fields = {**SIDE, "sha256": hashlib.sha256(b"weights").hexdigest(), **changes}
    path.write_text(json.dumps({key: value for key, value in fields.items() if value is not ...}))
    return path


@pytest.mark.parametrize("how", ["mine", "mine.json", "mine.tflite"])
def test_a_model_is_found_by_name_by_side_file_and_by_weights(how, folder):
    card = load_model_card(how if how == "mine" else folder / how)
    assert (card.name, card.classes, card.path) == ("mine", ("a", "b"), folder / "mine.tflite")


def test_the_shipped_default_is_whole():
    card = load_model_card("base")
    assert card.path == shipped("models") / "base.tflite"
    assert card.classes == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert card.sha256 == hashlib.sha256(card.path.read_bytes()).hexdigest()
    assert card.scores["FER2013 PublicTest"]["n"] == 3589
    assert card.licence


def test_what_is_written_is_read_back(folder):
    card = load_model_card("mine")
    card.write(folder / "again.json")
    assert load_model_card(folder / "again.json") == card


def test_an_unknown_name_is_answered_with_the_nearest(folder):
    with pytest.raises(UsageError, match=r"no model 'mime': did you mean 'mine'\? known are mine, base"):
        find_model("mime")


def _both(found: bytes, said: bytes) -> str:
    first, second = (hashlib.sha256(content).hexdigest()[:12] for content in (found, said))
    return rf"has the checksum {first}\.\.\., its side file says {second}\.\.\.; fetch the model again"


def test_changed_weights_are_refused(folder):
    (folder / "mine.tflite").write_bytes(b"other")
    with pytest.raises(UsageError, match=_both(b"other", b"weights")):
        load_model_card("mine")


def test_missing_weights_are_said(folder):
    (folder / "mine.tflite").unlink()
    with pytest.raises(UsageError, match=r"model 'mine': its weights '.*mine\.tflite' are missing; put them"):
        load_model_card("mine")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": "ferpipe.model/2"}, "version: Input should be 'ferpipe.model/1'"),
        ({"kind": "age"}, "kind: Input should be 'emotion'"),
        ({"format": "torch"}, "format: Input should be 'litert', "),
        ({"classes": ["a"]}, "classes: Tuple should have at least 2 items"),
        ({"classes": ["a", "a"]}, "classes must not repeat"),
        ({"colour": 3}, "colour: Extra inputs are not permitted"),
        ({"input": ...}, "input: Field required"),
        ({"input": {"height": 0, "width": 8}}, "input.height: Input should be greater than 0"),
        ({"input": {"height": 8, "width": 8, "mean": [1, 2]}}, "mean must have 1 or 1 values"),
        ({"input": {"height": 8, "width": 8, "std": [0]}}, "std must be above 0"),
        ({"file": "../mine.tflite"}, "must lie beside the side file"),
        ({"file": "/etc/passwd"}, "must lie beside the side file"),
        ({"sha256": "12"}, "sha256: String should match pattern"),
        ({"output": {"temperature": 0}}, "output.temperature: Input should be greater than 0"),
    ],
)
def test_a_wrong_side_file_is_one_line(changes, said, folder):
    with pytest.raises(UsageError) as caught:
        load_model_card(write(folder / "mine.json", **changes))
    assert said in str(caught.value)
    assert "mine.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_several_mistakes_are_said_at_once(folder):
    with pytest.raises(UsageError, match=r"kind: .*; format: "):
        load_model_card(write(folder / "mine.json", kind="x", format="y"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing.tflite", "there is no model file"),
        ("notes.txt", "is not a model that ferpipe can read: it must be .tflite"),
        ("empty", "holds neither a saved_model.pb nor a model.json"),
        ("alone.tflite", "has no side file; write 'alone.json' beside it"),
    ],
)
def test_what_is_no_model_is_one_line(name, said, folder):
    (folder / "notes.txt").touch()
    (folder / "empty").mkdir()
    (folder / "alone.tflite").touch()
    with pytest.raises(UsageError, match=said):
        load_model_card(folder / name)


def test_a_side_file_of_other_weights_is_not_taken(folder):
    (folder / "mine.keras").write_bytes(b"other")
    assert find_model(folder / "mine.keras").card is None


def test_a_side_file_of_another_file_is_named(folder):
    """After a model was renamed or exported again, it is what the user looks for."""
    (folder / "mine.json").rename(folder / "other.ferpipe.json")
    (folder / "other.tflite").write_bytes(b"weights")
    with pytest.raises(UsageError, match=r"no side file \('other\.ferpipe\.json' describes 'mine\.tflite'\)"):
        load_model_card(folder / "other.tflite")


def test_other_json_files_are_no_models(folder):
    (folder / "notes.json").write_text("[1, 2]")
    (folder / "broken.json").write_text("{")
    write(folder / "face.json", kind="face")
    assert [name for name, path in known_models().items() if path.parent == folder] == ["mine"]


def test_the_digest_of_a_folder_sees_names_and_contents(tmp_path):
    for name, content in (("one/a", b"1"), ("one/b", b"2"), ("two/a", b"2"), ("two/b", b"1")):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    lines = "".join(sorted(f"{hashlib.sha256(c).hexdigest()}  {n}\n" for n, c in (("a", b"1"), ("b", b"2"))))
    assert digest(tmp_path / "one") == hashlib.sha256(lines.encode()).hexdigest()
    assert digest(tmp_path / "one") != digest(tmp_path / "two")


def test_side_files_need_no_network_library():
    code = "import sys, ferpipe_emotion, ferpipe.models; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"tensorflow", "keras", "cv2", "ai_edge_litert"} & set(loaded)


def test_every_field_is_described():
    for part in (Model, Input):
        for name, field in part.model_fields.items():
            assert field.description, f"{part.__name__}.{name}"
