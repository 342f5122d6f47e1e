"""Try a LiteRT file in a process of its own before it is opened in this one.

LiteRT checks the outline of a file and trusts the rest: an operator without its first input ends the
process, a tensor may ask for any amount of memory, and a loop may never end.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from ferpipe import UsageError
from ferpipe.resources import shipped

__all__ = ["probe"]

_SECONDS = 30
"""Time to load a network and run it once; large ones take some 0.5 s."""
_MEMORY = 4 * 1024**3
"""Bytes of address space; the libraries alone take about 1 GB of it."""
_IDENTIFIER = b"TFL3"
_ANSWER = "ferpipe: "
# -I leaves out the working directory, in which a module of any name may lie beside the network.
_PROGRAM = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from {} import main; main(*sys.argv[2:])"

Shape = tuple[int, ...]


def probe(path: Path, picture: Shape | None = None) -> None:
    """Raise UsageError where LiteRT cannot load and run the network, or would not survive it.

    picture: the shape of one picture, for networks that take any size.  What ferpipe ships is not
    tried, and a file that has not changed is tried once.
    """
    if not path.is_file():
        raise UsageError(f"'{path}' is a folder, pipe or device: give a .tflite file")
    if path.resolve().is_relative_to(shipped("models").resolve()):
        return
    try:
        facts = path.stat()
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise UsageError(f"'{path}' cannot be read: {error.strerror}") from None
    if head[4:] != _IDENTIFIER:
        raise UsageError(f"'{path}' is not a network that LiteRT can run: it does not start like one")
    key = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)
    if trouble := _trouble(str(path), key, picture or ()):
        raise UsageError(f"'{path}' is not a network that LiteRT can run: {trouble}")


@lru_cache(maxsize=64)
def _trouble(path: str, key: tuple[int, ...], picture: Shape) -> str:  # noqa: ARG001 -- what it is cached by
    places = json.dumps([place for place in sys.path if place])
    command = [sys.executable, "-I", "-c", _PROGRAM.format(__name__), places, path, json.dumps(picture)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
            start_new_session=True,  # Ctrl-C is for the run
        )
    except subprocess.TimeoutExpired:
        return f"it does not answer within {_SECONDS} s"
    answers = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if _ANSWER in line]
    if answers:
        return answers[-1].partition(_ANSWER)[2].strip()
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        return f"it ended the process in which it was tried ({name}); the file is damaged, or was made to"
    return f"the process in which it was tried ended with {done.returncode}"


def main(path: str, picture: str) -> None:
    """Load and run the network at `path` once; the last line says what was wrong, if anything was."""
    _limit()
    from ai_edge_litert.interpreter import Interpreter

    try:
        said = _run(Interpreter(path, num_threads=1), tuple(json.loads(picture)))
    except MemoryError:
        said = "it needs more memory than is available"
    except Exception as error:  # noqa: BLE001 -- whatever it is, the network cannot be run
        said = " ".join(str(error).split())[:160] or type(error).__name__
    sys.stdout.write(f"\n{_ANSWER}{said}\n")
    sys.stdout.flush()
    os._exit(0)  # what a damaged network has left behind may fail when it is freed


def _limit() -> None:
    """Bound what a network may take; there is nothing to bound it with on Windows."""
    try:
        import resource
    except ImportError:
        return
    for what, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, _SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, hard))


def _run(network: Any, picture: Shape) -> str:
    import numpy as np

    inputs, outputs = network.get_input_details(), network.get_output_details()
    if len(inputs) != 1 or not outputs:
        return f"it has {len(inputs)} inputs and {len(outputs)} outputs; a classifier of faces has one input"
    entry = inputs[0]
    if picture and -1 in entry["shape_signature"][1:]:
        network.resize_tensor_input(entry["index"], (1, *picture))
    network.allocate_tensors()
    entry = network.get_input_details()[0]
    if picture or -1 not in entry["shape_signature"][1:]:
        network.set_tensor(entry["index"], np.zeros(entry["shape"], entry["dtype"]))
        network.invoke()
        for output in network.get_output_details():
            network.get_tensor(output["index"])
    return ""
