"""Make samples/demo.mp4 from two public-domain portraits, and its golden timeline.

    python samples/make_sample.py             # the video
    python samples/make_sample.py --golden    # the timeline, by running pipelines/demo.yaml on it

Two people enter from both sides, meet, cross and leave; for a while nobody is there; then both
come back at other sizes, look around and leave.  The same libraries give the same bytes.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from portraits import Pixels, Portrait, admiral, astronaut

HERE = Path(__file__).resolve().parent
VIDEO = HERE / "demo.mp4"
GOLDEN = HERE / "demo.timeline.json"

WIDTH, HEIGHT, RATE, SECONDS = 960, 540, 25, 12
SOUND_RATE = 44_100


@dataclass(frozen=True)
class Pose:
    """Where a portrait is: the middle of the face in pixels, its height, its turn in degrees."""

    x: float
    y: float
    height: float
    turn: float = 0.0


@dataclass(frozen=True)
class Scene:
    """One person on the stage from `start` to `end` seconds; poses at fractions of that time."""

    who: Portrait
    start: float
    end: float
    poses: tuple[tuple[float, Pose], ...]

    def at(self, time: float) -> Pose | None:
        """The pose at `time`, or None where the person is not there."""
        if not self.start <= time < self.end:
            return None
        part = (time - self.start) / (self.end - self.start)
        places = [place for place, _ in self.poses]
        after = next(i for i, place in enumerate(places) if place >= part and i > 0)
        (begin, a), (end, b) = self.poses[after - 1], self.poses[after]
        ease = 0.5 - 0.5 * math.cos(math.pi * (part - begin) / (end - begin))
        sway = math.sin(2 * math.pi * time / 1.3)
        values = [u + (v - u) * ease for u, v in zip(vars(a).values(), vars(b).values(), strict=True)]
        return Pose(values[0], values[1] + 2.5 * sway, values[2], values[3] + 1.2 * sway)


def background() -> Callable[[float], Pixels]:
    """A calm evening blue with slow, soft lights."""
    down = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None, None]
    wall = (
        np.array([0.46, 0.36, 0.27], np.float32) * (1 - down)
        + np.array([0.24, 0.17, 0.15], np.float32) * down
    )
    wall = np.repeat(wall, WIDTH, axis=1)
    chance = np.random.default_rng(7)
    lights = [
        (
            chance.uniform(0, WIDTH),
            chance.uniform(0, HEIGHT * 0.8),
            chance.uniform(18, 60),
            chance.uniform(-9, 9),
            np.array([chance.uniform(0.25, 0.6), chance.uniform(0.5, 0.75), chance.uniform(0.7, 1)]),
        )
        for _ in range(16)
    ]

    def at(time: float) -> Pixels:
        glow = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        for x, y, radius, speed, colour in lights:
            where = (round((x + speed * time) * 16), round(y * 16))
            one = np.zeros((HEIGHT, WIDTH), np.uint8)
            cv2.circle(one, where, round(radius * 16), (255,), -1, cv2.LINE_AA, 4)
            glow += one[..., None] * (colour * 0.16 / 255).astype(np.float32)
        return wall + cv2.GaussianBlur(glow, (0, 0), 5)

    return at


def laid_over(below: Pixels, who: Portrait, pose: Pose) -> Pixels:
    """`who` in `pose` over the picture, with a soft shadow."""
    scale = pose.height / who.height
    matrix = cv2.getRotationMatrix2D((who.x, who.y), pose.turn, scale)
    matrix[:, 2] += (pose.x - who.x, pose.y - who.y)
    placed = cv2.warpAffine(who.pixels, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)
    shadow = shadow_of(placed[..., 3])[..., None] * 0.45
    return below * (1 - shadow) * (1 - placed[..., 3:]) + placed[..., :3]


def shadow_of(opacity: Pixels) -> Pixels:
    """Soft, and a little to the lower right; made small, as nobody sees the difference."""
    small = cv2.resize(opacity, (WIDTH // 4, HEIGHT // 4), interpolation=cv2.INTER_AREA)
    moved = cv2.warpAffine(small, np.array([[1, 0, 1.5], [0, 1, 2.0]]), small.shape[::-1])
    return cv2.resize(cv2.GaussianBlur(moved, (0, 0), 3.5), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)


def scenes() -> list[Scene]:
    """Who is where, and when; the later ones stand in front."""
    collins, hopper = astronaut(), admiral()
    return [
        Scene(
            hopper,
            0.9,
            5.4,
            (
                (0, Pose(1130, 250, 128)),
                (0.36, Pose(700, 250, 132, 3)),
                (0.52, Pose(640, 252, 132, -3)),
                (1, Pose(-170, 250, 128)),
            ),
        ),
        Scene(
            collins,
            0.2,
            5.4,
            (
                (0, Pose(-170, 300, 140)),
                (0.34, Pose(330, 295, 150, -3)),
                (0.5, Pose(390, 295, 150, 4)),
                (1, Pose(1140, 290, 140)),
            ),
        ),
        Scene(
            collins,
            6.7,
            11.3,
            (
                (0, Pose(1120, 372, 92)),
                (0.35, Pose(690, 368, 96, -4)),
                (0.7, Pose(660, 364, 104, 5)),
                (1, Pose(1140, 372, 94)),
            ),
        ),
        Scene(
            hopper,
            7.3,
            12.0,
            (
                (0, Pose(-220, 290, 180)),
                (0.3, Pose(270, 275, 190, 4)),
                (0.75, Pose(300, 275, 200, -5)),
                (1, Pose(-220, 290, 190)),
            ),
        ),
    ]


def frames() -> Iterator[npt.NDArray[np.uint8]]:
    """Every picture of the film."""
    stage, people = background(), scenes()
    for number in range(RATE * SECONDS):
        time = number / RATE
        picture = stage(time)
        for scene in people:
            pose = scene.at(time)
            if pose is not None:
                picture = laid_over(picture, scene.who, pose)
        yield np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def sound() -> npt.NDArray[np.float32]:
    """A soft pad of four chords with a slow melody, mono."""
    chords = (
        (220.0, 261.63, 329.63),
        (174.61, 220.0, 261.63),
        (196.0, 246.94, 293.66),
        (164.81, 220.0, 261.63),
    )
    melody = (659.25, 587.33, 523.25, 587.33, 493.88, 523.25, 440.0, 440.0)
    time = np.arange(SOUND_RATE * SECONDS) / SOUND_RATE
    wave = np.zeros_like(time)
    length = SECONDS / len(chords)
    for number, chord in enumerate(chords):
        hull = np.clip(
            np.minimum(time - number * length + 0.4, (number + 1) * length + 0.4 - time) / 0.8, 0, 1
        )
        wave += hull * sum(np.sin(2 * np.pi * tone * time) for tone in chord) * 0.06
    for number, tone in enumerate(melody):
        since = time - number * SECONDS / len(melody)
        bell = np.where(since >= 0, np.exp(-np.maximum(since, 0) * 2.2) * np.minimum(1, since * 60), 0)
        wave += bell * np.sin(2 * np.pi * tone * since) * 0.12
    fade = np.minimum(1, np.minimum(time, SECONDS - time) / 0.5)
    return (wave * fade).astype(np.float32)


def write(path: Path) -> None:
    """Encode pictures and sound; one thread, so that the result does not depend on the machine."""
    with av.open(str(path), "w", options={"movflags": "faststart", "fflags": "bitexact"}) as out:
        options = {"preset": "slow", "crf": "25", "tune": "film", "threads": "1"}
        video = out.add_stream("libx264", rate=RATE, options=options)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.gop_size = 2 * RATE
        video.codec_context.colorspace, video.codec_context.color_range = 6, 1
        audio = out.add_stream("aac", rate=SOUND_RATE, layout="mono")
        audio.bit_rate = 64_000
        wave = sound()
        sent = 0
        for number, picture in enumerate(frames()):
            frame = av.VideoFrame.from_ndarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            out.mux(video.encode(frame))
            while sent < min(len(wave), (number + 1) * SOUND_RATE // RATE):
                chunk = av.AudioFrame.from_ndarray(
                    wave[None, sent : sent + 1024], format="fltp", layout="mono"
                )
                chunk.sample_rate, chunk.pts, chunk.time_base = SOUND_RATE, sent, Fraction(1, SOUND_RATE)
                out.mux(audio.encode(chunk))
                sent += 1024
        out.mux(video.encode(None))
        out.mux(audio.encode(None))


def write_golden() -> None:
    """Run the demo pipeline on the sample, and keep its timeline."""
    from ferpipe import Pipeline

    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / GOLDEN.name
        overrides = [f"timeline.path={made}", f"video.path={folder}/demo.mp4"]
        Pipeline.from_yaml(HERE.parent / "pipelines" / "demo.yaml", overrides=overrides).run()
        GOLDEN.write_bytes(made.read_bytes())


def main() -> None:
    """Make what was asked for."""
    parser = argparse.ArgumentParser(description="Make the sample video, or its golden timeline.")
    parser.add_argument("--golden", action="store_true", help="run the demo pipeline and keep its timeline")
    parser.add_argument("-o", "--output", type=Path, default=VIDEO, help="where the video goes")
    arguments = parser.parse_args()
    if arguments.golden:
        write_golden()
        print(f"wrote {GOLDEN}")
        return
    write(arguments.output)
    print(f"wrote {arguments.output} ({arguments.output.stat().st_size / 1e6:.2f} MB)")


if __name__ == "__main__":
    main()
