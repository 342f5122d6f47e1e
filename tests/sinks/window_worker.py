"""The stage `window` in a process of its own, told by its standard input what to do next.

Qt keeps its connection to the first display and the thread that first showed a window, so that each
test needs a process.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np

from ferpipe.testing import TestContext, make_packet
from ferpipe_sinks.window import WindowOptions, WindowSink


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


class Context(TestContext):
    """Says when the stage asks for the end of the run."""

    def finish(self) -> None:
        super().finish()
        say(did="finish")


def main() -> None:
    """Do what each line asks for: a frame of that height and width, or the end."""
    stage = WindowSink(WindowOptions.model_validate(json.loads(sys.argv[2])))
    stage.open(Context(Path(sys.argv[1])))
    for time, line in enumerate(sys.stdin):
        if line.strip() == "close":
            break
        size = json.loads(line)
        packet = make_packet(np.full((*size, 3), 200, np.uint8), time=time, index=time)
        try:
            same = stage.process(packet) is packet
        except cv2.error as error:
            say(did="error", what=str(error))
        else:
            say(did="frame", same=same)
    stage.close()
    say(did="close")


main()
