"""`python -m ferpipe_web.worker`: one worker, fed by the server through its standard input and output."""

from __future__ import annotations

import os
import signal
import sys

from ferpipe import FerpipeError
from ferpipe.limits import limit_process
from ferpipe_web.worker.channel import Channel
from ferpipe_web.worker.wording import public

__all__ = ["main"]


def main() -> int:
    """Serve until the server closes the pipe."""
    # What a native library prints must not get between the messages.
    reader, writer = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is for the server
    channel = Channel(reader, writer)
    first = channel.read()
    if first is None:
        return 0
    config = first.header
    limit_process(config.get("limits", {}))
    try:
        if config["role"] == "live":
            from ferpipe_web.worker.live import LiveWorker

            LiveWorker(channel, config).serve()
        elif config["role"] == "job":
            from ferpipe_web.worker.job import JobWorker

            JobWorker(channel, config).serve()
        else:
            from ferpipe_web.worker.pictures import PictureWorker

            PictureWorker(channel, config).serve()
    except FerpipeError as error:
        channel.write({"type": "failed", "error": public(str(error))})
        return error.exit_code
    except MemoryError:
        channel.write({"type": "failed", "error": "it needs more memory than is allowed"})
        return 1
    except BrokenPipeError:
        return 0
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # a stage that was left behind must not hold the process up
