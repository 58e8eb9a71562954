"""Takes a changed configuration over while the exporter runs, and new keys from rewritten secret files."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from exporter.app import logs
from exporter.app.engine import Engine
from exporter.app.masking import proxy_logins, secret_names, secrets_of
from exporter.app.merged import Merged
from exporter.app.secret_files import rewritten
from exporter.config import Account, Config
from exporter.config.load import Outline, load, load_outline
from exporter.core import runtime
from exporter.core.credentials import Credentials
from exporter.core.errors import ConfigError
from exporter.core.runtime import Clock
from exporter.exchanges import EXCHANGES

log = logging.getLogger("exporter.app")

_CONFIGURATION: Final = ""
"""What an error is kept under that is no single account's."""

_REST: Final = 0.2
"""Seconds between a reading of the configuration and one that was asked for meanwhile."""

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
        self._latest: dict[str, Account] = {}
        self._reload = Merged(self._reloaded, clock, _REST)
        self._outline = Merged(self._outlined, clock, _REST)
        self._refused: dict[str, str] = {}
        self._noticed: set[str] = set()
        self._warned: frozenset[str] = frozenset()
        logs.keep(self._secrets(config), clock.now())
        self._remember(config)
        self._in_force(config)

    async def reload(self) -> str | None:
        """Read the configuration again; returns what is wrong with it, or None when it is in force.

        What is asked for while it is being read is done once more afterwards, for all who asked.
        """
        return await self._reload()

    async def fresh_credentials(self, account: Account) -> Credentials | None:
        """The credentials that an account's secret files hold now, or None where they cannot be used.

        That is so while the configuration is bad, or the account in it, and once it sends them to another exchange,
        address or proxy than the running account does. Files of other accounts are neither read nor waited for.
        """
        latest = self._latest.get(account.name)
        if latest is not None:
            try:
                changed = await runtime.apart(rewritten, latest)
            except ConfigError as error:
                self._refuse(account.name, "a secret file cannot be used", account, str(error))
                return None
            self._refused.pop(account.name, None)
            if changed:
                try:
                    latest = await self._read_again(account.name)
                except ConfigError as error:
                    text = "a secret file was rewritten, but the configuration is bad"
                    self._refuse(_CONFIGURATION, text, account, str(error))
                    return None
                self._refused.pop(_CONFIGURATION, None)
        # A key that now belongs to another exchange or address must not be sent to this one.
        if latest is None or any(getattr(latest, name) != getattr(account, name) for name in _DESTINATION):
            return None
        return latest.credentials

    async def stop(self) -> None:
        """End what is being read; a file that does not answer is left alone."""
        await self._reload.stop()
        await self._outline.stop()

    async def _reloaded(self) -> str | None:
        try:
            config = await runtime.apart(self._read)
            self._remember(config)
            await self._engine.apply(config)
            await runtime.worked(logs.keep, self._secrets(config), self._clock.now())
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

    async def _read_again(self, name: str) -> Account | None:
        """One account as the configuration and its secret files have it now; None when it is gone.

        Raises:
            ConfigError: the configuration, or the account in it, cannot be used.
        """
        account = await runtime.apart(self._read_account, await self._outline(), name)
        if account is None:
            self._latest.pop(name, None)
        else:
            self._latest[name] = account
        return account

    async def _outlined(self) -> Outline:
        return await runtime.apart(load_outline, self._path, self._environ)

    def _read(self) -> Config:
        """Read the configuration; its secrets are masked before anything else, in the thread that reads.

        Raises:
            ConfigError: it cannot be used.
        """
        config = load(self._path, self._environ)
        logs.mask(secrets_of(config.accounts))
        return config

    def _read_account(self, outline: Outline, name: str) -> Account | None:
        """Read one account's secrets, and mask them.

        Raises:
            ConfigError: it cannot be used.
        """
        account = outline.account(name)
        if account is not None:
            logs.mask(secrets_of((account,)))
        return account

    def _secrets(self, config: Config) -> list[str]:
        """Every secret that is in use: of this configuration, of the accounts as they run, and of the environment."""
        running = (state.account for state in self._engine.accounts)
        return [*secrets_of(config.accounts), *secrets_of(running), *proxy_logins(self._environ)]

    def _refuse(self, cause: str, text: str, account: Account, error: str) -> None:
        """Log why an account's secret files change nothing, once until it changes."""
        if self._refused.get(cause) != error:
            self._refused[cause] = error
            log.warning(text, extra={"exchange": account.exchange, "account": account.name, "error": error})

    def _remember(self, config: Config) -> None:
        """Mask what signs at its exchanges, and know what its accounts' secret files held."""
        logs.mask_behind(secret_names(EXCHANGES, config.accounts))
        self._latest = {account.name: account for account in config.accounts}

    def _in_force(self, config: Config) -> None:
        """Count the reload, and log what the operator was not yet told of the configuration."""
        counters = self._engine.counters
        counters.reload_successful.set(1)
        counters.reload_time.set(self._clock.wall())
        warnings = (*config.warnings, *self._engine.oversubscribed(), *self._engine.short_of_files())
        for warning in warnings:
            if warning not in self._warned:
                log.warning(warning)
        self._warned = frozenset(warnings)
        for name in sorted({account.exchange for account in config.accounts} - self._noticed):
            self._noticed.add(name)
            if notice := EXCHANGES[name].notice:
                log.warning(notice, extra={"exchange": name})
