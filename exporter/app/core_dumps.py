"""Keeps the memory of this process, and the secrets in it, out of core dumps."""

import resource
from pathlib import Path

_FILTER = Path("/proc/self/coredump_filter")


def leave_out_memory() -> None:
    """Have a crash write no core file, and nothing of the memory to a program that the kernel hands it to.

    The limit stops files only: a `core_pattern` that names a program is followed in spite of it. What that program
    gets is bounded by the filter, here to no memory at all. Debuggers and profilers of the same user still work;
    whoever may use them on this process may read its memory anyway.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    try:
        _FILTER.write_text("0")
    except OSError:
        pass  # no Linux, or no /proc: the limit has to do
