"""A stranger's pipeline under `--no-local-plugins --output-dir out`: sources, `out`, nothing else."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import imageio_ffmpeg
import pytest

from ferpipe.cli import main
from ferpipe.config import loads
from ferpipe.plugins import Registry
from ferpipe.testing import TestContext
from ferpipe.timeline import load
from ferpipe_sources.webcam import WebcamOptions, WebcamSource

BLAZE = {"use": "blazeface"}
TIMELINE = {"use": "timeline", "with": {"path": "t.json"}}
CODE = """
from pathlib import Path
from ferpipe import hookimpl

Path("ran").touch()


@hookimpl
def ferpipe_stages():
    return {}
"""

LEADS_SOMEWHERE = {
    ("file", "path"): "read",
    ("images", "path"): "read",
    ("webcam", "device"): "read, as a camera and nothing else",
    ("webcam", "format"): "one of a camera's",
    ("rtsp", "url"): "read; addresses only, and no local file on the way",
    ("yunet", "model"): "read; data and no code",
    ("litert", "model"): "read; data and no code",
    ("keras", "model"): "refused: may hold code",
    ("align", "framing"): "read",
    ("video", "path"): "written below the output folder",
    ("timeline", "path"): "written below the output folder",
    ("stream", "url"): "refused where it is an address; else written below the output folder",
}
"""Every option that is a path or an address, and what a stranger's pipeline gets of it."""

ONLY_WORDS = {
    ("webcam", "pixel_format"),
    ("stream", "bitrate"),
    ("window", "title"),
    ("litert", "classes"),
    ("keras", "classes"),
}
"""Options of free text that lead nowhere."""


def test_every_option_that_leads_somewhere_has_been_thought_of():
    """A new option of free text fails here until somebody has decided what a stranger may do with it."""
    free = set()
    for entry in Registry().entries():
        for name, schema in entry.stage.Options.model_json_schema()["properties"].items():
            choices = [schema, *schema.get("anyOf", ())]
            choices += [part["items"] for part in choices if isinstance(part.get("items"), dict)]
            if any(part.get("type") == "string" and not {"enum", "const"} & part.keys() for part in choices):
                free.add((entry.name, name))
    assert free == {*LEADS_SOMEWHERE, *ONLY_WORDS}


def test_a_plugin_file_does_not_run(home, run):
    (home / "kit.py").write_text(CODE)
    code, said = run(BLAZE, TIMELINE, plugins=["./kit.py"])
    assert (code, said.count("\n")) == (2, 1)
    assert "kit.py" in said
    assert not (home / "ran").exists()


@pytest.mark.parametrize("verb", ["validate", "graph"])
def test_nor_while_it_is_looked_at(home, capsys, verb):
    (home / "kit.py").write_text(CODE)
    (home / "p.yaml").write_text("version: 1\nplugins: [./kit.py]\nstages: [{use: file, with: {path: a}}]\n")
    assert main([verb, "p.yaml", "--no-local-plugins"]) == 2
    assert not (home / "ran").exists()
    assert main([verb, "p.yaml"]) == 0
    assert (home / "ran").exists()


def test_a_tag_of_python_is_refused(home, capsys):
    (home / "p.yaml").write_text(
        "version: 1\nname: !!python/object/apply:os.system ['touch ran']\nstages: []\n"
    )
    assert main(["run", "p.yaml"]) == 2
    assert "!!python/object/apply:os.system" in capsys.readouterr().err
    assert not (home / "ran").exists()


