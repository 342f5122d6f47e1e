"""Try a model file in a process of its own before it is opened in this one.

The libraries check the outline of a file and trust the rest: an operator without its first input ends
the process, a tensor may ask for any amount of memory, and a loop may never end.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Literal

from ferpipe import UsageError
from ferpipe.resources import shipped
from ferpipe_networks.trial import ANSWER, SECONDS

__all__ = ["Library", "probe"]

Library = Literal["litert", "onnx", "yunet"]
"""What opens the file: LiteRT, ONNX Runtime, or OpenCV as a YuNet network."""

_NAMES = {"litert": "LiteRT", "onnx": "ONNX Runtime", "yunet": "OpenCV, as YuNet,"}
_IDENTIFIER = b"TFL3"
# -I leaves out the working directory, in which a module of any name may lie beside the network.
_PROGRAM = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from ferpipe_networks.trial import main; main(*sys.argv[2:])"
)

Shape = tuple[int, ...]


def probe(path: Path, picture: Shape | None = None, library: Library = "litert") -> None:
    """Raise UsageError if the library cannot load and run the network, or would not survive it.

    picture: the shape of one picture, for networks that take any size.  What ferpipe ships is not
    tried, and a file that has not changed is tried once.
    """
    if not path.is_file():
        raise UsageError(f"'{path}' is a folder, pipe or device: give a model file")
    if path.resolve().is_relative_to(shipped("models").resolve()):
        return
    try:
        facts = path.stat()
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise UsageError(f"'{path}' cannot be read: {error.strerror}") from None
    refusal = f"'{path}' is not a network that {_NAMES[library]} can run"
    if library == "litert" and head[4:] != _IDENTIFIER:
        raise UsageError(f"{refusal}: it does not start like one")
    key = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)
    if trouble := _trouble(str(path), key, picture or (), library):
        raise UsageError(f"{refusal}: {trouble}")


@lru_cache(maxsize=64)
def _trouble(path: str, key: tuple[int, ...], picture: Shape, library: Library) -> str:  # noqa: ARG001 -- what it is cached by
    places = json.dumps([place for place in sys.path if place])
    command = [sys.executable, "-I", "-c", _PROGRAM, places, path, library, json.dumps(picture)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
            start_new_session=True,  # Ctrl-C is for the run
        )
    except subprocess.TimeoutExpired:
        return f"it does not answer within {SECONDS} s"
    answers = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if ANSWER in line]
    if answers:
        return answers[-1].partition(ANSWER)[2].strip()
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        return f"it ended the process in which it was tried ({name}); the file is damaged, or was made to"
    return f"the process in which it was tried ended with {done.returncode}"
