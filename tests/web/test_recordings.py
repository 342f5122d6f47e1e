from __future__ import annotations

from pathlib import Path

import pytest

from ferpipe_web.errors import Refusal
from ferpipe_web.live.recordings import Recordings


def files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(name.encode())


def test_a_finished_recording_is_listed_with_its_files(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path)
    files(recordings.begin(), "video.mp4", "timeline.json")
    recordings.progress(25)
    current = recordings.current()
    assert current is not None
    recordings.end(None)
    recordings.end("a second time")
    (found,) = recordings.listed()
    assert (found["state"], found["error"], found["frames"]) == ("done", None, 25)
    assert [file["name"] for file in found["files"]] == ["video.mp4", "timeline.json"]
    assert recordings.file(found["id"], "video.mp4").read_bytes() == b"video.mp4"
    for name, file in ((found["id"], "recording.json"), (found["id"], "../x"), ("..", "video.mp4")):
        with pytest.raises(Refusal):
            recordings.file(name, file)
    recordings.remove(found["id"])
    assert list(tmp_path.iterdir()) == []


def test_what_could_not_be_finished_is_kept_and_can_be_played(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path)
    files(recordings.begin(), "video.mp4.part", "timeline.json.part")
    recordings.progress(25)
    recordings.end(None)
    (found,) = recordings.listed()
    assert (found["state"], found["error"]) == ("failed", "it could not be finished in time")
    assert [file["name"] for file in found["files"]] == ["video.mp4", "timeline.json"]


@pytest.mark.parametrize(("ending", "state"), [("", "done"), (".part", "failed")])
def test_a_killed_server_leaves_what_was_recorded(tmp_path: Path, ending: str, state: str) -> None:
    files(Recordings(tmp_path).begin(), f"video.mp4{ending}", f"timeline.json{ending}")
    again = Recordings(tmp_path)
    again.recover()
    (found,) = again.listed()
    assert (found["state"], len(found["files"])) == (state, 2)
    assert again.current() is None
