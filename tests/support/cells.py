"""The cells of the failure matrix, and what each must come to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from support.faults import AT, BUDGET, FAULTS, WORDS

CHAIN = ("file", "blazeface", "track", "align", "litert", "smooth", "later", "overlay", "video", "timeline")
"""The pipeline of the matrix; the sink that ends it is `null`, or the one that is looked at."""
LAST = ("null", "stream", "window")
WAYS = ("inline", "threads", "copies")
"""The executors, and the threads with several copies of the stages that allow it."""
COPIED = frozenset({"blazeface", "align", "litert"})
PROMISES = frozenset({"file", "blazeface", "track", "overlay"})
"""Stages whose packets show whether they keep their promise."""
POLICIES = ("fail", "skip", "pass")
FRAMES = 12
FRAME_BYTES = 320 * 180 * 3
BEHIND = 2
"""Frames that the plugin's stage keeps back."""

_IN_PROCESS = {
    "gives a number",
    "gives a stale packet",
    "MemoryError",
    "keeps everything",
    "raises in process",
}
_IN_PROCESS |= {"gives less than it promises"}


@dataclass(frozen=True)
class Cell:
    """One stage that breaks in one way, in one pipeline."""

    stage: str
    fault: str
    way: str
    policy: str

    def __str__(self) -> str:
        return f"{self.stage}-{self.fault.replace(' ', '_')}-{self.way}-{self.policy}"

    @property
    def names(self) -> tuple[str, ...]:
        """The stages of the pipeline."""
        return (*CHAIN, self.stage if self.stage in LAST else LAST[0])

    @property
    def hangs(self) -> bool:
        return self.fault.startswith("hangs")

    @property
    def call(self) -> str:
        """The call that is to be blamed."""
        if self.fault == "gives nonsense in flush":
            return "flush"
        if self.stage == "file" and self.fault == "gives less than it promises":
            return "open"
        if self.fault in _IN_PROCESS or self.fault == "hangs in process":
            return "frames" if self.stage == "file" else "process"
        return self.fault.split(" in ")[1].removesuffix(", first")

    @property
    def at(self) -> int:
        """The first frame that fails."""
        return BUDGET // FRAME_BYTES if self.fault == "keeps everything" else AT

    @property
    def on_a_frame(self) -> bool:
        """Whether the stage fails on a frame, which its policy may forgive."""
        return self.fault in _IN_PROCESS and self.call != "open"

    @property
    def forgiven(self) -> bool:
        return self.on_a_frame and self.policy != "fail"

    @property
    def says(self) -> str:
        """What the error must tell besides stage, call and frame."""
        limit, delays = 60 if self.call == "open" else 30, self.stage == "later"
        return {
            "gives a number": "returned an int where",
            "gives nonsense in flush": "returned an int where",
            "gives a stale packet": "time went back"
            if self.stage == "file"
            else ("it does not hold" if delays else "another time"),
            "gives less than it promises": "did not set its stream"
            if self.stage == "file"
            else "that it declares",
            "MemoryError": "MemoryError",
            "keeps everything": f"MemoryError: more than {BUDGET} bytes",
        }.get(
            self.fault,
            f"no response for {limit} s" if self.hangs else f"ValueError: {WORDS}",
        )

    @property
    def failed(self) -> int:
        """Frames that count as failed."""
        if self.stage == "file" or self.call != "process":
            return 0
        if self.policy == "fail" or self.hangs:
            return 1
        lost = FRAMES - self.at if self.fault == "keeps everything" else 1
        return lost if self.policy == "skip" else 0

    def seen_by(self, name: str) -> tuple[int, int]:
        """Least and most frames that the stage `name` works off without a fault."""
        if self.call == "open":
            return 0, 0
        if self.stage == "file":
            return self._kept_back(name, self._given_by_source())
        if self.call != "process":
            return self._kept_back(name, FRAMES)
        before = self.names.index(name) < self.names.index(self.stage)
        if self.forgiven:
            lost = FRAMES - self.at if self.fault == "keeps everything" else 1
            left_out = 0 if before or (self.policy == "pass" and name != self.stage) else lost
            return FRAMES - left_out, FRAMES - left_out
        return (self.at + 1, FRAMES) if before else self._kept_back(name, self.at)

    def out(self) -> tuple[int, int]:
        """Least and most frames that leave the pipeline."""
        if self.stage == self.names[-1] and self.policy == "pass" and self.forgiven:
            return FRAMES, FRAMES
        return self.seen_by(self.names[-1])

    def written_by(self, name: str) -> tuple[int, int]:
        """The same for what an output holds: a sink that hung takes its frame when it comes back."""
        least, most = self.seen_by(name)
        return least, most + (name == self.stage and self.hangs and self.call == "process")

    def complete(self) -> frozenset[bool]:
        """What the timeline may say of its source: that it was seen to its end, or not."""
        if self.call == "close" or self.forgiven:
            return frozenset({True})
        behind = self.names.index(self.stage) > self.names.index("timeline")
        if behind and self.call == "flush":
            return frozenset({True})
        # The whole clip may have passed the timeline before a stage behind it fails.
        return frozenset({True, False} if behind and self.way != "inline" else {False})

    def _given_by_source(self) -> int:
        if self.call != "frames":
            return FRAMES
        if self.forgiven and self.fault.startswith("gives"):
            return FRAMES - 1
        return self.at

    def _kept_back(self, name: str, frames: int) -> tuple[int, int]:
        """`frames`, less those that stay with the stage that keeps some back where it is not flushed."""
        own, later = self.names.index(self.stage), self.names.index("later")
        if self.names.index(name) < later or own > later or self.call == "close":
            return frames, frames
        unflushed = own == later or (self.hangs and self.way == "inline")
        return (frames - BEHIND, frames - BEHIND) if unflushed else (frames, frames)


def is_meaningful(cell: Cell) -> bool:
    """What is left out, and why: see the docstring of test_matrix.py."""
    if cell.way == "copies" and cell.stage not in COPIED:
        return False
    if cell.stage == "file" and "flush" in cell.fault:
        return False
    return cell.stage in PROMISES or cell.fault != "gives less than it promises"


def product() -> Iterator[Cell]:
    stages = (*CHAIN, *LAST)
    cells = (Cell(s, f, w, p) for s in stages for f in FAULTS for w in WAYS for p in POLICIES)
    return filter(is_meaningful, cells)
