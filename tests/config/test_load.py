"""What a right pipeline becomes, however it is written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ferpipe import ConfigError
from ferpipe.config import Definition, find, from_dict, load
from ferpipe.errors import UsageError
from ferpipe.graph import ErrorPolicy, RunSettings

Build = Callable[..., Definition]
CAM = "version: 1\nstages:\n- {use: camera, name: cam, with: {path: a.mp4}}\n"


def options(definition: Definition, name: str) -> dict[str, Any]:
    return definition.graph[name].options.model_dump()


def test_everything_that_is_written_arrives(build: Build, good: str) -> None:
    definition = build(good)
    assert definition.name == "demo"
    assert definition.path is None
    assert definition.settings == RunSettings(executor="inline", queue=4)
    assert [node.name for node in definition.graph.nodes] == ["cam", "detect", "track", "write"]
    assert [node.inputs for node in definition.graph.nodes] == [(), ("cam",), ("detect",), ("track",)]
    assert options(definition, "cam")["size"] == (640, 480)
    assert definition.graph["track"].on_error == ErrorPolicy("skip", 10)
    assert definition.graph["track"].timeout == 5
    assert definition.graph["write"].on_error == ErrorPolicy("pass")
    assert options(definition, "write")["style"] == {"width": 3, "colour": "white"}
    assert definition.warnings == ()


def test_a_file_gives_its_name_and_path(tmp_path: Path, registry: Any) -> None:
    file = tmp_path / "clip.yaml"
    file.write_text("\ufeff" + CAM, encoding="utf-8")
    definition = load(file, registry=registry)
    assert (definition.name, definition.path) == ("clip", file)


def test_plain_objects_build_the_same_graph(build: Build, registry: Any, good: str) -> None:
    assert from_dict(yaml.safe_load(good), registry=registry).graph == build(good).graph


def test_plain_objects_have_mistakes_without_lines(registry: Any) -> None:
    with pytest.raises(ConfigError, match=r"^camera: the option 'path' is missing"):
        from_dict({"version": 1, "stages": [{"use": "camera"}]}, registry=registry)


def test_a_list_that_holds_itself_is_refused(registry: Any) -> None:
    stages: list[Any] = []
    stages.append(stages)
    with pytest.raises(ConfigError, match="nested too deeply"):
        from_dict({"version": 1, "stages": stages}, registry=registry)


@pytest.mark.parametrize("null", ["null", "~", "'null'", "{use: null}", "{use: 'null'}", ""])
def test_null_is_the_stage_of_that_name(build: Build, null: str) -> None:
    node = build(f"{CAM}- {null}\n").graph["null"]
    assert (node.use, node.inputs) == ("null", ("cam",))


def test_stages_without_names_are_numbered_around_the_given_ones(build: Build) -> None:
    text = CAM + "- 'null'\n- {use: detect, name: null-2}\n- 'null'\n- 'null'\n"
    names = [node.name for node in build(text).graph.nodes]
    assert names == ["cam", "null", "null-2", "null-3", "null-4"]


def test_a_source_in_the_middle_starts_a_line_of_its_own(build: Build) -> None:
    text = CAM + "- 'null'\n- {use: camera, with: {path: b.mp4}}\n- 'null'\n"
    assert build(text).graph.components == (("cam", "null"), ("camera", "null-2"))


def test_from_makes_branches(build: Build) -> None:
    text = CAM + "- detect\n- {use: 'null', from: cam}\n- {use: write, from: ['null', detect]}\n"
    graph = build(text).graph
    assert graph.consumers["cam"] == ("detect", "null")
    assert graph.merges == {"write": {"frame": 0, "faces": 1}}


def test_merge_keys_and_aliases(build: Build) -> None:
    text = """\
