"""Writes lines in a thread of its own, so that a log that nobody reads holds up nothing else."""

from collections.abc import Callable
from threading import Condition, Thread
from typing import Final

QUEUED: Final = 4 * 1024 * 1024
"""Characters of lines that may wait; as many again are on their way at most."""


class LineWriter:
    """A bounded queue of lines before a stream that may block: what finds no room is dropped and counted.

    The order is kept. Once a line was dropped, so is every other until the thread takes what waits; there a line
    stands that tells how many are missing.
    """

    def __init__(self, write: Callable[[str], None], told: Callable[[int], str]) -> None:
        """Args:
        write: writes text, for as long as it takes.
        told: the line that says how many were dropped.
        """
        self._write, self._told = write, told
        self._changed = Condition()
        self._lines: list[str] = []
        self._size = self._dropped = self._failed = 0
        self._busy = self._closed = False
        Thread(target=self._run, name="log", daemon=True).start()

    def put(self, line: str) -> None:
        """Have a line written, with its end; never waits."""
        with self._changed:
            if self._dropped or self._size + len(line) > QUEUED:
                self._dropped += 1
            else:
                self._lines.append(line)
                self._size += len(line)
            self._changed.notify_all()

    def flush(self, seconds: float) -> bool:
        """Wait until every line is written, at most so long; whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._lines or self._dropped or self._busy), seconds)

    def close(self) -> None:
        """End the thread once it has written what waits; does not wait for it."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._dropped or self._closed)
                if not (self._lines or self._dropped):
                    return
                lines, dropped = self._lines, self._dropped
                self._lines, self._size, self._dropped = [], 0, 0
                self._busy = True
            before = [self._told(self._failed)] if self._failed else []
            after = [self._told(dropped)] if dropped else []
            try:
                self._write("".join((*before, *lines, *after)))
                self._failed = 0
            except (OSError, ValueError):  # a full disk, a reader that went away, a closed stream
                self._failed += len(lines) + dropped
            with self._changed:
                self._busy = False
                self._changed.notify_all()
