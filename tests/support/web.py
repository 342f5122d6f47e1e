"""Servers for the tests of `ferpipe serve`."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import httpx
import imageio_ffmpeg
import numpy as np

from ferpipe_web.settings import Choice, Limits, Settings

__all__ = ["SAMPLE", "Program", "coded", "log_of", "make_settings", "part_of_sample", "picture_of", "start"]

CLIENT = httpx.Client(timeout=30, verify=False)  # noqa: S501 -- certificates cost time, and there are none
SAMPLE = Path(__file__).parents[2] / "samples" / "demo.mp4"


def make_settings(folder: Path, **changes: Any) -> Settings:
    limits = Limits(**changes.pop("limits", {}))
    choice = Choice("demo", {"pipeline": "demo"})
    return Settings({"demo": choice}, data=folder, autostart=False, limits=limits, **changes)


@dataclass
class Program:
    """`ferpipe serve` in a process of its own."""

    process: subprocess.Popen[str]
    port: int
    data: Path
    lines: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def get(self, path: str) -> Any:
        return CLIENT.get(self.url + path).json()

    def until(self, path: str, done: Any, seconds: float = 100) -> Any:
        """Ask until `done(answer)`; the answer."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = self.get(path)
            if done(answer):
                return answer
            time.sleep(0.1)
        raise AssertionError(f"{path} has not come to it in {seconds} s: {answer}")


def start(data: Path, *arguments: str) -> Program:
    process = subprocess.Popen(
        [sys.executable, "-m", "ferpipe", "serve", *arguments, "--port", "0", "--data", str(data)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "FERPIPE_TOKEN"},
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    assert " at http" in first, first + process.stderr.read()
    address = first.partition(" at http")[2].partition("#")[0]
    program = Program(process, int(address.rstrip("/\n").rpartition(":")[2]), data, [first])
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if CLIENT.get(program.url + "/readyz").status_code == 200:
                return program
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the server does not answer")


def part_of_sample(folder: Path) -> bytes:
    """Two seconds of the sample, fifty frames, in which somebody smiles."""
    path = folder / "part.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-ss", "2", "-i", str(SAMPLE), "-t", "2"]
    subprocess.run([*command, "-s", "480x270", "-preset", "ultrafast", str(path)], check=True)
    return path.read_bytes()


def coded(image: np.ndarray[Any, Any], ending: str = ".jpg") -> bytes:
    done, data = cv2.imencode(ending, image)
    assert done
    return data.tobytes()


def picture_of(message: bytes) -> tuple[dict[str, Any], bytes]:
    """The header and the JPEG of a message to a viewer."""
    (size,) = struct.unpack_from(">I", message)
    return json.loads(message[4 : 4 + size]), message[4 + size :]


def log_of(program: Program) -> str:
    """What the server has logged; it is ended for that."""
    program.process.terminate()
    assert program.process.stderr is not None
    return program.process.stderr.read()
