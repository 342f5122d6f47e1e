"""Names, addresses and options of any kind, against a watch of every file opened and every socket made.

SECURITY.md says what a pipeline that is not trusted can do at most; here it tries to do more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from support.watch import Case, watched

STEMS = [
    "clip.mp4",
    "precious.json",
    "x%03d.png",
    "x001.png",
    "loot",
    "pipe",
    "link.mp4",
    "p.yaml",
    "folder",
    "",
]
BEFORE = [
    "",
    "file:",
    "file://",
    "tcp:127.0.0.1:9/",
    "udp://127.0.0.1:9/",
    "http://127.0.0.1:9/",
    "http:",
    "ftp://127.0.0.1:9/",
    "concat:",
    "concatf:",
    "subfile,,start,0,end,0,,:",
    "crypto:",
    "data:",
    "pipe:",
    "pipe:1",
    "tee:",
    "md5:",
    "cache:",
    "async:",
    "unix:",
    "rtmp://127.0.0.1:9/",
    "rtp://127.0.0.1:9/",
    "srt://127.0.0.1:9?mode=listener&x=",
    "gopher://",
    "lavfi:",
    "hls+file://",
    "ipfs://",
    "../",
    "../../",
    "/",
    "/tmp/../",
    "~/",
    "./",
    "out/",
    "out/../",
    "//",
    "a:b:",
    "\t",
    "\n",
    " ",
    "-",
    "--",
    "\\",
    "%d",
    "%v_",
    "${HOME}",
    "fd:",
    "sftp://127.0.0.1:9/",
    "amqp://",
    "icecast://",
]
AFTER = [
    "",
    ".mp4",
    ".mkv",
    ".m3u8",
    ".json",
    ".csv",
    ".png",
    ".mpd",
    "|clip.mp4",
    "?listen=1",
    "%03d.png",
    "#x",
    ":9",
    "/",
    "/..",
    "\0",
    ".part",
    ".tflite",
    "?timeout=1",
    "%v.m3u8",
    ".sdp",
    ".ffconcat",
    ".idx",
    ".jpg",
]
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=6)
NAMES = st.builds(
    "".join, st.tuples(st.sampled_from(BEFORE), st.sampled_from(STEMS) | WORDS, st.sampled_from(AFTER))
)

SOURCE, NULL = {"use": "file", "with": {"path": "clip.mp4", "end": 0.2}}, {"use": "null"}


def reading(use: str, option: str, more: dict[str, Any]) -> Any:
    return lambda name: [{"use": use, "with": {option: name, **more}}, NULL]


def writing(use: str, option: str, before: list[dict[str, Any]]) -> Any:
    return lambda name: [SOURCE, *before, {"use": use, "with": {option: name}}]


LIVE = {"live": False, "reconnect": False, "open_timeout": 1, "read_timeout": 1, "stall_timeout": 1}
BLAZE = [{"use": "blazeface"}]
READERS = {
    "file": reading("file", "path", {"end": 0.2}),
    "images": reading("images", "path", {}),
    "rtsp": reading("rtsp", "url", LIVE),
    "webcam": reading("webcam", "device", {"reconnect": False}),
}
OTHERS = {
    "align": lambda name: [SOURCE, *BLAZE, {"use": "align", "with": {"framing": name}}, NULL],
    "litert": lambda name: [
        SOURCE,
        *BLAZE,
        {"use": "align"},
        {"use": "litert", "with": {"model": name}},
        NULL,
    ],
    "yunet": lambda name: [SOURCE, {"use": "yunet", "with": {"model": name}}, NULL],
}
WRITERS = {
    "video": writing("video", "path", []),
    "timeline": writing("timeline", "path", BLAZE),
    "stream": writing("stream", "url", []),
}
STAGES = READERS | OTHERS | WRITERS


@st.composite
def attempts(draw: st.DrawFn) -> tuple[str, str]:
    return draw(st.sampled_from(sorted(STAGES))), draw(NAMES)


def furnished(home: Path) -> None:
    """The user's own files, among them those that a pattern or a neighbouring name could reach."""
    for number in (1, 2):
        cv2.imwrite(str(home / f"x{number:03d}.png"), np.full((32, 32, 3), 99, np.uint8))
    (home / "folder").mkdir(exist_ok=True)
    (home / "folder" / "inner.mp4").write_bytes((home / "clip.mp4").read_bytes())
    (home / "link.mp4").unlink(missing_ok=True)
    (home / "link.mp4").symlink_to("clip.mp4")


def own(home: Path, paths: set[str]) -> set[str]:
    """Those of the user's folder, without the pipeline itself and the folders on the way."""
    inside = {path for path in paths if Path(path).is_relative_to(home.parent)}
    return {path for path in inside if not Path(path).is_dir() and path != str(home / "p.yaml")}


def check(home: Path, use: str, name: str, case: Case) -> None:
    out, what = home / "out", f"{use}: {name!r} ended with {case.code}"
    outside = {path for path in case.written if not Path(path).is_relative_to(out)}
    # What native libraries say is caught in a file without a name in the folder for such files.
    assert {path for path in outside if Path(path).parent != home.parent / "temporary"} <= {
        str(home.parent / "temporary")
    }, what
    assert case.code in {"0", "1", "2"}, what
    assert not [one for one in case.sockets if one.startswith("listen")], what
    if use != "rtsp":
        assert case.sockets == [], what
    allowed = {str(home / "clip.mp4")} if use not in READERS else set()
    read = {path for path in own(home, case.read) if not Path(path).is_relative_to(out)}
    if "\0" not in name:
        named = (home / Path(name).expanduser()).resolve()
        allowed.add(str(named))
        allowed |= {path for path in read if named.is_dir() and Path(path).is_relative_to(named)}
        allowed |= {path for path in read if use == "litert" and Path(path).suffix == ".json"}
    if use in {"file", "rtsp", "webcam"} | OTHERS.keys() | WRITERS.keys():
        assert read <= allowed, what
    else:  # a pattern of names reads what fits it, in its own folder
        assert {Path(path).suffix for path in read} <= {".png", ".jpg", ".mp4"}, what
    assert (home / "precious.json").read_text() == "precious", what


def tried(home: Path, pairs: list[tuple[str, str]]) -> None:
    furnished(home)
    pairs = [(use, name) for use, name in pairs if name]
    cases = watched(home, [STAGES[use](name) for use, name in pairs], timeout=540)
    for (use, name), case in zip(pairs, cases, strict=True):
        check(home, use, name, case)


LOOSE = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
    database=None,
    derandomize=True,
)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_names_that_have_been_tried_before(home: Path) -> None:
    """What once sent pictures away, read a neighbour, or replaced a file."""
    names = {
        "video": [
            "tcp:127.0.0.1:9.mkv",
            "udp://127.0.0.1:9/x.mkv",
            "http://127.0.0.1:9/x.mkv",
            "file:x.mp4",
            "../x.mp4",
        ],
        "stream": [
            "hls_%v.m3u8",
            "a%d.m3u8",
            "http://127.0.0.1:9/x.m3u8",
            "tcp:127.0.0.1:9.m3u8",
            "~/x.m3u8",
        ],
        "timeline": ["tcp:127.0.0.1:9.json", "/tmp/../loot.json", "out/../../loot.json"],
        "file": [
            "x%03d.png",
            "concat:clip.mp4|clip.mp4",
            "http://127.0.0.1:9/x.mp4",
            "subfile,,start,0,end,0,,:clip.mp4",
        ],
        "images": ["x%03d.png", "http://127.0.0.1:9/x.png"],
        "rtsp": [
            "tcp://127.0.0.1:9933?listen=1",
            "file:clip.mp4",
            "http://127.0.0.1:9933/x?listen=1",
            "concat:clip.mp4",
        ],
        "webcam": ["clip.mp4", "/etc/passwd"],
    }
    tried(home, [(use, name) for use, some in names.items() for name in some])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_names_of_all_kinds(home: Path) -> None:
    @settings(LOOSE, max_examples=1)
    @given(pairs=st.lists(attempts(), min_size=120, max_size=120))
    def trial(pairs: list[tuple[str, str]]) -> None:
        assume(len(set(pairs)) > 90)  # hypothesis begins with the simplest, all of them alike
        tried(home, pairs)

    trial()
