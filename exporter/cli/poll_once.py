"""Polls every account once for a person who waits, with progress on a terminal: for `check --online` and `balances`."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO, TypeVar

from exporter.app import logs
from exporter.app.engine import Engine
from exporter.app.masking import proxy_logins, secret_names, secrets_of
from exporter.app.web_files import load_all
from exporter.cli.unread import Unread, probe
from exporter.config import Config
from exporter.core import files, runtime
from exporter.core.errors import InternalError, PollError
from exporter.core.runtime import Clock, Dice, SystemClock
from exporter.core.wording import counted
from exporter.exchanges import EXCHANGES
from exporter.exposition.counters import Counters
from exporter.holdings.account import AccountState
from exporter.holdings.totals import Part
from exporter.polling.context import Outcome
from exporter.polling.poller import Poller
from exporter.transport.conversation import Transport
from exporter.transport.limits import Pacer

log = logging.getLogger("exporter.once")

T = TypeVar("T")

PATIENCE_SECONDS: Final = 120.0
"""How long an account waits for the exchange's limits; there is no next poll to leave the request to."""


class Result(NamedTuple):
    """The outcome for one account.

    Attributes:
        state: what was read, valued.
        error: of the first required wallet that could not be read; None when all were.
        clock_offset: seconds that the exchange's clock is ahead of ours, where it was measured.
        address: our own, as the exchange saw it, where it refused it and says so.
        unread: the wallets that the configuration does not ask for, where they were asked for all the same.
    """

    state: AccountState
    error: PollError | None
    clock_offset: float | None
    address: str | None
    unread: Sequence[Unread] = ()


class Polled(NamedTuple):
    """Every account, polled once.

    Attributes:
        results: one for each account, in the order of the configuration.
        totals: what several of them hold together.
        metrics: what is known of all this, as Prometheus' text; without what only a running exporter has.
    """

    results: Sequence[Result]
    totals: Sequence[Part]
    metrics: str


def load_config(path: Path, environ: Mapping[str, str], web: Path | None = None) -> Config:
    """Read the configuration, keep its secrets out of the log, and print its warnings.

    Args:
        path: the configuration file.
        environ: where its environment variables are looked up.
        web: the web configuration file; where it is given it is checked too.

    Raises:
        ConfigError: it cannot be used; carries every mistake.
    """
    config, rules = load_all(path, web, environ)
    logs.mask(chain(secrets_of(config.accounts), proxy_logins(environ)))
    logs.mask_behind(secret_names(EXCHANGES, config.accounts))
    for warning in (*config.warnings, *rules.config.warnings):
        print(f"warning: {warning}", file=sys.stderr)
    return config


def poll_all(config: Config, *, everything: bool = False) -> Polled:
    """Poll every account once, side by side.

    Args:
        config: which accounts.
        everything: whether the wallets that the configuration does not ask for are asked for too.
    """
    progress = Progress(len(config.accounts), sys.stderr)
    try:
        return interruptible(read_all(config, progress.one_more, everything=everything))
    finally:
        progress.end()


def interruptible(work: Coroutine[Any, Any, T]) -> T:
    """What the work returns; an interrupt (Ctrl-C) cancels it between two steps of the loop, a second one at once.

    asyncio's own handler cancels wherever the interpreter happens to be: between a callback's look at what it waits
    for and its answer to it, which then fails as a bug would.

    Raises:
        KeyboardInterrupt: it was interrupted.
    """
    ignored = (
        signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    )  # as `nohup` and background jobs have it

    async def run() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def interrupted() -> None:
            loop.remove_signal_handler(signal.SIGINT)
            task.cancel()

        if not ignored:
            loop.add_signal_handler(signal.SIGINT, interrupted)
        try:
            return await work
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def read_all(
    config: Config,
    on_progress: Callable[[AccountState, PollError | None], None],
    clock: Clock | None = None,
    *,
    everything: bool = False,
) -> Polled:
    """Poll every account once, side by side, and value it with the prices of the same moment.

    Args:
        config: which accounts.
        on_progress: called for each account as soon as its poll is over (values may still be missing).
        clock: the time; the machine's unless given.
        everything: whether the wallets that the configuration does not ask for are asked for too, where the main one
            could be read.
    """
    runtime.let_lookups_alone()
    files.raise_limit()
    clock, dice, counters = clock or SystemClock(), Dice(), Counters()
    pacer = Pacer(clock, config.rate_share)
    transport = Transport(clock, pacer, counters, dice, masked=logs.masked)
    engine = Engine(
        config,
        clock,
        dice,
        exchanges=EXCHANGES,
        transport=transport,
        pacer=pacer,
        counters=counters,
        masked=logs.masked_name,
    )
    give_up_at = clock.now() + PATIENCE_SECONDS
    unread: dict[str, list[Unread]] = {}

    async def read(poller: Poller) -> Outcome:
        try:
            outcome = await poller.account_poll.poll(clock.now(), give_up_at)
            while not outcome.tried and clock.now() < outcome.opens <= give_up_at:
                await clock.sleep(outcome.opens - clock.now())
                outcome = await poller.account_poll.poll(clock.now(), give_up_at)
        except Exception as bug:
            log.exception("a poll ended in a bug", extra=poller.account_poll.fields())
            outcome = Outcome(tried=True, error=InternalError(type(bug).__name__))
        state = poller.state
        for name, error in outcome.kept.items():  # there is no next poll that could still read it
            wallet = state.wallets[name]
            if wallet.failure is None:
                state.refused(wallet, error, clock.now(), clock.wall())
            if wallet.required and outcome.error is None:
                outcome = outcome._replace(error=error)
        if everything and state.wallets[state.main].up:
            unread[state.account.name] = await probe(poller, transport, clock, give_up_at)
        on_progress(state, outcome.error)
        return outcome

    pollers = list(engine.pollers.values())
    try:
        outcomes, _ = await asyncio.gather(
            asyncio.gather(*map(read, pollers)),
            asyncio.gather(*(reader.read(give_up_at) for reader in engine.price_readers.values())),
        )
        for state in engine.accounts:
            state.revalue(clock.now())
            for each in unread.get(state.account.name, ()):
                if each.wallet is not None:
                    each.wallet.revalue(state.book, clock.now())
        offsets = engine.transport.clock_offsets()
        engine.before_scrape()
        totals, metrics = engine.totals.parts(), engine.exposition.once()
    finally:
        await engine.stop(0)
    results = [
        Result(
            poller.state,
            outcome.error,
            offsets.get(poller.state.account.exchange),
            outcome.address,
            unread.get(poller.state.account.name, ()),
        )
        for poller, outcome in zip(pollers, outcomes, strict=True)
    ]
    return Polled(results, totals, metrics)


class Progress:
    """One line on a terminal that counts finished accounts; nothing where the stream is not a terminal."""

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
        """Erase the line."""
        if self._watched:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _show(self) -> None:
        if self._watched:
            failed = f", {self._failed} failed" if self._failed else ""
            self._stream.write(f"\r\x1b[Kpolling: {self._done} of {counted(self._total, 'account')}{failed}")
            self._stream.flush()