version: 1
stages:
- &cam {use: camera, name: one, with: &options {path: a.mp4, rate: 5}}
- {<<: *cam, name: two}
- {<<: [{name: three}, *cam], with: {<<: *options, rate: 7}}
"""
    graph = build(text).graph
    assert [node.name for node in graph.nodes] == ["one", "two", "three"]
    assert [node.options.model_dump()["rate"] for node in graph.nodes] == [5, 5, 7]


def test_a_date_is_a_text(build: Build) -> None:
    assert options(build(CAM.replace("a.mp4", "2026-11-21")), "cam")["path"] == "2026-11-21"


def test_a_mapping_with_numbers_for_keys(build: Build) -> None:
    definition = build(CAM + "- {use: write, with: {names: {0: angry, 1: sad}}}\n")
    assert options(definition, "write")["names"] == {0: "angry", 1: "sad"}


def test_a_warning_has_its_place(build: Build) -> None:
    (warning,) = build(CAM + "- detect\n").warnings
    assert str(warning).startswith("p.yaml:4:3: detect: nothing uses what it gives (faces)")


def test_plugin_files_are_taken_from_beside_the_pipeline(tmp_path: Path, registry: Any) -> None:
    (tmp_path / "blur.py").write_text("")
    file = tmp_path / "p.yaml"
    file.write_text(CAM + "- blur\nplugins: [./blur.py]\n")
    definition = load(file, registry=registry)
    assert [path.name for path in definition.plugins] == ["blur.py"]
    assert registry.files == list(definition.plugins)
    assert definition.plugins[0].is_absolute()


def test_plugin_files_can_be_forbidden(tmp_path: Path, registry: Any) -> None:
    (tmp_path / "blur.py").write_text("")
    file = tmp_path / "p.yaml"
    file.write_text(CAM + "plugins: [./blur.py]\n")
    with pytest.raises(ConfigError) as caught:
        load(file, registry=registry, local_plugins=False)
    assert str(caught.value).endswith(
        ":4:11: names the plugin file './blur.py' (plugin files are code and trusted=False forbids them)"
    )
    assert registry.files == []


def test_a_registry_may_be_made_when_it_is_needed(registry: Any, tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(CAM)
    assert load(file, registry=lambda: registry).graph["cam"].use == "camera"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"version: 1\nname: caf\xe9\n", ":2:10: is not UTF-8 text (save the file as UTF-8)"),
        ("version: 1\n".encode("utf-16"), ":1:1: is not UTF-8 text"),
        (b"", ": the file is empty"),
        (b"#" * 300_000, ": is larger than 256 kB, so it is not a pipeline"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", ":1:1: is not UTF-8 text"),
        (b"\0" * 300_000, ": is larger than 256 kB, so it is not a pipeline (a pipeline is a YAML file; "),
    ],
)
def test_a_file_that_is_no_pipeline(tmp_path: Path, registry: Any, raw: bytes, message: str) -> None:
    file = tmp_path / "p.yaml"
    file.write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        load(file, registry=registry)
    assert str(caught.value).startswith(f"{file}{message}")
    assert len(caught.value.problems) == 1


def test_a_video_in_place_of_a_pipeline_names_the_right_verb(tmp_path: Path, registry: Any) -> None:
    (tmp_path / "talk.mp4").write_bytes(b"\0\0\0\x20ftypisom\xff\xfe")
    with pytest.raises(ConfigError, match="'ferpipe annotate' and 'ferpipe timeline' take videos"):
        load(tmp_path / "talk.mp4", registry=registry)


def test_a_file_that_is_not_there(tmp_path: Path, registry: Any) -> None:
    (tmp_path / "annotate.yaml").write_text("")
    with pytest.raises(ConfigError, match=r"there is no such file \(did you mean 'annotate.yaml'\?\)"):
        load(tmp_path / "anotate.yaml", registry=registry)
    with pytest.raises(ConfigError, match="is a folder"):
        load(tmp_path, registry=registry)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path, registry: Any) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(CAM)
    file.chmod(0)
    with pytest.raises(ConfigError, match="cannot be read: Permission denied"):
        load(file, registry=registry)


def test_a_pipeline_is_found_by_path_or_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ready = {"webcam": Path("/ready/webcam.yaml")}
    Path("annotate").write_text("")
    Path("webcam").mkdir()
    assert find("annotate", ready) == Path("annotate")
    assert find("webcam", ready) == Path("/ready/webcam.yaml")
    assert find("no.yaml", ready) == Path("no.yaml")
    with pytest.raises(UsageError, match=r"ready pipeline 'webcm' \(did you mean 'webcam'\?\)"):
        find("webcm", ready)


def test_a_stage_may_be_unknown_because_its_plugin_is_not_in_use(mistakes, registry):
    registry.idle = ("ferpipe-glow 0.1 (glow)", "faces (ferpipe 0.1)")
    (line,) = mistakes("version: 1\nstages:\n- {use: camera, with: {path: x}}\n- zzzz\n")
    assert line.endswith("unused are ferpipe-glow 0.1 (glow) and faces (ferpipe 0.1), see 'ferpipe plugins')")


def test_a_stage_that_is_written_as_a_key_is_looked_into(mistakes):
    camera = "version: 1\nstages:\n- {use: camera, name: cam, with: {path: a.mp4}}\n"
    lines = mistakes(f"{camera}- detect:\n    every: 0\n- write:\n  path: x\n")
    assert [line.split(":")[1:3] for line in lines] == [
        ["4", "3"],
        ["5", "12"],
        ["6", "3"],
        ["7", "3"],
        ["7", "9"],
    ]
