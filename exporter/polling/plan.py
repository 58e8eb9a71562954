"""Which wallets of an account are read, and when each of them may be read again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from exporter.config import Account
from exporter.core.model import Reading
from exporter.exchanges.base import Api, Reader, RowMemory, Wallet

LIST_SECONDS: Final = 3600.0
"""How long an exchange's list of wallets is taken as it was."""

RARE_SECONDS: Final = 24 * 3600.0
"""Between two tries of a kind of wallet that never answered."""

ALWAYS: Final = float("-inf")

_ROUNDING: Final = 1e-3
"""Seconds; moments that are whole intervals apart differ in their last digits."""


def _nothing(memory: RowMemory) -> Reader[Reading]:
    del memory
    yield from ()
    return Reading()


UNOPENED: Final = Wallet(_nothing)
"""Stands for a wallet that the exchange has not opened, or not listed yet."""


@dataclass(slots=True)
class Planned:
    """One wallet of the plan.

    Attributes:
        wallet: how it is read; None for one that the exchange opens on first use and has not yet: nothing is there.
        memory: its rows of the last answer.
        not_before: moment of the poller's clock before which it is not read again.
        failures: reads that failed since the last good one.
        answered: whether it ever did.
    """

    wallet: Wallet | None
    memory: RowMemory = field(default_factory=RowMemory)
    not_before: float = ALWAYS
    failures: int = 0
    answered: bool = False


class Plan:
    """The wallets of one account on one API.

    Attributes:
        readings: by wallet name, the main one first.
        unknown: wallets that the configuration names and the exchange does not list.
        list_not_before: moment of the poller's clock before which the exchange's list is not asked for again.
        list_failures: reads of the list that failed since the last good one.
    """

    __slots__ = ("_account", "_api", "_listed_at", "list_failures", "list_not_before", "readings", "unknown")

    def __init__(self, api: Api, account: Account) -> None:
        self._api = api
        self._account = account
        self._listed_at = ALWAYS
        self.readings: dict[str, Planned] = {}
        self.unknown: tuple[str, ...] = ()
        self.list_not_before = ALWAYS
        self.list_failures = 0
        if api.discover is None:
            self._take(api.wallets)

    def is_current(self, now: float) -> bool:
        """Whether the exchange keeps a list of wallets, and said lately what is on it."""
        return self._api.discover is not None and now - self._listed_at < LIST_SECONDS - _ROUNDING

    def needs_list(self, now: float) -> bool:
        """Whether the exchange's list has to be read before anything else."""
        if self._api.discover is None or self.is_current(now):
            return False
        return self.list_not_before <= now + _ROUNDING

    def listed(self, wallets: Mapping[str, Wallet], now: float) -> None:
        """Take a good list; wallets that stay keep what is known of them."""
        self._listed_at = now
        self.list_not_before = ALWAYS
        self.list_failures = 0
        self._take({**self._api.wallets, **wallets})

    def renew_list(self) -> None:
        """Have the list read again before the next read."""
        self._listed_at = ALWAYS

    def due(self, slot: float) -> list[str]:
        """What may be read in a poll that was due at this moment, the main wallet first."""
        latest = slot + _ROUNDING
        return [name for name, planned in self.readings.items() if planned.not_before <= latest]

    def next_due(self) -> float:
        """The first moment at which anything may be read."""
        moments = [planned.not_before for planned in self.readings.values() if planned.wallet is not None]
        return min(moments, default=self.list_not_before)

    def forgive(self) -> None:
        """Read everything again as if nothing had failed."""
        self.list_not_before = ALWAYS
        for planned in self.readings.values():
            planned.not_before = ALWAYS
            planned.failures = 0

    def _take(self, known: Mapping[str, Wallet]) -> None:
        before, self.readings = self.readings, {}
        for name in self._chosen(known):
            wallet = known.get(name)
            planned = before.get(name) or Planned(wallet)
            planned.wallet = wallet
            self.readings[name] = planned

    def _chosen(self, known: Mapping[str, Wallet]) -> Iterable[str]:
        """Names of what is to be read, the main wallet first; one name may come twice."""
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
