"""CPU time a frame of decoding a video file to BGR, by way of decoding.

    python benchmarks/decode.py VIDEO...

Every variant decodes each file from the first to the last frame, three times, taking turns; the
smallest CPU time of the process counts, which other work on the machine disturbs least.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import cv2
from av.video.reformatter import Interpolation, VideoReformatter

from ferpipe.testing import TestContext
from ferpipe_sources.file import FileOptions, FileSource

cv2.setNumThreads(1)
ROUNDS = 3


def frames(path: str, threads: int = 1, kind: str = "SLICE") -> Iterator[av.VideoFrame]:
    with av.open(path) as container:
        context = container.streams.video[0].codec_context
        context.thread_count, context.thread_type = threads, kind
        yield from container.decode(video=0)


def only_decode(path: str) -> int:
    return sum(1 for _ in frames(path))


def frame_threads(path: str) -> int:
    return sum(1 for _ in frames(path, 2, "FRAME"))


def plain_to_ndarray(path: str) -> int:
    return sum(frame.to_ndarray(format="bgr24").ndim > 0 for frame in frames(path))


def one_reformatter(path: str, interpolation: Interpolation | None = None) -> int:
    convert = VideoReformatter().reformat
    pictures = (
        convert(frame, format="bgr24", interpolation=interpolation, threads=1).to_ndarray()
        for frame in frames(path)
    )
    return sum(picture.ndim > 0 for picture in pictures)


def accurate(path: str) -> int:
    return one_reformatter(path, Interpolation.BILINEAR | Interpolation.ACCURATE_RND)


def cvt_color(path: str) -> int:
    return sum(cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2BGR_I420).ndim > 0 for frame in frames(path))


def opencv(path: str) -> int:
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    count = 0
    while capture.read()[0]:
        count += 1
    return count


def the_stage(path: str) -> int:
    source = FileSource(FileOptions(path=path))
    source.open(TestContext(Path.cwd()))
    count = sum(1 for _ in source.frames())
    source.close()
    return count


VARIANTS: dict[str, Callable[[str], int]] = {
    "decode only, 1 thread": only_decode,
    "decode only, 2 frame threads": frame_threads,
    "to_ndarray(format='bgr24')": plain_to_ndarray,
    "one reformatter": one_reformatter,
    "one reformatter, ACCURATE_RND": accurate,
    "cv2.cvtColor of I420 (BT.601 only)": cvt_color,
    "cv2.VideoCapture, 1 thread": opencv,
    "the stage `file`": the_stage,
}


def cpu_milliseconds(variant: Callable[[str], int], path: str) -> float:
    began = time.process_time()
    count = variant(path)
    return 1000 * (time.process_time() - began) / count


def main(paths: list[str]) -> None:
    for path in paths:
        best = dict.fromkeys(VARIANTS, float("inf"))
        for _ in range(ROUNDS):
            for name, variant in VARIANTS.items():
                best[name] = min(best[name], cpu_milliseconds(variant, path))
        print(path)
        for name, cost in best.items():
            print(f"  {name:36s} {cost:6.2f} ms CPU a frame")


if __name__ == "__main__":
    main(sys.argv[1:])
