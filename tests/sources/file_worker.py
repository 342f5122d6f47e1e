"""A process that reads the files it is told, so that a crash or a hang of a library is seen and survived.

Each line of standard input is a command line of ferpipe, in JSON; each answer is the exit code and
what was said, in JSON.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys

from ferpipe.cli import main


def answer(arguments: list[str]) -> tuple[int, str]:
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        code = main(arguments)
    return code, said.getvalue()


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a native library prints is no answer
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()
