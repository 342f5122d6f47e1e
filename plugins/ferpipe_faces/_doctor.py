"""What `ferpipe doctor` says of finding faces: OpenCV, and the cascade files that `haar` needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ferpipe import Check

__all__ = ["checks"]


def checks() -> Iterator[Check]:
    """OpenCV and its major version, then Haar's cascade."""
    try:
        import cv2
    except ImportError as error:
        advice = "pip install --force-reinstall 'opencv-python<5'; on a server, opencv-python-headless"
        yield Check("opencv", "fail", f"cannot be imported: {error}", advice)
        return
    yield Check("opencv", "ok", cv2.__version__)
    folder = Path(getattr(getattr(cv2, "data", None), "haarcascades", "."))
    if hasattr(cv2, "CascadeClassifier") and (folder / "haarcascade_frontalface_default.xml").is_file():
        yield Check("haar", "ok", "included in OpenCV")
    else:
        advice = "pip install 'opencv-python<5' if you want the stage 'haar'; the others work"
        yield Check("haar", "warn", f"not included in OpenCV {cv2.__version__}", advice)
