"""Tiny clips, and the command `ferpipe batch` over them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
from click.testing import CliRunner

from ferpipe_batch.commands import batch as verb

__all__ = ["PIPELINE", "POISON", "batch", "command", "tree", "write_clip"]

POISON = Path(__file__).with_name("poison.py")

PIPELINE = f"""version: 1
plugins: [{POISON}]
stages:
  - use: file
    with: {{path: video.mp4}}
  - poison
  - blazeface
  - use: timeline
    with: {{path: timeline.json}}
"""
"""Without a classifier, whose network takes longer to open than these clips to run."""


def write_clip(path: Path, seed: int, frames: int = 3) -> None:
    """A clip of 64x48 pixels of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(frames):
            image = noise.integers(0, 256, (48, 64, 3), np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode())


def command(source: Path | str, out: Path | str, *more: str, home: Path | None = None) -> list[str]:
    """The command line over `source`, by the cheap pipeline, which is written to `home`, or beside `out`."""
    pipeline = (home or Path(out).parent) / "cheap.yaml"
    if not pipeline.exists():
        pipeline.parent.mkdir(parents=True, exist_ok=True)
        pipeline.write_text(PIPELINE)
    return [
        *(sys.executable, "-m", "ferpipe", "batch", str(source), "-o", str(out)),
        *("--pipeline", str(pipeline), "--workers", "2", *more),
    ]


def batch(
    source: Path | str, out: Path | str, *more: str, code: int = 0, home: Path | None = None, **env: str
) -> dict[str, Any]:
    """Run the batch in this process and give its result as JSON; it must end with `code`."""
    arguments = command(source, out, "--json", *more, home=home)[4:]
    ran = CliRunner().invoke(verb, arguments, env=env, standalone_mode=False)
    assert ran.exception is None, ran.exception
    assert ran.return_value == code, ran.output
    result: dict[str, Any] = json.loads(ran.stdout)
    return result


def tree(out: Path) -> dict[str, bytes]:
    """The files below `out` without the manifest, by name."""
    files = (path for path in sorted(out.rglob("*")) if path.is_file())
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in files}
    return {name: data for name, data in found.items() if not name.startswith(".ferpipe-batch/")}
