"""The names of a batch: one tree of outputs that mirrors the tree of inputs."""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath, PurePosixPath

from ferpipe import UsageError
from ferpipe_batch.inputs import Found
from ferpipe_batch.video import Video

__all__ = ["common_root", "named"]


def common_root(found: Sequence[Found]) -> str:
    """The deepest folder, or prefix of addresses, that holds everything; `` where there is none."""
    bases = {each.base for each in found}
    schemes = {base.partition("://")[0] if "://" in base else "" for base in bases}
    if len(schemes) > 1:
        return ""
    if schemes == {""}:
        try:
            return os.path.commonpath(sorted(bases))
        except ValueError:  # other drives
            return ""
    scheme = schemes.pop()
    shared = posixpath.commonpath([base.partition("://")[2] for base in bases])
    return f"{scheme}://{shared}" if shared else ""


def named(found: Sequence[Found], root: str, stems: Mapping[str, str]) -> list[Video]:
    """The videos, named by their place below `root`.

    stems: of the videos that have outputs already, by key; they keep them.  Of those in one folder
    that differ in their suffix only, all but the first keep it: `a.mp4` gives `a`, `a.mov` `a.mov`.
    Raises UsageError where one does not lie below `root`.
    """
    keys = [_key(each, root) for each in found]
    if twice := [key for key, count in Counter(keys).items() if count > 1]:
        raise UsageError(f"{twice[0]} is the name of two inputs: put them into different folders")
    taken = {stem.casefold(): key for key, stem in stems.items()}
    result = []
    for each, key in sorted(zip(found, keys, strict=True), key=lambda pair: pair[1]):
        stem = stems.get(key) or _free(key, taken)
        taken[stem.casefold()] = key
        result.append(Video(each.source, key, stem, each.size, each.mtime_ns, each.etag))
    return result


def _free(key: str, taken: Mapping[str, str]) -> str:
    short = str(PurePosixPath(key).with_suffix(""))
    for stem in (short, key):
        if taken.get(stem.casefold(), key) == key:
            return stem
    raise UsageError(f"{key} has the name of another input's outputs: rename it")


def _key(found: Found, root: str) -> str:
    source = found.source
    if not root:
        parts: Iterable[str] = (
            source.replace("://", "/").split("/") if "://" in source else PurePath(source).parts
        )
        return "/".join(part.strip("/\\:") for part in parts if part.strip("/\\:"))
    if "://" in source or "://" in root:
        inside = source.startswith(root.rstrip("/") + "/")
        key = source[len(root.rstrip("/")) + 1 :].partition("?")[0]
    else:
        key = PurePath(os.path.relpath(source, root)).as_posix()
        inside = not key.startswith("../")
    if not inside or ".." in PurePosixPath(key).parts:
        raise UsageError(
            f"{source} is outside of {root}, whose tree the outputs mirror: give another output folder, "
            "or --root"
        )
    return key
