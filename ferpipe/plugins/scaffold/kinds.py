"""What a new package begins with, for each kind of stage."""

from __future__ import annotations

from ferpipe.plugins.scaffold import of_faces, of_packets

__all__ = ["KINDS"]

_FILE = "version: 1\nstages:\n  - use: file\n    with: {path: video.mp4}\n"

KINDS: dict[str, dict[str, str]] = {
    "stage": {
        "summary": "Measures how bright each picture is.",
        "code": of_packets.STAGE,
        "tests": of_packets.STAGE_TEST,
        "pipeline": f"{_FILE}  - use: $name\n    with: {{step: 2}}",
    },
    "source": {
        "summary": "Gives a moving test picture.",
        "code": of_packets.SOURCE,
        "tests": of_packets.SOURCE_TEST,
        "pipeline": "version: 1\nstages:\n  - use: $name\n    with: {frames: 50}\n"
        "  - use: video\n    with: {path: $name.mp4}",
    },
    "sink": {
        "summary": "Writes how many faces there are, as a table.",
        "code": of_packets.SINK,
        "tests": of_packets.SINK_TEST,
        "pipeline": f"{_FILE}  - blazeface\n  - use: $name\n    with: {{path: faces.csv}}",
    },
    "classifier": {
        "summary": "Says of each face whether it is in the light.",
        "code": of_faces.CLASSIFIER,
        "tests": of_faces.CLASSIFIER_TEST,
        "pipeline": f"{_FILE}  - blazeface\n  - align\n  - $name\n"
        "  - use: timeline\n    with: {path: light.json}",
    },
    "detector": {
        "summary": "Takes what is bright for a face.",
        "code": of_faces.DETECTOR,
        "tests": of_faces.DETECTOR_TEST,
        "pipeline": f"{_FILE}  - $name\n  - track\n  - overlay\n  - use: video\n    with: {{path: out.mp4}}",
    },
}
"""For each kind: a sentence, the code, its tests, and a pipeline."""
