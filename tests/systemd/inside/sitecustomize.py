"""What Python imports first when a drop-in names this folder: it lets a start wait, and stalls the event loop for real.

The program itself is not changed. A handler of Python's runs in the main thread between two steps of whatever runs
there, which is the event loop: while it sleeps, nothing of the loop runs, and every other thread goes on.
"""

import signal
import time
from pathlib import Path

HOLD = Path("/run/hold")


def stall(*_: object) -> None:
    """Never give the event loop back."""
    time.sleep(1_000_000)


if "check" not in Path("/proc/self/cmdline").read_text().split("\0"):
    while HOLD.exists():
        time.sleep(0.05)
    signal.signal(signal.SIGUSR2, stall)
