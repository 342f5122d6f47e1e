"""The one way of writing a file: locked while it is written, nothing of anybody's replaced unasked."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from errno import EPERM
from pathlib import Path

import pytest
from support.disks import disk_of

from ferpipe import Output, RunError, UsageError

HOLD = """
import sys, time
from ferpipe import Output
output = Output(sys.argv[1])
output.write(b"half")
print("held", flush=True)
time.sleep(60)
"""


@contextmanager
def held_elsewhere(target: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is writing `target`."""
    command = [sys.executable, "-c", HOLD, str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_has_its_name_only_when_it_is_finished(tmp_path: Path) -> None:
    output = Output(tmp_path / "a.txt")
    output.write(b"one ")
    assert names(tmp_path) == ["a.txt.part"]
    output.write(b"two")
    assert output.commit() == tmp_path / "a.txt"
    assert (names(tmp_path), output.closed) == (["a.txt"], True)
    assert (tmp_path / "a.txt").read_bytes() == b"one two"


def test_as_a_context_it_is_finished_unless_something_was_raised(tmp_path: Path) -> None:
    with Output(tmp_path / "a") as output:
        output.write(b"whole")
    with contextlib.suppress(KeyError), Output(tmp_path / "b") as output:
        output.write(b"half")
        raise KeyError
    assert names(tmp_path) == ["a", "b.part"]


def test_a_whole_file_is_saved_in_one_step(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    assert Output.save(target, "é\n") == target
    assert target.read_bytes() == "é\n".encode()
    with pytest.raises(UsageError, match="exists"):
        Output.save(target, b"other")
    Output.save(target, b"other", overwrite=True)
    assert target.read_bytes() == b"other"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_second_writer_is_refused_with_the_name_of_the_first(tmp_path: Path, overwrite: bool) -> None:
    target = tmp_path / "a"
    with held_elsewhere(target) as process:
        with pytest.raises(UsageError, match=rf"is being written by (process {process.pid}|another run):"):
            Output(target, overwrite=overwrite)
        assert (tmp_path / "a.part").read_bytes() == b"half"
    here = Output(target, overwrite=True)
    with pytest.raises(UsageError, match=r"is being written by (this process|another run):"):
        Output(target, overwrite=overwrite)
    here.close()


def test_of_many_writers_at_once_one_has_the_file(tmp_path: Path) -> None:
    start = threading.Barrier(6)

    def take(target: Path) -> Output | None:
        start.wait()
        try:
            return Output(target)
        except UsageError:
            return None

    with ThreadPoolExecutor(6) as threads:
        for attempt in range(20):
            taken = [one for one in threads.map(take, [tmp_path / f"{attempt}"] * 6) if one is not None]
            assert len(taken) == 1
            taken[0].commit()


def test_what_a_killed_run_left_is_kept_until_the_first_byte_where_replacing_is_allowed(
    tmp_path: Path,
) -> None:
    with held_elsewhere(tmp_path / "a"):
        pass
    with pytest.raises(UsageError, match=r"a\.part exists, perhaps the output of a run that was cut short"):
        Output(tmp_path / "a")
    never_begun = Output(tmp_path / "a", overwrite=True)
    never_begun.close()
    assert (tmp_path / "a.part").read_bytes() == b"half"
    with Output(tmp_path / "a", overwrite=True) as output:
        output.write(b"new")
    assert (names(tmp_path), (tmp_path / "a").read_bytes()) == (["a"], b"new")


def test_an_empty_part_stands_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "a.part").touch()
    Output(tmp_path / "a").commit()
    assert names(tmp_path) == ["a"]


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    output = Output(tmp_path / "a")
    output.write(b"mine")
    (tmp_path / "a").write_text("yours")
    with pytest.raises(RunError, match=r"appeared meanwhile, .* what was written is in '.*a\.part'"):
        output.commit()
    assert ((tmp_path / "a").read_text(), (tmp_path / "a.part").read_bytes()) == ("yours", b"mine")
    with Output(tmp_path / "b", overwrite=True) as output:
        (tmp_path / "b").write_text("yours")
    assert (tmp_path / "b").read_bytes() == b""


@pytest.mark.parametrize("appears", [False, True])
def test_a_disk_without_hard_links_keeps_the_promise(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    appears: bool,
) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise OSError(EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    output = Output(tmp_path / "a")
    output.write(b"mine")
    if appears:
        (tmp_path / "a").write_text("yours")
        with pytest.raises(RunError, match="appeared meanwhile"):
            output.commit()
    else:
        output.commit()
    assert (tmp_path / "a").read_text() == ("yours" if appears else "mine")


@pytest.mark.parametrize("kind", ["pipe", "symbolic link", "hard link", "folder", "dangling link"])
def test_only_a_regular_file_of_one_name_is_written_to(tmp_path: Path, kind: str) -> None:
    part, precious = tmp_path / "a.part", tmp_path / "precious"
    precious.write_text("precious")
    match kind:
        case "pipe":
            os.mkfifo(part)
        case "symbolic link":
            part.symlink_to(precious)
        case "hard link":
            os.link(precious, part)
        case "folder":
            part.mkdir()
        case "dangling link":
            part.symlink_to(tmp_path / "new")
    with pytest.raises(UsageError, match="remove it first"):
        Output(tmp_path / "a", overwrite=True)
    assert (names(tmp_path), precious.read_text()) == (["a.part", "precious"], "precious")


def test_a_full_disk_is_one_error_and_what_was_written_stays(tmp_path: Path) -> None:
    output = Output(tmp_path / "a")
    output.write(b"x" * 90)
    with (
        disk_of(100),
        pytest.raises(RunError, match=r"too large; what was written is in .*a\.part") as failed,
    ):
        output.write(b"y" * 90)
    output.close()
    assert "\n" not in str(failed.value)
    assert (tmp_path / "a.part").read_bytes() == b"x" * 90 + b"y" * 10


def test_what_a_full_disk_cut_off_never_gets_the_name(tmp_path: Path) -> None:
    """Also where whoever writes it does not notice."""
    (tmp_path / "a").write_text("of yesterday")
    output = Output(tmp_path / "a", overwrite=True)
    with disk_of(2), contextlib.suppress(OSError):
        output.file.write(b"half")
    with pytest.raises(RunError, match="too large"):
        output.commit()
    assert ((tmp_path / "a").read_text(), (tmp_path / "a.part").read_bytes()) == ("of yesterday", b"ha")


def test_a_folder_that_vanishes_is_an_error(tmp_path: Path) -> None:
    output = Output(tmp_path / "a")
    (tmp_path / "a.part").rename(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError):
        output.check()
    (tmp_path / "a.part").write_text("another's")
    with pytest.raises(RunError, match="no longer there"):
        output.commit()
    assert names(tmp_path) == ["a.part", "elsewhere"]
    deep = tmp_path / "deep"
    deep.mkdir()
    output = Output(deep / "a")
    shutil.rmtree(deep)
    with pytest.raises(RunError, match="no longer there"):
        output.commit()


def test_a_folder_that_cannot_be_written_to_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be written \(No such file or directory"):
        Output(tmp_path / "none" / "a")


def test_what_was_written_can_be_replaced_in_one_step_and_stays_locked(tmp_path: Path) -> None:
    output = Output(tmp_path / "a")
    output.write(b"old")
    output.renew(part + b" new" for part in [output.part.read_bytes()])
    with pytest.raises(UsageError, match="is being written"):
        Output(tmp_path / "a", overwrite=True)
    output.write(b" end")
    output.commit()
    assert (names(tmp_path), (tmp_path / "a").read_bytes()) == (["a"], b"old new end")


def test_a_replacement_that_fails_leaves_what_was_written(tmp_path: Path) -> None:
    output = Output(tmp_path / "a")
    output.write(b"old")
    with disk_of(10), pytest.raises(OSError, match="too large"):
        output.renew([b"new" * 10])
    assert (tmp_path / "a.part").read_bytes() == b"old"
    output.write(b"er")
    output.commit()
    assert (tmp_path / "a").read_bytes() == b"older"


def test_each_write_is_progress(tmp_path: Path) -> None:
    seen: list[int] = []
    with Output(tmp_path / "a", progress=lambda: seen.append(1)) as output:
        output.write(b"1")
        output.file.write(b"2")
    assert len(seen) == 2
