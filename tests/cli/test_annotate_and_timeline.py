"""`ferpipe annotate` and `ferpipe timeline` on real pictures and clips."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from ferpipe.cli import main
from ferpipe.resources import shipped
from ferpipe.timeline import load

CLIP = "intel_head-pose-female-and-male.mp4"


@pytest.fixture(scope="module")
def video() -> Path:
    """The shipped sample, in which people come and go."""
    return shipped("samples") / "demo.mp4"


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    cv2 = pytest.importorskip("cv2")
    data = pytest.importorskip("skimage.data")
    path = tmp_path / "astronaut.png"
    cv2.imwrite(str(path), data.astronaut()[:, :, ::-1])
    return path


def test_annotate_keeps_every_time_stamp_and_the_sound(video, tmp_path):
    out, timeline = tmp_path / "out.mp4", tmp_path / "out.json"
    assert main(["annotate", str(video), "-o", str(out), "--timeline", str(timeline), "-q"]) == 0
    with av.open(str(video)) as before, av.open(str(out)) as after:
        assert [s.type for s in after.streams] == [s.type for s in before.streams]
        times = [[float(f.time) for f in c.decode(video=0)] for c in (before, after)]
    assert times[1] == pytest.approx(times[0], abs=1e-4)
    told = load(timeline)
    assert [frame["time"] for frame in told.frames] == pytest.approx(times[0], abs=1e-6)
    assert len(told.tracks) >= 2


@pytest.mark.shared
def test_two_people_keep_their_ids_on_a_real_clip(media, tmp_path):
    out = tmp_path / "t.json"
    assert main(["timeline", str(media / CLIP), "-o", str(out), "-q"]) == 0
    timeline = load(out)
    assert len(timeline.tracks) == 2
    assert timeline.summary["frames_without_faces"] == 0


@pytest.mark.shared
def test_both_executors_write_the_same_bytes(media, tmp_path):
    for executor in ("inline", "threads"):
        target = str(tmp_path / f"{executor}.jsonl")
        assert main(["timeline", str(media / CLIP), "-o", target, "-q", "--executor", executor]) == 0
    assert (tmp_path / "inline.jsonl").read_bytes() == (tmp_path / "threads.jsonl").read_bytes()


def test_a_still_gets_a_timeline_of_one_frame(portrait, tmp_path):
    assert main(["timeline", str(portrait), "-q"]) == 0
    timeline = load(tmp_path / "astronaut.timeline.json")
    (frame,) = timeline.frames
    (face,) = frame["faces"]
    assert face["label"] == "happy"


def test_several_inputs_each_get_their_own_and_one_failure_does_not_stop_the_rest(portrait, tmp_path, capsys):
    missing = tmp_path / "missing.mp4"
    code = main(
        ["timeline", str(missing), str(portrait), "-o", str(tmp_path / "out"), "--format", "csv", "-q"]
    )
    assert code == 2
    assert "missing.mp4" in capsys.readouterr().err
    assert (tmp_path / "out" / "astronaut.timeline.csv").exists()


def test_a_folder_of_stills_is_one_timeline(portrait, tmp_path):
    folder = tmp_path / "stills"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(portrait.read_bytes())
    assert main(["timeline", str(folder), "-o", str(tmp_path / "t.json"), "-q"]) == 0
    assert len(load(tmp_path / "t.json").frames) == 2


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["annotate", "nowhere.mp4"], "nowhere.mp4"),
        (["annotate", "portrait.jpg"], "not a video"),
        (["timeline", "a.mp4", "x/a.mp4", "-o", "out"], "written twice"),
        (["timeline"], "VIDEOS"),
        (
            ["annotate", "x.mp4", "--detector", "magic"],
            "'magic' is not a face detector: the installed",
        ),
        (["timeline", "x.mp4", "--detector", "blazfaec"], "did you mean 'blazeface'?"),
        (["timeline", "x.mp4", "--detector", "track"], "'track' is not a face detector"),
    ],
)
def test_mistakes_are_a_line_and_exit_code_2(args, says, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(args) == 2
    told = capsys.readouterr().err
    assert says in told
    assert "Traceback" not in told


def test_unrelated_stills_do_not_colour_each_other(portrait, tmp_path):
    cv2 = pytest.importorskip("cv2")
    matplotlib = pytest.importorskip("matplotlib")
    folder = tmp_path / "stills"
    folder.mkdir()
    portrait.rename(folder / "a.png")
    hopper = cv2.imread(str(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"))
    cv2.imwrite(str(folder / "b.png"), hopper)
    assert main(["timeline", str(folder), "-o", str(tmp_path / "both.json"), "-q", "--every", "2"]) == 0
    assert main(["timeline", str(folder / "b.png"), "-o", str(tmp_path / "alone.json"), "-q"]) == 0
    (face,), (alone,) = (load(tmp_path / f"{name}.json").frames[-1]["faces"] for name in ("both", "alone"))
    assert (face["label"], face["probabilities"]) == (alone["label"], alone["probabilities"])


def test_a_video_may_have_brackets_in_its_name(video, tmp_path):
    odd = tmp_path / "Talk [x1*].mp4"
    odd.write_bytes(video.read_bytes())
    args = ["timeline", str(odd), "-q", "--set", "file.end=0.4"]
    assert main(args) == 0
    assert load(tmp_path / "Talk [x1*].timeline.json").source["name"] == odd.name


def test_a_name_with_a_dollar_is_a_name(portrait, tmp_path):
    odd = tmp_path / "${HOME} 100%.png"
    portrait.rename(odd)
    assert main(["timeline", str(odd), "-o", str(tmp_path / "t.json"), "-q"]) == 0


def test_a_name_that_ends_in_a_slash_is_a_folder(portrait, tmp_path):
    assert main(["timeline", str(portrait), "-o", f"{tmp_path}/new one/", "-q"]) == 0
    assert (tmp_path / "new one" / f"{portrait.stem}.timeline.json").is_file()


CENTRE = """
from ferpipe import Box, Face, Options, Stage, hookimpl

class Centre(Stage[Options]):
    "Takes the middle of each picture for a face."
    gives = frozenset({"faces"})

    def process(self, packet):
        height, width = packet.frame.image.shape[:2]
        return packet.replace(faces=[Face(Box(width / 4, height / 4, width / 2, height / 2), 1.0)])

@hookimpl
def ferpipe_stages():
    return {"centre": Centre}
"""


def test_any_installed_detector_will_do(portrait, tmp_path, capsys):
    plugin = tmp_path / "centre.py"
    plugin.write_text(CENTRE)
    target = tmp_path / "t.json"
    common = [
        "timeline",
        str(portrait),
        "-o",
        str(target),
        "-q",
        "--plugin",
        str(plugin),
        "--detector",
        "centre",
    ]
    assert main(common) == 0
    (face,) = load(target).frames[0]["faces"]
    height, width = 512, 512
    assert face["box"] == pytest.approx([width / 4, height / 4, width / 2, height / 2], abs=0.06)
    film = shipped("samples") / "demo.mp4"
    assert main(["timeline", str(film), "-o", str(tmp_path / "x.json"), *common[4:], "--every", "2"]) == 2
    assert (
        "'centre' processes every frame and has no option 'every': leave --every out"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("detector", ["blazeface", "haar"])
def test_the_shipped_detectors_are_offered_by_the_shell(detector):
    from ferpipe.cli._complete import detectors

    assert detector in detectors(None, None, detector[:2])
    assert detectors(None, None, "tr") == []
