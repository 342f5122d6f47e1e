"""How often labels change on real clips, before and after smoothing; what that costs in lag; and how much
they depend on where a clip starts.

    python benchmarks/flicker.py            the defaults of `smooth`, clip by clip
    python benchmarks/flicker.py --grid     many settings, all clips together

The clips are those under FERPIPE_SHARED/media.  They run through file, blazeface, track, align
and litert once; the smoother then runs on what came out.  A change is a track's label that
differs from the one of the face's frame before.  Lag is how long a true change of expression is
shown late: a track of one class turns into another at once, with the noise of the real clips.  Starts: each
clip is cut at ten starts in its first half; how much the seconds a label differ from those of the
whole clip by more than the time cut off, at worst, and which share of the frames later than 1 and 2 s
after a start has another label.
"""

from __future__ import annotations

import argparse
import os
from itertools import product
from pathlib import Path

import numpy as np

from ferpipe import Emotion, Face, Packet, Pipeline
from ferpipe.testing import make_packet
from ferpipe_emotion.smooth import Smooth, SmoothOptions

SHARED = Path(os.environ.get("FERPIPE_SHARED", Path(__file__).resolve().parent.parent.parent / "shared"))


def classified(clip: Path, every: int = 1, model: str = "base") -> list[Packet]:
    """The packets of a clip with emotions, without their pictures."""
    detector = ("blazeface", {"model": "back", "every": every})
    pipeline = Pipeline.of(
        ("file", {"path": str(clip)}), detector, "track", "align", ("litert", {"model": model})
    )
    return [make_packet(time=packet.time, faces=packet.faces) for packet in pipeline]


def smoothed(packets: list[Packet], options: SmoothOptions) -> list[Packet]:
    stage = Smooth(options)
    return [stage.process(packet) for packet in packets]


def changes(packets: list[Packet]) -> tuple[int, float]:
    """Label changes, and the minutes that tracked faces were seen."""
    last: dict[int, tuple[int, str | None]] = {}
    count, seen = 0, 0
    for packet in packets:
        for face in packet.faces:
            if face.track is None or face.emotion is None:
                continue
            if face.track in last:
                time, label = last[face.track]
                count += label is not None and label != face.emotion.label
                seen += min(packet.time - time, 1_000_000)
            last[face.track] = (packet.time, face.emotion.label)
    return count, seen / 60e6


def residuals(packets: list[Packet]) -> np.ndarray:
    """What the real probabilities do around their own slow mean: noise for the made step."""
    tracks: dict[int, list[tuple[float, ...]]] = {}
    for packet in packets:
        for face in packet.faces:
            if face.track is not None and face.emotion is not None:
                tracks.setdefault(face.track, []).append(face.emotion.probabilities)
    rows = [np.array(track) for track in tracks.values() if len(track) >= 20]
    kernel = np.ones(11) / 11
    slow = [np.stack([np.convolve(c, kernel, "same") for c in track.T], axis=1) for track in rows]
    return np.concatenate([track - mean for track, mean in zip(rows, slow, strict=True)])


def lag(noise: np.ndarray, options: SmoothOptions, strength: float, trials: int = 60) -> float:
    """Median seconds from a change, neutral to happy, to the new label, at 25 frames a second."""
    classes = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    rest = (1 - strength) / 6
    before, after = np.full(7, rest), np.full(7, rest)
    before[6], after[3] = strength, strength
    rng = np.random.default_rng(0)
    found = []
    for _ in range(trials):
        start = int(rng.integers(0, max(1, len(noise) - 150)))
        stage = Smooth(options)
        shown = 6.0
        for i in range(150):
            shares = np.clip((before if i < 50 else after) + noise[(start + i) % len(noise)], 1e-3, None)
            emotion = Emotion(classes, tuple(shares / shares.sum()), classes[int(shares.argmax())])
            face = Face((0, 0, 1, 1), 1.0, track=1, emotion=emotion)
            packet = stage.process(make_packet(time=i * 40_000, faces=(face,)))
            if i >= 50 and packet.faces[0].emotion.label == "happy":
                shown = (i - 50) * 0.04
                break
        found.append(shown)
    return float(np.median(found))


Shown = dict[tuple[int | None, int], str | None]
"""The label of a track at a time."""


def shown(packets: list[Packet]) -> Shown:
    return {
        (face.track, packet.time): face.emotion.label
        for packet in packets
        for face in packet.faces
        if face.emotion is not None
    }