@pytest.mark.parametrize(
    "stages",
    [
        [{"use": "rtsp", "with": {"url": "http://127.0.0.1:9/${SECRET}"}}, BLAZE, TIMELINE],
        [BLAZE, {"use": "timeline", "with": {"path": "${SECRET}.json"}}],
        [BLAZE, {"use": "timeline", "with": {"path": "${SECRET:-x}.json"}}],
        [{"use": "file", "with": {"path": "${SECRET}"}}, BLAZE, TIMELINE],
        [{"use": "${SECRET}"}, BLAZE, TIMELINE],
    ],
)
def test_the_environment_is_withheld(home, run, monkeypatch, stages):
    monkeypatch.setenv("SECRET", "hunter2")
    code, said = run(*stages)
    assert code == 2
    assert "the variable SECRET is not given to a pipeline" in said
    assert "hunter2" not in said
    assert not (home / "out").exists()


def test_defaults_and_the_command_line_are_not_withheld(home, run, monkeypatch):
    monkeypatch.delenv("SECRET", raising=False)
    timeline = {"use": "timeline", "with": {"path": "${SECRET:-usual}.json"}}
    assert run(BLAZE, timeline) == (0, "")
    assert (home / "out" / "usual.json").exists()
    monkeypatch.setenv("SECRET", "hunter2")
    options = ("--no-local-plugins", "--output-dir", "out", "--set", "timeline.path=mine.json")
    assert run(BLAZE, TIMELINE, options=options) == (0, "")
    assert run(BLAZE, timeline, options=("--output-dir", "out")) == (0, "")
    assert {path.name for path in (home / "out").iterdir()} == {"usual.json", "mine.json", "hunter2.json"}


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "rtmp", "rtmps", "udp", "srt"])
def test_nothing_is_sent_away(run, scheme):
    with socket.socket(type=socket.SOCK_DGRAM if scheme in {"udp", "srt"} else socket.SOCK_STREAM) as ear:
        ear.bind(("127.0.0.1", 0))
        url = f"{scheme}://me:hunter2@127.0.0.1:{ear.getsockname()[1]}/x"
        code, said = run({"use": "stream", "with": {"url": url}})
        ear.setblocking(False)
        with pytest.raises(OSError):
            ear.recv(1)
    assert (code, said.count("\n")) == (2, 1)
    assert "it would send pictures to" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "url",
    ["file:///etc/x.m3u8", "http://host/x.m3u8", "tee://x.m3u8", "pipe:1", "concat:a|b", "crypto+file://x"],
)
def test_ffmpegs_other_protocols_are_no_outputs(run, url):
    code, said = run({"use": "stream", "with": {"url": url}}, options=("--output-dir", "out"))
    assert (code, said.count("\n")) == (2, 1)
    assert "neither one of rtsp://" in said


WRITES = "color=s=64x48:r=10:d=0.3,metadata=add:key=a:value=b,metadata=print:file=loot"


def test_a_camera_is_a_camera(home, run):
    """FFmpeg's `lavfi`, as a camera, is a language whose words write files, load code and open ports."""
    camera = {"use": "webcam", "with": {"device": WRITES, "format": "lavfi", "reconnect": False}}
    code, said = run(camera, BLAZE, TIMELINE)
    assert (code, said.count("\n")) == (2, 1)
    assert "can do more than read a camera" in said
    assert not (home / "loot").exists()
    assert run(camera, BLAZE, TIMELINE, options=())[0] == 0
    assert (home / "loot").exists()


@pytest.mark.parametrize("form", ["concat", "hls", "dash", "x11grab", "fbdev", "kmsgrab", "sdp", "image2"])
def test_other_formats_are_no_cameras(tmp_path, form):
    source = WebcamSource(WebcamOptions(device="/etc/passwd", format=form))
    with pytest.raises(Exception, match="can do more than read a camera"):
        source.open(TestContext(tmp_path, trusted=False))


@pytest.mark.parametrize("name", ["net.keras", "net.h5", "net/saved_model.pb", "net.json"])
def test_no_model_that_may_hold_code(home, run, name):
    path = home / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"{}")
    if path.suffix == ".json":
        (home / "net.h5").write_bytes(b"")
    model = str(path.parent if path.suffix == ".pb" else path)
    keras = {"use": "keras", "with": {"model": model, "classes": ["a", "b"], "input": {"scale": "raw"}}}
    code, said = run(BLAZE, {"use": "align"}, keras, TIMELINE)
    assert (code, said.count("\n")) == (2, 1)
    assert "which can hold code" in said


