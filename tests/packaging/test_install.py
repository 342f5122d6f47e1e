"""The wheel in an empty environment, used from an empty folder, as a stranger would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
Ferpipe = Callable[..., subprocess.CompletedProcess[str]]


def environment() -> dict[str, str]:
    """This one, without what could lead to the checkout or to another plugin."""
    leave = {"PYTHONPATH", "VIRTUAL_ENV", "FERPIPE_PLUGINS", "FERPIPE_MODELS", "VIDEO"}
    return {name: value for name, value in os.environ.items() if name not in leave}


def install(python: str, wheel: Path, folder: Path) -> Ferpipe:
    """A new environment with the wheel; gives a function that runs its `ferpipe` in an empty folder."""
    home = folder / "a new place"
    work = folder / "empty"
    work.mkdir()
    subprocess.run([python, "-m", "venv", str(home)], check=True)
    inside = home / ("Scripts" if os.name == "nt" else "bin")
    pip = [str(inside / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, str(wheel)], check=True, cwd=work)

    def ferpipe(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(inside / "ferpipe"), *arguments],
            cwd=work,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    return ferpipe


@pytest.fixture(scope="module")
def ferpipe(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Ferpipe:
    return install(sys.executable, wheel, tmp_path_factory.mktemp("install"))


def test_the_demo_runs_by_name(ferpipe: Ferpipe, tmp_path: Path) -> None:
    demo(ferpipe, tmp_path)


def demo(ferpipe: Ferpipe, folder: Path) -> None:
    done = ferpipe("run", "demo", "--output-dir", str(folder))
    assert done.returncode == 0, done.stderr
    (timeline,) = folder.rglob("*.json")
    (video,) = folder.rglob("*.mp4")
    document = json.loads(timeline.read_text(encoding="utf-8"))
    assert document["format"] == "ferpipe.timeline/2"
    assert document["summary"]["faces"] > 100
    assert video.stat().st_size > 50_000
    assert f"wrote {timeline}" in done.stderr
    assert "person 1" in done.stderr


def test_the_doctor_finds_everything_that_must_be_there(ferpipe: Ferpipe) -> None:
    done = ferpipe("doctor", "--json")
    assert done.returncode == 0, done.stdout
    checks = json.loads(done.stdout)
    checks = checks["checks"] if isinstance(checks, dict) else checks
    assert [check for check in checks if check["state"] == "fail"] == []


@pytest.mark.parametrize(
    "name", ["webcam", "rtsp", "annotate", "timeline", "images", "privacy", "compare", "stream"]
)
def test_a_ready_pipeline_is_found_by_name(ferpipe: Ferpipe, name: str) -> None:
    done = ferpipe("validate", name)
    assert done.returncode == 0, done.stderr


def test_a_machine_without_a_camera_is_reported_in_one_line(ferpipe: Ferpipe) -> None:
    done = ferpipe("run", "webcam", "--set", "webcam.device=97")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "97" in done.stderr


@pytest.mark.parametrize("version", ["3.10", "3.12", "3.13"])
def test_the_wheel_works_on_the_other_pythons(wheel: Path, version: str, tmp_path: Path) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    demo(install(python, wheel, tmp_path), tmp_path / "out")
    shutil.rmtree(tmp_path)


def find_python(version: str) -> str | None:
    """An interpreter of `version` that starts: from PATH, or pyenv's."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return None
    roots = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(f"python{version}"), *map(str, sorted(roots.glob(f"{version}.*/bin/python")))]
    return next((python for python in found if python and starts(python)), None)


def starts(python: str) -> bool:
    return subprocess.run([python, "-c", "import venv"], capture_output=True, check=False).returncode == 0
