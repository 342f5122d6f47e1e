"""Damage real video files of many containers and codecs, and read each in a process of its own.

    python benchmarks/fuzz_files.py [--count 10000] [--seed 1] [--only gif] [--keep DIR]

Whatever the bytes, `ferpipe run` must give a result, or end with exit code 2 and lines that say what is
wrong.  A crash, a hang, a traceback, an internal error or another exit code is a finding; the damaged file
is kept in DIR.  The files are made here with ffmpeg, so that nothing is downloaded.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

__all__ = ["FILMS", "Finding", "Outcome", "damaged", "make_films", "read_in_own_process"]

PATIENCE = 60.0
"""Seconds of processor time after which reading counts as a hang."""

MEMORY = 4 << 30
"""Bytes of address space over what the parent has, after which an allocation fails."""

MOST_LINES = 2
"""Of an error that two stages saw."""

FILMS: dict[str, str] = {
    "h264.mp4": "-c:a aac",
    "fragmented.mp4": "-c:a aac -movflags frag_keyframe+empty_moov",
    "hevc.mp4": "-c:v libx265 -x265-params log-level=none -an",
    "av1.mp4": "-c:v libaom-av1 -cpu-used 8 -an",
    "mpeg4.mp4": "-c:v mpeg4 -an",
    "prores.mov": "-c:v prores_ks -c:a pcm_s16le",
    "prores4444.mov": "-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le -an",
    "dnxhd.mov": "-c:v dnxhd -profile:v dnxhr_sq -s 256x128 -pix_fmt yuv422p -an",
    "qtrle.mov": "-c:v qtrle -pix_fmt argb -an",
    "cinepak.mov": "-c:v cinepak -an",
    "jpeg2000.mov": "-c:v jpeg2000 -an",
    "png.mov": "-c:v png -an",
    "svq1.mov": "-c:v svq1 -pix_fmt yuv410p -an",
    "h264.mkv": "-c:a aac",
    "ffv1.mkv": "-c:v ffv1 -c:a flac",
    "snow.mkv": "-c:v snow -strict -2 -an",
    "vp8.webm": "-c:v libvpx -c:a libopus",
    "vp9.webm": "-c:v libvpx-vp9 -cpu-used 8 -an",
    "h264.ts": "-c:a aac",
    "mpeg2.ts": "-c:v mpeg2video -c:a mp2",
    "mpeg2.mpg": "-c:v mpeg2video -c:a mp2",
    "mpeg2.vob": "-c:v mpeg2video -f vob -an",
    "mpeg2.mxf": "-c:v mpeg2video -an",
    "mpeg4.avi": "-c:v mpeg4 -c:a mp3",
    "mjpeg.avi": "-c:v mjpeg -pix_fmt yuvj420p -an",
    "huffyuv.avi": "-c:v huffyuv -pix_fmt yuv422p -an",
    "utvideo.avi": "-c:v utvideo -an",
    "ffvhuff.avi": "-c:v ffvhuff -an",
    "msmpeg4.avi": "-c:v msmpeg4v2 -an",
    "zmbv.avi": "-c:v zmbv -pix_fmt bgr0 -an",
    "asv2.avi": "-c:v asv2 -an",
    "raw.avi": "-c:v rawvideo -pix_fmt bgr24 -an",
    "magicyuv.avi": "-c:v magicyuv -pix_fmt yuv420p -an",
    "wmv2.wmv": "-c:v wmv2 -c:a wmav2",
    "wmv1.asf": "-c:v wmv1 -c:a wmav2",
    "msmpeg4.wtv": "-c:v mpeg2video -f wtv -an",
    "h264.flv": "-c:a aac",
    "flv1.flv": "-c:v flv -c:a mp3",
    "flashsv.flv": "-c:v flashsv -pix_fmt bgr24 -an",
    "theora.ogv": "-c:v libtheora -c:a libvorbis",
    "vp8.ogv": "-c:v libvpx -an",
    "animation.gif": "-an",
    "animation.apng": "-f apng -plays 0 -pix_fmt rgb24 -an",
    "ffv1.nut": "-c:v ffv1 -an",
    "h263.3gp": "-c:v h263 -s 128x96 -an",
    "vp8.ivf": "-c:v libvpx -an",
    "raw.y4m": "-an",
    "raw.h264": "-an",
    "raw.hevc": "-c:v libx265 -x265-params log-level=none -an",
    "raw.m2v": "-c:v mpeg2video -an",
    "raw.mjpeg": "-c:v mjpeg -pix_fmt yuvj420p -an",
    "dv.dv": "-c:v dvvideo -s 720x576 -r 25 -pix_fmt yuv420p -frames:v 3 -an",
    "rv10.rm": "-c:v rv10 -s 176x144 -an",
    "flash.swf": "-c:v flv -r 10 -an",
    "roq.roq": "-c:v roqvideo -s 64x64 -r 30 -an",
    "film.mjpg": "-c:v mjpeg -pix_fmt yuvj420p -f mpjpeg -an",
    "still.png": "-frames:v 1 -an",
    "still.jpg": "-frames:v 1 -an",
    "still.tiff": "-frames:v 1 -an",
    "still.webp": "-frames:v 1 -an",
    "still.exr": "-frames:v 1 -pix_fmt gbrpf32le -an",
    "still.dpx": "-frames:v 1 -an",
    "still.jp2": "-frames:v 1 -an",
}
"""A name, and how ffmpeg makes the file; those whose encoder is not there are omitted."""


@dataclass(frozen=True)
class Outcome:
    """How reading ended: the exit code (negative: the signal), and what was written to standard error."""

    code: int
    said: str
    seconds: float


@dataclass(frozen=True)
class Finding:
    """A damaged file that was not dealt with."""

    name: str
    number: int
    outcome: Outcome
    why: str


def make_films(folder: Path, names: Iterator[str] | None = None) -> dict[str, bytes]:
    """The whole films by name, 48x32 (or as the codec wants) and ten frames."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error"]
    sources = ["-f", "lavfi", "-i", "testsrc=s=48x32:r=10:d=1", "-f", "lavfi", "-i", "sine=d=1:r=44100"]
    films = {}
    for name in names or FILMS:
        how = FILMS[name].split()
        pixels = (
            [] if "-pix_fmt" in how or name.startswith(("still", "animation")) else ["-pix_fmt", "yuv420p"]
        )
        pixels = ["-pix_fmt", "yuv422p10le"] if name == "prores.mov" else pixels
        made = subprocess.run(
            [*command, *sources, *pixels, *how, str(folder / name)],
            capture_output=True,
            check=False,
            timeout=60,
        )
        if made.returncode == 0 and (folder / name).exists():
            films[name] = (folder / name).read_bytes()
    return films


