"""What `ferpipe doctor` says of finding faces: OpenCV, and the cascade files that `haar` needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ferpipe import Check

__all__ = ["checks"]


def checks() -> Iterator[Check]:
    """OpenCV and its major version, then Haar's cascade."""
    try:
        import cv2
    except ImportError as error:
        yield Check("opencv", "fail", f"cannot be imported: {error}", _advice(str(error)))
        return
    yield Check("opencv", "ok", cv2.__version__)
    folder = Path(getattr(getattr(cv2, "data", None), "haarcascades", "."))
    if hasattr(cv2, "CascadeClassifier") and (folder / "haarcascade_frontalface_default.xml").is_file():
        yield Check("haar", "ok", "included in OpenCV")
    else:
        advice = "pip install 'opencv-python<5' if you want the stage 'haar'; the others work"
        yield Check("haar", "warn", f"not included in OpenCV {cv2.__version__}", advice)


def _advice(error: str) -> str:
    """What to do: no wheel of OpenCV brings the system's libraries, whatever pip does."""
    if missing := re.match(r"(lib\S+?\.so)\S*: cannot open shared object file", error):
        return (
            f"{missing[1]} is the system's: on Debian and Ubuntu 'apt-get install libgl1 libglib2.0-0'; or, "
            "without windows, pip uninstall opencv-python and pip install 'opencv-python-headless<5'"
        )
    return "pip install --force-reinstall 'opencv-python<5'; on a server, opencv-python-headless"
