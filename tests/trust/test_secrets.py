"""What an address says in confidence stands in nothing that is printed or written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ferpipe.cli import main

S = "S3cr3t"


@pytest.fixture
def web(home: Path) -> Iterator[str]:
    """The clip on a server of this machine, below a path as cameras have it."""
    folder = home / "www" / f"user=admin_password={S}_channel=1"
    folder.mkdir(parents=True)
    (home / "clip.mp4").rename(folder / "clip.mp4")
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", "www"]
    with subprocess.Popen(
        command, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().split(" port ")[1].split()[0]
            yield f"127.0.0.1:{port}/{folder.name}"
        finally:
            server.kill()


FILES = ("--stats", "stats.json", "--trace", "trace.json")


@pytest.mark.parametrize("name", ["clip.mp4", "missing.mp4"])
def test_a_stream_is_read_and_its_secrets_are_nowhere(
    home: Path, web: str, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    url = f"http://me:{S}@{web}/{name}?X-Amz-Signature={S}&channel=1"
    stages = f"""
      - {{use: rtsp, with: {{url: "{url}", live: false, reconnect: false}}}}
      - blazeface
      - {{use: timeline, with: {{path: t.json}}}}
      - {{use: timeline, with: {{path: t.csv}}}}
    """
    (home / "p.yaml").write_text(f"version: 1\nstages:{stages}")
    assert main(["run", "p.yaml", *FILES]) == (0 if name == "clip.mp4" else 2)
    out, err = capfd.readouterr()
    written = {path.name: path.read_text() for path in home.glob("*.json")} | {"stdout": out, "stderr": err}
    if name == "clip.mp4":
        written["t.csv"] = (home / "t.csv").read_text()
        assert "X-Amz-Signature=***&channel=1" in written["t.json"]
    else:
        assert "channel=1: the server has no such stream" in err
    figures = {"stats.json", "trace.json"}
    assert figures & written.keys() == (figures if name == "clip.mp4" else set()), "none of a refused run"
    assert [name for name, text in written.items() if S in text] == []


@pytest.mark.parametrize(
    "url",
    [
        f"srt://127.0.0.1:9?passphrase={S}",
        f"rtsp://u:12345/{S}@127.0.0.1:9/x",
        f"rtsp://127.0.0.1:9/user=admin_password={S}_channel=1_stream=0.sdp",
        f"http://127.0.0.1:9/x?loginuse=a&loginpas={S}",
        f"rtmp://127.0.0.1:9/live/{S}",
    ],
)
def test_what_cannot_be_reached_is_named_without_its_secret(
    run: Callable[..., tuple[int, str]], url: str
) -> None:
    options = {"url": url, "live": False, "reconnect": False, "open_timeout": 3}
    code, said = run({"use": "rtsp", "with": options}, {"use": "null"}, options=("--stats", "stats.json"))
    assert code in {1, 2}
    assert S not in said + Path("stats.json").read_text()
