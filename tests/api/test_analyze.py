"""Faces and expressions in two lines, with the shipped networks on real pictures."""

from __future__ import annotations

import multiprocessing
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
import pytest
from skimage import data

import ferpipe
from ferpipe import ConfigError, UsageError, analysis, timeline
from ferpipe.cli import main
from ferpipe.resources import shipped

ASTRONAUT = np.ascontiguousarray(data.astronaut()[:, :, ::-1])


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a process that has not analysed anything yet."""
    warm = analysis._Warm()
    monkeypatch.setattr(analysis, "_warm", warm)
    yield
    warm.close()


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "astronaut.png"
    cv2.imwrite(str(path), ASTRONAUT)
    return path


def test_a_photo_in_two_lines(photo: Path) -> None:
    (face,) = ferpipe.analyze(str(photo))
    assert face.emotion.label == "happy"
    assert sum(face.emotion.probabilities) == pytest.approx(1, abs=1e-4)
    assert 150 < face.box.x < 200
    assert 50 < face.box.y < 100
    assert face.track is None


def told(faces: list[ferpipe.Face]) -> list[Any]:
    return [(face.box, face.emotion) for face in faces]


def test_paths_arrays_and_lists_agree(photo: Path) -> None:
    expected = told(ferpipe.analyze(photo))
    assert told(ferpipe.analyze(ASTRONAUT)) == expected
    assert told(ferpipe.analyze(data.astronaut(), color="rgb")) == expected
    several = ferpipe.analyze([photo, ASTRONAUT, np.zeros((50, 80, 3), np.uint8)])
    assert [told(faces) for faces in several] == [expected, expected, []]
    assert ferpipe.analyze(iter([ASTRONAUT]))[0][0].box == expected[0][0]
    assert ferpipe.analyze([]) == []


def test_grey_and_pillow(photo: Path) -> None:
    (face,) = ferpipe.analyze(cv2.cvtColor(ASTRONAUT, cv2.COLOR_BGR2GRAY))
    assert face.emotion.label == "happy"
    image = pytest.importorskip("PIL.Image").open(photo)
    assert told(ferpipe.analyze(image)) == told(ferpipe.analyze(photo))


def test_the_caller_s_array_is_neither_changed_nor_frozen() -> None:
    mine = ASTRONAUT.copy()
    ferpipe.analyze(mine)
    assert mine.flags.writeable
    assert np.array_equal(mine, ASTRONAUT)


def test_one_picture_does_not_depend_on_the_one_before() -> None:
    shifted = np.roll(ASTRONAUT, 130, axis=1)
    alone = told(ferpipe.analyze(shifted))
    assert told(ferpipe.analyze([ASTRONAUT, shifted, ASTRONAUT, shifted])[3]) == alone


@pytest.mark.usefixtures("cold")
def test_the_following_calls_set_nothing_up() -> None:
    def cost() -> float:
        before = process_time()
        ferpipe.analyze(ASTRONAUT)
        return process_time() - before

    threads = threading.active_count()
    first = cost()
    session = analysis._warm._sessions.copy()
    running = threading.active_count()
    later = min(cost() for _ in range(5))
    assert analysis._warm._sessions == session
    assert threading.active_count() == running == threads + 2
    assert session[next(iter(session))].report.sources[0].entered == 6
    assert later < first


@pytest.mark.usefixtures("cold")
def test_few_sets_of_networks_are_kept() -> None:
    for top in range(1, 7):
        ferpipe.analyze(ASTRONAUT, detector=("blazeface", {"max_faces": top}))
    assert len(analysis._warm._sessions) == 4
    assert "'max_faces': 6" in list(analysis._warm._sessions)[-1]


def test_threads_may_call_at_once() -> None:
    alone = told(ferpipe.analyze(ASTRONAUT))
    seen: list[Any] = []
    threads = [
        threading.Thread(target=lambda: seen.append(told(ferpipe.analyze(ASTRONAUT)))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [alone] * 4


def _count(queue: Any) -> None:
    queue.put(len(ferpipe.analyze(ASTRONAUT)))


def test_a_forked_process_starts_afresh() -> None:
    ferpipe.analyze(ASTRONAUT)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_count, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == 1
    child.join(20)
    assert child.exitcode == 0


def test_a_process_that_has_analysed_ends_cleanly(photo: Path) -> None:
    code = "import ferpipe, sys; print(ferpipe.analyze(sys.argv[1])[0].emotion.label)"
    done = subprocess.run(
        [sys.executable, "-c", code, str(photo)], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "happy\n", "")


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        ("nowhere.jpg", "nowhere.jpg is not there: check the path|is not there; check the path"),
        (ASTRONAUT.astype(float), "holds float64: scale it"),
        (7, "expected a path, an array, a PIL.Image or a list of them, found a int"),
        ([ASTRONAUT, 7], "a numpy array or a PIL.Image, not a int"),
    ],
)
def test_a_wrong_picture(pictures: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ferpipe.analyze(pictures)
    assert len(ferpipe.analyze(ASTRONAUT)) == 1, "and the next call works"


def test_a_broken_picture_and_a_folder(tmp_path: Path, photo: Path) -> None:
    (tmp_path / "bad.png").write_bytes(photo.read_bytes()[:20])
    with pytest.raises(UsageError, match=r"bad\.png is not a picture that can be read"):
        ferpipe.analyze(tmp_path / "bad.png")
    for name in "ab":
        shutil.copy(photo, tmp_path / f"{name}.png")
    with pytest.raises(UsageError, match="is 3 pictures: give a list of their paths"):
        ferpipe.analyze(tmp_path)


def test_a_wrong_choice() -> None:
    with pytest.raises(UsageError, match=r"'blazefase' is not a face detector: did you mean 'blazeface'\?"):
        ferpipe.analyze(ASTRONAUT, detector="blazefase")
    with pytest.raises(UsageError, match="'track' is not a face detector"):
        ferpipe.analyze(ASTRONAUT, detector="track")
    with pytest.raises(ConfigError, match=r"unknown option 'treshold' \(did you mean 'threshold'\?\)"):
        ferpipe.analyze(ASTRONAUT, detector=("blazeface", {"treshold": 0.3}))
    with pytest.raises(UsageError, match="no-such-model"):
        ferpipe.analyze(ASTRONAUT, model="no-such-model")
    with pytest.raises(UsageError, match="color is 'bgr' or 'rgb', not 'gbr'"):
        ferpipe.analyze(ASTRONAUT, color="gbr")  # type: ignore[call-overload]


def test_a_video_is_what_the_command_writes(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter_fourcc(*"mp4v"), 10, (512, 512))
    for _ in range(6):
        writer.write(ASTRONAUT)
    writer.release()
    found = ferpipe.analyze_video(film)
    assert len(found.frames) == 6
    assert [face["label"] for face in found.frames[-1]["faces"]] == ["happy"]
    assert found.tracks[0]["dominant"] == "happy"
    assert main(["timeline", str(film), "-o", str(tmp_path / "film.json"), "-q"]) == 0
    assert timeline.load(tmp_path / "film.json").frames == found.frames


def test_pictures_are_a_timeline_too(photo: Path) -> None:
    found = ferpipe.analyze_video(photo)
    assert [face["label"] for face in found.frames[0]["faces"]] == ["happy"]
    assert found.tracks == []


@pytest.mark.parametrize(
    ("video", "message"),
    [
        ("nowhere.mp4", "nowhere.mp4 does not exist"),
        ("rtsp://user:secret@host/x", r"\*\*\*@host/x is an address"),
    ],
)
def test_a_wrong_video(video: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        ferpipe.analyze_video(video)
    assert "secret" not in str(caught.value)
    with pytest.raises(UsageError, match="'smooth' is not a face detector"):
        ferpipe.analyze_video(shipped("samples") / "demo.mp4", detector="smooth")


def test_a_picture_is_a_still_to_the_detector() -> None:
    """Whoever is upside down is found by the second look that stills get, and has no emotion."""
    hopper = cv2.imread(str(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"))
    (upright,), (turned,) = ferpipe.analyze([hopper, np.ascontiguousarray(hopper[::-1, ::-1])])
    assert upright.emotion is not None
    assert turned.data["turned"]
    assert turned.emotion is None
