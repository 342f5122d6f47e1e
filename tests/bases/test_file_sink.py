"""The base of sinks that write a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.stages import Counter, CounterOptions, Sum, doing

from ferpipe import FileOptions, FileSink, Packet, Pipeline, RunError, StageError, UsageError
from ferpipe.testing import TestContext, check_stage


class Levels(FileSink[FileOptions]):
    """Writes the index of each frame, a line each."""

    Options = FileOptions

    def begin(self, first: Packet | None) -> None:
        self.lines = 0
        self.put(f"from {'nothing' if first is None else first.frame.index}\n")

    def write(self, packet: Packet) -> None:
        self.put(f"{packet.frame.index}\n".encode())
        self.lines += 1

    def end(self) -> None:
        self.put(f"{self.lines} lines\n")

    def about(self) -> list[str]:
        return [f"{self.lines} lines"]


def sink(path: Path, kind: type[Levels] = Levels) -> Levels:
    return kind(FileOptions(path=str(path)))


def test_it_keeps_the_contract() -> None:
    check_stage(Levels, {"path": "levels.txt"})


def test_head_lines_and_foot(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "levels.txt"
    report = Pipeline.of(Counter(CounterOptions(frames=3)), sink(path)).run()
    assert path.read_text() == "from 0\n0\n1\n2\n3 lines\n"
    assert report.outputs == (str(path),)
    assert list(path.parent.iterdir()) == [path]


def test_a_stream_without_frames_has_a_file_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "levels.txt"
    Pipeline.of(Counter(CounterOptions(frames=0)), sink(path)).run()
    assert path.read_text() == "from nothing\n0 lines\n"


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "levels.txt"
    path.write_text("mine")
    with pytest.raises(UsageError, match=r"levels\.txt exists: choose another name or pass overwrite=True"):
        Pipeline.of(Counter(), sink(path)).run()
    assert path.read_text() == "mine"
    Pipeline.of(Counter(), sink(path), overwrite=True).run()
    assert path.read_text().startswith("from 0\n")


def test_while_it_is_written_it_is_a_part_and_locked(tmp_path: Path) -> None:
    path = tmp_path / "levels.txt"
    seen: list[Any] = []

    def look(packet: Packet) -> Packet:
        if packet.frame.index == 5:
            seen.append(sorted(p.name for p in tmp_path.iterdir()))
            with pytest.raises(UsageError, match="being written"):
                Pipeline.of(Counter(), sink(path)).run()
        return packet

    Pipeline.of(Counter(), sink(path), doing(look), executor="inline").run()
    assert seen == [["levels.txt.part"]]
    assert path.read_text().endswith("10 lines\n")


@pytest.mark.parametrize("call", ["begin", "write", "end"])
def test_where_it_fails_itself_what_was_written_is_kept(call: str, tmp_path: Path) -> None:
    class Failing(Levels):
        pass

    def fail(self: Levels, *given: Any) -> None:
        if call != "write" or given[0].frame.index == 3:
            raise ValueError("no more")
        Levels.write(self, given[0])

    setattr(Failing, call, fail)
    path = tmp_path / "levels.txt"
    with pytest.raises(StageError, match="ValueError: no more"):
        Pipeline.of(Counter(), sink(path, Failing)).run()
    assert not path.exists()
    kept = {
        "begin": None,
        "write": "from 0\n0\n1\n2\n",
        "end": "from 0\n" + "".join(f"{i}\n" for i in range(10)),
    }
    part = path.with_name("levels.txt.part")
    assert (part.read_text() if part.exists() else None) == kept[call]


def test_where_another_stage_fails_the_file_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "levels.txt"
    bad = doing(lambda p: p if p.frame.index < 4 else 1 / 0)
    with pytest.raises(StageError, match="ZeroDivisionError"):
        Pipeline.of(Counter(), sink(path), bad, executor="inline").run()
    assert path.read_text().endswith("5 lines\n")


def test_a_full_disk_says_where_the_rest_is() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with pytest.raises((RunError, UsageError), match="/dev/full"):
        Pipeline.of(Counter(), Sum(), sink(Path("/dev/full"))).run()


def test_outside_the_output_folder_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="outside the output folder"):
        Pipeline.of(Counter(), sink(tmp_path / "x.txt"), output_dir=str(tmp_path / "out")).run()


def test_put_outside_a_run_is_a_mistake_of_the_plugin(tmp_path: Path) -> None:
    levels = sink(tmp_path / "x.txt")
    with pytest.raises(RuntimeError, match="from the sink's open to its close"):
        levels.put("x")
    levels.open(TestContext(tmp_path))
    levels.close()
    levels.close()
    assert list(tmp_path.iterdir()) == []