def spent(labels: Shown, step: float) -> dict[tuple[int | None, str], float]:
    """Seconds a track and a label, where a frame lasts `step` seconds."""
    found: dict[tuple[int | None, str], float] = {}
    for (track, _), label in labels.items():
        if label is not None:
            found[track, label] = found.get((track, label), 0.0) + step
    return found


def starts(packets_of: dict[str, list[Packet]], options: SmoothOptions) -> tuple[float, float, float]:
    """Worst seconds beyond the time cut off; shares of frames that differ 1 and 2 s after a start."""
    worst, late, differing = 0.0, [0, 0], [0, 0]
    for packets in packets_of.values():
        step = float(np.median(np.diff([packet.time for packet in packets]))) / 1e6
        whole = shown(smoothed(packets, options))
        seconds = spent(whole, step)
        for cut in range(0, len(packets) // 2, max(1, len(packets) // 20)):
            part, start = shown(smoothed(packets[cut:], options)), packets[cut].time
            other = spent(part, step)
            for key in seconds.keys() | other.keys():
                off = abs(seconds.get(key, 0.0) - other.get(key, 0.0)) - cut * step
                worst = max(worst, off)
            for i, limit in enumerate((1_000_000, 2_000_000)):
                old = [key for key in part if key[1] >= start + limit]
                late[i] += len(old)
                differing[i] += sum(part[key] != whole[key] for key in old)
    return worst, differing[0] / max(1, late[0]), differing[1] / max(1, late[1])


def rate(packets_of: dict[str, list[Packet]], options: SmoothOptions | None) -> float:
    counts = [changes(p if options is None else smoothed(p, options)) for p in packets_of.values()]
    return sum(count for count, _ in counts) / sum(minutes for _, minutes in counts)


def grid(packets_of: dict[str, list[Packet]], noise: np.ndarray) -> None:
    print(f"before: {rate(packets_of, None):.1f} changes a minute")
    print(
        "margin hold window lasting | changes a minute | lag, clear (0.8), faint (0.45) | starts: s, 1 s, 2 s"
    )
    for margin, hold, window, lasting in product(
        (0.1, 0.15, 0.2), (0.2, 0.3), (0.6, 1, 1.5), (0.2, 0.3, 0.5)
    ):
        options = SmoothOptions(margin=margin, hold=hold, window=window, lasting=lasting)
        lags = lag(noise, options, 0.8, 15), lag(noise, options, 0.45, 15)
        off, after_1, after_2 = starts(packets_of, options)
        changed = rate(packets_of, options)
        print(
            f"{margin:6} {hold:4} {window:6} {lasting:7} | {changed:16.1f} | {lags[0]:5.2f} {lags[1]:5.2f} |"
            f" {off:5.2f} {after_1:6.1%} {after_2:6.1%}",
            flush=True,
        )


def defaults(packets_of: dict[str, list[Packet]], noise: np.ndarray) -> None:
    options = SmoothOptions()
    print(f"{options}")
    print(f"{'clip':44} {'face minutes':>12} {'before':>8} {'after':>8}  label changes a minute")
    for name, packets in packets_of.items():
        (raw, minutes), (after, _) = changes(packets), changes(smoothed(packets, options))
        if minutes:
            print(f"{name:44} {minutes:12.2f} {raw / minutes:8.1f} {after / minutes:8.1f}")
    print(f"{'all':44} {'':12} {rate(packets_of, None):8.1f} {rate(packets_of, options):8.1f}")
    off, after_1, after_2 = starts(packets_of, options)
    print(
        f"ten starts: {off:.2f} s more than was cut off; other labels 1 s later {after_1:.1%}, "
        f"2 s later {after_2:.1%}"
    )
    for strength in (0.8, 0.6, 0.45):
        print(
            f"a change of strength {strength} is shown after {lag(noise, options, strength):.2f} s (median)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--grid", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="detect on every Nth frame only")
    parser.add_argument("--model", default="base", help="a shipped network, or the path of a file")
    arguments = parser.parse_args()
    clips = sorted((SHARED / "media").glob("*.mp4"))
    packets_of = {clip.stem: classified(clip, arguments.every, arguments.model) for clip in clips}
    noise = np.concatenate([residuals(packets) for packets in packets_of.values()])
    (grid if arguments.grid else defaults)(packets_of, noise)


if __name__ == "__main__":
    main()
