"""`${VAR}` and `${VAR:-default}` in the scalars of a pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ferpipe.errors import remedy
from ferpipe.redaction import hide

__all__ = ["VariableError", "Withheld", "is_whole", "refers", "substitute"]

_REFERENCE = re.compile(
    r"\$(?P<escaped>\$)?\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\})?"
)


_SECRET = re.compile(
    r"secret|token|passw|passphrase|credential|api_?key|private|(?:^|_)(?:pass|pwd|pw|key|auth)(?:$|_)",
    re.IGNORECASE,
)
"""Names of variables whose values are shown nowhere, not even as part of a file's path."""


class VariableError(ValueError):
    """A reference that cannot be resolved, and what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Withheld(Mapping[str, str]):
    """The variables of an untrusted pipeline: none; those that are set are refused.

    An address or a file name could carry a secret away.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def __getitem__(self, name: str) -> str:
        if self._env.get(name):
            raise VariableError(
                f"the variable {name} is not available to a pipeline that is run with "
                + remedy("--no-local-plugins", "trusted=False"),
                remedy("pass its value with --set stage.option=value", "pass its value in overrides"),
            )
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def is_whole(text: str) -> bool:
    """Whether `text` is one reference and nothing else."""
    match = _REFERENCE.fullmatch(text)
    return bool(match and match["name"] and not match["escaped"])


def refers(text: str) -> bool:
    """Whether `text` holds a reference that is not escaped."""
    return any(match["name"] and not match["escaped"] for match in _REFERENCE.finditer(text))


def substitute(text: str, env: Mapping[str, str]) -> str:
    """`text` with every reference replaced; `$${` stands for a plain `${`.

    As in a shell, the default of `${VAR:-default}` also stands in for an empty variable.
    Raises VariableError for a variable that is not set, and for what is no reference.
    """
    return _REFERENCE.sub(lambda match: _value(match, env), text)


def _value(match: re.Match[str], env: Mapping[str, str]) -> str:
    if match["escaped"]:
        return match[0][1:]
    name, default = match["name"], match["default"]
    if name is None:
        raise VariableError(
            "'${' does not begin a variable",
            "write ${NAME} or ${NAME:-default}, and $${ for a plain ${",
        )
    if default and "${" in default:
        raise VariableError(f"the default of {name} refers to a variable itself", "write a plain default")
    value = env.get(name)
    if value and _SECRET.search(name):
        hide(value)
    if default is not None:
        return value or default
    if value is None:
        raise VariableError(
            f"the variable {name} is not set",
            f"set it in the environment, or write ${{{name}:-default}}",
        )
    return value
