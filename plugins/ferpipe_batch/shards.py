"""A part of the batch for each task of an array job."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ferpipe import UsageError
from ferpipe_batch.video import Video

__all__ = ["Shard", "read_shard"]


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `index` of `count`; the first is 1.  origin: where that was read."""

    index: int = 1
    count: int = 1
    origin: str = ""

    def __str__(self) -> str:
        return f"{self.index}-of-{self.count}"

    def of(self, videos: Sequence[Video]) -> list[Video]:
        """Its part: the videos by size are dealt out to and fro, so that all parts get about as much."""
        ordered = sorted(videos, key=lambda video: (-(video.size or 0), video.key))
        turn = 2 * self.count
        mine = {self.index - 1, turn - self.index}
        return [video for number, video in enumerate(ordered) if number % turn in mine]


def read_shard(given: str | None, environment: Mapping[str, str] = os.environ) -> Shard:
    """The shard of `--shard`, else the one that Slurm, Kubernetes or AWS Batch names in the environment.

    `--shard 1/1` takes everything wherever it runs.  Raises UsageError for one that makes no sense.
    """
    if given is not None:
        found = re.fullmatch(r"(\d+)/(\d+)", given.strip())
        if found is None:
            raise UsageError(f"--shard {given}: give it as 3/10, the third of ten")
        return _checked(int(found[1]), int(found[2]), "--shard")
    if "SLURM_ARRAY_TASK_ID" in environment:
        return _slurm(environment)
    if "JOB_COMPLETION_INDEX" in environment:
        count = _number(environment, "FERPIPE_SHARDS", "the 'completions' of the Job")
        return _checked(_number(environment, "JOB_COMPLETION_INDEX") + 1, count, "JOB_COMPLETION_INDEX")
    if "AWS_BATCH_JOB_ARRAY_INDEX" in environment:
        name = "AWS_BATCH_JOB_ARRAY_SIZE" if "AWS_BATCH_JOB_ARRAY_SIZE" in environment else "FERPIPE_SHARDS"
        count = _number(environment, name, "the size of the array job")
        return _checked(
            _number(environment, "AWS_BATCH_JOB_ARRAY_INDEX") + 1, count, "AWS_BATCH_JOB_ARRAY_INDEX"
        )
    return Shard()


def _slurm(environment: Mapping[str, str]) -> Shard:
    name = "SLURM_ARRAY_TASK_ID"
    task, first = _number(environment, name), _number(environment, "SLURM_ARRAY_TASK_MIN")
    step = _number(environment, "SLURM_ARRAY_TASK_STEP") if environment.get("SLURM_ARRAY_TASK_STEP") else 1
    if step < 1:
        raise UsageError(f"SLURM_ARRAY_TASK_STEP is {step}, and must be at least 1; give --shard i/n")
    if "FERPIPE_SHARDS" in environment:
        # Of an array that was submitted again for some of its tasks.
        begin = _number(environment, "FERPIPE_SHARD_FIRST") if "FERPIPE_SHARD_FIRST" in environment else 0
        return _checked(
            (task - begin) // step + 1,
            _number(environment, "FERPIPE_SHARDS"),
            name,
        )
    last, count = _number(environment, "SLURM_ARRAY_TASK_MAX"), _number(environment, "SLURM_ARRAY_TASK_COUNT")
    if (last - first) // step + 1 != count:
        raise UsageError(
            f"{name}: the array is not one stretch of tasks, so that the number of shards is not known: "
            "set FERPIPE_SHARDS to it, or give --shard"
        )
    return _checked((task - first) // step + 1, count, name)


def _number(environment: Mapping[str, str], name: str, what: str = "what the scheduler gives") -> int:
    try:
        return int(environment[name])
    except KeyError:
        raise UsageError(f"{name} is not set: set it to {what}, or give --shard i/n") from None
    except ValueError:
        raise UsageError(f"{name} is no number: '{environment[name]}'; give --shard i/n") from None


def _checked(index: int, count: int, origin: str) -> Shard:
    if count < 1:
        raise UsageError(f"{origin}: {count} shards make no sense: there is at least one")
    if not 1 <= index <= count:
        raise UsageError(f"{origin}: there is no shard {index} of {count}: the first is 1, the last {count}")
    return Shard(index, count, origin)
