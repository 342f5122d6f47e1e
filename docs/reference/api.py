"""The page of every public name, made from the docstrings."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from itertools import pairwise
from types import ModuleType
from typing import Any

from docs.reference.words import MADE

__all__ = ["MODULES", "Entry", "api_page", "entries"]

MODULES = {
    "ferpipe": "What programs and plugins need.",
    "ferpipe.packet": "What flows through a pipeline; the names that `ferpipe` has as well stand there.",
    "ferpipe.models": "Side files ([models.md](models.md)), lookup, checksums and downloads.",
    "ferpipe.timeline": "The format of timelines, written and read; [timeline.md](timeline.md) describes it.",
    "ferpipe.testing": "The kit for tests of plugins.",
    "ferpipe.resources": "What ferpipe ships, and where models lie.",
    "ferpipe.suffixes": "Which files of a folder are videos.",
    "ferpipe.limits": "Limits on what a process may take.",
    "ferpipe.quiet": "Native libraries kept off the terminal.",
}
_FIELD = re.compile(r"^[a-z_]\w*(?:, \w+)*: ")
_OBJECT = re.compile(r" object at 0x\w+|^<")


@dataclass(frozen=True)
class Entry:
    """A public name: how it is written, what its docstring says, and what a class has."""

    name: str
    code: str
    doc: str
    parts: list[Entry] = field(default_factory=list)


def api_page() -> str:
    """All modules with all names."""
    lines = [
        "# The public API",
        MADE,
        (
            "What others may import; it changes only with a new major version. [python.md](python.md) shows "
            "how it is used, [plugins.md](plugins.md) how plugins are made, [hooks.md](hooks.md) the hooks."
        ),
    ]
    for module, about in MODULES.items():
        lines += [f"## {module}", about]
        for entry in entries(module):
            lines += [f"### {entry.name}", f"```python\n{entry.code}\n```", *_markdown(entry.doc)]
            for part in entry.parts:
                lines += [f"```python\n{part.code}\n```", *_markdown(part.doc)]
    return "\n\n".join(line for line in lines if line) + "\n"


def entries(module: str) -> list[Entry]:
    """The names of a module's `__all__` except those that `ferpipe` has too, sorted."""
    found = import_module(module)
    top = None if module == "ferpipe" else import_module("ferpipe")
    names = sorted(found.__all__, key=str.lower)
    return [_entry(found, name) for name in names if getattr(top, name, None) is not getattr(found, name)]


def _entry(module: ModuleType, name: str) -> Entry:
    value = getattr(module, name)
    if inspect.isclass(value):
        own = value.__doc__ if "__doc__" in vars(value) else None
        return Entry(name, _class_code(value), inspect.cleandoc(own or ""), list(_members(value)))
    if inspect.isfunction(value):
        return Entry(name, f"def {name}{_signature(value)}: ...", inspect.cleandoc(value.__doc__ or ""))
    code = (
        f"{name} = {_value(value)}" if not _OBJECT.search(repr(value)) else f"{name}: {type(value).__name__}"
    )
    return Entry(name, code, _constants(sys.modules[_home(module, name)]).get(name, ""))


def _home(module: ModuleType, name: str) -> str:
    """The module in which a constant is written down."""
    if name in _constants(module):
        return module.__name__
    for part in sorted(sys.modules):
        same = part.startswith("ferpipe.") and getattr(sys.modules[part], name, None) is getattr(module, name)
        if same and name in _constants(sys.modules[part]):
            return part
    return module.__name__


def _constants(module: ModuleType) -> dict[str, str]:
    """The docstrings below assignments, and that of the version, which Python itself explains."""
    try:
        body = ast.parse(inspect.getsource(module)).body
    except (OSError, TypeError):
        return {}
    found = {"__version__": "The version of ferpipe."} if module.__name__ == "ferpipe" else {}
    for line, below in pairwise(body):
        targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
        is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        if is_text and isinstance(targets[0], ast.Name) and isinstance(below.value.value, str):
            found[targets[0].id] = inspect.cleandoc(below.value.value)
    return found


