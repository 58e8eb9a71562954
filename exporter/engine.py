"""Everything between the configuration and the exposition, put together: accounts, prices, pollers, their tasks."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from exporter.accounts import Accounts, AccountState
from exporter.caller import Caller
from exporter.config import Account, Config
from exporter.counters import Counters
from exporter.credentials import Credentials
from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import Endpoint, Request, RowMemory, Wallet
from exporter.exposition import Exposition
from exporter.metrics import RENDERED
from exporter.pacing import Clock, Demand, Dice, Pacer, backoff
from exporter.poller import Poller
from exporter.price_reader import MAX_AGE_INTERVALS, PriceReader
from exporter.prices import PriceBook
from exporter.reading import Surroundings
from exporter.sharding import shard_of
from exporter.transport import Transport

log = logging.getLogger(__name__)

STALL_SECONDS: Final = 60.0
"""How much later than it should a poller may come round before the scheduler counts as stalled."""

BookKey = tuple[str, str, str, str | None]


def _unchanged(account: str) -> Credentials | None:
    del account
    return None


class Lag:
    """How late the scheduler woke up, at worst within the last minute."""

    WINDOW: Final = 30.0

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._worst = self._before = 0.0
        self._since = clock.now()

    def __call__(self, seconds: float) -> None:
        """Note one wake-up."""
        self._turn()
        self._worst = max(self._worst, seconds)

    def worst(self) -> float:
        """Seconds."""
        self._turn()
        return max(self._worst, self._before)

    def _turn(self) -> None:
        now = self._clock.now()
        if now - self._since >= 2 * self.WINDOW:
            self._worst = self._before = 0.0
            self._since = now
        elif now - self._since >= self.WINDOW:
            self._before, self._worst = self._worst, 0.0
            self._since += self.WINDOW


class Engine:
    """Polls what a configuration says, and serves it through its exposition.

    Attributes:
        accounts: every account that is served.
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
        shard: int = 0,
        shards: int = 1,
        credentials: Callable[[str], Credentials | None] = _unchanged,
    ) -> None:
        """Args: `credentials` reads the secrets of an account again; None when they did not change."""
        self.clock = clock
        self.accounts = Accounts()
        self.pollers: dict[str, Poller] = {}
        self.price_readers: dict[BookKey, PriceReader] = {}
        self.lag = Lag(clock)
        self._shard, self._shards = shard, shards
        self._tasks: dict[str | BookKey, asyncio.Task[None]] = {}
        self._running = False
        self._pacer = Pacer(clock, config.rate_share, shards)
        self.counters = Counters(lambda: self.transport.clock_offsets(), self._quota)
        self.exposition = Exposition(RENDERED, self.counters.tail)
        self.transport = Transport(clock, self._pacer, self.counters, dice)
        self._backoff = partial(backoff, dice)
        self._around = Surroundings(self.transport, clock, self._backoff, self.lag, credentials)
        self.counters.lag.set_function(self.lag.worst)
        self.counters.shard.set(shard)
        self.counters.shards.set(shards)
        self.config = config
        self._take(config)

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
        """Withdraw what is too old by the clock, and serve the prices that were asked for since the last time."""
        self.accounts.expire(self.clock.now())
        for reader in self.price_readers.values():
            reader.serve()

    def problem(self) -> str | None:
        """Why the scheduler counts as stalled, or None."""
        now = self.clock.now()
        for key, task in self._tasks.items():
            if task.done():
                return f"the task of {key if isinstance(key, str) else key[0]} is dead"
        for name, poller in self.pollers.items():
            if self._running and now > poller.back_by + STALL_SECONDS:
                return f"account {name} should have been polled {now - poller.back_by:.0f} s ago"
        return None

    @property
    def tried(self) -> bool:
        """Whether the first poll of every account is over."""
        return all(poller.tried for poller in self.pollers.values())

    def apply(self, config: Config) -> None:
        """Go on with another configuration.

        Accounts whose exchange, credentials, base_url, proxy, wallets or options changed start anew; any other
        change keeps data, counters and schedule.
        """
        self._pacer.share(config.rate_share)
        mine = {account.name: account for account in self._mine(config)}
        for name in [name for name in self.pollers if name not in mine]:
            self._remove(name)
        for name, account in mine.items():
            if name in self.pollers and _starts_anew(self.pollers[name].state.account, account):
                self._remove(name)
        valuation_changed = config.valuation != self.config.valuation
        self._take(config)
        if valuation_changed:
            self._revalue_all()

    def oversubscribed(self) -> list[str]:
        """A sentence for each limit of which the configured accounts ask more than their share gives."""
        sentences = []
        for over in self._pacer.demand(self._demands()):
            sentences.append(
                f"{over.exchange}: the accounts ask for {over.wanted:.3g} requests/s of the limit "
                f"{over.limit.name!r} per {over.limit.scope}, their share gives {over.given:.3g}/s; polls will be "
                "skipped: raise `interval` or `rate_share`"
            )
        return sentences

    def _take(self, config: Config) -> None:
        self.config = config
        used: set[BookKey] = set()
        for account in self._mine(config):
            poller = self.pollers.get(account.name)
            if poller is None:
                poller = self._add(account)
            else:
                poller.state.reconfigure(account, shard=self._shard, label_names=config.label_names)
                poller.state.revalue(self.clock.now())
            if config.valuation.enabled:
                used.add(self._price(poller))
            else:
                poller.state.book = None
        for key in [key for key in self.price_readers if key not in used]:
            self._cancel(key)
            self.price_readers.pop(key).drop()
        self.counters.accounts.set(len(self.pollers))
        self.counters.config_hash.set(config.hash)

    def _mine(self, config: Config) -> Iterable[Account]:
        return (account for account in config.accounts if shard_of(account, self._shards) == self._shard)

    def _add(self, account: Account) -> Poller:
        exchange = EXCHANGES[account.exchange]
        chosen = account.options.get(exchange.option, exchange.first)
        api = exchange.apis[exchange.first if chosen == "auto" else chosen]
        caller = Caller(
            exchange,
            api,
            account.name,
            account.credentials,
            account.base_url,
            account.proxy,
            account.options.get("rate_group", ""),
        )
        self.counters.exchange(exchange.name)
        state = AccountState(
            account, api.main, self.exposition, None, shard=self._shard, label_names=self.config.label_names
        )
        self.accounts.add(state)
        poller = self.pollers[account.name] = Poller(state, caller, self._around)
        if self._running:
            self._tasks[account.name] = asyncio.create_task(poller.run())
        return poller

    def _remove(self, name: str) -> None:
        self._cancel(name)
        poller = self.pollers.pop(name)
        for reader in self.price_readers.values():
            reader.accounts.discard(poller.state)
        self.accounts.remove(name)

    def _cancel(self, key: str | BookKey) -> None:
        task = self._tasks.pop(key, None)
        if task is not None:
            task.cancel()

    def _price(self, poller: Poller) -> BookKey:
        """Have an account valued by the book of its exchange and address; returns the book's key."""
        caller, valuation = poller.reader.caller, self.config.valuation
        key = (caller.exchange.name, caller.api.host, caller.base, caller.proxy)
        reader = self.price_readers.get(key)
        if reader is None:
            reader = self.price_readers[key] = self._price_reader(caller)
            if self._running:
                self._tasks[key] = asyncio.create_task(reader.run())
        reader.interval, reader.also = valuation.interval, valuation.also
        reader.book.pegs, reader.book.max_age = valuation.pegs, MAX_AGE_INTERVALS * valuation.interval
        reader.accounts.add(poller.state)
        poller.state.book = reader.book
        return key

    def _price_reader(self, caller: Caller) -> PriceReader:
        valuation, name = self.config.valuation, caller.exchange.name
        return PriceReader(
            Caller(caller.exchange, caller.api, "", None, caller.base_url, caller.proxy, ""),
            PriceBook(caller.api.symbol, valuation.pegs, MAX_AGE_INTERVALS * valuation.interval),
            self.exposition,
            interval=valuation.interval,
            also=valuation.also,
            serves_prices=not any(other[0] == name for other in self.price_readers),
            transport=self.transport,
            clock=self.clock,
            backoff=self._backoff,
        )

    def _revalue_all(self) -> None:
        now = self.clock.now()
        for state in self.accounts:
            state.revalue(now)
        for reader in self.price_readers.values():
            reader.serve()

    def _quota(self, exchange: str, account: str, endpoint: str, left: int) -> None:
        del exchange
        state = self.accounts.get(account)
        if state is not None:
            state.quota(endpoint, left)

    def _demands(self) -> Iterable[Demand]:
        for poller in self.pollers.values():
            caller, interval = poller.reader.caller, poller.state.account.interval
            for planned in poller.reader.plan.readings.values():
                endpoint = _first_endpoint(planned.wallet) if planned.wallet is not None else None
                for limit in endpoint.limits if endpoint is not None else ():
                    every = max(interval, planned.wallet.every if planned.wallet is not None else 0.0)
                    yield Demand(caller.exchange.name, getattr(caller.scopes, limit.scope), limit, 1 / every)


def _starts_anew(old: Account, new: Account) -> bool:
    return any(
        getattr(old, name) != getattr(new, name)
        for name in ("exchange", "credentials", "base_url", "proxy", "wallets", "options")
    )


def _first_endpoint(wallet: Wallet) -> Endpoint | None:
    """What a read of the wallet asks first."""
    request = next(wallet.read(RowMemory()), None)
    return request.endpoint if isinstance(request, Request) else None
