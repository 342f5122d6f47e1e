"""The plugin tutorial: its snippets are written to files and its commands are run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ferpipe import hookspecs

PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(*languages: str) -> list[str]:
    return [
        text for language, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")) if language in languages
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with every file of the page, each named by its first line."""
    for text in blocks("python", "yaml"):
        first = text.splitlines()[0]
        assert first.startswith("# "), f"a snippet without a file name: {first}"
        (tmp_path / first.removeprefix("# ")).write_text(text, encoding="utf-8")
    return tmp_path


def film(path: Path) -> None:
    """Half a second of a real face (NASA's portrait of Eileen Collins, public domain)."""
    import av
    from skimage.data import astronaut

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 512, 512, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(astronaut(), "rgb24")))
        container.mux(stream.encode())


@pytest.mark.slow
def test_the_commands_of_the_page_work(folder: Path) -> None:
    film(folder / "video.mp4")
    environment = {
        name: value for name, value in os.environ.items() if name not in {"VIDEO", "FERPIPE_PLUGINS"}
    }
    commands = [shlex.split(line) for text in blocks("sh") for line in text.splitlines()]
    assert len(commands) >= 5
    for command in commands:
        assert command[0] in {"ferpipe", "pytest"}
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    assert lit_share(folder / "out" / "spotlight.mp4") < 0.5
    assert (folder / "ferpipe-glow" / "pyproject.toml").is_file()


def lit_share(path: Path) -> float:
    """The share of the picture that is as bright as in the original."""
    import av
    from skimage.data import astronaut

    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == 5
    original = astronaut().astype(int)
    bright = original.mean(axis=2) > 100
    same = abs(frames[2].astype(int) - original).mean(axis=2) < 30
    assert same[bright].any(), "the face has gone dark too"
    return float(same[bright].mean())


def test_every_test_of_the_page_passes(folder: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(folder),
            str(folder),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "9 passed" in done.stdout


def test_the_entry_point_is_what_the_scaffold_writes(tmp_path: Path) -> None:
    from ferpipe.plugins.scaffold import scaffold

    (shown,) = blocks("toml")
    assert shown in (scaffold("glow", tmp_path) / "pyproject.toml").read_text(encoding="utf-8")


def test_every_hook_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    hooks = [name for name in vars(hookspecs) if name.startswith("ferpipe_")]
    assert len(hooks) >= 4
    for hook in hooks:
        assert f"| `{hook}` |" in text
        assert getattr(hookspecs, hook).__doc__
