"""Takes a changed configuration over while the exporter runs, and new keys from rewritten secret files."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from exporter.app import logs
from exporter.app.engine import Engine
from exporter.app.masking import secret_names, secrets_of
from exporter.app.secret_files import SecretFiles
from exporter.config import Account, Config
from exporter.config.load import load
from exporter.core import runtime
from exporter.core.credentials import Credentials
from exporter.core.errors import ConfigError
from exporter.core.runtime import Clock
from exporter.exchanges import EXCHANGES

log = logging.getLogger("exporter.app")

FIRST_READ_SECONDS: Final = 60.0
"""How long ago reading the first configuration may have begun when it is handed over."""

_DESTINATION: Final = ("exchange", "base_url", "proxy")


class Reloading:
    """Reads the configuration again, on request or for a rewritten secret file; a bad one changes nothing."""

    def __init__(self, path: Path, environ: Mapping[str, str], config: Config, engine: Engine, clock: Clock) -> None:
        """Args:
        path: the configuration file.
        environ: where its environment variables are looked up.
        config: what was read of it, with which the engine was made.
        engine: what follows the configuration.
        clock: the time.
        """
        self._path = path
        self._environ = environ
        self._engine = engine
        self._clock = clock
        self._secret_files = SecretFiles()
        self._latest: Mapping[str, Account] = {}
        self._reading = asyncio.Lock()
        self._refused = ""
        self._noticed: set[str] = set()
        self._remember(config, clock.wall() - FIRST_READ_SECONDS)
        self._in_force(config)

    async def reload(self) -> str | None:
        """Read the configuration again; returns what is wrong with it, or None when it is in force."""
        async with self._reading:
            try:
                config = await self._read()
                await self._engine.apply(config)
            except ConfigError as error:
                self._engine.counters.reload_successful.set(0)
                log.error("the configuration is bad; the old one stays in force", extra={"error": str(error)})
                return str(error)
            except Exception as error:
                self._engine.counters.reload_successful.set(0)
                log.exception("reading the configuration again ended in a bug")
                return f"a bug, {type(error).__name__}: the log has its traceback"
            self._in_force(config)
            log.info("the configuration was read again", extra={"accounts": str(len(self._engine.accounts))})
            return None

    async def fresh_credentials(self, account: Account) -> Credentials | None:
        """The credentials that an account's secret files hold now, or None where they cannot be used.

        That is so while the configuration is bad, and once it sends them to another exchange, address or proxy than
        the running account does.
        """
        async with self._reading:
            if self._secret_files.rewritten(account):
                try:
                    await self._read()
                except ConfigError as error:
                    if str(error) != self._refused:
                        self._refused = str(error)
                        log.warning(
                            "a secret file was rewritten, but the configuration is bad", extra={"error": str(error)}
                        )
                    return None
        latest = self._latest.get(account.name)
        # A key that now belongs to another exchange or address must not be sent to this one.
        if latest is None or any(getattr(latest, name) != getattr(account, name) for name in _DESTINATION):
            return None
        return latest.credentials

    async def _read(self) -> Config:
        """Read the configuration in a thread, since it may be large; its secrets are masked before anything else.

        Raises:
            ConfigError: it cannot be used.
        """
        began = self._clock.wall()
        config = await runtime.worked(load, self._path, self._environ)
        self._remember(config, began)
        return config

    def _remember(self, config: Config, began: float) -> None:
        """Mask the secrets of what was read, and watch its files and those of the running accounts."""
        logs.mask(secrets_of(config.accounts))
        logs.mask_behind(secret_names(EXCHANGES, config.accounts))
        self._latest = {account.name: account for account in config.accounts}
        running = (state.account for state in self._engine.accounts)
        self._secret_files.were_read((*config.accounts, *running), began)

    def _in_force(self, config: Config) -> None:
        """Mask its secrets alone from now on, count the reload, and log what the operator should know of it."""
        logs.replace(secrets_of(config.accounts))
        counters = self._engine.counters
        counters.reload_successful.set(1)
        counters.reload_time.set(self._clock.wall())
        for warning in (*config.warnings, *self._engine.oversubscribed()):
            log.warning(warning)
        for name in sorted({account.exchange for account in config.accounts} - self._noticed):
            self._noticed.add(name)
            if notice := EXCHANGES[name].notice:
                log.warning(notice, extra={"exchange": name})
