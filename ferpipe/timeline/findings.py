"""What a timeline found, in a few lines for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ferpipe.timeline.model import Summary, Track
    from ferpipe.timeline.summary import SummaryBuilder

__all__ = ["findings"]

_LABELS = 3
"""Labels that are named of a person."""
_PEOPLE = 20
"""People that are named."""
_LEAST = 0.0005
"""Seconds below which a label is not worth naming."""
_NONE = "no emotion"
_UNSURE = "unsure"


def findings(builder: SummaryBuilder, classes: Sequence[str]) -> list[str]:
    """Who looked how for how long; of stills, where nobody is followed, how many faces looked how."""
    tracks = builder.tracks(classes)
    if not tracks:
        return [_untracked(builder, builder.summary(classes))]
    # Where there are too many to name, those seen longest are of interest.
    named = sorted(
        sorted(tracks, key=lambda track: -track["frames"])[:_PEOPLE], key=lambda track: track["id"]
    )
    more = len(tracks) - len(named)
    return [*map(_person, named), *([f"and {more} more"] if more else [])]


def _person(track: Track) -> str:
    times = sorted(track["seconds"].items(), key=lambda item: -item[1])[:_LABELS]
    times.append((_UNSURE, track.get("unsure", 0.0)))
    looked = ", ".join(f"{label} {_seconds(time)}" for label, time in times if time >= _LEAST)
    return f"person {track['id']} ({track['first']:.1f} to {track['last']:.1f} s): {looked or _NONE}"


def _seconds(time: float) -> str:
    """Tenths, but for what they would not show."""
    return f"{time:.1f} s" if time >= 0.05 else f"{time:.3f} s"


def _untracked(builder: SummaryBuilder, summary: Summary) -> str:
    faces, pictures = summary["faces"], summary["frames"] - summary["frames_without_faces"]
    if not faces:
        return "no face was found"
    known, unsure = builder.untracked
    labels = dict(known.most_common()) | ({_UNSURE: unsure} if unsure else {})
    if without := faces - sum(labels.values()):
        labels[_NONE] = without
    looked = ", ".join(f"{label} {number}" for label, number in labels.items())
    return f"{faces} face{'s'[: faces > 1]} in {pictures} picture{'s'[: pictures > 1]}: {looked}"
