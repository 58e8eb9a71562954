"""Reads one exchange's tickers on an interval, values the accounts that share its book, and tells the prices."""

import asyncio
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from exporter.config import Valuation
from exporter.core.errors import PollError
from exporter.core.runtime import Clock
from exporter.holdings.account import AccountState
from exporter.holdings.prices import PriceBook
from exporter.holdings.publisher import PricePublisher
from exporter.polling.context import Reads
from exporter.polling.pauses import kept_by
from exporter.polling.turns import in_turns
from exporter.transport.caller import Caller
from exporter.transport.limits import Skipped

log = logging.getLogger("exporter.price_reader")

TIMEOUT_SECONDS: Final = 10.0
CAP_SECONDS: Final = 120.0
MAX_AGE_INTERVALS: Final = 10


class PriceReader:
    """Keeps one price book up to date.

    Attributes:
        book: the prices.
        accounts: those that are valued with it; the caller of the constructor keeps them up to date.
        error: of the last read; None when it was good, or before the first.
        serves_prices: whether metrics show this book's prices: true for one book of an exchange.
    """

    def __init__(
        self,
        caller: Caller,
        valuation: Valuation,
        publisher: PricePublisher,
        *,
        transport: Reads,
        clock: Clock,
        backoff: Callable[[int, float, float], float],
    ) -> None:
        """Args: `backoff` gives the seconds to the next try from failures, interval and cap, by chance."""
        self.caller = caller
        self.book = PriceBook(caller.api.symbol, valuation.pegs, MAX_AGE_INTERVALS * valuation.interval)
        self.accounts: set[AccountState] = set()
        self.error: PollError | None = None
        self.serves_prices = False
        self._valuation = valuation
        self._publisher = publisher
        self._transport = transport
        self._clock = clock
        self._backoff = backoff
        self._failures = 0
        self._revaluing = 0
        self._served: tuple[dict[str, Decimal], float] | None = None

    async def run(self) -> None:
        """Read prices until cancelled. Nothing but cancellation escapes."""
        while True:
            started = self._clock.now()
            try:
                await self.read(started + self._valuation.interval)
            except Exception:
                log.exception("reading prices ended in a bug", extra=self._named())
                self._failures += 1
            await self._clock.sleep(max(started + self._delay() - self._clock.now(), 0.0))

    async def read(self, give_up_at: float) -> None:
        """Read the tickers once, and value every account anew."""
        caller, timeout = self.caller, min(TIMEOUT_SECONDS, self._valuation.interval)
        try:
            tickers = await self._transport.read(caller, caller.api.prices(), timeout=timeout, give_up_at=give_up_at)
        except Skipped as skip:
            if skip.reason == "paused":
                self._refused(kept_by(skip, self._clock.wall() + skip.opens - self._clock.now()))
            return
        except PollError as error:
            self._failures += 1
            self._refused(error)
            return
        if self.error is not None:
            log.info("prices are read again", extra=self._named(failed_for=self.error.reason))
        self._failures, self.error = 0, None
        self.book.replace(tickers, self._clock.now(), self._clock.wall())
        await self.revalue()

    def _refused(self, error: PollError) -> None:
        """Note why prices cannot be read; the log says it when the reason is another one."""
        if self.error is None or self.error.reason != error.reason:
            log.warning(
                "prices cannot be read",
                extra=self._named(reason=error.reason, error=str(error), advice=error.advice),
            )
        self.error = error

    async def reconfigure(self, valuation: Valuation) -> None:
        """Go on with other pegs, or another interval from the next read on."""
        self._valuation = valuation
        self.book.pegs = valuation.pegs
        self.book.max_age = MAX_AGE_INTERVALS * valuation.interval
        await self.revalue()

    async def revalue(self) -> None:
        """Value every account with the prices of this moment; others get their turn in between."""
        self._revaluing += 1
        try:
            for state in tuple(self.accounts):
                if state in self.accounts:  # it may have gone in the meantime
                    await in_turns(state.revaluing(self._clock.now()))
                await asyncio.sleep(0)
        finally:
            self._revaluing -= 1
        self.serve()

    def serve(self) -> None:
        """Serve the prices that valuation uses now, if that changed since the last time.

        During a revaluation the book holds only the prices asked for so far, so the previous ones stay served.
        """
        if not self.serves_prices or self._revaluing:
            return
        now, book = self._clock.now(), self.book
        for currency in self._valuation.also:
            book.price(currency, now)
        prices = book.known(now)
        if self._served == (prices, book.last_success):
            return
        self._served = dict(prices), book.last_success
        self._publisher.prices(prices)
        market = {currency: book.market_price(currency, now) for currency in book.pegs}
        self._publisher.market_prices({currency: price for currency, price in market.items() if price is not None})
        self._publisher.last_success(book.last_success)

    def drop(self) -> None:
        """Serve nothing any more."""
        self._publisher.drop()

    def _delay(self) -> float:
        """Seconds from one start to the next; the book never ends while the exchange is healthy again."""
        interval = self._valuation.interval
        if not self._failures:
            return interval
        return self._backoff(self._failures, interval, min(CAP_SECONDS, self.book.max_age / 3))

    def _named(self, **more: str) -> dict[str, str]:
        return {"exchange": self.caller.exchange.name, **more}
