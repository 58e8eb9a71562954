"""Everything between the configuration and the exposition, put together: accounts, prices, pollers, their tasks."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from functools import partial
from typing import Final, Protocol

from exporter.app.lag import Lag
from exporter.app.sharding import shard_of
from exporter.config import Account, Config
from exporter.core import files
from exporter.core.credentials import Credentials
from exporter.core.runtime import Clock, Dice
from exporter.exchanges.base import Exchange
from exporter.exposition.account_lines import AccountLines
from exporter.exposition.counters import Counters
from exporter.exposition.exposition import Exposition
from exporter.exposition.families import RENDERED
from exporter.exposition.price_lines import PriceLines
from exporter.exposition.total_lines import TotalLines
from exporter.holdings.account import AccountState
from exporter.holdings.accounts import Accounts
from exporter.holdings.totals import Totals
from exporter.polling.account_poll import SIDE_BY_SIDE
from exporter.polling.context import PollContext, Reads, backoff
from exporter.polling.poller import Poller
from exporter.polling.price_poll import PriceReader
from exporter.polling.turns import in_turns
from exporter.transport.caller import Caller
from exporter.transport.limits import Demand, Pacer

STALL_SECONDS: Final = 60.0
"""How much later than it should a poller may come round before the scheduler counts as stalled."""

BookKey = tuple[str, str, str, str | None]


async def _unchanged(account: Account) -> Credentials | None:
    del account
    return None


class EngineTransport(Reads, Protocol):
    """What an engine needs of its transport."""

    def clock_offsets(self) -> Mapping[str, float]:
        """Exchange -> seconds that its clock is ahead of ours."""

    async def close(self) -> None:
        """Close every connection."""


class Engine:
    """Polls what a configuration says, and serves it through its exposition.

    Attributes:
        accounts: every account that is served.
        totals: what several of them hold together.
        exposition: what a scrape reads.
        pollers: by account name.
        price_readers: one for each book.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        dice: Dice,
        *,
        exchanges: Mapping[str, Exchange],
        transport: EngineTransport,
        pacer: Pacer,
        counters: Counters,
        shard: int = 0,
        shards: int = 1,
        credentials: Callable[[Account], Awaitable[Credentials | None]] = _unchanged,
        masked: Callable[[str], str] = str,
    ) -> None:
        """Put everything together; nothing is polled before `start`.

        Args:
            config: what is polled.
            clock: the time.
            dice: chance, for the moment of the next try after a failure.
            exchanges: by name; only those of configured accounts are looked up.
            transport: does the talking; closed by `stop`.
            pacer: the limits that the transport keeps to.
            counters: what the transport reports to.
            shard: which part of the accounts is polled here, from 0.
            shards: how many parts there are.
            credentials: tells what an account's secret files hold now, or None where it cannot.
            masked: takes secrets out of a name that an exchange gave to a coin or wallet.
        """
        self.clock = clock
        self.transport = transport
        self.counters = counters
        self.accounts = Accounts()
        self.pollers: dict[str, Poller] = {}
        self.price_readers: dict[BookKey, PriceReader] = {}
        self.lag = Lag(clock)
        self._shard, self._shards = shard, shards
        self._tasks: dict[str | BookKey, asyncio.Task[None]] = {}
        self._running = False
        self._exchanges = exchanges
        self._masked = masked
        self._pacer = pacer
        self.exposition = Exposition(RENDERED, counters.tail)
        self._around = PollContext(transport, clock, partial(backoff, dice), self.lag, credentials)
        counters.clock_offsets.set_function(transport.clock_offsets)
        counters.lag.set_function(self.lag.worst)
        counters.shard.set(shard)
        counters.shards.set(shards)
        self.config = config
        self.totals = Totals(TotalLines(self.exposition, shard))
        mine = {account.name: account for account in self._mine(config)}
        self.totals.configure(config.totals, mine, self.accounts)
        for account in mine.values():
            self._add(account)
        self._assign_books()

    def start(self) -> None:
        """Begin to poll."""
        self._running = True
        for key, reader in self.price_readers.items():
            self._tasks[key] = asyncio.create_task(reader.run())
        for name, poller in self.pollers.items():
            self._tasks[name] = asyncio.create_task(poller.run())

    async def stop(self, grace: float) -> None:
        """End polling: what is running may end within so many seconds, nothing new begins."""
        self._running = False
        busy = []
        for name, poller in self.pollers.items():
            if name in self._tasks and poller.polling:
                poller.last = True
                busy.append(self._tasks[name])
        idle = [task for task in self._tasks.values() if task not in busy]
        for task in idle:
            task.cancel()
        if busy:
            await asyncio.wait(busy, timeout=grace)
        for task in busy:
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()
        await self.transport.close()

    def before_scrape(self) -> None:
        """Withdraw what is too old by the clock; serve prices that were asked for since the last time, and totals."""
        self.accounts.expire(self.clock.now())
        for reader in self.price_readers.values():
            reader.serve()
        self.totals.serve()

    def problem(self) -> str | None:
        """Why the scheduler counts as stalled, or None."""
        if not self._running:
            return None
        now = self.clock.now()
        for key, task in self._tasks.items():
            if task.done():
                whose = f"account {key}" if isinstance(key, str) else f"the prices of {key[0]}"
                return f"the task of {whose} is dead"
        for name, poller in self.pollers.items():
            if now > poller.back_by + STALL_SECONDS:
                return f"account {name} should have been polled {now - poller.back_by:.0f} s ago"
        return None

    @property
    def tried(self) -> bool:
        """Whether the first poll of every account is over."""
        return all(poller.tried for poller in self.pollers.values())

    async def apply(self, config: Config) -> None:
        """Go on with another configuration.

        Accounts whose exchange, credentials, base_url, proxy, wallets or options changed start anew; any other
        change keeps data, counters and schedule. Between accounts others get their turn.
        """
        self._pacer.share(config.rate_share)
        before, self.config = self.config, config
        mine = {account.name: account for account in self._mine(config)}
        # First of all: what an account adds that is to come is not known from now on, and so its totals are not.
        self.totals.configure(config.totals, mine, self.accounts)
        for name, poller in tuple(self.pollers.items()):
            account = mine.get(name)
            if account is None or _starts_anew(poller.state.account, account):
                self._remove(name)
        for account in mine.values():
            poller = self.pollers.get(account.name) or self._add(account)
            await self._reconfigure(poller, account, relabelled=config.label_names != before.label_names)
            await asyncio.sleep(0)
        self._assign_books()
        if config.valuation != before.valuation:
            await self._revalue(config.valuation.interval != before.valuation.interval)

    def oversubscribed(self) -> list[str]:
        """A sentence for each limit of which the configured accounts ask more than their share gives."""
        sentences = (
            f"{over.exchange}: the accounts ask for {over.wanted:.3g}/s of the limit {over.limit.name!r} "
            f"({over.limit.requests} in {over.limit.seconds:g} s) per {over.limit.scope}, their share gives "
            f"{over.given:.3g}/s; polls will be skipped: raise `interval` or `rate_share`"
            for over in self._pacer.demand(self._demands())
        )
        return list(dict.fromkeys(sentences))

    def short_of_files(self) -> list[str]:
        """A sentence where the process may not open as many connections as the accounts keep at once."""
        wanted = len(self.price_readers)
        for poller in self.pollers.values():
            wanted += min(SIDE_BY_SIDE, len(poller.account_poll.plan.readings))
        limit = files.limit()
        most = files.budget(limit).exchanges
        if wanted <= most:
            return []
        sentence = (
            f"the accounts ask on {wanted} connections at once; this process may have {limit} open files, {most} "
            "of them for that: polls will wait for each other; raise the hard limit (`ulimit -Hn`, `LimitNOFILE=`)"
        )
        return [sentence]

    def _mine(self, config: Config) -> Iterable[Account]:
        return (account for account in config.accounts if shard_of(account, self._shards) == self._shard)

    def _add(self, account: Account) -> Poller:
        exchange = self._exchanges[account.exchange]
        api = exchange.api_for(account.options)
        lines = AccountLines(self.exposition, exchange.name, account.name)
        state = AccountState(
            account,
            api.main,
            lines,
            None,
            shard=self._shard,
            label_names=self.config.label_names,
            masked=self._masked,
            summed=self.totals.told,
        )
        state.count(self.totals.currencies(account.name))
        caller = Caller(
            exchange,
            api,
            account.name,
            account.credentials,
            account.base_url,
            account.proxy,
            account.options.get("rate_group", ""),
            state.quota,
        )
        self.counters.exchange(exchange.name)
        self.accounts.add(state)
        poller = self.pollers[account.name] = Poller(state, caller, self._around)
        self._price(poller)
        self._start(account.name, poller.run)
        return poller

    async def _reconfigure(self, poller: Poller, account: Account, *, relabelled: bool) -> None:
        """Have an account go on with another configuration of it."""
        poller.account_poll.key.due = self.clock.now()
        state, before = poller.state, poller.state.account
        state.count(self.totals.currencies(account.name))
        if account == before and not relabelled:
            return
        state.reconfigure(account, shard=self._shard, label_names=self.config.label_names)
        await in_turns(state.revaluing(self.clock.now()))
        if account.interval != before.interval and not poller.polling:
            poller.reschedule()
            self._start(account.name, poller.run)

    def _remove(self, name: str) -> None:
        self._cancel(name)
        poller = self.pollers.pop(name)
        for reader in self.price_readers.values():
            reader.accounts.discard(poller.state)
        self.accounts.remove(name)
        self.totals.left(name)

    def _start(self, key: str | BookKey, run: Callable[[], Coroutine[None, None, None]]) -> None:
        """Run this under a key from now on, in place of what ran there; only while polling."""
        self._cancel(key)
        if self._running:
            self._tasks[key] = asyncio.create_task(run())

    def _cancel(self, key: str | BookKey) -> None:
        task = self._tasks.pop(key, None)
        if task is not None:
            task.cancel()

    def _price(self, poller: Poller) -> BookKey | None:
        """Have an account valued by the book of its exchange and address; returns the book's key."""
        caller, valuation = poller.account_poll.caller, self.config.valuation
        if not valuation.enabled:
            poller.state.book = None
            return None
        key = (caller.exchange.name, caller.api.host, caller.base, caller.proxy)
        reader = self.price_readers.get(key)
        if reader is None:
            public = Caller(caller.exchange, caller.api, "", None, caller.base_url, caller.proxy, "")
            reader = self.price_readers[key] = PriceReader(
                public,
                valuation,
                PriceLines(self.exposition, caller.exchange.name),
                transport=self.transport,
                clock=self.clock,
                backoff=self._around.backoff,
            )
            self._start(key, reader.run)
        reader.accounts.add(poller.state)
        poller.state.book = reader.book
        return key

    def _assign_books(self) -> None:
        """Give every account a price book, drop unused books, and expose one book per exchange."""
        used = {self._price(poller) for poller in self.pollers.values()}
        served = set()
        for key, reader in tuple(self.price_readers.items()):
            if key not in used:
                self._cancel(key)
                self.price_readers.pop(key).drop()
                continue
            reader.serves_prices = key[0] not in served
            served.add(key[0])
            reader.serve()
        self.counters.accounts.set(len(self.pollers))
        self.counters.config_hash.set(self.config.hash)

    async def _revalue(self, rhythm_changed: bool) -> None:
        """Value everything by another `valuation`; with another rhythm, prices are read at once."""
        for key, reader in tuple(self.price_readers.items()):
            await reader.reconfigure(self.config.valuation)
            if rhythm_changed:
                self._start(key, reader.run)
        for state in tuple(self.accounts):
            if state.book is None:
                await in_turns(state.revaluing(self.clock.now()))
                await asyncio.sleep(0)

    def _demands(self) -> Iterable[Demand]:
        for poller in self.pollers.values():
            caller, interval = poller.account_poll.caller, poller.state.account.interval
            for ask in poller.account_poll.plan.asks(interval):
                scopes = caller.place(ask.endpoint.host).scopes
                for limit in ask.endpoint.limits:
                    yield Demand(
                        caller.exchange.name, getattr(scopes, limit.scope), limit, ask.endpoint.weight / ask.every
                    )


def _starts_anew(old: Account, new: Account) -> bool:
    return any(
        getattr(old, name) != getattr(new, name)
        for name in ("exchange", "credentials", "base_url", "proxy", "wallets", "options")
    )
