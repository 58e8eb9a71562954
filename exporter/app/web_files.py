"""Takes over a changed web configuration while the exporter runs: certificates, users and the like."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from exporter.config import Config
from exporter.config.load import load
from exporter.core import runtime
from exporter.core.errors import ConfigError
from exporter.core.runtime import Clock
from exporter.core.web_config import WebConfig
from exporter.web.access import Rules, rules

log = logging.getLogger("exporter.app")

LOOK_SECONDS: Final = 1.0
"""How often the files are read. What two looks in a row find is taken over, so that none is taken half written."""

_NEED: Final = ("none", "optional", "required")


def load_all(path: Path, web_path: Path | None, environ: Mapping[str, str]) -> tuple[Config, Rules]:
    """Read the configuration, and the web configuration if there is one; for a thread.

    Raises:
        ConfigError: one of them cannot be used; carries every mistake of both.
    """
    mistakes: list[str] = []
    config, ruled = None, Rules()
    try:
        config = load(path, environ)
    except ConfigError as error:
        mistakes += error.mistakes
    if web_path is not None:
        try:
            ruled = rules(_read(web_path))
        except ConfigError as error:
            mistakes += error.mistakes
    if config is None or mistakes:
        raise ConfigError(mistakes)
    return config, ruled


def in_words(config: WebConfig) -> dict[str, str]:
    """What protects the exporter, for the log."""
    found = {"scheme": "http" if config.tls is None else "https", "users": str(len(config.users))}
    return found if config.tls is None else {**found, "client_certificates": config.tls.clients}


class WebFiles:
    """Reads the web configuration, its certificates and keys again and again; what is bad changes nothing.

    Attributes:
        problem: why what stands in the files now is not in force; None where it is.
    """

    def __init__(self, path: Path, first: WebConfig, replace: Callable[[Rules], None], clock: Clock) -> None:
        """Args:
        path: the web configuration file.
        first: what was read of it.
        replace: puts other rules in force.
        clock: the time.
        """
        self._path = path
        self._now = first
        self._replace = replace
        self._clock = clock
        self._seen: WebConfig | str | None = None
        self._told: str | None = None
        self.problem: str | None = None
        _warn(first.warnings)

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Exception as bug:
                self.problem = f"a bug, {type(bug).__name__}: the log has its traceback"
                if self._told != self.problem:
                    log.exception("reading the web configuration again ended in a bug")
                self._told = self.problem

    async def look(self) -> None:
        """Read the files, and put in force what they held at the last look too."""
        found: WebConfig | str
        try:
            found = await runtime.apart(_read, self._path)
        except ConfigError as error:
            found = str(error)
        before, self._seen = self._seen, found
        if found == self._now:
            self.problem = self._told = None
        elif found == before:
            await self._settled(found)

    async def _settled(self, found: WebConfig | str) -> None:
        """Take over what two looks have found, or say why not."""
        if isinstance(found, str):
            self._refuse(found)
            return
        problem = unprotected(self._now, found)
        if problem is not None:
            self._refuse(problem)
            return
        try:
            ruled = await runtime.apart(rules, found)
        except ConfigError as error:
            self._refuse(str(error))
            return
        self._replace(ruled)
        _warn(set(found.warnings) - set(self._now.warnings))
        self._now = found
        self.problem = self._told = None
        log.info("the web configuration was read again", extra=in_words(found))

    def _refuse(self, problem: str) -> None:
        self.problem = problem
        if problem != self._told:
            log.error("the web configuration is bad; the old one stays in force", extra={"error": problem})
        self._told = problem


def unprotected(before: WebConfig, after: WebConfig) -> str | None:
    """What of the protection a changed file would take away; None for nothing.

    A file that is being written, or was emptied by accident, must not open what it protected.
    """
    told = "the file would {}; that takes a restart"
    if (before.tls is None) != (after.tls is None):
        return told.format("switch TLS off" if after.tls is None else "switch TLS on")
    if before.users and not after.users:
        return told.format("ask for no password any more")
    if before.tls is None or after.tls is None:
        return None
    if _NEED.index(after.tls.clients) < _NEED.index(before.tls.clients):
        return told.format("need no certificates of clients any more")
    if before.tls.allowed_sans and not after.tls.allowed_sans:
        return told.format("take certificates of clients by any name")
    return None


def _read(path: Path) -> WebConfig:
    from exporter.config.web_file import load_web  # with the keys of the format, which only such a file needs

    return load_web(path)


def _warn(warnings: tuple[str, ...] | set[str]) -> None:
    for each in sorted(warnings):
        log.warning(each)