def _members(owner: type[Any]) -> Iterator[Entry]:
    """The public methods and properties that the class itself has, in the order of the code."""
    for name, value in vars(owner).items():
        if name.startswith("_"):
            continue
        inner = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        doc = inspect.cleandoc(getattr(inner, "__doc__", None) or "")
        title = f"{owner.__name__}.{name}"
        if isinstance(value, property):
            returns = value.fget.__annotations__.get("return", "Any")
            yield Entry(title, f"{title}: {_text(returns)}", doc)
        elif inspect.isfunction(inner):
            yield Entry(title, f"def {name}{_signature(inner)}: ...  # of {owner.__name__}", doc)


def _class_code(owner: type[Any]) -> str:
    shown = {"tuple": "NamedTuple", "dict": "TypedDict"}
    named = [base.__name__ for base in owner.__bases__]
    bases = [shown.get(name, name) for name in named if name not in {"object", "Generic", "Protocol"}]
    head = f"class {owner.__name__}{'(' + ', '.join(bases) + ')' if bases else ''}:"
    fields = getattr(owner, "model_fields", None)
    if isinstance(fields, dict):
        own = {name: each for name, each in fields.items() if name in vars(owner).get("__annotations__", {})}
        texts = [
            f"    {name}: {_text(owner.__annotations__[name])}  # {each.description}"
            for name, each in own.items()
        ]
        return "\n".join([head, *(texts or ["    ..."])])
    if hasattr(owner, "__dataclass_fields__") or hasattr(owner, "_fields") or hasattr(owner, "__total__"):
        texts = [
            f"    {name}: {_text(kind)}" for name, kind in owner.__annotations__.items() if name[0] != "_"
        ]
        return "\n".join([head, *texts])
    inits = vars(owner).get("__init__")
    return f"{head}\n    def __init__{_signature(inits)}: ..." if inspect.isfunction(inits) else f"{head} ..."


def _signature(function: Any) -> str:
    """The signature as the source has it."""
    parts, marks = [], {"star": False}
    signature = inspect.signature(function)
    for parameter in signature.parameters.values():
        star = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        if parameter.kind is parameter.KEYWORD_ONLY and not marks["star"]:
            parts.append("*")
        marks["star"] |= parameter.kind in {parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL}
        kind = "" if parameter.annotation is parameter.empty else f": {_text(parameter.annotation)}"
        equals = " = " if kind else "="
        default = "" if parameter.default is parameter.empty else f"{equals}{_value(parameter.default)}"
        parts.append(f"{star}{parameter.name}{kind}{default}")
    returns = signature.return_annotation
    arrow = "" if returns is signature.empty else f" -> {_text(returns)}"
    text = f"({', '.join(parts)}){arrow}"
    if len(text) <= 90:
        return text
    return "(\n    " + ",\n    ".join(parts) + f",\n){arrow}"


def _text(annotation: Any) -> str:
    if isinstance(annotation, str):
        return annotation
    return getattr(annotation, "__forward_arg__", None) or inspect.formatannotation(annotation)


def _value(value: Any) -> str:
    text = repr(sorted(value) if isinstance(value, frozenset | set) else value)
    return "..." if _OBJECT.search(text) else text


def _markdown(doc: str) -> list[str]:
    """Paragraphs, lists of fields, and blocks of code."""
    parts: list[str] = []
    for block in doc.split("\n\n"):
        lines = block.split("\n")
        if all(line.startswith("    ") for line in lines if line):
            code = inspect.cleandoc("\n" + block)
            parts.append(f"```python\n{code}\n```")
        else:
            parts += _paragraphs(lines)
    return parts


def _paragraphs(lines: list[str]) -> list[str]:
    texts: list[str] = []
    for line in lines:
        if _FIELD.match(line):
            name, _, rest = line.partition(": ")
            texts.append(f"- `{name}`: {rest}")
        elif line.startswith("- "):
            texts.append(line)
        elif texts and (line.startswith("  ") or not texts[-1].startswith("- ")):
            texts[-1] += f" {line.strip()}"
        else:
            texts.append(line)
    groups: list[str] = []
    for text in texts:
        clean = re.sub(r"  +", " ", text)
        if groups and clean.startswith("- ") and groups[-1].startswith("- "):
            groups[-1] += f"\n{clean}"
        else:
            groups.append(clean)
    return groups
