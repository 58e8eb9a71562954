"""The running process: starts engine and web server, answers signals and health checks, stops in order."""

import asyncio
import gc
import logging
import os
import signal
import socket
import ssl
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from exporter import __version__
from exporter.app import logs
from exporter.app.engine import Engine
from exporter.app.notify import VARIABLES, Notifier, notifier
from exporter.app.reloading import Reloading
from exporter.app.web_files import WebFiles, in_words, load_all
from exporter.config import Config
from exporter.config.show import show
from exporter.core import files, runtime
from exporter.core.runtime import Clock, Dice, SystemClock
from exporter.core.settings import Settings
from exporter.core.wording import counted
from exporter.exchanges import EXCHANGES
from exporter.exposition.counters import Counters
from exporter.transport.conversation import Transport
from exporter.transport.limits import Pacer
from exporter.web import account_page, status
from exporter.web.access import Rules
from exporter.web.frame import About
from exporter.web.listening import HANDED_OVER, handed_over
from exporter.web.pages import Shared
from exporter.web.server import Asked, Web
from exporter.web.view import View, view_of

log = logging.getLogger("exporter.app")

READY_SECONDS: Final = 60.0
"""After so long the process is ready even if the first poll of some account is not over."""

STOP_SECONDS: Final = 5.0
"""How long running polls may take to end at a stop."""

SCRAPE_SECONDS: Final = 3.0
"""How long scrapes may take to be sent after that; the whole stop is over within ten seconds."""

HEARTBEAT_SECONDS: Final = 0.5
"""How often the event loop is seen to run."""

BLOCKED_SECONDS: Final = 10.0
"""The process counts as stalled when the event loop did not run for this long."""

BLOCKED_SHOWN_SECONDS: Final = 5.0
"""How long /-/healthy reports a stall after the loop has recovered; during it nothing can answer."""

STILL_AT_ONCE: Final = 25
"""How many accounts are copied for the status page before others get their turn: about a millisecond."""

SWITCH_SECONDS: Final = 0.001
"""How long a thread that joins a scrape may hold the interpreter while the loop wants it; Python's default is 5 ms."""

COLLECT: Final = (2_000, 10, 5_000)
"""Thresholds of the garbage collector: so many new objects, then passes over these before one over older ones too. What
polls replace is freed at once without it. A pass over everything that thousands of accounts hold stops the loop for
hundreds of milliseconds, and one over 150,000 objects, while pages of 2,000 accounts are written, for 70; here it is
23,000 at most."""


