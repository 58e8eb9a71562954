"""Large blocks are given back by the C library, in a process of their own: what it is told holds for all of one."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

BLOCK = 8 << 20
CODE = """
import ctypes, sys
from exporter.app import allocator

class Counts(ctypes.Structure):
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in names.split()]

library = ctypes.CDLL(None)
library.mallinfo2.restype = Counts
assert sys.argv[1] == "as it is" or allocator.give_back()
bytes(int(sys.argv[2]))  # made and freed
kept = bytes(int(sys.argv[2]))
print(library.mallinfo2().hblkhd)
"""


def apart(how: str) -> int:
    """Bytes in blocks that the system gets back when they are freed, while a second large one is in use."""
    command = [sys.executable, "-c", CODE, how, str(BLOCK)]
    run = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, check=True)
    return int(run.stdout)


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallinfo2"),
    reason="only glibc, from 2.33 on, tells what it keeps; no other allocator is told to keep less",
)
def test_a_large_block_is_one_of_its_own_also_after_another_was_freed() -> None:
    assert apart("given back") >= BLOCK
    assert apart("as it is") < BLOCK  # why it has to be told
