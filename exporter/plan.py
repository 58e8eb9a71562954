"""Which wallets of an account are read, and when each of them may be read again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from exporter.config import Account
from exporter.exchanges.base import Api, RowMemory, Wallet

LIST_SECONDS = 3600.0
"""How long an exchange's list of wallets is taken as it was."""

RARE_SECONDS = 24 * 3600.0
"""Between two tries of a kind of wallet that never answered."""


@dataclass(slots=True)
class Planned:
    """One wallet of the plan.

    Attributes:
        wallet: how it is read; None for one that the exchange opens on first use and has not yet: nothing is there.
        memory: its rows of the last answer.
        not_before: moment of the poller's clock before which it is not read again.
        failures: reads that failed for a reason that slows this wallet alone.
        answered: whether it ever did.
    """

    wallet: Wallet | None
    memory: RowMemory = field(default_factory=RowMemory)
    not_before: float = float("-inf")
    failures: int = 0
    answered: bool = False


class Plan:
    """The wallets of one account on one API.

    Attributes:
        readings: by wallet name, the main one first.
        unknown: wallets that the configuration names and the exchange does not list.
        listed_at: moment of the poller's clock at which the exchange's list was read.
    """

    __slots__ = ("_account", "_api", "listed_at", "readings", "unknown")

    def __init__(self, api: Api, account: Account) -> None:
        self._api = api
        self._account = account
        self.readings: dict[str, Planned] = {}
        self.unknown: tuple[str, ...] = ()
        self.listed_at = float("-inf")
        if api.discover is None:
            self._take(api.wallets)

    @property
    def main(self) -> str:
        """Name of the main wallet."""
        return self._api.main

    def needs_list(self, now: float) -> bool:
        """Whether the exchange's list has to be read before anything else."""
        return self._api.discover is not None and now - self.listed_at >= LIST_SECONDS

    def listed(self, wallets: Mapping[str, Wallet], now: float) -> None:
        """Take a good list; wallets that stay keep what is known of them."""
        self.listed_at = now
        self._take({**self._api.wallets, **wallets})

    def renew_list(self) -> None:
        """Have the list read again before the next read."""
        self.listed_at = float("-inf")

    def due(self, slot: float) -> list[str]:
        """What may be read in a poll that was due at this moment, the main wallet first."""
        return [name for name, reading in self.readings.items() if reading.not_before <= slot]

    def next_due(self) -> float:
        """The first moment at which anything may be read."""
        return min((reading.not_before for reading in self.readings.values()), default=float("-inf"))

    def _take(self, known: Mapping[str, Wallet]) -> None:
        chosen = dict.fromkeys(self._chosen(known))
        before, self.readings = self.readings, {}
        for name in chosen:
            wallet = known.get(name)
            reading = before.get(name) or Planned(wallet)
            reading.wallet = wallet
            self.readings[name] = reading

    def _chosen(self, known: Mapping[str, Wallet]) -> Iterable[str]:
        api, named = self._api, self._account.wallets
        yield api.main
        if named is None:
            yield from (name for name, wallet in known.items() if wallet.default)
            return
        unknown = []
        for asked in named:
            name = api.main if asked == "main" else asked
            # One name of a family asks for all its members: isolated_margin for isolated_margin/BTCUSDT.
            members = [other for other in known if other == name or other.startswith(f"{name}/")]
            yield from members
            if not members and api.may_be_absent(name):
                yield name
            elif not members:
                unknown.append(name)
        self.unknown = tuple(unknown)