class App:
    """One running exporter.

    Attributes:
        settings: what the flags say.
        clock: the time.
        engine: polls, and keeps the samples.
        reloading: takes over a changed configuration and changed secret files.
        web: serves metrics and pages.
        web_files: takes over changed certificates and users; None where no file asks for any.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        config: Config,
        clock: Clock,
        dice: Dice,
        tls: ssl.SSLContext | None = None,
        rules: Rules | None = None,
        handed: Sequence[socket.socket] = (),
        systemd: Notifier | None = None,
    ) -> None:
        """Args:
        settings: what the flags say.
        environ: where environment variables are looked up.
        config: what was read of the configuration file.
        clock: the time.
        dice: chance.
        tls: which servers to trust; None: those that the system's certificate authorities know.
        rules: what was read of the web configuration file.
        handed: sockets that listen already, to be used instead of the addresses in the settings.
        systemd: who is told how the process fares; nobody unless given.
        """
        self.settings = settings
        self.clock = clock
        self._handed = handed
        self._systemd = systemd or Notifier()
        self._reloading, self._bad = 0, False
        self._started = self._beat = clock.now()
        self._blocked_for, self._blocked_until = 0.0, float("-inf")
        self._stop = asyncio.Event()
        self._interrupts = 0
        self._shown: tuple[Config | None, str] = None, ""
        self._reloads: set[asyncio.Task[str | None]] = set()
        pacer, counters = Pacer(clock, config.rate_share, settings.shard_total), Counters()
        self.engine = Engine(
            config,
            clock,
            dice,
            exchanges=EXCHANGES,
            transport=Transport(clock, pacer, counters, dice, tls, logs.masked),
            pacer=pacer,
            counters=counters,
            shard=settings.shard_ordinal,
            shards=settings.shard_total,
            # Reloading needs the engine, so it is looked up at the call.
            credentials=lambda account: self.reloading.fresh_credentials(account),
            masked=logs.masked_name,
        )
        self.reloading = Reloading(settings.config_file, environ, config, self.engine, clock)
        self._about = About(
            __version__, settings.telemetry_path, settings.shard_ordinal, settings.shard_total, logs.masked
        )
        self._view: Shared[None, View] = Shared(self._viewed)
        self.web = Web(
            exposition=self.engine.exposition,
            before_scrape=self.engine.before_scrape,
            page=self._page,
            healthy=self.problem,
            ready=self._not_ready,
            config_text=self._config_text,
            reload=self._reload if settings.enable_lifecycle else None,
            telemetry_path=settings.telemetry_path,
            max_requests=settings.max_requests,
            external=settings.external_urls,
            connections=files.budget(files.limit()).clients,
            rules=rules,
        )
        self.web_files: WebFiles | None = None
        if settings.web_config_file is not None:
            first = self.web.access.rules.config
            self.web_files = WebFiles(settings.web_config_file, first, self.web.replace, clock)

    async def run(self) -> None:
        """Serve and poll until a signal or `stop`; then begin no more polls, let polls and scrapes end, and return.

        Raises:
            ExporterError: an address cannot be listened on.
        """
        loop = asyncio.get_running_loop()
        await self.web.start(self.settings.listen_addresses, self._handed)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._interrupted, number)
        loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        protected = in_words(self.web.access.rules.config)
        log.info("serving", extra={"addresses": " ".join(self.web.addresses), "version": __version__, **protected})
        if self._handed:
            log.info("systemd handed its sockets over; --web.listen-address is not used")
        self.engine.start()
        self._systemd.ready()
        self._systemd.beat(self.clock.now(), None, self._in_a_line)
        beside = [asyncio.create_task(self._heartbeat())]
        if self.web_files is not None:
            beside.append(asyncio.create_task(self.web_files.watch()))
        try:
            await self._stop.wait()
        finally:
            log.info("stopping")
            self._systemd.stopping()
            self._stop.set()
            for task in (*beside, *self._reloads):
                task.cancel()
            await self.reloading.stop()
            try:
                await self.engine.stop(STOP_SECONDS)
            finally:
                self._view.close()
                await self.web.close(SCRAPE_SECONDS)
                for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                    loop.remove_signal_handler(number)
                self._systemd.close()

    def stop(self) -> None:
        """Begin an orderly stop."""
        self._stop.set()

    def problem(self) -> str | None:
        """Why the process counts as unhealthy, or None."""
        now = self.clock.now()
        late = self._blocked_for if now < self._blocked_until + BLOCKED_SHOWN_SECONDS else now - self._beat
        if not self._stop.is_set() and late > BLOCKED_SECONDS:
            return f"the event loop was blocked for {late:.0f} s"
        return self.engine.problem()

    async def _page(self, asked: Asked) -> str | None:
        """A page for people: that of all accounts, or of one; None where that is not polled here."""
        links, name, chosen = asked
        if name is None:
            return await runtime.paged(status.page, await self._view.get(None), self._about, chosen, links=links)
        if self.engine.accounts.get(name) is None:
            return None
        view = await self._view.get(None)
        entry = view.entry(name)
        if entry is None:
            return None
        return await runtime.paged(account_page.account_page, entry, view, self._about, chosen, links=links)

    async def _viewed(self, _: None) -> View:
        """Everything that pages show, as it is at this moment."""
        self.engine.before_scrape()  # totals are worked out there
        totals, accounts = self.engine.totals.parts(), []
        for number, account in enumerate(tuple(self.engine.accounts)):
            if number and number % STILL_AT_ONCE == 0:
                await asyncio.sleep(0)
            accounts.append(account.still())
        return await runtime.paged(
            view_of,
            accounts,
            self.clock.now(),
            self.clock.wall(),
            totals=totals,
            alone=self._about.alone,
            problem=self.problem() or self._unread(),
        )

    def _unread(self) -> str | None:
        """Why the web configuration is not the one in the file, for a person; the process is healthy all the same."""
        problem = self.web_files.problem if self.web_files is not None else None
        return f"the web configuration is bad, and the old one stays in force: {problem}" if problem else None

    def _config_text(self) -> str:
        """The configuration as it is, written once; called in a thread."""
        config, text = self._shown
        now = self.engine.config
        if config is not now:
            text = show(now)
            self._shown = now, text
        return text

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
            if self._systemd.on:
                self._systemd.beat(now, self.problem(), self._in_a_line)

    def _interrupted(self, number: int) -> None:
        self._interrupts += number == signal.SIGINT
        if self._interrupts > 1:
            os._exit(130)
        self._stop.set()

    def _in_a_line(self) -> str:
        """How the process fares, for `systemctl status`."""
        accounts = self.engine.accounts
        first = "" if self.engine.tried else "; the first polls are not over yet"
        bad = "; the configuration file is bad, and the old one stays in force" if self._bad else ""
        unread = f"; {problem}" if (problem := self._unread()) else ""
        return f"{counted(len(accounts), 'account')}, {sum(account.up for account in accounts)} up{first}{bad}{unread}"

    async def _reload(self) -> str | None:
        """Read the configuration again, and tell systemd; returns what is wrong with it, or None."""
        self._reloading += 1
        if self._reloading == 1:
            self._systemd.reloading(runtime.monotonic_microseconds())
        try:
            problem = await self.reloading.reload()
            self._bad = problem is not None
            return problem
        finally:
            self._reloading -= 1
            if not self._reloading and not self._stop.is_set():
                self._systemd.ready()

    def _hung_up(self) -> None:
        task = asyncio.create_task(self._reload())
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)


async def run(settings: Settings, environ: Mapping[str, str]) -> int:
    """Run the exporter until a signal ends it; returns the exit status.

    Raises:
        ConfigError: the configuration cannot be used.
        ExporterError: an address cannot be listened on, or a socket that was handed over cannot be.
    """
    logs.setup(settings.log_level, settings.log_format, queued=True)
    logs.log_what_python_prints()
    handed, systemd = handed_over(environ, os.getpid()), notifier(environ, os.getpid())
    for name in (*HANDED_OVER, *VARIABLES):  # what they say is for this process and not for any that it might start
        os.environ.pop(name, None)
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*COLLECT)
    runtime.let_lookups_alone()
    files.raise_limit()
    config, rules = await runtime.apart(load_all, settings.config_file, settings.web_config_file, environ)
    app = App(settings, environ, config, SystemClock(), Dice(), rules=rules, handed=handed, systemd=systemd)
    await app.run()
    return 0
