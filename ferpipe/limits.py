"""Limits on what the current process may take."""

from __future__ import annotations

import sys
from collections.abc import Mapping

__all__ = ["limit_process"]


def limit_process(limits: Mapping[str, int]) -> None:
    """Apply `limits` to this process, for good, and let it write no core file.

    `memory`: bytes that it may allocate (RLIMIT_DATA); the address space that libraries reserve does not
    count.  `space`: bytes of address space (RLIMIT_AS).  `file`: bytes of a file that it
    writes.  `cpu`: seconds of processor time.  Other keys are ignored, and on systems without such limits, as
    Windows, all of them are.
    """
    if sys.platform == "win32":
        return
    import resource

    kinds = {
        "memory": resource.RLIMIT_DATA,
        "space": resource.RLIMIT_AS,
        "cpu": resource.RLIMIT_CPU,
        "file": resource.RLIMIT_FSIZE,
    }
    for name, value in limits.items():
        if (kind := kinds.get(name)) is not None:
            _, most = resource.getrlimit(kind)
            least = value if most == resource.RLIM_INFINITY else min(value, most)
            resource.setrlimit(kind, (least, least))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
