"""BORIS' project file: an observation a timeline, a subject a person, a state event a label."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ferpipe.timeline import Timeline
from ferpipe_report.convert.inputs import Input
from ferpipe_report.convert.stretches import UNSURE, people, plain, rounded
from ferpipe_report.palette import colour_of

__all__ = ["write_boris"]

_MILLISECOND = 1000
_EPOCH = "1970-01-01T00:00:00"


def write_boris(inputs: Sequence[Input], target: Path) -> tuple[dict[Path, bytes], list[str]]:
    """The `.boris` project, format 7.0; times in seconds with three decimals, as BORIS has them."""
    classes = list(dict.fromkeys(plain(label) for each in inputs for label in each.about.classes))
    notes: list[str] = ["probabilities and measures"]
    subjects: dict[str, None] = {}
    observations = {}
    for name, timeline in ((each.name, each.about) for each in inputs):
        found, lost = people(timeline)
        notes += lost
        events: list[list[Any]] = []
        for person, stretches in found.items():
            subjects[person] = None
            kept, short = rounded(stretches, _MILLISECOND)
            notes += short
            for each in kept:
                # A state's end comes before the next one's start at the same time.
                events.append([each.start / 1000, person, each.label, "", "", 1])
                events.append([each.end / 1000, person, each.label, "", "", 0])
        events.sort(key=lambda event: (event[0], event[1], event[-1]))
        observations[name] = _observation(name, timeline, [event[:-1] for event in events])
    if any(event[2] == UNSURE for each in observations.values() for event in each["events"]):
        classes = list(dict.fromkeys([*classes, UNSURE]))
    project = {
        "time_format": "hh:mm:ss",
        "project_date": _EPOCH,
        "project_name": target.stem,
        "project_description": "Written by ferpipe",
        "project_format_version": "7.0",
        "subjects_conf": {
            str(i): {"key": "", "name": name, "description": ""} for i, name in enumerate(subjects)
        },
        "behaviors_conf": {str(i): _behaviour(label, classes) for i, label in enumerate(classes)},
        "observations": observations,
        "behavioral_categories": [],
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    return {target: (json.dumps(project, ensure_ascii=False, indent=1) + "\n").encode()}, notes


def _behaviour(label: str, classes: list[str]) -> dict[str, str]:
    return {
        "type": "State event",
        "key": "",
        "code": label,
        "description": "",
        "color": colour_of(label, classes),
        "category": "",
        "modifiers": "",
        "excluded": ",".join(other for other in classes if other != label),
        "coding map": "",
    }


def _observation(name: str, timeline: Timeline, events: list[list[Any]]) -> dict[str, Any]:
    length = timeline.summary["duration"]
    frames = timeline.summary["frames"]
    return {
        "file": {str(i): [name] if i == 1 else [] for i in range(1, 9)},
        "type": "MEDIA",
        "date": _EPOCH,
        "description": "",
        "time offset": 0.0,
        "events": events,
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "media_creation_date_as_offset": False,
        "media_scan_sampling_duration": 0,
        "image_display_duration": 1,
        "close_behaviors_between_videos": False,
        "media_info": {
            "length": {name: length},
            "fps": {name: round(frames / length, 3) if length else 0},
            "hasVideo": {name: True},
            "hasAudio": {name: False},
            "offset": {"1": 0.0},
        },
    }