def test_a_side_file_cannot_lead_elsewhere(home, run):
    for file in ("../precious.json", "/etc/passwd"):
        (home / "net.json").write_text(
            '{"version": "ferpipe.model/1", "name": "x", "format": "litert", "classes": ["a", "b"], '
            f'"file": "{file}", "input": {{"height": 1, "width": 1}}}}'
        )
        litert = {"use": "litert", "with": {"model": "./net.json"}}
        code, said = run(BLAZE, {"use": "align"}, litert, TIMELINE)
        assert (code, said.count("\n")) == (2, 1)
        assert "must lie beside the side file" in said


def listener() -> tuple[socket.socket, str]:
    ear = socket.create_server(("127.0.0.1", 0))
    ear.settimeout(0.1)
    return ear, f"127.0.0.1:{ear.getsockname()[1]}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.m3u8", "#EXTM3U\n#EXTINF:2,\n{url}\n#EXT-X-ENDLIST\n"),
        ("a.m3u8", "\n\n#EXTM3U\n#EXTINF:2,\n{url}\n#EXT-X-ENDLIST\n"),
        ("a.txt", "ffconcat version 1.0\nfile {url}\n"),
        ("a.mpd", '<?xml version="1.0"?><MPD><BaseURL>{url}</BaseURL></MPD>'),
        ("a.sdp", ("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
                  "a=rtpmap:96 H264/90000\na=control:{url}\n")),
        ("a.rm", ".RMF{url}"),
        ("a.asx", "<asx version='3.0'><entry><ref href='{url}'/></entry></asx>"),
        ("a.ram", "rtsp://{host}/x\n"),
        ("a.xspf", "<playlist><trackList><track><location>{url}</location></track></trackList></playlist>"),
    ],
)  # fmt: skip
def test_a_file_source_reads_that_file_and_no_address(home, run, name, text):
    ear, host = listener()
    with ear:
        (home / name).write_text(text.format(url=f"http://{host}/x.ts", host=host))
        code, said = run({"use": "file", "with": {"path": name}}, BLAZE, TIMELINE)
        with pytest.raises(TimeoutError):
            ear.accept()
    assert (code, said.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    "text",
    ["ffconcat version 1.0\nfile {}\n", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n"],
)
@pytest.mark.parametrize("name", ["{}/clip.ts", "file:{}/clip.ts", "file://{}/clip.ts"])
def test_an_address_leads_to_no_file_of_this_machine(home, run, text, name):
    """A server answers with a playlist that names a local file; the frames of that never come."""
    (home / "www").mkdir()
    copy = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "clip.mp4", "-c", "copy", "clip.ts"]
    subprocess.run(copy, check=True, timeout=60)
    (home / "www" / "x.m3u8").write_text(text.format(name.format(home)))
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", "www"]
    with subprocess.Popen(
        command, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as web:
        try:
            assert web.stdout is not None
            port = web.stdout.readline().split(" port ")[1].split()[0]
            url = f"http://127.0.0.1:{port}/x.m3u8"
            stage = {
                "use": "rtsp",
                "with": {"url": url, "live": False, "reconnect": False, "open_timeout": 5},
            }
            code, said = run(stage, BLAZE, TIMELINE)
        finally:
            web.kill()
    assert code in {1, 2}
    assert said.count("\n") == 1
    assert not (home / "out" / "t.json").exists() or load(home / "out" / "t.json").frames == []


@pytest.mark.parametrize("text", ["ffconcat version 1.0\nfile clip.mp4\n", "#EXTM3U\n#EXTINF:2,\nclip.mp4\n"])
def test_a_named_pipe_leads_to_no_file(home, run, text):
    os.mkfifo(home / "pipe")
    options = {
        "url": f"fifo://{home}/pipe",
        "live": False,
        "reconnect": False,
        "stall_timeout": 3,
        "read_timeout": 1,
    }
    writer = threading.Thread(target=lambda: (home / "pipe").write_text(text), daemon=True)
    writer.start()
    code, said = run({"use": "rtsp", "with": options}, BLAZE, TIMELINE)
    writer.join(10)
    assert code in {1, 2}
    assert said.count("\n") == 1
    assert not (home / "out" / "t.json").exists() or load(home / "out" / "t.json").frames == []


@pytest.mark.parametrize("path", ["pipe.png", "/dev/zero", "/dev/null"])
@pytest.mark.parametrize("use", ["file", "images"])
def test_pipes_and_devices_are_no_sources(home, run, use, path):
    os.mkfifo(home / "pipe.png")
    code, said = run({"use": use, "with": {"path": path}}, BLAZE, TIMELINE)
    assert (code, said.count("\n")) == (2, 1)
    assert "is a pipe or device" in said


def test_nothing_but_the_output_folder_changes(home, run, tree, tmp_path):
    """A whole pipeline, in a process of its own whose home, temporary folder and place are watched."""
    (tmp_path / "tmp").mkdir()
    stages = [BLAZE, "track", "align", "litert", "smooth", "overlay"]
    sinks = [
        {"use": "video", "with": {"path": "v.mp4"}},
        {"use": "stream", "with": {"url": "s.m3u8"}},
        {"use": "timeline", "with": {"path": "t.csv"}},
    ]
    run({"use": "file", "with": {"path": "nothing"}})
    chain = [{"use": one} if isinstance(one, str) else one for one in [*stages, *sinks]]
    (home / "q.yaml").write_text(
        str({"version": 1, "stages": [{"use": "file", "with": {"path": "clip.mp4"}}, *chain]})
    )
    before = tree(tmp_path)
    places = {
        name: str(tmp_path / "tmp")
        for name in ("TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")
    }
    command = [
        sys.executable,
        "-B",
        "-m",
        "ferpipe",
        "run",
        "q.yaml",
        "--no-local-plugins",
        "--output-dir",
        "out",
    ]
    done = subprocess.run(
        command,
        cwd=home,
        env={**os.environ, **places},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    after = tree(tmp_path)
    fresh = {name for name in after.keys() | before.keys() if after.get(name) != before.get(name)}
    assert {Path(name).parts[:2] for name in fresh} == {("home", "out")}
    assert {"home/out/v.mp4", "home/out/s.m3u8", "home/out/t.csv"} <= fresh


@pytest.mark.parametrize("text", ["a\x1b[2Jb", "a\x9b31mb", "a\rferpipe: all is well\x08", "a\x07"])
def test_no_text_of_the_pipeline_steers_the_terminal(home, run, capsys, text):
    """Escapes in names and labels arrive written out, in errors and in what is said at the end."""
    for stages in (
        [{"use": "file", "with": {"path": text}}, BLAZE],
        [BLAZE, {"use": "timeline", "with": {"path": f"/{text}.json"}}],
        [{"use": text}],
        [BLAZE, {"use": "timeline", "with": {"path": f"{text}.json"}}],
    ):
        _, said = run(*stages, options=("--no-local-plugins", "--output-dir", "out"))
        main(["run", "p.yaml", "--no-local-plugins", "--output-dir", "out", "--overwrite"])
        said += capsys.readouterr().err
        assert said
        assert all(character.isprintable() or character == "\n" for character in said)


def test_a_bomb_of_aliases_is_refused_before_it_grows():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 40)]
    with pytest.raises(Exception, match="more than 20000 values"):
        loads("\n".join(lines))


def test_a_bomb_of_merges_is_refused_before_it_grows():
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}" for i in range(1, 40)]
    with pytest.raises(Exception, match="more than 20000 values"):
        loads("\n".join(lines))