def damaged(content: bytes, chance: random.Random) -> bytes:
    """`content` with bytes changed, put in, taken out, repeated and cut, half of it where structures are."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 3, 5, 8, 13))):
        size = len(data)
        near = chance.choice(
            (range(min(size, 900) + 1), range(max(0, size - 900), size + 1), range(size + 1))
        )
        begin = chance.choice(near)
        length = chance.choice((1, 1, 2, 4, 8, 40))
        how = chance.choice(
            ("bit", "change", "change", "huge", "zero", "insert", "remove", "repeat", "move", "cut")
        )
        if how == "bit" and begin < size:
            data[begin] ^= 1 << chance.randrange(8)
        elif how == "change":
            data[begin : begin + length] = chance.randbytes(length)
        elif how in {"huge", "zero"}:
            data[begin : begin + length] = (b"\xff" if how == "huge" else b"\0") * length
        elif how == "insert":
            data[begin:begin] = chance.randbytes(length)
        elif how == "remove":
            del data[begin : begin + length]
        elif how == "repeat":
            data[begin:begin] = data[begin : begin + length] * chance.choice((1, 3, 100))
        elif how == "move":
            other = chance.randrange(size + 1)
            data[begin : begin + length] = data[other : other + length]
        elif chance.random() < 0.3:
            del data[max(begin, 1) :]
        data = data or bytearray(b"\0")
    return bytes(data)


def warm_up(content: bytes, folder: Path) -> None:
    """Read a whole film here, once, so that the children need not import everything again."""
    from ferpipe.cli import main

    path = folder / "whole.mp4"
    path.write_bytes(content)
    code = main(["run", str(_pipeline(folder, path)), "--quiet", "--overwrite"])
    if code:
        raise RuntimeError("a whole film cannot be read")


def read_in_own_process(path: Path, folder: Path) -> Outcome:
    """Read `path` with `ferpipe run` in a child of this process, and write it as a video with its sound."""
    log = folder / "said"
    started = time.monotonic()
    pid = os.fork()
    if not pid:
        _child(path, folder, log)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return Outcome(code, log.read_text(errors="replace"), time.monotonic() - started)


def _child(path: Path, folder: Path, log: Path) -> None:
    code = 99
    try:
        said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        resource.setrlimit(resource.RLIMIT_CPU, (int(PATIENCE), int(PATIENCE) + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (_address_space() + MEMORY, resource.RLIM_INFINITY))
        signal.alarm(int(10 * PATIENCE))
        from ferpipe.cli import main

        os.chdir(folder)
        code = main(["run", str(_pipeline(folder, path)), "--quiet", "--overwrite"])
    finally:
        sys.stderr.flush()
        os._exit(code)


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 -- Linux's own file
        return int(file.read().split()[0]) * resource.getpagesize()


def _pipeline(folder: Path, path: Path) -> Path:
    pipeline = folder / "p.yaml"
    pipeline.write_text(
        "version: 1\nrun: {executor: inline}\nstages:\n"
        f"  - use: file\n    with: {{path: '{path}'}}\n"
        f"  - use: video\n    with: {{path: '{folder}/out.mkv', preset: ultrafast, threads: 1}}\n"
    )
    return pipeline


def fault(outcome: Outcome) -> str:
    """What is wrong with how reading ended; empty where nothing is."""
    said = outcome.said
    if outcome.code < 0:
        return f"killed by {signal.Signals(-outcome.code).name}"
    for word in ("Traceback", "internal error"):
        if word in said:
            return word
    ours = [line for line in said.splitlines() if line.startswith("ferpipe: ")]
    if outcome.code not in {0, 2}:
        return f"exit code {outcome.code}: {_general(' '.join(ours) or said)[:200]}"
    if outcome.code == 2 and not 1 <= len(ours) <= MOST_LINES:
        return f"{len(ours)} lines"
    return ""


def _general(text: str) -> str:
    return re.sub(r"\d+", "N", re.sub(r"/\S*/", "", text))


def main() -> None:
    """Fuzz and report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=10_000, help="damaged files")
    parser.add_argument("--seed", type=int, default=1, help="where chance begins")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"), help="folder for what was found")
    parser.add_argument("--only", default="", help="kinds of files whose name has this in it")
    options = parser.parse_args()
    kinds: Counter[str] = Counter()
    codes: Counter[int] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        films = make_films(folder)
        print(f"{len(films)} kinds of files, not made: {sorted(FILMS.keys() - films)}", flush=True)
        warm_up(films["h264.mp4"], folder)
        names = sorted(name for name in films if options.only in name)
        for number in range(options.count):
            film = names[number % len(names)]
            path = folder / "fuzzed.bin"
            path.write_bytes(damaged(films[film], random.Random(f"{options.seed} {number}")))  # noqa: S311 -- to be repeated
            outcome = read_in_own_process(path, folder)
            codes[outcome.code] += 1
            why = fault(outcome)
            if why:
                kinds[f"{film}: {why}"] += 1
                options.keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, options.keep / f"{options.seed}-{number}-{film}")
                print(f"{number} {film}: {why} ({outcome.seconds:.1f} s)", flush=True)
            if number % 500 == 499:
                print(f"{number + 1} files, exit codes {dict(codes)}, {kinds.total()} findings", flush=True)
    print(f"\n{options.count} damaged files, exit codes {dict(codes)}, {kinds.total()} findings")
    for kind, n in kinds.most_common():
        print(f"{n:6} {kind}")


if __name__ == "__main__":
    main()
