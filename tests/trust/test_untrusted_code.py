"""A stranger's pipeline runs no code: no plugin file, no tag, no filter as a camera, no model with code."""

from __future__ import annotations

import pytest

from ferpipe import UsageError
from ferpipe.cli import main
from ferpipe.testing import TestContext
from ferpipe_sources.webcam import WebcamOptions, WebcamSource

BLAZE = {"use": "blazeface"}
TIMELINE = {"use": "timeline", "with": {"path": "t.json"}}
CODE = """
from pathlib import Path
from ferpipe import hookimpl

Path("ran").touch()


@hookimpl
def ferpipe_stages():
    return {}
"""


def test_a_plugin_file_does_not_run(home, run):
    (home / "kit.py").write_text(CODE)
    code, said = run(BLAZE, TIMELINE, plugins=["./kit.py"])
    assert (code, said.count("\n")) == (2, 1)
    assert "kit.py" in said
    assert not (home / "ran").exists()


@pytest.mark.parametrize("verb", ["validate", "graph"])
def test_nor_while_it_is_looked_at(home, capsys, verb):
    (home / "kit.py").write_text(CODE)
    (home / "p.yaml").write_text("version: 1\nplugins: [./kit.py]\nstages: [{use: file, with: {path: a}}]\n")
    assert main([verb, "p.yaml", "--no-local-plugins"]) == 2
    assert not (home / "ran").exists()
    assert main([verb, "p.yaml"]) == 0
    assert (home / "ran").exists()


def test_a_tag_of_python_is_refused(home, capsys):
    (home / "p.yaml").write_text(
        "version: 1\nname: !!python/object/apply:os.system ['touch ran']\nstages: []\n"
    )
    assert main(["run", "p.yaml"]) == 2
    assert "!!python/object/apply:os.system" in capsys.readouterr().err
    assert not (home / "ran").exists()


WRITES = "color=s=64x48:r=10:d=0.3,metadata=add:key=a:value=b,metadata=print:file=loot"


def test_a_camera_is_a_camera(home, run):
    """FFmpeg's `lavfi`, as a camera, is a language whose words write files, load code and open ports."""
    camera = {"use": "webcam", "with": {"device": WRITES, "format": "lavfi", "reconnect": False}}
    code, said = run(camera, BLAZE, TIMELINE)
    assert (code, said.count("\n")) == (2, 1)
    assert "can do more than read a camera" in said
    assert not (home / "loot").exists()
    assert run(camera, BLAZE, TIMELINE, options=())[0] == 0
    assert (home / "loot").exists()


@pytest.mark.parametrize("form", ["concat", "hls", "dash", "x11grab", "fbdev", "kmsgrab", "sdp", "image2"])
def test_other_formats_are_no_cameras(tmp_path, form):
    source = WebcamSource(WebcamOptions(device="/etc/passwd", format=form))
    with pytest.raises(UsageError, match="can do more than read a camera"):
        source.open(TestContext(tmp_path, trusted=False))


@pytest.mark.parametrize("name", ["net.keras", "net.h5", "net/saved_model.pb", "net.json"])
def test_no_model_that_may_hold_code(home, run, name):
    path = home / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"{}")
    if path.suffix == ".json":
        (home / "net.h5").write_bytes(b"")
    model = str(path.parent if path.suffix == ".pb" else path)
    keras = {"use": "keras", "with": {"model": model, "classes": ["a", "b"], "input": {"scale": "raw"}}}
    code, said = run(BLAZE, {"use": "align"}, keras, TIMELINE)
    assert (code, said.count("\n")) == (2, 1)
    assert "which can hold code" in said


def test_a_side_file_cannot_lead_elsewhere(home, run):
    for file in ("../precious.json", "/etc/passwd"):
        (home / "net.json").write_text(
            '{"version": "ferpipe.model/1", "name": "x", "format": "litert", "classes": ["a", "b"], '
            f'"file": "{file}", "input": {{"height": 1, "width": 1}}}}'
        )
        litert = {"use": "litert", "with": {"model": "./net.json"}}
        code, said = run(BLAZE, {"use": "align"}, litert, TIMELINE)
        assert (code, said.count("\n")) == (2, 1)
        assert "must lie beside the side file" in said
