"""An RTSP server that means harm: what it claims is not what it gets."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading

import pytest

CLAIMED = 2_000_000_000
SENT = 600 << 20
BOUND = 450 << 10
"""KiB that the process may take at most: its libraries take some 150 MB, FFmpeg's largest piece is 256 MB."""

READ = """
import sys
from pathlib import Path
from ferpipe.testing import TestContext, run_source
from ferpipe_sources.rtsp import RtspOptions, RtspSource
try:
    options = RtspOptions(url=sys.argv[1], reconnect=False, open_timeout=20)
    run_source(RtspSource(options), context=TestContext(Path(".")))
except Exception as error:
    print(error)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def serve(listener):
    """Answer each request with a body that claims 2 GB, and send 600 MB of it."""
    peer, _ = listener.accept()
    with peer:
        try:
            while request := peer.recv(4096):
                count = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"cseq"))
                peer.sendall(b"RTSP/1.0 200 OK\r\n" + count + b"\r\nContent-Type: application/sdp\r\n")
                peer.sendall(f"Content-Length: {CLAIMED}\r\n\r\n".encode())
                for _ in range(SENT >> 20):
                    peer.sendall(bytes(1 << 20))
                return
        except OSError:
            return


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts KiB as Linux does")
def test_a_length_of_two_gigabytes_takes_no_memory():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        url = f"rtsp://127.0.0.1:{listener.getsockname()[1]}/x"
        command = [sys.executable, "-c", READ, url]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=100)
    *said, most = done.stdout.split("\n")[:-1]
    assert said, done.stderr
    assert int(most) < BOUND
