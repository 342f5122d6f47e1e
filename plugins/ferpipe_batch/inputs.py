"""From what the user names to videos: files, folders, patterns, lists and addresses."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferpipe import UsageError
from ferpipe.suffixes import VIDEOS
from ferpipe_batch.lists import LISTS, read_list
from ferpipe_batch.remote import about, expand_address, is_folder_like

__all__ = ["Found", "find"]

MAGIC = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Found:
    """A file or an address before it has a name in the batch.

    base: the folder (or prefix of the address) below which its tree is kept.
    """

    source: str
    base: str
    size: int | None = None
    mtime_ns: int | None = None
    etag: str | None = None


def find(names: Sequence[str], out: str) -> list[Found]:
    """Everything that `names` stand for, each file once, what lies below the output folder left out.

    Raises UsageError where one stands for nothing or cannot be read.
    """
    hidden = None if "://" in out else os.path.realpath(out)
    found: dict[str, Found] = {}
    below = 0
    for name in names:
        for each in _expanded(name):
            if hidden is None or "://" in each.source or not _is_below(os.path.realpath(each.source), hidden):
                found.setdefault(each.source, each)
            else:
                below += 1
    if below and not found:
        raise UsageError(
            f"all videos of {', '.join(names)} are in the output folder {out}: choose another output folder"
        )
    if not found:
        raise UsageError(f"{', '.join(names)}: there are no videos: give files, folders, patterns or a list")
    return list(found.values())


def _expanded(name: str) -> Iterator[Found]:
    if "://" in name:
        yield from _of_address(name)
        return
    _refuse_null(name, name)
    path = Path(name).expanduser()
    if path.is_dir():
        yield from _of_folder(path)
    elif path.suffix.lower() in LISTS and path.is_file():
        for line in read_list(path):
            yield from _of_line(line, path)
    elif MAGIC & set(name) and not path.exists():
        yield from _of_pattern(str(path))
    elif path.exists():
        whole = _absolute(path)
        yield _found(whole, str(Path(whole).parent))
    else:
        raise UsageError(f"{name} does not exist: give a video, a folder, a pattern or a list")


def _of_line(line: str, listed: Path) -> Iterator[Found]:
    """An entry of a list; one that is not there is the failure of one video, not of the batch."""
    if "://" in line:
        yield from _of_address(line)
        return
    _refuse_null(line, f"the list {listed}")
    whole = _absolute(listed.parent / Path(line).expanduser())
    if Path(whole).is_dir():
        yield from _of_folder(Path(whole))
    else:
        yield _found(whole, str(Path(whole).parent))


def _of_folder(folder: Path) -> Iterator[Found]:
    root, any_file = _absolute(folder), False
    for found in _walk(root):
        any_file = True
        yield found
    if not any_file:
        raise UsageError(f"{folder} contains no videos, nor do the folders below it")


def _walk(root: str) -> Iterator[Found]:
    """The videos below `root`; hidden ones, and folders behind links, are left out."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            raise UsageError(f"cannot read the folder {folder}: {error.strerror}") from error
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            elif Path(entry.name).suffix.lower() in VIDEOS:
                try:
                    about = entry.stat()
                except OSError:  # a link to nothing, or to itself, or removed meanwhile
                    continue
                if stat.S_ISREG(about.st_mode):
                    yield Found(entry.path, root, about.st_size, about.st_mtime_ns)


def _of_pattern(pattern: str) -> Iterator[Found]:
    parts = Path(_absolute(pattern)).parts
    plain = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    root = str(Path(*parts[:plain]))
    files = sorted(path for path in glob.glob(pattern, recursive=True) if Path(path).is_file())  # noqa: PTH207 -- absolute patterns too
    videos = [path for path in files if Path(path).suffix.lower() in VIDEOS]
    if not files:
        raise UsageError(f"nothing matches {pattern}; check the pattern (it is relative to {Path.cwd()})")
    for path in videos or files:
        yield _found(_absolute(path), root)


def _of_address(address: str) -> Iterable[Found]:
    if not is_folder_like(address):
        said = about(address)
        return [Found(address, address.rpartition("/")[0], said["size"], etag=said["etag"])]
    root, files = expand_address(address)
    videos = {name: said for name, said in files.items() if _is_video(name)}
    if not videos:
        raise UsageError(f"{address} contains no videos: check the address and the access to it")
    return [Found(name, root, said["size"], etag=said["etag"]) for name, said in sorted(videos.items())]


def _is_video(address: str) -> bool:
    """Whether an address below a folder is that of a video, by its name."""
    return Path(address.partition("?")[0]).suffix.lower() in VIDEOS


def _found(path: str, base: str) -> Found:
    try:
        about = Path(path).stat()
    except OSError:
        return Found(path, base)
    return Found(path, base, about.st_size, about.st_mtime_ns)


def _refuse_null(name: str, where: str) -> None:
    if "\0" in name:
        raise UsageError(f"{where}: {name!r} has a null character, which no name has: correct it")


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _absolute(path: str | Path) -> str:
    """The whole name, its links as they are: the tree of outputs follows the names that the user sees."""
    return os.path.abspath(path)  # noqa: PTH100
