"""Notices rewritten secret files by inode, time and size, so that a new key needs no reload."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from exporter.config import Account

_GRANULARITY: Final = 1.0
"""Seconds by which a file system's times may differ from our clock."""


class SecretFiles:
    """Knows which secret files have changed since they were read."""

    def __init__(self) -> None:
        self._seen: dict[Path, object] = {}

    def were_read(self, accounts: Iterable[Account], began: float) -> None:
        """Remember the files of these accounts as they are.

        Args:
            accounts: their files were just read.
            began: when reading began, seconds since the epoch. A file written since then may have been read before
                that, and counts as rewritten.
        """
        paths = {path for account in accounts for path in account.secret_files}
        self._seen = {path: _identity(path, began - _GRANULARITY) for path in paths}

    def rewritten(self, account: Account) -> bool:
        """Whether a secret file of the account has changed since it was read."""
        return any(_identity(path) != self._seen.get(path) for path in account.secret_files)


def _identity(path: Path, written_before: float = float("inf")) -> object:
    try:
        stat = path.stat()
    except OSError as error:
        return error.errno
    if stat.st_mtime >= written_before:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
