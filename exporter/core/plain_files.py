"""Reads files of the operator that may never answer: plain ones only, each in a thread that is not waited for long.

A FIFO waits for its writer, a device for data, and a file system behind a network (NFS, a CSI volume) for its server.
A call that hangs there cannot be ended, so its thread is left alone: neither the reader nor the end of the process
waits for it, and until it comes back no other thread is sent to the same file.
"""

import errno
import glob
import os
import stat
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from exporter.core import runtime

T = TypeVar("T")

SECONDS: Final = 5.0
"""How long a file may take to be read."""

MOST_SILENT: Final = 3
"""After so many files that did not answer the others are not tried: they most likely stand in the same place."""

_KINDS: Final = {
    stat.S_IFIFO: "a named pipe (FIFO)",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

_under_way: Final[dict[str, "Future[Any]"]] = {}
"""The calls that have not come back, by the name of their file."""


class Content(NamedTuple):
    """What stands in a file.

    Attributes:
        data: its bytes.
        mode: its permissions.
        fixed: whether it was mounted read-only, so that nobody here can change the permissions.
    """

    data: bytes
    mode: int
    fixed: bool


class PlainFiles:
    """Reads files for one purpose, such as one reading of the configuration; one of these for each time."""

    def __init__(self) -> None:
        self._silent = 0

    def read(self, path: Path, most: int) -> Content:
        """The first `most` bytes of a plain file; links are followed.

        Raises:
            OSError: it cannot be read, is something else than a plain file, or does not answer; `strerror` says which.
            ValueError: this is no name of a file.
        """
        return self._answered(str(path), partial(_content, path, most))

    def matching(self, pattern: str) -> list[str]:
        """The names of the files that a pattern fits, sorted.

        Raises:
            OSError: a folder on the way does not answer.
        """
        # Path.glob takes no absolute patterns, and would match hidden files such as an editor's.
        return sorted(self._answered(pattern, partial(glob.glob, pattern)))

    def _answered(self, name: str, call: Callable[[], T]) -> T:
        if self._silent >= MOST_SILENT:
            raise OSError(errno.ETIMEDOUT, f"it was not tried, since {self._silent} other files did not answer")
        before = _under_way.get(name)
        if before is not None and not _over(before):
            raise self._no_answer()
        future = runtime.begun(call)
        _under_way[name] = future
        future.add_done_callback(lambda future: _forget(name, future))
        if not _over(future):
            raise self._no_answer()
        return future.result()

    def _no_answer(self) -> OSError:
        self._silent += 1
        text = f"it did not answer for {SECONDS:g} s; look at the file system (NFS, CSI volume) that it is on"
        return OSError(errno.ETIMEDOUT, text)


def _over(future: "Future[Any]") -> bool:
    return bool(wait((future,), SECONDS).done)


def _forget(name: str, future: "Future[Any]") -> None:
    if _under_way.get(name) is future:
        del _under_way[name]


def _content(path: Path, most: int) -> Content:
    descriptor = opened(path)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            kind = _KINDS.get(stat.S_IFMT(mode), "no plain file")
            raise OSError(errno.EINVAL, f"it is {kind}, and only plain files are read")
        pieces = []
        while most > 0 and (piece := os.read(descriptor, most)):
            pieces.append(piece)
            most -= len(piece)
        fixed = bool(os.fstatvfs(descriptor).f_flag & os.ST_RDONLY)
        return Content(b"".join(pieces), mode, fixed)
    finally:
        os.close(descriptor)


def opened(path: Path) -> int:
    """Open a file without waiting for whoever is at its other end."""
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
