"""Has the C library give large blocks back to the system as soon as they are free."""

import ctypes
from typing import Final

LARGE: Final = 128 * 1024
"""Bytes from which on a block is one of its own, as the C library has it at its start."""

_M_MMAP_THRESHOLD: Final = -3  # malloc.h


def give_back() -> bool:
    """Keep the C library's bound of large blocks from growing; returns whether it is one that has such a bound.

    It grows to the size of every large block that is freed, up to 32 MiB. After one answer of megabytes the next ones
    lie between small blocks, and are not given back while one of these is left: half of what an attack took stayed.
    """
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE))
    except (OSError, AttributeError):  # another C library than GNU's
        return False
