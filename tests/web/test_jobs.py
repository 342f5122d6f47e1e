"""Uploads become reports, survive a kill, and fail alone."""

from __future__ import annotations

import io
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import httpx
import pytest
from skimage import data
from support.web import Program, coded

from ferpipe.timeline import load

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ENDED = ("done", "failed", "cancelled")


def ended(job: dict[str, str]) -> bool:
    return job["state"] in ENDED


def test_a_film_becomes_a_report(serve: Callable[..., Program], film: bytes) -> None:
    program = serve()
    with httpx.Client(base_url=program.url, timeout=60) as client:
        answer = client.post("/api/jobs?name=../talk.mp4&video=1", content=film)
        assert answer.status_code == 201
        job = answer.json()
        assert (job["name"], job["state"], job["result"]) == ("talk.mp4", "queued", None)
        assert answer.headers["location"] == f"/api/jobs/{job['id']}"
        seen = set()
        done = program.until(
            answer.headers["location"], lambda job: seen.add(job["progress"]) or ended(job), 110
        )
        assert done["state"] == "done", done["error"]
        assert len(seen) >= 2, "there is progress"
        summary = done["result"]["summary"]
        assert (summary["frames"], summary["seconds"], summary["people"]) == (50, 2.0, 2)
        assert [file["name"] for file in done["result"]["files"]] == [
            "report.html",
            "timeline.json",
            "video.mp4",
        ]
        report = client.get(done["result"]["report"])
        assert report.headers["content-security-policy"].startswith("sandbox allow-scripts")
        assert "talk.mp4" in report.text
        assert str(program.data) not in report.text
        part = client.get(done["result"]["files"][2]["url"] + "?download=1", headers={"range": "bytes=0-99"})
        assert (part.status_code, len(part.content)) == (206, 100)
        assert "attachment" in part.headers["content-disposition"]
        folder = program.data / "jobs" / job["id"]
        assert load(folder / "timeline.json").complete
        assert {path.name for path in folder.iterdir()} == {
            "job.json",
            "report.html",
            "timeline.json",
            "video.mp4",
        }
        assert client.delete(f"/api/jobs/{job['id']}").status_code == 204
        assert client.get(f"/api/jobs/{job['id']}").status_code == 404
        assert not folder.exists()


def test_a_picture_a_damaged_film_and_a_cancelled_job(serve: Callable[..., Program], film: bytes) -> None:
    program = serve()
    picture = coded(cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR))
    damaged = film[:2000]
    with httpx.Client(base_url=program.url, timeout=60) as client:
        whole = client.post("/api/jobs", files={"file": ("film.mp4", io.BytesIO(film))}).json()
        cut = client.post("/api/jobs?name=cut.mp4", content=damaged).json()
        photo = client.post("/api/jobs", files={"file": ("photo.jpg", picture)}).json()
        assert [job["id"] for job in program.get("/api/jobs")["jobs"]] == sorted(
            (whole["id"], cut["id"], photo["id"]), reverse=True
        )
        program.until(f"/api/jobs/{whole['id']}", lambda job: job["state"] == "running")
        cancelled = client.delete(f"/api/jobs/{whole['id']}").json()
        assert cancelled["state"] == "cancelled"
        failed = program.until(f"/api/jobs/{cut['id']}", ended)
        assert failed["state"] == "failed"
        assert "not a video" in failed["error"]
        assert str(program.data) not in failed["error"]
        done = program.until(f"/api/jobs/{photo['id']}", ended)
        assert (done["state"], done["result"]["summary"]["faces"]) == ("done", 1), done
    for job in (whole, cut):
        assert [path.name for path in (program.data / "jobs" / job["id"]).iterdir()] == ["job.json"]


def test_a_killed_server_takes_its_job_up_again(serve: Callable[..., Program], film: bytes) -> None:
    program = serve()
    httpx.post(program.url + "/api/jobs?name=talk.mp4", content=film, timeout=60)
    (job,) = program.get("/api/jobs")["jobs"]
    program.until(f"/api/jobs/{job['id']}", lambda job: job["state"] == "running")
    program.process.send_signal(signal.SIGKILL)
    program.process.wait(10)
    wait_for_no_writer(program.data / "jobs" / job["id"] / "timeline.json.part")
    (program.data / "jobs" / "20260101-000000-0123456789abcdef").mkdir()  # an upload that was cut off
    again = serve()
    done = again.until(f"/api/jobs/{job['id']}", ended)
    assert (done["state"], done["result"]["summary"]["frames"]) == ("done", 50)
    assert len(list((program.data / "jobs").iterdir())) == 1
    manifest = program.data / "jobs" / job["id"] / "job.json"
    assert json.loads(manifest.read_text())["tries"] == 2


def wait_for_no_writer(path: Path) -> None:
    """A worker ends by itself when its server is gone."""
    sizes = [-1]
    for _ in range(100):
        sizes.append(path.stat().st_size if path.exists() else 0)
        if sizes[-1] == sizes[-2]:
            return
        time.sleep(0.3)
    pytest.fail("the worker goes on without its server")


def test_the_client_of_the_documentation(serve: Callable[..., Program], tmp_path: Path, film: bytes) -> None:
    import re
    import subprocess
    import sys

    page = (Path(__file__).parents[2] / "docs" / "serve.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    lines = [line for line in code.splitlines() if line and not line.startswith("#")]
    assert len(lines) <= 10
    (tmp_path / "client.py").write_text(code, encoding="utf-8")
    (tmp_path / "talk.mp4").write_bytes(film)
    program = serve()
    done = subprocess.run(
        [sys.executable, "client.py", program.url, "talk.mp4"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("done {'happy': "), done.stdout + done.stderr
