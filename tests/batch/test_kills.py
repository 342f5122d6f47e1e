"""kill -9 at random: the outputs are those of an undisturbed run, each video once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.batches import batch, tree
from support.kills import run_through_kills

Clips = Callable[..., Path]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_random_kills_of_a_child_the_keeper_the_head_or_all_lose_nothing(
    clips: Clips, tmp_path: Path
) -> None:
    folder = clips(*(f"{n % 5}/{n:02}.mp4" for n in range(20)))
    batch(folder, tmp_path / "calm" / "out")
    log = tmp_path / "log"
    disturbed = tmp_path / "disturbed" / "out"
    kills = run_through_kills(folder, disturbed, log, kills=20, seed=1, slow=0.2)
    assert tree(disturbed) == tree(tmp_path / "calm" / "out")
    assert sum(kills.values()) == 20
    started = log.read_text().split()
    assert set(started) == {f"{n:02}" for n in range(20)}
    # What is killed is at most what is under way: two videos by a kill of all, the head or the keeper.
    assert len(started) <= 20 + kills["child"] + 2 * (kills["keeper"] + kills["head"] + kills["all"])
