"""What turning heads are called, with and without doubt: frames a label on three clips of head movements.

    python benchmarks/turning.py

The clips are those under FERPIPE_SHARED/media whose names hold `head-pose`; a frame counts as turned where
the mesh says that the head is turned by more than 25 degrees.  `default` is the pipeline `timeline`, `mesh`
the same with mesh and pose before the classifier.
"""

from __future__ import annotations

from collections import Counter

from _faces import SHARED

from ferpipe import Face, Packet, Pipeline
from ferpipe_emotion.smooth import Smooth

TURNED = 25.0
FALSE = ("sad", "fear")


def seen(clip: str, *, mesh: bool, doubt: bool) -> list[Packet]:
    options = {} if doubt else {"unsure": 0}
    geometry = ["mesh", "pose"]
    stages = ["track", *(geometry if mesh else []), "align", ("litert", options), *([] if mesh else geometry)]
    return list(Pipeline.of(("file", {"path": clip}), "blazeface", *stages))


def kind(face: Face) -> str:
    return "turned" if face.measures.get("head.turned", 90.0) > TURNED else "front"


def counted(packets: list[Packet]) -> Counter[tuple[str, str]]:
    stage, found = Smooth(), Counter()
    for packet in packets:
        for face in stage.process(packet).faces:
            label = "unsure" if face.emotion.unsure else face.emotion.label or "none yet"
            found[kind(face), label] += 1
    return found


def main() -> None:
    clips = sorted((SHARED / "media").glob("*head-pose*.mp4"))
    totals: dict[tuple[bool, bool], Counter] = {}
    for mesh in (False, True):
        for doubt in (False, True):
            totals[mesh, doubt] = sum(
                (counted(seen(str(clip), mesh=mesh, doubt=doubt)) for clip in clips), Counter()
            )
    labels = sorted({label for found in totals.values() for _, label in found})
    print("| pipeline | frames | " + " | ".join(labels) + " |\n" + "|---" * (len(labels) + 2) + "|")
    for (mesh, doubt), found in totals.items():
        for which in ("turned", "front"):
            name = f"{'mesh' if mesh else 'default'}, {'with' if doubt else 'without'} doubt"
            print(f"| {name} | {which} | " + " | ".join(str(found[which, label]) for label in labels) + " |")
    for mesh in (False, True):
        before, after = (
            sum(totals[mesh, doubt]["turned", label] for label in FALSE) for doubt in (False, True)
        )
        print(f"{'mesh' if mesh else 'default'}: turned frames called sad or fear {before} -> {after}")


if __name__ == "__main__":
    main()
