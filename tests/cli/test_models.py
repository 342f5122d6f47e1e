"""`ferpipe models`: what lies in the folders of models, and in which state."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from support.zoo import FILE, WEIGHTS

from ferpipe import models
from ferpipe.cli import main
from ferpipe.resources import shipped


def side_file(folder: Path, name: str, **facts: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(
        json.dumps({"version": "ferpipe.model/1", "name": name, "kind": "emotion", **facts})
    )


def test_the_states_of_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a.tflite").write_bytes(b"abc")
    digest = hashlib.sha256(b"abc").hexdigest()
    side_file(tmp_path, "right", file="a.tflite", sha256=digest, licence="MIT")
    side_file(tmp_path / "deep", "changed", file="../a.tflite", sha256="0" * 64)
    side_file(tmp_path, "gone", file="b.tflite", sha256=digest)
    (tmp_path / "c.tflite").write_bytes(b"c")
    side_file(tmp_path, "unsure", file="c.tflite")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "other.json").write_text('{"name": "something else"}')
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "w.bin").write_bytes(b"abc")
    (tmp_path / "net" / "SHA256SUMS").write_text(f"{digest}  w.bin\n{digest}  none.bin\n\n")
    found = {shelf.name: shelf.state for shelf in models.find([tmp_path, tmp_path / "nowhere"])}
    assert found == {
        "right": "ok",
        "changed": "changed",
        "gone": "missing",
        "unsure": "unchecked",
        "broken": "unreadable",
        "net/w": "ok",
        "net/none": "missing",
    }


def test_the_list_shows_licence_scores_and_what_a_pull_would_bring(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = {"PublicTest": {"accuracy": 0.7012, "n": 3589}, "FER+": 0.8, "note": "text"}
    home.mkdir()
    (home / "base.tflite").write_bytes(b"abc")
    side_file(home, "base", file="base.tflite", licence="Apache-2.0", scores=scores)
    assert main(["models"]) == 0
    out = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    path = home / "base.tflite"
    assert f"base emotion unchecked 0.00 MB Apache-2.0 PublicTest 0.7012, FER+ 0.8 {path}" in out
    assert any(line.startswith("'ferpipe models pull yunet' downloads a face detector") for line in out)


def test_a_pulled_model_is_listed_and_offered_no_more(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    (home / FILE).write_bytes(WEIGHTS)
    assert main(["models", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (yunet,) = (model for model in document["models"] if model["name"] == "yunet")
    assert (yunet["state"], yunet["size"], yunet["licence"]) == ("ok", len(WEIGHTS), "MIT")
    assert [model["name"] for model in document["pull"]] == ["face_landmarker"]


def test_the_shipped_models_are_whole(home: Path) -> None:
    shelves = models.find([shipped("models")])
    assert shelves
    assert {shelf.state for shelf in shelves} == {"ok"}


@pytest.mark.parametrize("name", sorted(models.REMOTE))
def test_the_published_checksum_is_that_of_the_real_file(name: str, request: pytest.FixtureRequest) -> None:
    file: Path = request.getfixturevalue(name)
    remote = models.REMOTE[name]
    assert remote.file == file.name
    assert remote.size == file.stat().st_size
    assert remote.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert remote.base.startswith("https://")


def test_a_side_file_is_listed_also_where_the_layers_have_its_first_name(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text('{"class_name": "Sequential"}')
    side_file(tmp_path, "model.ferpipe", file="model.json")
    assert [shelf.path.name for shelf in models.find([tmp_path])] == ["model.json"]
