"""Importing what plugins name, with a cause in one line where it cannot be done."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from itertools import count
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any

from ferpipe.text import message_of

__all__ = ["cause", "load_file", "load_object"]

_serial = count(1)


class _MissingError(FileNotFoundError):
    """The plugin file itself is not there; the caller's message names the file."""


class _Uncached(SourceFileLoader):
    """A loader that always compiles: an untrusted folder gets no `__pycache__`, and a file that
    was changed within a second is not mistaken for the one before.
    """

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def load_file(path: Path) -> ModuleType:
    """Import a plugin file under a name of its own, so that files of one stem do not clash.

    Raises what its code raises, FileNotFoundError where it is missing.
    """
    if not path.is_file():
        raise _MissingError("there is no such file")
    name = f"_ferpipe_plugin_{next(_serial)}_{path.stem}"
    loader = _Uncached(name, str(path.resolve()))
    spec = spec_from_loader(name, loader)
    if spec is None:
        raise ImportError(f"{path} is not a Python file")
    module = module_from_spec(spec)
    # Pydantic and dataclasses look annotations up through sys.modules.
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def load_object(reference: str) -> Any:
    """What "package.module:Name" stands for.

    Raises ValueError for another form, else what the import raises.
    """
    module, colon, name = reference.partition(":")
    if not (module and colon and name):
        raise ValueError(f"'{reference}' is not of the form 'package.module:Class'")
    return getattr(import_module(module), name)


def cause(error: BaseException) -> str:
    """The error on one line: its type, what it says, and where it was raised.

    A plugin may raise anything, BaseException included; only Ctrl-C is not its own, and goes on.
    """
    if isinstance(error, KeyboardInterrupt):
        raise error
    text = message_of(error)
    # A SyntaxError and a missing file name their place themselves.
    if isinstance(error, (SyntaxError, FileNotFoundError)):
        return str(error) if isinstance(error, _MissingError) else text
    place = _place(error.__traceback__)
    return f"{text} ({place})" if place else text


def _place(trace: TracebackType | None) -> str:
    place = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith("<frozen") and Path(file) not in _OURS and "importlib" not in file:
            place = f"{Path(file).name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return place


_OURS = {Path(__file__).with_name(name) for name in ("_load.py", "_registry.py", "_hooks.py")}
