"""A user's folder with a clip in it, and runs of pipelines as strangers write them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest

from ferpipe.cli import main

STRANGER = ("--no-local-plugins", "--output-dir", "out")


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten small pictures in a second."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=1", "-pix_fmt", "yuv420p")
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *picture, str(path)], check=True, timeout=60
    )
    return path


@pytest.fixture
def home(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder, which is also the working directory."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(clip.read_bytes())
    (folder / "precious.json").write_text("precious")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run stages behind the clip; the exit code and what was said."""

    def go(*stages: dict[str, Any], options: tuple[str, ...] = STRANGER, **top: Any) -> tuple[int, str]:
        own = bool(stages) and stages[0]["use"] in {"file", "images", "webcam", "rtsp"}
        source = () if own else ({"use": "file", "with": {"path": "clip.mp4"}},)
        # JSON is YAML.
        (home / "p.yaml").write_text(json.dumps({"version": 1, **top, "stages": [*source, *stages]}))
        code = main(["run", "p.yaml", "--quiet", *options])
        return code, capsys.readouterr().err

    return go


@pytest.fixture(scope="session")
def tree() -> Callable[[Path], dict[str, bytes | None]]:
    """Everything below a folder, with its content."""
    return lambda folder: {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }
