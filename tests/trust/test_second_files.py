"""No file that is read as a video leads FFmpeg to a second one: a watch of its system calls sees none."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import pytest

STRACE = shutil.which("strace")

READ = """
import sys
from pathlib import Path
from ferpipe.testing import TestContext, run_source
from ferpipe_sources.file import FileOptions, FileSource
from ferpipe_sinks._audio import open_source
Path("begin").exists()
for name in sys.argv[1:]:
    try:
        run_source(FileSource(FileOptions(path=name)), context=TestContext(Path(".")))
    except Exception as error:
        print(name, error)
    try:
        open_source(name).close()
    except Exception as error:
        print(name, error)
Path("end").exists()
"""

LISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n",
    "late.m3u8": "\n\n \n#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n",
    "list.ffconcat": "ffconcat version 1.0\nfile secret.ts\n",
    "list.txt": "ffconcat version 1.0\nfile 'secret.ts'\n",
    "list.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1">'
    "<BaseURL>secret.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "cpl.xml": '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016">'
    "<Id>urn:uuid:0</Id></CompositionPlaylist>",
    "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "sub.idx": "# VobSub index file, v7 (do not modify this line!)\nsize: 720x576\nid: en, index: 0\n"
    "timestamp: 00:00:01:000, filepos: 000000000\n",
    "script.avs": 'DirectShowSource("secret.mp4")\n',
    "script.vpy": "import vapoursynth\n",
    "graph.lavfi": "movie=secret.mp4\n",
    "x.ffmeta": ";FFMETADATA1\ntitle=x\n",
    "reference.mov": "",
}
"""What names a second file, by the name that FFmpeg would know it by, and its text."""


def reference_movie() -> bytes:
    """A QuickTime reference movie (rmra) that names secret.mov."""
    name = b"secret.mov\0"
    data = struct.pack(">I4sI4sI", 20 + len(name), b"rdrf", 0, b"url ", len(name)) + name
    for kind in (b"rmda", b"rmra", b"moov"):
        data = struct.pack(">I4s", 8 + len(data), kind) + data
    return struct.pack(">I4s4sI", 16, b"ftyp", b"qt  ", 0) + data


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "testsrc=s=32x32:r=25:d=1"]
    for name in ("secret.ts", "secret.mp4", "secret.mov", "secret.mpg"):
        subprocess.run([*made, "-pix_fmt", "yuv420p", str(tmp_path / name)], check=True, timeout=60)
    (tmp_path / "secret.mpg").rename(tmp_path / "sub.sub")
    for name, text in LISTS.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "reference.mov").write_bytes(reference_movie())
    only = ["-frames:v", "1"]
    for name in ("x001.png", "x002.png", "plain.png"):
        subprocess.run([*made, *only, str(tmp_path / name)], check=True, timeout=60)
    (tmp_path / "plain.png").rename(tmp_path / "x%03d.png")
    shutil.copy(tmp_path / "secret.mp4", tmp_path / "concat:x001.png|secret.ts")
    shutil.copy(tmp_path / "secret.mp4", tmp_path / "subfile,,start,0,end,9,,:secret.ts")
    return tmp_path


@pytest.mark.skipif(STRACE is None, reason="needs strace (apt-get install strace)")
def test_no_second_file_and_no_socket(home: Path) -> None:
    names = [*LISTS, "x%03d.png", "concat:x001.png|secret.ts", "subfile,,start,0,end,9,,:secret.ts"]
    watch = [str(STRACE), "-f", "-qq", "-e", "trace=%file,socket,connect,bind,listen", "-o", "trace.log"]
    try:
        done = subprocess.run(
            [*watch, sys.executable, "-c", READ, *names],
            cwd=home,
            timeout=110,
            capture_output=True,
            check=False,
        )
    except PermissionError:
        pytest.skip("this machine allows no strace")
    log = (home / "trace.log").read_text(errors="replace")
    if "begin" not in log:
        pytest.skip(f"strace does not work here: {done.stderr.decode()[-200:]}")
    assert done.returncode == 0, done.stderr.decode()
    seen = log[log.index('"begin"') : log.index('"end"')]
    opened = set(re.findall(r'(?:open|openat|creat)\((?:AT_FDCWD, )?"([^"]*)"', seen))
    assert {"x%03d.png", "sub.idx", "graph.lavfi"} <= opened  # the watch sees
    second = {name for name in opened if name not in names and not name.startswith("/")}
    assert second == set()
    assert {name for name in opened if str(home) in name} == set()
    assert not re.search(r"\b(connect|bind|listen)\(", seen)
