"""Polls every account once for a person who waits, with progress on a terminal."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from exporter.app import logs
from exporter.app.masking import secrets_of
from exporter.cli import poll_once
from exporter.config import Config
from exporter.config.load import load
from exporter.core.errors import PollError
from exporter.core.wording import counted
from exporter.holdings.account import AccountState


def loaded(path: Path, environ: Mapping[str, str]) -> Config:
    """Read the configuration, keep its secrets out of the log, and pass its warnings on.

    Raises:
        ConfigError: it cannot be used; carries every mistake.
    """
    config = load(path, environ)
    logs.mask(secrets_of(config.accounts))
    for warning in config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return config


def poll(config: Config) -> Sequence[poll_once.Result]:
    """Poll every account once, side by side; results in the order of the configuration."""
    progress = Progress(len(config.accounts), sys.stderr)
    try:
        return asyncio.run(poll_once.read_all(config, progress.one_more))
    finally:
        progress.end()


class Progress:
    """One line on a terminal that counts what is done; nothing where nobody watches."""

    def __init__(self, total: int, stream: TextIO) -> None:
        self._total = total
        self._stream = stream
        self._watched = stream.isatty()
        self._done = self._failed = 0
        self._show()

    def one_more(self, state: AccountState, error: PollError | None) -> None:
        """Count an account whose poll is over."""
        del state
        self._done += 1
        self._failed += error is not None
        self._show()

    def end(self) -> None:
        """Take the line away."""
        if self._watched:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _show(self) -> None:
        if self._watched:
            failed = f", {self._failed} failed" if self._failed else ""
            self._stream.write(f"\r\x1b[Kpolling: {self._done} of {counted(self._total, 'account')}{failed}")
            self._stream.flush()
