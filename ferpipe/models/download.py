"""Models that others publish: downloaded whole, with the right checksum, or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ferpipe.errors import FerpipeError, UsageError, redact
from ferpipe.models.checksum import file_digest
from ferpipe.resources import user_models

__all__ = ["REMOTE", "Remote", "pull"]

_BLOCK = 1 << 16
_TIMEOUT = 20.0


@dataclass(frozen=True, slots=True)
class Remote:
    """A model that somebody else publishes: one file, known by its SHA-256 and size in bytes."""

    name: str
    kind: str
    file: str
    base: str
    sha256: str
    size: int
    licence: str


REMOTE = {
    "yunet": Remote(
        name="yunet",
        kind="face detector",
        file="face_detection_yunet_2023mar.onnx",
        base="https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet",
        sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        size=232_589,
        licence="MIT",
    ),
    "face_landmarker": Remote(
        name="face_landmarker",
        kind="face mesh",
        file="face_landmarker.task",
        base="https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1",
        sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        size=3_758_596,
        licence="Apache-2.0",
    ),
}
"""What `ferpipe models pull` can bring."""


def pull(name: str, *, base: str | None = None, into: Path | None = None) -> Path:
    """Download a model into the user's folder, and give its path.

    base: another address of the folder that holds the file, such as a mirror's.  A file that is
    there already and right is not fetched again.  What was fetched takes its place only whole and
    with the right checksum.  Raises UsageError for an unknown name or address, FerpipeError where
    the download fails.
    """
    if name not in REMOTE:
        raise UsageError(f"there is no model '{name}' to pull: available are {', '.join(REMOTE)}")
    remote = REMOTE[name]
    url = f"{(base or remote.base).rstrip('/')}/{remote.file}"
    if not url.startswith(("https://", "http://")):
        raise UsageError(f"'{url}' is not a URL to download from: it must begin with https:// or http://")
    target = (into or user_models()) / remote.file
    if file_digest(target) != remote.sha256:
        _fetch(url, target, remote)
    return target


def _fetch(url: str, target: Path, remote: Remote) -> None:
    # Imported where it is used: it takes 35 ms, which every start would pay.
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError

    part: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own, so that two pulls at once do not write into one file.
        with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False) as file:
            part = Path(file.name)
            digest = _download(url, file, remote)
        if digest != remote.sha256:
            raise FerpipeError(
                f"{url} has the checksum {digest[:12]}..., not {remote.sha256[:12]}...: it was discarded; "
                "try again later, or download the file manually"
            )
        part.chmod(0o644)
        part.replace(target)
    except HTTPError as error:
        raise FerpipeError(
            f"cannot download {url}: the server answers {error.code} {error.reason}"
        ) from error
    except URLError as error:
        raise FerpipeError(_unreachable(url, target, error.reason)) from error
    except HTTPException as error:
        raise FerpipeError(_unreachable(url, target, type(error).__name__)) from error
    except OSError as error:
        if isinstance(error, PermissionError) and error.filename is not None:
            raise UsageError(
                f"cannot write to {target.parent} ({error.strerror}): "
                "set FERPIPE_MODELS to a folder of your own"
            ) from error
        raise FerpipeError(_unreachable(url, target, error.strerror or error)) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def _download(url: str, file: IO[bytes], remote: Remote) -> str:
    from urllib.request import urlopen

    hasher, size = hashlib.sha256(), 0
    with urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310 -- the caller has checked the scheme
        while block := answer.read(_BLOCK):
            size += len(block)
            if size > remote.size:  # checked early: a wrong file must not fill the disk
                raise FerpipeError(f"{url} is longer than the {remote.size} bytes published: discarded")
            hasher.update(block)
            file.write(block)
    if size < remote.size:
        raise FerpipeError(f"the download of {url} ended after {size} of {remote.size} bytes: try again")
    file.flush()
    os.fsync(file.fileno())
    return hasher.hexdigest()


def _unreachable(url: str, target: Path, reason: object) -> str:
    advice = f"without internet access, download the file elsewhere and put it at {target}"
    return redact(f"cannot download {url}: {reason}; {advice}")
