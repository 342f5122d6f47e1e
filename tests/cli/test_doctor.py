"""`ferpipe doctor`: every line says what was found, and what to do where it is not right."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ferpipe import Check, doctor
from ferpipe.cli import main
from ferpipe.plugins import Registry


def checks(*files: Path, allow: list[str] | None = None) -> dict[str, Check]:
    return {check.name: check for check in doctor.checks(Registry(files=files, allow=allow))}


def write(path: Path, text: str) -> Path:
    path.write_text(f"from ferpipe import Check, hookimpl\n\n@hookimpl\ndef ferpipe_doctor():\n    {text}\n")
    return path


def test_this_machine_can_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    heads = [line for line in lines if line[:4].strip() in {"ok", "warn", "fail"}]
    names = [line[6:].split(":")[0] for line in heads]
    for name in (
        "python",
        "ferpipe",
        "av",
        "opencv",
        "litert",
        "decoders",
        "cameras",
        "writing video",
        "ffmpeg",
    ):
        assert name in names
    assert lines[-1].startswith("no failures")


def test_json_is_the_same_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"name", "state", "found", "advice"} == document[0].keys()
    assert {"python", "opencv", "ffmpeg"} <= {check["name"] for check in document}


def test_whatever_is_not_right_comes_with_advice() -> None:
    for check in checks().values():
        assert check.state == "ok" or check.advice, check.name


def test_a_plugins_own_check_is_run(tmp_path: Path) -> None:
    plugin = write(tmp_path / "lamp.py", "return [Check('lamp', 'warn', 'off', 'switch it on')]")
    assert checks(plugin)["lamp"].advice == "switch it on"


def test_a_failed_check_ends_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = write(tmp_path / "lamp.py", "return [Check('lamp', 'fail', 'broken', 'buy one')]")
    monkeypatch.setattr("ferpipe.plugins.Registry", lambda: Registry(files=[plugin]))
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[lines.index("fail  lamp: broken") + 1] == "      -> buy one"
    assert lines[-1].startswith("1 failed")


def test_only_what_this_python_needs_is_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "click>=8.2",
        "av[extras]!=18.0,>=17; python_version >= '3.8'",
        "tomli>=2; python_version < '3.0'",
        "keras>=3.8; extra == 'train'",
        "a.b_c (>=1)",
    ]
    monkeypatch.setattr("ferpipe.doctor.requires", lambda _: lines)
    assert doctor._required() == ["a.b_c", "av", "click"]


def test_a_check_that_raises_is_a_line(tmp_path: Path) -> None:
    plugin = write(tmp_path / "lamp.py", "raise OSError('no lamp')")
    line = checks(plugin)["plugin (while it was checked)"]
    assert line.state == "warn"
    assert "OSError: no lamp" in line.found
    assert str(plugin) in line.found


def test_what_is_no_check_is_a_line(tmp_path: Path) -> None:
    plugin = write(tmp_path / "lamp.py", "return ['fine']")
    assert "no Check" in checks(plugin)[str(plugin)].found


def test_a_broken_plugin_and_a_disabled_one_are_lines(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("import no_such_library_xyz\n")
    found = checks(bad, allow=["sources"])
    assert "no_such_library_xyz" in found["plugin"].found
    assert "faces" in found["FERPIPE_PLUGINS"].found


def test_no_stage_at_all_is_a_failure() -> None:
    assert checks(allow=[])["stages"].state == "fail"


def test_a_missing_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        doctor, "requires", lambda name: ["no-such-package-xyz>=2,<3", "other; extra == 'dev'"]
    )
    found = checks(allow=[])
    assert found["no-such-package-xyz"].advice == "pip install no-such-package-xyz"
    assert "other" not in found


def test_changed_weights_are_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERPIPE_MODELS", str(tmp_path))
    (tmp_path / "face_detection_yunet_2023mar.onnx").write_bytes(b"not the network")
    yunet = checks(allow=[])["model yunet"]
    assert yunet.state == "fail"
    assert yunet.found.startswith("changed")
    assert "again" in yunet.advice


@pytest.mark.parametrize(
    ("environment", "state"),
    [({"DISPLAY": ":0"}, "ok"), ({"WAYLAND_DISPLAY": "wayland-0"}, "ok"), ({}, "warn")],
)
def test_the_display_is_decided_by_the_environment(
    environment: dict[str, str], state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert checks(allow=[])["display"].state == state


def test_a_library_of_the_system_that_is_missing_is_not_fixed_by_pip(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Missing:
        """As the loader says it where a container has no libGL."""

        def find_spec(self, name: str, *_: object) -> None:
            if name == "cv2":
                raise ImportError("libGL.so.1: cannot open shared object file: No such file or directory")

    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    found = checks(allow=["faces"])["opencv"]
    assert found.state == "fail"
    assert found.advice.startswith("libGL.so is the system's: on Debian and Ubuntu 'apt-get install libgl1")
