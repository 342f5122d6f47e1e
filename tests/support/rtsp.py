"""The RTSP server of aio-rtsp-toolkit in a process of its own, to be killed and stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

COMMAND = Path(sys.executable).with_name("rtsp-server")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A real RTSP server of the videos in a folder, each of them again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.control = folder, free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Server:
        """Returns when it answers."""
        ports = ("-p", str(self.port), "-cp", str(self.control))
        self.process = subprocess.Popen(
            [COMMAND, "-d", self.folder, "-H", "127.0.0.1", *ports],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return self
            time.sleep(0.02)
        raise AssertionError("the server does not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def hang(self) -> None:
        """It keeps its sockets, and does nothing any more."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGCONT)

    def url(self, name: str = "a.mp4", credentials: str = "") -> str:
        return f"rtsp://{credentials}127.0.0.1:{self.port}/{name}?play_count=0"
