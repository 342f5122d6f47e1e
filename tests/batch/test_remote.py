"""Addresses: inputs from a web server and a bucket, outputs and manifest in a bucket."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.batches import batch, tree

pytest.importorskip("fsspec", reason="fsspec is not installed: pip install 'ferpipe[remote]'")

Clips = Callable[..., Path]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The address of a web server for the folder `in`."""
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/in"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def bucket() -> Iterator[Any]:
    """A bucket of moto's server of S3, through fsspec."""
    pytest.importorskip("s3fs", reason="s3fs is not installed: pip install 'ferpipe[remote]'")
    moto = pytest.importorskip("moto.server", reason="moto is not installed")
    import s3fs

    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        system = s3fs.S3FileSystem(skip_instance_cache=True)
        system.mkdir("videos")
        yield system
    server.stop()


def test_videos_of_a_web_server_give_what_local_ones_give(clips: Clips, web: str, tmp_path: Path) -> None:
    folder, scratch = clips("a/x.mp4", "y.mp4"), tmp_path / "scratch"
    batch(folder, tmp_path / "local" / "out")
    (tmp_path / "list.txt").write_text(f"{web}/a/x.mp4\n{web}/y.mp4\n{web}/none.mp4\n")
    out = tmp_path / "out"
    result = batch(tmp_path / "list.txt", out, "--scratch", str(scratch), code=1)
    assert (result["done"], result["failed"]) == (2, 1)
    assert result["failures"][0]["cause"] == "missing"
    assert tree(out) == tree(tmp_path / "local" / "out")
    assert [path for path in scratch.rglob("*") if path.is_file()] == []
    again = batch(tmp_path / "list.txt", out, "--scratch", str(scratch), code=1)
    assert (again["done"], again["skipped"], again["failed"]) == (0, 2, 1)


def test_a_bucket_holds_inputs_outputs_and_the_manifest(clips: Clips, bucket: Any, tmp_path: Path) -> None:
    folder, scratch = clips("a/x.mp4", "y.mp4"), tmp_path / "scratch"
    batch(folder, tmp_path / "local" / "out")
    bucket.put(str(folder), "videos/in", recursive=True)

    def run(number: int) -> dict[str, Any]:
        # A scratch folder of its own for each run: another machine knows what the bucket holds, and no more.
        home = tmp_path / f"machine{number}"
        home.mkdir()
        pipeline = ("--pipeline", str(tmp_path / "local" / "cheap.yaml"))
        more = ("--scratch", str(scratch / str(number)), *pipeline)
        return batch("s3://videos/in/", "s3://videos/out", *more, home=home)

    first = run(1)
    assert (first["done"], first["skipped"]) == (2, 0)
    for name, data in tree(tmp_path / "local" / "out").items():
        assert bucket.cat(f"videos/out/{name}") == data
    second = run(2)
    assert (second["done"], second["skipped"]) == (0, 2)
    bucket.rm("videos/out/y.timeline.json")
    bucket.pipe("videos/in/a/x.mp4", (folder / "y.mp4").read_bytes())
    third = run(3)
    assert (third["done"], third["skipped"]) == (2, 0)
    assert [path for path in scratch.rglob("*") if path.is_file()] == []
