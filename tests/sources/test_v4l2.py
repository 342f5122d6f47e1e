"""Asking a camera's driver, answered by one that lays out its structures as the kernel's header does."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import subprocess

import pytest

from ferpipe_sources import _doctor, _v4l2, cameras
from ferpipe_sources._v4l2 import Mode, describe, in_words, modes

U32 = ctypes.c_uint32


class Capability(ctypes.Structure):
    _fields_ = (
        ("driver", ctypes.c_char * 16),
        ("card", ctypes.c_char * 32),
        ("bus_info", ctypes.c_char * 32),
        ("version", U32),
        ("capabilities", U32),
        ("device_caps", U32),
        ("reserved", U32 * 3),
    )


class Format(ctypes.Structure):
    _fields_ = (
        ("index", U32),
        ("type", U32),
        ("flags", U32),
        ("description", ctypes.c_char * 32),
        ("pixelformat", U32),
        ("mbus_code", U32),
        ("reserved", U32 * 3),
    )


class Size(ctypes.Structure):
    _fields_ = (
        ("index", U32),
        ("pixel_format", U32),
        ("type", U32),
        ("values", U32 * 6),
        ("reserved", U32 * 2),
    )


class Interval(ctypes.Structure):
    _fields_ = (
        ("index", U32),
        ("pixel_format", U32),
        ("width", U32),
        ("height", U32),
        ("type", U32),
        ("values", U32 * 6),
        ("reserved", U32 * 2),
    )


def code(name):
    return int.from_bytes(name.encode(), "little")


class Driver:
    """Answers like a driver.  table: pixel format -> size -> intervals, as the kernel counts them."""

    def __init__(self, table, *, capabilities=0x85200001, device_caps=0x04200001, ranged=False):
        self.table, self.capabilities, self.device_caps = table, capabilities, device_caps
        self.ranged = ranged

    def __call__(self, request, buffer):
        kind = {
            _v4l2.QUERY: Capability,
            _v4l2.FORMATS: Format,
            _v4l2.SIZES: Size,
            _v4l2.INTERVALS: Interval,
        }[request]
        assert len(buffer) == ctypes.sizeof(kind) == (request >> 16) & 0x3FFF
        entry = kind.from_buffer(buffer)
        if request == _v4l2.QUERY:
            entry.capabilities, entry.device_caps = self.capabilities, self.device_caps
            return
        try:
            self.answer(entry)
        except IndexError:
            raise OSError(errno.EINVAL, "Invalid argument") from None

    def answer(self, entry):
        formats = list(self.table)
        if isinstance(entry, Format):
            assert entry.type == 1
            entry.pixelformat = code(formats[entry.index])
            return
        sizes = self.table[next(name for name in formats if code(name) == entry.pixel_format)]
        if isinstance(entry, Size):
            entry.type = 3 if self.ranged else 1
            given = list(sizes)[entry.index]
            entry.values[: len(given)] = given
            return
        chosen = sizes.get((entry.width, entry.height), [(1, 30)])
        entry.type = 1
        entry.values[:2] = chosen[entry.index]


WEBCAM = {
    "YUYV": {(640, 480): [(1, 30), (1, 15)], (1280, 720): [(1, 10)]},
    "MJPG": {(1920, 1080): [(1, 30)], (640, 480): [(1, 30), (1, 60)]},
    "Y8I ": {(320, 240): []},
}


def test_a_webcam_with_its_modes():
    found = tuple(modes(Driver(WEBCAM)))
    assert found == (
        Mode("yuyv422", 640, 480, 30),
        Mode("yuyv422", 1280, 720, 10),
        Mode("mjpeg", 1920, 1080, 30),
        Mode("mjpeg", 640, 480, 60),
        Mode("y8i", 320, 240, None),
    )
    assert in_words(found) == (
        "yuyv422 1280x720 at 10, 640x480 at 30; mjpeg 1920x1080 at 30, 640x480 at 60; y8i 320x240"
    )


def test_a_camera_that_scales_freely_gives_its_least_and_most():
    driver = Driver({"YU12": {(16, 4096, 2, 16, 2160, 2): []}}, ranged=True)
    assert [(mode.width, mode.height) for mode in modes(driver)] == [(16, 16), (4096, 2160)]


def test_a_node_for_metadata_is_no_camera():
    assert tuple(modes(Driver(WEBCAM, device_caps=0x04A00000))) == ()
    assert tuple(modes(Driver(WEBCAM, capabilities=0x04A00000, device_caps=0))) == ()
    assert in_words(()) == "captures nothing"


def test_a_driver_whose_list_never_ends_is_left():
    class Endless(Driver):
        def answer(self, entry):
            if isinstance(entry, Format):
                entry.pixelformat = code("MJPG")
            else:
                raise IndexError

    assert tuple(modes(Endless({}))) == ()


def test_many_sizes_are_not_all_reported():
    found = tuple(Mode("mjpeg", 100 * i, 100, 30) for i in range(1, 9))
    assert in_words(found).endswith("500x100 at 30 and 4 more")


def test_a_file_that_is_no_camera_says_so(tmp_path):
    (tmp_path / "video0").write_bytes(b"")
    assert describe(str(tmp_path / "video0")).startswith("cannot be asked")
    assert describe(str(tmp_path / "nothing")).startswith("cannot be asked")


def test_the_doctor_lists_cameras_with_what_they_can_do(monkeypatch, tmp_path):
    (tmp_path / "video3").mkdir()
    (tmp_path / "video3" / "index").write_text("0\n")
    (tmp_path / "video3" / "name").write_text("HD Webcam\n")
    monkeypatch.setattr(cameras, "LINUX_DEVICES", tmp_path)
    monkeypatch.setattr(cameras.sys, "platform", "linux")
    monkeypatch.setattr(_v4l2, "capabilities", lambda device: tuple(modes(Driver(WEBCAM))))
    check = _doctor._cameras()
    assert check.state == "ok"
    assert check.found.startswith("3 (HD Webcam, /dev/video3): yuyv422 1280x720 at 10")


@pytest.mark.skipif(
    shutil.which("cc") is None or not os.path.exists("/usr/include/linux/videodev2.h"),  # noqa: PTH110
    reason="needs a C compiler and the kernel's headers",
)
def test_requests_and_structures_are_those_of_the_kernels_header(tmp_path):
    """The real header, compiled here, says what the requests and the offsets are."""
    wanted = {
        "VIDIOC_QUERYCAP": _v4l2.QUERY,
        "VIDIOC_ENUM_FMT": _v4l2.FORMATS,
        "VIDIOC_ENUM_FRAMESIZES": _v4l2.SIZES,
        "VIDIOC_ENUM_FRAMEINTERVALS": _v4l2.INTERVALS,
        "offsetof(struct v4l2_capability, version)": Capability.version.offset,
        "offsetof(struct v4l2_capability, device_caps)": Capability.device_caps.offset,
        "offsetof(struct v4l2_fmtdesc, pixelformat)": Format.pixelformat.offset,
        "offsetof(struct v4l2_frmsizeenum, stepwise)": Size.values.offset,
        "offsetof(struct v4l2_frmivalenum, type)": Interval.type.offset,
        "offsetof(struct v4l2_frmivalenum, stepwise)": Interval.values.offset,
        "V4L2_FRMSIZE_TYPE_DISCRETE": _v4l2.DISCRETE,
        "V4L2_BUF_TYPE_VIDEO_CAPTURE": _v4l2.CAPTURE,
        "V4L2_CAP_VIDEO_CAPTURE": _v4l2.CAPTURE,
    }
    lines = "".join(f'printf("%lu\\n", (unsigned long)({what}));' for what in wanted)
    program = (
        "#include <linux/videodev2.h>\n#include <stddef.h>\n#include <stdio.h>\n"
        f"int main(void) {{ {lines} return 0; }}\n"
    )
    (tmp_path / "a.c").write_text(program)
    subprocess.run([shutil.which("cc"), "-o", tmp_path / "a", tmp_path / "a.c"], check=True)
    said = subprocess.run([tmp_path / "a"], capture_output=True, text=True, check=True).stdout.split()
    assert dict(zip(wanted, map(int, said), strict=True)) == wanted
