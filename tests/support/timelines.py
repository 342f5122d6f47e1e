"""Timelines that tests make: people who show labels by a plan, or by chance that is seeded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ferpipe.timeline import FORMAT, Format, Timeline, Writer, format_of, load

CLASSES = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]

Plan = Callable[[float], "str | None"]
"""The label at a time in seconds; None where the person is not in view."""


def header(name: str = "talk.mp4", classes: Sequence[str] = CLASSES, **more: Any) -> Any:
    source = {"name": name, "size": 1000, "duration": None, "frames": None, "width": 640, "height": 360}
    rest = {"model": {"name": "base"}, "classes": list(classes), "measures": []}
    return {"format": FORMAT, "source": source, **rest, **more}


def face(track: int | None, label: str | None, probability: float = 0.8, **more: Any) -> Any:
    rest = round((1 - probability) / (len(CLASSES) - 1), 4)
    likely = {name: probability if name == label else rest for name in CLASSES}
    box = [10.0 + 100 * (track or 0), 20.0, 80.0, 90.0]
    return {
        "track": track,
        "box": box,
        "score": 0.9,
        "label": label,
        "probabilities": likely,
        "raw": likely,
        **more,
    }


def write(path: Path, frames: Iterable[Any], head: Any = None, *, complete: bool = True) -> Timeline:
    """Write frames ({"time", "faces"}) through the real writer, and read them back."""
    form: Format = format_of(path) or "json"
    writer = Writer(path, form, head or header(f"{path.stem}.mp4"))
    for index, frame in enumerate(frames):
        writer.write({"index": index, **frame})
    writer.close(complete=complete)
    return load(path)


def planned(path: Path, times: Sequence[float], *plans: Plan, head: Any = None, **options: Any) -> Timeline:
    """A timeline of people who follow their plans; `options` go to each face."""
    frames = [
        {
            "time": time,
            "faces": [
                face(i, label, **options)
                for i, plan in enumerate(plans, 1)
                if (label := plan(time)) is not None
            ],
        }
        for time in times
    ]
    return write(path, frames, head)


def wandering(
    path: Path, *, seconds: float, people: int, seed: int, fps: float = 30.0, name: str | None = None
) -> Timeline:
    """People whose probabilities wander as real ones do: smoothed ones, noisy raw ones, breaks."""
    chance = np.random.default_rng(seed)
    count = round(seconds * fps)
    tables = [_wander(chance, count, fps) for _ in range(people)]
    away = [_breaks(chance, count, fps) for _ in range(people)]

    def frames() -> Iterable[Any]:
        for i in range(count):
            faces = []
            for track, (smooth, raw) in enumerate(tables, 1):
                if away[track - 1][i]:
                    continue
                likely = {label: round(float(v), 4) for label, v in zip(CLASSES, smooth[i], strict=True)}
                rough = {label: round(float(v), 4) for label, v in zip(CLASSES, raw[i], strict=True)}
                shown = max(likely, key=lambda label: likely[label])
                faces.append(
                    {
                        **face(track, shown),
                        "box": [round(100 * track + 5 * np.sin(i / 50), 1), 40.0, 90.0, 96.0],
                        "probabilities": likely,
                        "raw": rough,
                    }
                )
            yield {"time": round(i / fps, 6), "faces": faces}

    return write(path, frames(), header(name or f"{path.stem}.mp4"))


def _wander(chance: np.random.Generator, count: int, fps: float) -> tuple[Any, Any]:
    """Logits that drift between moods, their softmax, and the same with noise a frame."""
    moods = np.zeros((count, len(CLASSES)))
    at = 0
    while at < count:
        until = min(count, at + int(fps * chance.uniform(1.5, 9)))
        moods[at:until, chance.choice(len(CLASSES), p=[0.06, 0.02, 0.06, 0.28, 0.12, 0.08, 0.38])] = 3.2
        at = until
    keep = 1 - 1 / (0.5 * fps)
    logits = np.empty_like(moods)
    value = moods[0]
    for i in range(count):
        value = keep * value + (1 - keep) * (moods[i] + chance.normal(0, 1.2, len(CLASSES)))
        logits[i] = value
    return _softmax(logits), _softmax(logits + chance.normal(0, 0.45, logits.shape))


def _softmax(logits: Any) -> Any:
    powers = np.exp(logits)
    return powers / powers.sum(1, keepdims=True)


def _breaks(chance: np.random.Generator, count: int, fps: float) -> Any:
    away = np.zeros(count, bool)
    for start in chance.choice(count, size=max(1, int(count / fps / 40))):
        away[start : start + int(fps * chance.uniform(0.2, 6))] = True
    return away
