"""`ferpipe serve` as a process."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Serving", "serving"]


@dataclass
class Serving:
    """A running server."""

    process: subprocess.Popen[str]
    address: str
    lines: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.address.partition("#")[0]

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rpartition(":")[2])


@contextmanager
def serving(data: Path, *words: str, port: int = 0) -> Iterator[Serving]:
    command = [sys.executable, "-m", "ferpipe", "serve", *words, "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    lines: list[str] = []
    address = None
    for line in process.stderr:
        lines.append(line)
        if found := re.search(r"at (https?://\S+)", line):
            address = found[1]
            break
    assert address is not None, "".join(lines)
    server = Serving(process, address, lines)
    threading.Thread(target=lambda: lines.extend(process.stderr or ()), daemon=True).start()
    try:
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
