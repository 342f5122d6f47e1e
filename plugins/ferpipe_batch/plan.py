"""What a batch is to do: its videos, their names, and which of them are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferpipe import UsageError
from ferpipe_batch.decide import Decision, Outputs, Rules, decide, identity_of
from ferpipe_batch.folder import Folder
from ferpipe_batch.inputs import find
from ferpipe_batch.manifest import State
from ferpipe_batch.naming import common_root, named
from ferpipe_batch.shards import Shard
from ferpipe_batch.template import Template
from ferpipe_batch.video import Identity, Video

__all__ = ["Choice", "Plan", "make_plan"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the command line says of the videos.

    root: the folder whose tree the outputs mirror, None for the deepest that holds all inputs.
    """

    inputs: Sequence[str]
    attempts: int = 3
    root: str | None = None
    by_hash: bool = False
    overwrite: bool = False
    redo: bool = False
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The videos of one shard with what was decided of each, the largest first; total: of all shards."""

    rows: list[tuple[Video, Identity, Decision]]
    total: int

    def to_do(self) -> list[tuple[Video, Identity, Decision]]:
        """Those that are to be run."""
        return [row for row in self.rows if row[2].do]


def make_plan(
    choice: Choice,
    template: Template,
    folder: Folder,
    state: State,
    shard: Shard,
    now: dict[str, Any],
    known: Mapping[str, int] | None = None,
) -> Plan:
    """The plan.

    now: the fingerprint.  known: the sizes of outputs, where the output folder is an address.
    Raises UsageError for inputs that are none, that lie outside of the tree, or whose outputs are files of
    someone else.
    """
    found = find(choice.inputs, folder.shown)
    before = folder.root()
    root = choice.root or (common_root(found) if before is None else before)
    if choice.root is not None and "://" not in choice.root:
        root = str(Path(choice.root).expanduser().absolute())
    videos = named(found, root, {key: entry.stem for key, entry in state.entries.items()})
    videos = _without_outputs(videos, template, folder.out)
    if not videos:
        raise UsageError("there are no videos but the outputs of this batch")
    if before != root:
        folder.keep_root(root)
    mine = shard.of(videos)
    folder.keep_plan(shard, (video.key for video in mine))
    rules = Rules(choice.attempts, now, state.fingerprints, redo=choice.redo, retry=choice.retry)
    outputs = Outputs(folder.out, known)
    if not choice.overwrite:
        _refuse_others_files([v for v in mine if v.key not in state.entries], template, folder.shown, outputs)
    rows = []
    for video in mine:
        identity = identity_of(video, by_hash=choice.by_hash)
        rows.append((video, identity, decide(identity, state.entries.get(video.key), rules, outputs)))
    return Plan(rows, len(videos))


def _without_outputs(videos: list[Video], template: Template, out: Path) -> list[Video]:
    """The videos that are not outputs of another one, where both are in one folder."""
    owners: dict[str, str] = {}
    for video in videos:
        for name in template.outputs(video.stem):
            if (other := owners.setdefault(name.casefold(), video.key)) != video.key:
                raise UsageError(
                    f"{video.key} and {other} would both be written to {name}: rename one of them"
                )
    written = {str(out.absolute() / name) for video in videos for name in template.outputs(video.stem)}
    return [video for video in videos if video.source not in written]


def _refuse_others_files(videos: list[Video], template: Template, out: str, outputs: Outputs) -> None:
    for video in videos:
        for name in template.outputs(video.stem):
            if outputs.size(name) is not None:
                raise UsageError(
                    f"{out}/{name} exists, and this batch has not written it: choose another output folder, "
                    "or add --overwrite"
                )
