"""The clip of the matrix, and the stages that break."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from ferpipe.plugins import Registry
from ferpipe.resources import shipped

FRAMES = 12


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of the sample, small, with its sound; two people are there."""
    path = tmp_path_factory.mktemp("matrix") / "clip.mp4"
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-ss",
        "2.2",
        "-i",
        shipped("samples") / "demo.mp4",
    ]
    command += ["-t", str(FRAMES / 25), "-vf", "scale=320:-2", "-c:v", "libx264", "-c:a", "aac", path]
    subprocess.run(command, check=True)
    return path


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Everything installed, and the plugin file beside this one."""
    found = Registry(files=[Path(__file__).with_name("faulty.py")])
    assert not found.broken()
    return found
