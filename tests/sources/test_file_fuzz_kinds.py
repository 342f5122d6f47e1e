"""Damaged files of many containers and codecs, each read in its own process: `benchmarks/fuzz_files.py`."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "fuzz_files.py"
EACH = 4
"""Damaged files of each kind."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="forks, and reads /proc"),
]


def fuzzing():
    spec = importlib.util.spec_from_file_location("fuzz_files", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz_files"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.timeout(900)
def test_damaged_files_end_in_a_result_or_a_line(tmp_path):
    fuzz = fuzzing()
    films = fuzz.make_films(tmp_path)
    assert len(films) >= 55, f"not made: {sorted(fuzz.FILMS.keys() - films)}"
    fuzz.warm_up(films["h264.mp4"], tmp_path)
    found = []
    for number, film in enumerate(sorted(films) * EACH):
        path = tmp_path / "fuzzed.bin"
        path.write_bytes(fuzz.damaged(films[film], random.Random(f"slow {number}")))  # noqa: S311
        outcome = fuzz.read_in_own_process(path, tmp_path)
        if why := fuzz.fault(outcome):
            found.append(f"{number} {film}: {why}")
    assert found == []


@pytest.mark.timeout(300)
def test_whole_files_of_every_kind_are_read(tmp_path):
    """What is damaged above can be read undamaged, but for one that needs its head again."""
    fuzz = fuzzing()
    films = fuzz.make_films(tmp_path)
    fuzz.warm_up(films["h264.mp4"], tmp_path)
    codes = {}
    for film, data in films.items():
        path = tmp_path / "fuzzed.bin"
        path.write_bytes(data)
        codes[film] = fuzz.read_in_own_process(path, tmp_path).code
    assert {film for film, code in codes.items() if code} == set()
