"""Real containers with wrong bytes: frames or one line, in every case and in good time, and no crash."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferpipe.timeline import load

PATIENCE = 60
"""Seconds for what takes a tenth of one: only a hang takes longer, on the slowest of machines."""

GENTLE = settings(deadline=None, suppress_health_check=list(HealthCheck))
QUICK, LONG = settings(GENTLE, max_examples=60), settings(GENTLE, max_examples=400)

CONTAINERS = {
    "mp4": ("-pix_fmt", "yuv420p"),
    "fragments.mp4": ("-pix_fmt", "yuv420p", "-movflags", "frag_keyframe+empty_moov", "-g", "3"),
    "mov": ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"),
    "mkv": ("-pix_fmt", "yuv420p"),
    "webm": ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-pix_fmt", "yuv420p"),
    "avi": ("-c:v", "mpeg4"),
    "ts": ("-pix_fmt", "yuv420p"),
    "flv": ("-pix_fmt", "yuv420p"),
    "mpg": ("-c:v", "mpeg2video", "-r", "25"),
    "ogv": ("-c:v", "libtheora"),
    "nut": ("-c:v", "ffv1"),
    "gif": (),
    "hevc.mp4": ("-c:v", "libx265", "-pix_fmt", "yuv420p", "-x265-params", "log-level=none"),
}


class Worker:
    """The process that reads, started anew where it died."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[str] | None = None

    def ask(self, *arguments: str) -> tuple[int, str]:
        process = self._process
        if process is None or process.poll() is not None:
            command = [sys.executable, "-X", "faulthandler", str(Path(__file__).with_name("file_worker.py"))]
            process = self._process = subprocess.Popen(
                command, text=True, cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1
            )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(arguments) + "\n")
        if not select.select([process.stdout], [], [], PATIENCE)[0]:
            self.end()
            pytest.fail(f"it hangs: {arguments}")
        line = process.stdout.readline()
        if not line:
            pytest.fail(f"it died with {process.wait()}: {arguments}")
        code, said = json.loads(line)
        return code, said

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    worker = Worker(tmp_path_factory.mktemp("fuzz"))
    yield worker
    worker.end()


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Callable[..., None]) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("films")
    sources = ("-f", "lavfi", "-i", "testsrc=s=48x32:r=10:d=1", "-f", "lavfi", "-i", "sine=d=1:r=22050")
    for name, arguments in CONTAINERS.items():
        sound = () if name not in {"mp4", "mkv", "ts"} else ("-map", "0:v", "-map", "1:a", "-c:a", "aac")
        ffmpeg(
            *sources, *(sound or ("-map", "0:v")), *arguments, folder / f"whole-{name}.{name.split('.')[-1]}"
        )
    return {name: (folder / f"whole-{name}.{name.split('.')[-1]}").read_bytes() for name in CONTAINERS}


def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """`content` with bytes changed, put in, taken out, moved and cut, mostly where its structure is."""
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 12))):
        near = st.integers(0, min(len(data), 900)) | st.integers(max(0, len(data) - 900), len(data))
        begin = draw(near | st.integers(0, len(data)))
        how = draw(st.sampled_from(["change", "change", "huge", "zero", "insert", "remove", "repeat", "cut"]))
        length = draw(st.integers(1, 40))
        if how == "change":
            patch = draw(st.binary(min_size=1, max_size=16))
            data[begin : begin + len(patch)] = patch
        elif how in {"huge", "zero"}:
            length = draw(st.sampled_from([1, 2, 4, 8]))
            data[begin : begin + length] = (b"\xff" if how == "huge" else b"\0") * length
        elif how == "insert":
            data[begin:begin] = draw(st.binary(min_size=1, max_size=40))
        elif how == "remove":
            del data[begin : begin + length]
        elif how == "repeat":
            data[begin:begin] = data[begin : begin + length] * draw(st.sampled_from([1, 100]))
        else:
            del data[max(begin, 1) :]
        data = data or bytearray(b"\0")
    return bytes(data)


def check(worker: Worker, content: bytes, verb: str) -> None:
    path = worker.folder / "fuzzed.bin"
    path.write_bytes(content)
    output = worker.folder / {"timeline": "t.jsonl", "annotate": "v.mp4"}[verb]
    output.unlink(missing_ok=True)
    code, said = worker.ask(verb, str(path), "-o", str(output), "--quiet", "--overwrite")
    assert "internal error" not in said
    assert "Traceback" not in said
    if code:
        # A line for what ended the run; a second one where two stages saw the same.
        assert code in {1, 2}
        assert 1 <= said.count("\n") <= 2, said
        return
    assert output.stat().st_size > 0
    if verb == "timeline":
        times = [record["time"] for record in load(output).frames]
        assert times
        assert times[0] >= 0
        assert all(before < after for before, after in pairwise(times))


@pytest.mark.slow
@QUICK
@given(data=st.data())
def test_wrong_bytes(worker: Worker, films: dict[str, bytes], data: st.DataObject) -> None:
    content = data.draw(st.composite(mutated)(films[data.draw(st.sampled_from(sorted(films)))]))
    check(worker, content, data.draw(st.sampled_from(["timeline", "timeline", "annotate"])))


@pytest.mark.slow
@pytest.mark.timeout(3000)
@LONG
@given(data=st.data())
def test_many_wrong_bytes(worker: Worker, films: dict[str, bytes], data: st.DataObject) -> None:
    content = data.draw(st.composite(mutated)(films[data.draw(st.sampled_from(sorted(films)))]))
    check(worker, content, data.draw(st.sampled_from(["timeline", "timeline", "annotate"])))


@pytest.mark.parametrize("name", CONTAINERS)
def test_right_bytes(worker: Worker, films: dict[str, bytes], name: str) -> None:
    """What is damaged above can be read undamaged."""
    check(worker, films[name], "timeline")
    assert len(load(worker.folder / "t.jsonl").frames) >= 9


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", CONTAINERS)
def test_cut_at_every_hundredth_byte(worker: Worker, films: dict[str, bytes], name: str) -> None:
    content = films[name]
    for end in range(1, len(content), max(100, len(content) // 40)):
        check(worker, content[:end], "timeline")
