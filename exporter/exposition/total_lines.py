"""Sample lines of what several accounts hold together."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from exporter.exposition.escaping import labelled
from exporter.exposition.exposition import Exposition
from exporter.holdings.publisher import TotalLimit


class TotalLines:
    """Puts this shard's part of every total into the exposition (`holdings.publisher.TotalPublisher`)."""

    def __init__(self, exposition: Exposition, shard: int) -> None:
        self._exposition = exposition
        self._owner = exposition.owner()
        self._shard = str(shard)

    def limits(self, limits: Iterable[TotalLimit]) -> None:
        """Serve the limits of all totals."""
        self._put(
            "exchange_total_threshold",
            (
                (
                    {
                        "total": total,
                        "of": "net" if currency else "usd",
                        "severity": severity,
                        "currency": currency,
                    },
                    repr(float(amount)),
                )
                for total, currency, severity, amount in limits
            ),
        )

    def nets(self, amounts: Mapping[tuple[str, str], Decimal]) -> None:
        """Serve amounts, to the last digit."""
        self._put(
            "exchange_total_net",
            (
                ({"total": total, "shard": self._shard, "currency": currency}, str(amount))
                for (total, currency), amount in amounts.items()
            ),
        )

    def usd(self, amounts: Mapping[str, Decimal]) -> None:
        """Serve values in USD."""
        self._put(
            "exchange_total_usd",
            (({"total": total, "shard": self._shard}, repr(float(amount))) for total, amount in amounts.items()),
        )

    def _put(self, family: str, samples: Iterable[tuple[Mapping[str, str], str]]) -> None:
        """Serve these samples of a family, and no others."""
        lines = [f"{family}{{{labelled(labels.items())}}} {number}\n" for labels, number in samples]
        self._exposition.put(family, self._owner, "", "".join(lines).encode())
