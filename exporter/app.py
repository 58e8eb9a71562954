"""The composition root: engine, web server and signals; orderly start, reload and stop."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from exporter import __version__, logs
from exporter.config import Account, Config, load, show
from exporter.credentials import Credentials
from exporter.engine import Engine
from exporter.errors import ConfigError
from exporter.exchanges import EXCHANGES
from exporter.pacing import Clock, Dice, SystemClock
from exporter.settings import Settings
from exporter.status import page
from exporter.web import Web

log = logging.getLogger(__name__)

READY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 5.0
HEARTBEAT_SECONDS: Final = 0.5
SWITCH_SECONDS: Final = 0.001
"""How long a thread that joins a scrape may hold the interpreter while the loop wants it; 5 ms by default."""


class SecretFiles:
    """Notices rewritten secret files, by what the file system says of them."""

    def __init__(self) -> None:
        self._seen: dict[str, list[object]] = {}

    def changed(self, account: Account) -> bool:
        """Whether a secret file of the account is another one than at the last call; False at the first."""
        now = list(map(_identity, account.secret_files))
        before = self._seen.get(account.name, now)
        self._seen[account.name] = now
        return now != before


def _identity(path: Path) -> object:
    try:
        stat = path.stat()
    except OSError as error:
        return error.errno
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


class App:
    """One running exporter."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], config: Config, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self._environ = environ
        self._secret_files = SecretFiles()
        self._started = self._beat = clock.now()
        self._stop = asyncio.Event()
        self._interrupts = 0
        self._reloading = asyncio.Lock()
        self._noticed: set[str] = set()
        self._tasks: set[asyncio.Task[object]] = set()
        self.engine = Engine(
            config,
            clock,
            Dice(),
            shard=settings.shard_ordinal,
            shards=settings.shard_total,
            credentials=self._fresh_credentials,
        )
        self.web = Web(
            exposition=self.engine.exposition,
            before_scrape=self.engine.before_scrape,
            page=self._page,
            healthy=self.problem,
            ready=self._not_ready,
            config_text=lambda: show(self.engine.config),
            reload=self.reload if settings.enable_lifecycle else None,
            telemetry_path=settings.telemetry_path,
            max_requests=settings.max_requests,
        )
        self._loaded(config)

    async def run(self) -> None:
        """Serve and poll until told to stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._interrupted, number)
        loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        await self.web.start(self.settings.listen_addresses)
        log.info("serving", extra={"addresses": " ".join(self.web.addresses), "version": __version__})
        self.engine.start()
        heartbeat = asyncio.create_task(self._heartbeat())
        try:
            await self._stop.wait()
        finally:
            log.info("stopping")
            heartbeat.cancel()
            await self.engine.stop(STOP_SECONDS)
            await self.web.close(STOP_SECONDS)

    def stop(self) -> None:
        """Begin an orderly stop."""
        self._stop.set()

    async def reload(self) -> str | None:
        """Read the configuration again; returns what is wrong with it, or None when it is in force."""
        async with self._reloading:
            try:
                config = await asyncio.to_thread(load, self.settings.config_file, self._environ)
            except ConfigError as error:
                self.engine.counters.reload_successful.set(0)
                log.error("the configuration is bad; the old one stays in force", extra={"error": str(error)})
                return str(error)
            self.engine.apply(config)
            self._loaded(config)
            log.info("the configuration was read again", extra={"accounts": str(len(self.engine.accounts))})
            return None

    def problem(self) -> str | None:
        """Why the process counts as unhealthy, or None."""
        late = self.clock.now() - self._beat
        if not self._stop.is_set() and late > 10 * HEARTBEAT_SECONDS + STOP_SECONDS:
            return f"the event loop was blocked for {late:.0f} s"
        return self.engine.problem()

    def _loaded(self, config: Config) -> None:
        logs.replace(_secrets(config))
        counters = self.engine.counters
        counters.reload_successful.set(1)
        counters.reload_time.set(self.clock.wall())
        for account in config.accounts:
            self._secret_files.changed(account)
        for warning in (*config.warnings, *self.engine.oversubscribed()):
            log.warning(warning)
        for name in sorted({account.exchange for account in config.accounts} - self._noticed):
            self._noticed.add(name)
            if notice := EXCHANGES[name].notice:
                log.warning(notice, extra={"exchange": name})

    def _fresh_credentials(self, name: str) -> Credentials | None:
        """The credentials of an account, if one of its secret files was rewritten since the last look."""
        account = self.engine.accounts[name].account
        if not self._secret_files.changed(account):
            return None
        try:
            config = load(self.settings.config_file, self._environ)
        except ConfigError as error:
            log.warning("a secret file was rewritten, but the configuration is bad", extra={"error": str(error)})
            return None
        logs.mask(_secrets(config))
        return next((fresh.credentials for fresh in config.accounts if fresh.name == name), None)

    def _page(self) -> str:
        return page(
            self.engine.accounts,
            now=self.clock.now(),
            wall=self.clock.wall(),
            version=__version__,
            telemetry_path=self.settings.telemetry_path,
        )

    def _not_ready(self) -> str | None:
        if self._stop.is_set():
            return "stopping"
        if self.engine.tried or self.clock.now() - self._started >= READY_SECONDS:
            return None
        return "the first poll of some accounts is not over yet"

    async def _heartbeat(self) -> None:
        while True:
            due = self.clock.now() + HEARTBEAT_SECONDS
            await self.clock.sleep(HEARTBEAT_SECONDS)
            self._beat = self.clock.now()
            self.engine.lag(self._beat - due)

    def _interrupted(self, number: int) -> None:
        self._interrupts += number == signal.SIGINT
        if self._interrupts > 1:
            os._exit(130)
        self._stop.set()

    def _hung_up(self) -> None:
        task = asyncio.ensure_future(self.reload())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _secrets(config: Config) -> Iterable[str]:
    for account in config.accounts:
        credentials = account.credentials
        for secret in (credentials.api_key, credentials.secret, credentials.passphrase):
            if secret:
                yield secret.reveal()


async def run(settings: Settings, environ: Mapping[str, str]) -> int:
    """Run the exporter until a signal ends it; returns the exit status.

    Raises:
        ConfigError: the configuration can not be used.
        ExporterError: an address can not be listened on.
    """
    logs.setup(settings.log_level, settings.log_format)
    sys.setswitchinterval(SWITCH_SECONDS)
    config = load(settings.config_file, environ)
    await App(settings, environ, config, SystemClock()).run()
    return 0
