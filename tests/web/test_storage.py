"""A full disk, and a folder of data that something else has written to."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from support.web import make_settings

from ferpipe_web.errors import Refusal
from ferpipe_web.jobs.queue import Jobs
from ferpipe_web.live.recordings import Recordings

from .conftest import client_of

NAME = "20260101-000000-0123456789abcdef"
JOB: dict[str, Any] = {
    "id": NAME,
    "name": "talk.mp4",
    "size": 3,
    "pipeline": "demo",
    "state": "done",
    "step": None,
    "progress": 1.0,
    "created": "2026-01-01T00:00:00Z",
    "started": None,
    "finished": None,
    "error": None,
    "upload": "upload.mp4",
    "kind": "video",
    "tries": 1,
    "video": False,
}


@contextmanager
def full(most: int) -> Iterator[None]:
    """No file can grow beyond `most` bytes, as on a disk that is full: writing raises OSError."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def stored(root: Path, job: dict[str, Any]) -> Path:
    folder = root / "jobs" / NAME
    folder.mkdir(parents=True)
    (folder / "job.json").write_text(json.dumps(job))
    return folder


@pytest.mark.parametrize("most", [0, 10, 100])
def test_a_full_disk_refuses_an_upload_and_nothing_is_left(
    client: TestClient, tmp_path: Path, most: int
) -> None:
    with full(most):  # 100 bytes are enough for the picture, and not for its manifest
        answer = client.post("/api/jobs", content=b"\xff\xd8\xff" + b"x" * 60)
    assert (answer.status_code, list(answer.json())) == (507, ["error"])
    assert client.get("/api/jobs").json() == {"jobs": []}
    assert not list((tmp_path / "jobs").iterdir())


def test_a_job_goes_on_where_its_state_cannot_be_stored(tmp_path: Path) -> None:
    jobs = Jobs(make_settings(tmp_path), lambda _: None)
    folder = tmp_path / "jobs" / NAME
    folder.mkdir(parents=True)
    jobs.add({**JOB, "state": "queued"})
    with full(0):
        shown = jobs.delete(NAME)
    assert shown is not None
    assert shown["state"] == "cancelled"
    assert [path.name for path in folder.iterdir()] == ["job.json"]


def test_a_full_disk_refuses_a_recording_and_ends_one(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path)
    with full(0), pytest.raises(Refusal) as refused:
        recordings.begin()
    assert refused.value.status_code == 507
    assert recordings.current() is None
    assert list(tmp_path.iterdir()) == []
    recordings.begin()
    with full(0):
        recordings.end("the disk is full")
    assert recordings.current() is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"7",
        json.dumps({"id": NAME}).encode(),
        json.dumps({**JOB, "id": "another"}).encode(),
        json.dumps({**JOB, "upload": "../../elsewhere.mp4"}).encode(),
        json.dumps({**JOB, "state": "odd"}).encode(),
        json.dumps({**JOB, "tries": "many"}).encode(),
        json.dumps({**JOB, "summary": 7}).encode(),
        json.dumps({**JOB, "name": "x" * 2**20}).encode(),
    ],
)
def test_a_damaged_manifest_does_not_keep_the_server_from_starting(tmp_path: Path, content: bytes) -> None:
    folder = stored(tmp_path, JOB)
    (folder / "job.json").write_bytes(content)
    with client_of(make_settings(tmp_path)) as client:
        assert client.get("/api/jobs").json() == {"jobs": []}
    assert not folder.exists()


def a_link_as_report(folder: Path, elsewhere: Path) -> None:
    (folder / "report.html").symlink_to(elsewhere / "secret")


def a_folder_as_report(folder: Path, _: Path) -> None:
    (folder / "report.html").mkdir()


def a_linked_manifest(folder: Path, elsewhere: Path) -> None:
    (folder / "job.json").replace(elsewhere / "job.json")
    (folder / "job.json").symlink_to(elsewhere / "job.json")


def a_linked_folder(folder: Path, elsewhere: Path) -> None:
    (folder / "report.html").write_text("secret")
    folder.replace(elsewhere / "job")
    folder.symlink_to(elsewhere / "job")


@pytest.mark.parametrize("spoil", [a_link_as_report, a_folder_as_report, a_linked_manifest, a_linked_folder])
def test_links_and_folders_among_the_jobs_are_not_followed(
    tmp_path: Path, spoil: Callable[[Path, Path], None]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret").write_text("secret")
    folder = stored(tmp_path / "data", JOB)
    spoil(folder, elsewhere)
    before = sorted(elsewhere.rglob("*"))
    with client_of(make_settings(tmp_path / "data")) as client:
        jobs = client.get("/api/jobs").json()["jobs"]
        assert [job["result"]["files"] for job in jobs] in ([], [[]])
        assert client.get(f"/api/jobs/{NAME}/report.html").status_code == 404
        if jobs:
            assert client.delete(f"/api/jobs/{NAME}").status_code == 204
        assert client.get("/api/jobs").json() == {"jobs": []}
    assert sorted(elsewhere.rglob("*")) == before
    assert not folder.exists()


def test_a_job_with_odd_files_is_emptied(tmp_path: Path) -> None:
    folder = stored(tmp_path, JOB)
    (folder / "timeline.json").symlink_to("/nowhere")
    (folder / "tmp" / "deep").mkdir(parents=True)
    (folder / "upload.mp4").write_bytes(b"x")
    jobs = Jobs(make_settings(tmp_path), lambda _: None)
    jobs.store.empty(JOB)
    assert [path.name for path in folder.iterdir()] == ["job.json"]


def test_a_link_among_the_recordings_is_not_followed(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path / "recordings")
    folder = recordings.begin()
    (tmp_path / "secret").write_text("secret")
    (folder / "video.mp4").symlink_to(tmp_path / "secret")
    (folder / "timeline.json").write_text("{}")
    recordings.end(None)
    (found,) = recordings.listed()
    assert [file["name"] for file in found["files"]] == ["timeline.json"]
    with pytest.raises(Refusal):
        recordings.file(found["id"], "video.mp4")
