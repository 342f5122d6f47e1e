"""Models are known by name before they are known by path, and a name may have a dot."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ferpipe import UsageError, resources
from ferpipe.models import Found, find_model
from ferpipe.plugins import Registry
from ferpipe_networks.classifier import classifier_of
from ferpipe_networks.litert import LiteRTNetwork

NANO = resources.shipped("models") / "nano.tflite"


def place(folder: Path, name: str) -> None:
    """A copy of `nano` under another name."""
    folder.mkdir(exist_ok=True)
    facts = json.loads(NANO.with_suffix(".json").read_text())
    (folder / f"{name}.json").write_text(json.dumps({**facts, "name": name, "file": f"{name}.tflite"}))
    shutil.copy(NANO, folder / f"{name}.tflite")


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_called_like_a_model_does_not_hide_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nano").mkdir() if kind == "folder" else (tmp_path / "nano").touch()
    assert find_model("nano").path == NANO
    with pytest.raises(UsageError, match=r"the folder 'nano'|'nano' is not a model"):
        find_model("./nano")


def test_a_name_may_have_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERPIPE_MODELS", str(tmp_path))
    place(tmp_path, "mine.v2")
    assert find_model("mine.v2").path == tmp_path / "mine.v2.tflite"
    with pytest.raises(UsageError, match=r"there is no model 'mine\.v3': did you mean 'mine\.v2'\?"):
        find_model("mine.v3")
    with pytest.raises(UsageError, match=r"there is no model file 'mine\.v2\.keras'"):
        find_model("mine.v2.keras")


def test_the_models_of_a_plugin_are_found(tmp_path: Path) -> None:
    place(tmp_path / "theirs", "unheard-of")
    (tmp_path / "kit.py").write_text(
        "from pathlib import Path\nfrom ferpipe import hookimpl\n@hookimpl\ndef ferpipe_models():\n"
        "    return [Path(__file__).parent / 'theirs']\n"
    )
    with pytest.raises(UsageError, match="there is no model 'unheard-of'"):
        find_model("unheard-of")
    Registry(files=[tmp_path / "kit.py"], allow=[])
    assert find_model("unheard-of").path == tmp_path / "theirs" / "unheard-of.tflite"


def test_a_class_that_is_given_twice_is_refused() -> None:
    network = LiteRTNetwork(NANO, 1)
    twice = ["a", "a", "c", "d", "e", "f", "g"]
    for found in (Found(NANO, "litert"), find_model("nano")):
        with pytest.raises(UsageError, match="the class 'a' is given twice"):
            classifier_of(found, network, classes=twice, given={"scale": "raw"})


def test_the_files_of_a_model_are_the_weights_and_the_side_file(tmp_path: Path) -> None:
    place(tmp_path, "mine")
    mine = tmp_path / "mine.tflite"
    assert list(find_model(mine).on_disk()) == [mine, tmp_path / "mine.json"]
