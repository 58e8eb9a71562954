"""Reads one exchange's tickers on an interval, values the accounts that share its book, and tells the prices."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from exporter.config import Valuation
from exporter.core.errors import BadPayload, PollError
from exporter.core.runtime import Clock
from exporter.exchanges.base import Pair
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

MARKETS_SECONDS: Final = 3600.0
"""How long the exchange's list of markets is taken as it was."""

MARKETS_RETRY_SECONDS: Final = 60.0
"""Until the list is asked for again after a failure, while an earlier one stands."""


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
        self._markets: Mapping[Pair, str] = {}
        self._markets_due = float("-inf")
        self.book = PriceBook(caller.api.symbol or self._listed, valuation.pegs, MAX_AGE_INTERVALS * valuation.interval)
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
        self._no_market_said = False

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
            await self._know_markets(timeout, give_up_at)
            tickers = await self._transport.read(caller, caller.api.prices(), timeout=timeout, give_up_at=give_up_at)
            if not tickers and self.book.has_tickers and self.book.alive(self._clock.now()):
                raise BadPayload("an empty list of tickers, though there were some")
        except Skipped as skip:
            if skip.reason == "paused":
                self._refused(kept_by(skip, self._clock.wall() + skip.opens - self._clock.now()))
            return
        except PollError as error:
            self._failures += 1
            self._refused(error.bare())
            return
        if self.error is not None:
            log.info("prices are read again", extra=self._named(failed_for=self.error.reason))
        self._failures, self.error = 0, None
        self._say_no_market(not tickers)
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

    async def _know_markets(self, timeout: float, give_up_at: float) -> None:
        """Have the exchange's list of markets read where its symbols need one and the last is an hour old.

        Raises:
            PollError, Skipped: it cannot be read, and there is no earlier one.
        """
        caller, now = self.caller, self._clock.now()
        if caller.api.markets is None or now < self._markets_due:
            return
        try:
            markets = await self._transport.read(caller, caller.api.markets(), timeout=timeout, give_up_at=give_up_at)
            if self._markets and not markets:
                raise BadPayload("an empty list of markets, though there were some")
        except (PollError, Skipped) as failure:
            if not self._markets:
                raise
            self._markets_due = now + MARKETS_RETRY_SECONDS
            log.debug("the list of markets cannot be read", extra=self._named(error=str(failure)))
            return
        self._markets, self._markets_due = markets, now + MARKETS_SECONDS

    def _listed(self, base: str, quote: str) -> str | None:
        return self._markets.get((base, quote))

    def _say_no_market(self, none: bool) -> None:
        """Say once that nothing is traded at the exchange: no fault, and nothing that a repeat would change."""
        if none and not self._no_market_said:
            advice = "Holdings have a USD value only where the exchange's own answers give one."
            log.warning("the exchange lists no market", extra=self._named(advice=advice))
        self._no_market_said = none

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
