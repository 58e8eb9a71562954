"""Reads one exchange's tickers on an interval for all accounts that share a book, and serves the prices."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Final

from exporter.accounts import AccountState
from exporter.caller import Caller
from exporter.errors import PollError
from exporter.exposition import Exposition
from exporter.metrics import labelled
from exporter.pacing import Clock, Skipped
from exporter.prices import PriceBook
from exporter.reading import Reads

log = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 10.0
CAP_SECONDS: Final = 120.0
MAX_AGE_INTERVALS: Final = 10


class PriceReader:
    """Keeps one price book up to date.

    Attributes:
        book: the prices.
        accounts: those that are valued with it; the caller of the constructor keeps them up to date.
        error: of the last read; None when it was good, or before the first.
        tried: whether the first read is over, whatever it came to.
    """

    def __init__(
        self,
        caller: Caller,
        book: PriceBook,
        exposition: Exposition,
        *,
        interval: float,
        also: Sequence[str],
        serves_prices: bool,
        transport: Reads,
        clock: Clock,
        backoff: Callable[[int, float, float], float],
    ) -> None:
        """Args: `serves_prices` is true for one book of an exchange: its prices are the ones that metrics show."""
        self.caller = caller
        self.book = book
        self.accounts: set[AccountState] = set()
        self.error: PollError | None = None
        self.tried = False
        self.also = also
        self.interval = interval
        self._serves_prices = serves_prices
        self._exposition = exposition
        self._owner = exposition.owner(caller.exchange.name)
        self._transport = transport
        self._clock = clock
        self._backoff = backoff
        self._failures = 0
        self._served: dict[str, Decimal] = {}
        self._served_at = -1.0
        self.serve()

    async def run(self) -> None:
        """Read prices until cancelled. Nothing but cancellation escapes."""
        while True:
            started = self._clock.now()
            try:
                await self.read(started + self.interval)
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("reading prices ended in a bug", extra=self._named())
                self._failures += 1
            self.tried = True
            delay = self._backoff(self._failures, self.interval, CAP_SECONDS) if self._failures else self.interval
            await self._clock.sleep(started + delay - self._clock.now())

    async def read(self, give_up_at: float) -> None:
        """Read the tickers once, and value every account anew."""
        caller = self.caller
        try:
            tickers = await self._transport.read(
                caller, caller.api.prices(), timeout=min(TIMEOUT_SECONDS, self.interval), give_up_at=give_up_at
            )
        except Skipped:
            return
        except PollError as error:
            self._failures += 1
            if self.error is None or self.error.reason != error.reason:
                log.warning(
                    "prices can not be read",
                    extra=self._named(reason=error.reason, error=str(error), advice=error.advice),
                )
            self.error = error
            return
        if self.error is not None:
            log.info("prices are read again", extra=self._named(failed_for=self.error.reason))
        self._failures, self.error = 0, None
        self.book.replace(tickers, self._clock.now(), self._clock.wall())
        await self.revalue()

    async def revalue(self) -> None:
        """Value every account with the prices of this moment; others get their turn in between."""
        for state in tuple(self.accounts):
            if state in self.accounts:
                state.revalue(self._clock.now())
            await asyncio.sleep(0)
        self.serve()

    def serve(self) -> None:
        """Serve the prices that valuation uses now, if that changed since the last time."""
        if not self._serves_prices:
            return
        now, book = self._clock.now(), self.book
        for currency in self.also:
            book.price(currency, now)
        prices = book.known(now)
        if self._served == prices and self._served_at == book.last_success:
            return
        self._served, self._served_at = dict(prices), book.last_success
        self._put("exchange_price_usd", prices.items())
        self._put(
            "exchange_peg_market_price_usd",
            ((currency, price) for currency in book.pegs if (price := book.market_price(currency, now)) is not None),
        )
        name = self.caller.exchange.name
        line = f'exchange_price_last_success_timestamp_seconds{{exchange="{name}"}} {book.last_success!r}\n'
        self._exposition.put("exchange_price_last_success_timestamp_seconds", self._owner, "", line.encode())

    def drop(self) -> None:
        """Serve nothing any more."""
        self._exposition.drop(self._owner)

    def _put(self, family: str, prices: Iterable[tuple[str, Decimal]]) -> None:
        name = self.caller.exchange.name
        lines = [
            f"{family}{{{labelled((('exchange', name), ('currency', currency)))}}} {float(price)!r}\n"
            for currency, price in prices
        ]
        self._exposition.put(family, self._owner, "", "".join(lines).encode())

    def _named(self, **more: str) -> dict[str, str]:
        return {"exchange": self.caller.exchange.name, **more}
