"""A stranger's pipeline under `--no-local-plugins --output-dir out`: sources, `out`, nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ferpipe import ConfigError
from ferpipe.cli import main
from ferpipe.config import loads
from ferpipe.plugins import Registry

STRANGER = ("--no-local-plugins", "--output-dir", "out")
BLAZE = {"use": "blazeface"}
TIMELINE = {"use": "timeline", "with": {"path": "t.json"}}

LEADS_SOMEWHERE = {
    ("file", "path"): "read",
    ("images", "path"): "read",
    ("webcam", "device"): "read, as a camera and nothing else",
    ("webcam", "format"): "one of a camera's",
    ("rtsp", "url"): "read; addresses only, and no local file on the way",
    ("yunet", "model"): "read; data and no code",
    ("litert", "model"): "read; data and no code",
    ("onnx", "model"): "read; data and no code",
    ("keras", "model"): "refused: may hold code",
    ("align", "framing"): "read",
    ("video", "path"): "written below the output folder",
    ("timeline", "path"): "written below the output folder",
    ("convert", "path"): "written below the output folder",
    ("stream", "url"): "refused where it is an address; else written below the output folder",
}
"""Every option that is a path or an address, and what a stranger's pipeline gets of it."""

ONLY_WORDS = {
    ("webcam", "pixel_format"),
    ("convert", "format"),
    ("stream", "bitrate"),
    ("window", "title"),
    ("litert", "classes"),
    ("onnx", "classes"),
    ("overlay", "measures"),
    ("smooth", "measures"),
    ("keras", "classes"),
}
"""Options of free text that lead nowhere."""


def test_every_option_that_leads_somewhere_has_been_thought_of():
    """A new option of free text fails here until somebody has decided what a stranger may do with it."""
    free = set()
    for entry in Registry().entries():
        for name, schema in entry.stage.Options.model_json_schema()["properties"].items():
            choices = [schema, *schema.get("anyOf", ())]
            choices += [part["items"] for part in choices if isinstance(part.get("items"), dict)]
            if any(part.get("type") == "string" and not {"enum", "const"} & part.keys() for part in choices):
                free.add((entry.name, name))
    assert free == {*LEADS_SOMEWHERE, *ONLY_WORDS}


@pytest.mark.parametrize(
    "stages",
    [
        [{"use": "rtsp", "with": {"url": "http://127.0.0.1:9/${SECRET}"}}, BLAZE, TIMELINE],
        [BLAZE, {"use": "timeline", "with": {"path": "${SECRET}.json"}}],
        [BLAZE, {"use": "timeline", "with": {"path": "${SECRET:-x}.json"}}],
        [{"use": "file", "with": {"path": "${SECRET}"}}, BLAZE, TIMELINE],
        [{"use": "${SECRET}"}, BLAZE, TIMELINE],
    ],
)
def test_the_environment_is_withheld(home, run, monkeypatch, stages):
    monkeypatch.setenv("SECRET", "hunter2")
    code, said = run(*stages)
    assert code == 2
    assert "the variable SECRET is not available to a pipeline" in said
    assert "hunter2" not in said
    assert not (home / "out").exists()


def test_defaults_and_the_command_line_are_not_withheld(home, run, monkeypatch):
    monkeypatch.delenv("SECRET", raising=False)
    timeline = {"use": "timeline", "with": {"path": "${SECRET:-usual}.json"}}
    assert run(BLAZE, timeline) == (0, "")
    assert (home / "out" / "usual.json").exists()
    monkeypatch.setenv("SECRET", "hunter2")
    assert run(BLAZE, TIMELINE, options=(*STRANGER, "--set", "timeline.path=mine.json")) == (0, "")
    assert run(BLAZE, timeline, options=("--output-dir", "out")) == (0, "")
    assert {path.name for path in (home / "out").iterdir()} == {"usual.json", "mine.json", "hunter2.json"}


def test_nothing_but_the_output_folder_changes(home, tree, tmp_path):
    """A whole pipeline, in a process of its own whose home, temporary folder and place are watched."""
    (tmp_path / "tmp").mkdir()
    stages = [
        {"use": "file", "with": {"path": "clip.mp4"}},
        *("blazeface", "track", "align", "litert", "smooth", "overlay"),
        {"use": "video", "with": {"path": "v.mp4"}},
        {"use": "stream", "with": {"url": "s.m3u8"}},
        {"use": "timeline", "with": {"path": "t.csv"}},
    ]
    (home / "p.yaml").write_text(json.dumps({"version": 1, "stages": stages}))
    before = tree(tmp_path)
    places = dict.fromkeys(
        ("TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(tmp_path / "tmp")
    )
    command = [sys.executable, "-B", "-m", "ferpipe", "run", "p.yaml", *STRANGER]
    done = subprocess.run(
        command, env={**os.environ, **places}, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    after = tree(tmp_path)
    fresh = {name for name in after.keys() | before.keys() if after.get(name) != before.get(name)}
    assert {Path(name).parts[:2] for name in fresh} == {("home", "out")}
    assert {"home/out/v.mp4", "home/out/s.m3u8", "home/out/t.csv"} <= fresh


@pytest.mark.parametrize("text", ["a\x1b[2Jb", "a\x9b31mb", "a\rferpipe: all is well\x08", "a\x07"])
def test_no_text_of_the_pipeline_steers_the_terminal(home, run, capsys, text):
    """Escapes in names and labels arrive written out, in errors and in what is said at the end."""
    for stages in (
        [{"use": "file", "with": {"path": text}}, BLAZE],
        [BLAZE, {"use": "timeline", "with": {"path": f"/{text}.json"}}],
        [{"use": text}],
        [BLAZE, {"use": "timeline", "with": {"path": f"{text}.json"}}],
    ):
        _, said = run(*stages)
        main(["run", "p.yaml", *STRANGER, "--overwrite"])
        said += capsys.readouterr().err
        assert said
        assert all(character.isprintable() or character == "\n" for character in said)


def test_a_bomb_of_aliases_is_refused_before_it_grows():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 40)]
    with pytest.raises(ConfigError, match="more than 20000 values"):
        loads("\n".join(lines))


def test_a_bomb_of_merges_is_refused_before_it_grows():
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}" for i in range(1, 40)]
    with pytest.raises(ConfigError, match="more than 20000 values"):
        loads("\n".join(lines))
