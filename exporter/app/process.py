"""The composition root: engine, web server and signals; orderly start, reload and stop."""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Mapping
from typing import Final

from exporter import __version__
from exporter.app import logs
from exporter.app.engine import Engine
from exporter.app.masking import secrets_of
from exporter.app.secret_files import SecretFiles
from exporter.config import Account, Config
from exporter.config.load import load
from exporter.config.show import show
from exporter.core import runtime
from exporter.core.credentials import Credentials
from exporter.core.errors import ConfigError
from exporter.core.settings import Settings
from exporter.exchanges import EXCHANGES
from exporter.transport.limits import Clock, Dice, SystemClock
from exporter.web.server import Web
from exporter.web.status import page

log = logging.getLogger("exporter.app")

READY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 5.0
"""For running polls to end, once nothing new begins."""

SCRAPE_SECONDS: Final = 3.0
"""After that, for scrapes that are being sent; both together and the rest are over within ten seconds."""

HEARTBEAT_SECONDS: Final = 0.5

BLOCKED_SECONDS: Final = 10.0
"""Without a turn of the loop: then the process counts as stalled."""

TOLD_SECONDS: Final = 5.0
"""For which that is told once the loop turns again: while it stands, nobody is answered at all."""

SWITCH_SECONDS: Final = 0.001
"""How long a thread that joins a scrape may hold the interpreter while the loop wants it; 5 ms by default."""

COLLECT: Final = (50_000, 20, 100)
"""Thresholds of the garbage collector: what polls replace is freed at once, and a look at everything that thousands of
accounts hold takes the loop hundreds of milliseconds."""

_WHERE_TO: Final = ("exchange", "base_url", "proxy")

JUST_READ_SECONDS: Final = 60.0
"""Within which the first configuration was read before it was handed over."""


class App:
    """One running exporter."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], config: Config, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self._environ = environ
        self._secret_files = SecretFiles()
        self._latest: Mapping[str, Account] = {}
        self._started = self._beat = clock.now()
        self._blocked_for, self._blocked_until = 0.0, float("-inf")
        self._stop = asyncio.Event()
        self._interrupts = 0
        self._reading = asyncio.Lock()
        self._refused = ""
        self._noticed: set[str] = set()
        self._reloads: set[asyncio.Task[str | None]] = set()
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
        self._were_read(config, clock.wall() - JUST_READ_SECONDS)
        self._loaded(config)

    async def run(self) -> None:
        """Serve and poll until told to stop; then poll no more, let what runs end, finish scrapes, and return.

        Raises:
            ExporterError: an address cannot be listened on.
        """
        loop = asyncio.get_running_loop()
        await self.web.start(self.settings.listen_addresses)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._interrupted, number)
        loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        log.info("serving", extra={"addresses": " ".join(self.web.addresses), "version": __version__})
        self.engine.start()
        heartbeat = asyncio.create_task(self._heartbeat())
        try:
            await self._stop.wait()
        finally:
            log.info("stopping")
            self._stop.set()
            for task in (heartbeat, *self._reloads):
                task.cancel()
            try:
                await self.engine.stop(STOP_SECONDS)
            finally:
                await self.web.close(SCRAPE_SECONDS)
                for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                    loop.remove_signal_handler(number)

    def stop(self) -> None:
        """Begin an orderly stop."""
        self._stop.set()

    async def reload(self) -> str | None:
        """Read the configuration again; returns what is wrong with it, or None when it is in force."""
        async with self._reading:
            try:
                config = await self._load()
                await self.engine.apply(config)
            except ConfigError as error:
                self.engine.counters.reload_successful.set(0)
                log.error("the configuration is bad; the old one stays in force", extra={"error": str(error)})
                return str(error)
            except Exception as error:
                self.engine.counters.reload_successful.set(0)
                log.exception("reading the configuration again ended in a bug")
                return f"a bug, {type(error).__name__}: the log has its traceback"
            self._loaded(config)
            log.info("the configuration was read again", extra={"accounts": str(len(self.engine.accounts))})
            return None

    def problem(self) -> str | None:
        """Why the process counts as unhealthy, or None."""
        now = self.clock.now()
        late = self._blocked_for if now < self._blocked_until + TOLD_SECONDS else now - self._beat
        if not self._stop.is_set() and late > BLOCKED_SECONDS:
            return f"the event loop was blocked for {late:.0f} s"
        return self.engine.problem()

    async def _load(self) -> Config:
        """Read the configuration beside the loop, since it may be large; its secrets are masked before anything else.

        Raises:
            ConfigError: it cannot be used.
        """
        began = self.clock.wall()
        config = await runtime.worked(load, self.settings.config_file, self._environ)
        self._were_read(config, began)
        return config

    def _were_read(self, config: Config, began: float) -> None:
        logs.mask(secrets_of(config.accounts))
        self._latest = {account.name: account for account in config.accounts}
        running = (state.account for state in self.engine.accounts)
        self._secret_files.were_read((*config.accounts, *running), began)

    def _loaded(self, config: Config) -> None:
        """A configuration is in force."""
        logs.replace(secrets_of(config.accounts))
        counters = self.engine.counters
        counters.reload_successful.set(1)
        counters.reload_time.set(self.clock.wall())
        for warning in (*config.warnings, *self.engine.oversubscribed()):
            log.warning(warning)
        for name in sorted({account.exchange for account in config.accounts} - self._noticed):
            self._noticed.add(name)
            if notice := EXCHANGES[name].notice:
                log.warning(notice, extra={"exchange": name})

    async def _fresh_credentials(self, account: Account) -> Credentials | None:
        """The credentials of an account as its secret files hold them now, for the account as it is running."""
        async with self._reading:
            if self._secret_files.rewritten(account):
                try:
                    await self._load()
                except ConfigError as error:
                    if str(error) != self._refused:
                        self._refused = str(error)
                        log.warning(
                            "a secret file was rewritten, but the configuration is bad", extra={"error": str(error)}
                        )
                    return None
        latest = self._latest.get(account.name)
        # What belongs to another exchange or address by now must not be sent to this one.
        if latest is None or any(getattr(latest, name) != getattr(account, name) for name in _WHERE_TO):
            return None
        return latest.credentials

    def _page(self) -> str:
        return page(
            tuple(self.engine.accounts),
            now=self.clock.now(),
            wall=self.clock.wall(),
            version=__version__,
            telemetry_path=self.settings.telemetry_path,
            shard_ordinal=self.settings.shard_ordinal,
            shard_total=self.settings.shard_total,
            problem=self.problem(),
            masked=logs.masked,
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
            now = self.clock.now()
            if now - self._beat > BLOCKED_SECONDS:
                self._blocked_for, self._blocked_until = now - self._beat, now
                log.warning("nothing ran for a while", extra={"seconds": f"{self._blocked_for:.0f}"})
            self._beat = now
            self.engine.lag(now - due)

    def _interrupted(self, number: int) -> None:
        self._interrupts += number == signal.SIGINT
        if self._interrupts > 1:
            os._exit(130)
        self._stop.set()

    def _hung_up(self) -> None:
        task = asyncio.ensure_future(self.reload())
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)


async def run(settings: Settings, environ: Mapping[str, str]) -> int:
    """Run the exporter until a signal ends it; returns the exit status.

    Raises:
        ConfigError: the configuration cannot be used.
        ExporterError: an address cannot be listened on.
    """
    logs.setup(settings.log_level, settings.log_format)
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*COLLECT)
    runtime.let_lookups_alone()
    config = load(settings.config_file, environ)
    await App(settings, environ, config, SystemClock()).run()
    return 0
