"""Sample lines of one exchange's prices."""

from collections.abc import Mapping
from decimal import Decimal

from exporter.exposition.escaping import labelled, quoted
from exporter.exposition.exposition import Exposition


class PriceLines:
    """Puts the prices of one exchange into the exposition (`holdings.publisher.PricePublisher`)."""

    def __init__(self, exposition: Exposition, exchange: str) -> None:
        self._exposition = exposition
        self._owner = exposition.owner(exchange)
        self._exchange = labelled((("exchange", exchange),))

    def prices(self, usd: Mapping[str, Decimal]) -> None:
        """Serve the prices that valuation uses."""
        self._by_currency("exchange_price_usd", usd)

    def market_prices(self, usd: Mapping[str, Decimal]) -> None:
        """Serve what the market says of pegged currencies."""
        self._by_currency("exchange_peg_market_price_usd", usd)

    def last_success(self, wall: float) -> None:
        """Serve when the tickers were last read, in seconds since the epoch."""
        self._put("exchange_price_last_success_timestamp_seconds", {"": wall})

    def drop(self) -> None:
        """Serve nothing any more."""
        self._exposition.drop(self._owner)

    def _by_currency(self, family: str, usd: Mapping[str, Decimal]) -> None:
        self._put(family, {f',currency="{quoted(name)}"': float(price) for name, price in usd.items()})

    def _put(self, family: str, numbers: Mapping[str, float]) -> None:
        """Serve one sample for each number; the keys are labels as they follow that of the exchange."""
        lines = [f"{family}{{{self._exchange}{more}}} {number!r}\n" for more, number in numbers.items()]
        self._exposition.put(family, self._owner, "", "".join(lines).encode())
