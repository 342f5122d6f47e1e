"""The process in which a model file is tried: load the network and run it once, within limits."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from ferpipe.limits import limit_process

__all__ = ["ANSWER", "SECONDS", "main"]

SECONDS = 30
"""Time to load a network and run it once; large ones take some 0.5 s."""
ANSWER = "ferpipe: "
"""What the last line begins with; what follows is wrong with the file, and nothing is if nothing follows."""
_SPACE = 4 * 1024**3
"""Bytes of address space; the libraries alone take about 1 GB of it."""

Shape = tuple[int, ...]


def main(path: str, library: str, picture: str) -> None:
    """Load and run the network at `path` once with `library`, and print what was wrong."""
    limit_process({"space": _SPACE, "cpu": SECONDS})
    try:
        said = _TRIALS[library](path, tuple(json.loads(picture)))
    except MemoryError:
        said = "it needs more memory than is available"
    except Exception as error:  # noqa: BLE001 -- whatever it is, the network cannot be run
        said = " ".join(str(error).split())[:160] or type(error).__name__
    sys.stdout.write(f"\n{ANSWER}{said}\n")
    sys.stdout.flush()
    os._exit(0)  # what a damaged network has left behind may fail when it is freed


def _litert(path: str, picture: Shape) -> str:
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    network: Any = Interpreter(path, num_threads=1)
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


def _onnx(path: str, picture: Shape) -> str:
    import numpy as np

    from ferpipe_networks.onnx_session import DTYPES, open_session

    session = open_session(path, 1)
    inputs = session.get_inputs()
    if len(inputs) != 1 or inputs[0].type not in DTYPES:
        return ""  # it is refused when it is opened
    known = [size if isinstance(size, int) else 0 for size in inputs[0].shape]
    wanted = picture if len(picture) == len(known) - 1 else known[1:]
    shape = (known[0] or 1, *(size or given for size, given in zip(known[1:], wanted, strict=True)))
    if all(shape):
        session.run(None, {inputs[0].name: np.zeros(shape, DTYPES[inputs[0].type])})
    return ""


def _yunet(path: str, picture: Shape) -> str:
    import cv2
    import numpy as np

    height, width = picture[:2] or (240, 320)
    network = cv2.FaceDetectorYN.create(path, "", (width, height), 0.7, 0.3, 10)
    network.detect(np.zeros((height, width, 3), np.uint8))
    return ""


_TRIALS: dict[str, Callable[[str, Shape], str]] = {"litert": _litert, "onnx": _onnx, "yunet": _yunet}
