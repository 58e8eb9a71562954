"""Which wallets of an account are read, and when each of them may be read again."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from exporter.config import ALL
from exporter.core.model import Reading
from exporter.exchanges.base import Api, Endpoint, Reader, RowMemory, WalletSource

LIST_SECONDS: Final = 3600.0
"""How long an exchange's list of wallets is taken as it was."""

RARE_SECONDS: Final = 24 * 3600.0
"""Between two tries of a kind of wallet that never answered, or of one that this key may not read."""

ALWAYS: Final = float("-inf")

_ROUNDING: Final = 1e-3
"""Seconds; moments that are whole intervals apart differ in their last digits."""


def _nothing(memory: RowMemory) -> Reader[Reading]:
    del memory
    yield from ()
    return Reading()


UNOPENED: Final = WalletSource(_nothing, ())
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
        read_at: moment of the poller's clock of its last good read.
        extra: whether only `all` asks for it, so that it is left out where the key may not read it.
    """

    wallet: WalletSource | None
    memory: RowMemory = field(default_factory=RowMemory)
    not_before: float = ALWAYS
    failures: int = 0
    answered: bool = False
    read_at: float = ALWAYS
    extra: bool = False


class Ask(NamedTuple):
    """A request that comes again and again.

    Attributes:
        wallet: whose; empty for the exchange's list of wallets.
        endpoint: what is asked.
        every: seconds from one such request to the next.
    """

    wallet: str
    endpoint: Endpoint
    every: float


class Plan:
    """The wallets of one account on one API.

    Args:
        api: what can be read.
        wallets: names from the configuration; None: what is read by default.
        others: what the exchange's other APIs can read, by name.

    Attributes:
        known: every wallet that can be read, as far as is known by now.
        readings: by wallet name, the main one first.
        unknown: wallets that the configuration names and the exchange does not list.
        elsewhere: wallets that the configuration names and the exchange has in another mode only.
        list_not_before: moment of the poller's clock before which the exchange's list is not asked for again.
        list_failures: reads of the list that failed since the last good one.
    """

    __slots__ = (
        "_api",
        "_listed_at",
        "_others",
        "_wallets",
        "elsewhere",
        "known",
        "list_failures",
        "list_not_before",
        "readings",
        "unknown",
    )

    def __init__(self, api: Api, wallets: Sequence[str] | None, others: Container[str] = ()) -> None:
        self._api = api
        self._others = others
        self._wallets = wallets
        self._listed_at = ALWAYS
        self.known: Mapping[str, WalletSource] = api.wallets
        self.readings: dict[str, Planned] = {}
        self.unknown: tuple[str, ...] = ()
        self.elsewhere: tuple[str, ...] = ()
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

    def listed(self, wallets: Mapping[str, WalletSource], now: float) -> None:
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

    def asks(self, interval: float) -> Iterator[Ask]:
        """What polls at this interval ask when all goes well; before the list was read, what is known of it by then."""
        listing = self._api.list_endpoints
        yield from (Ask("", endpoint, LIST_SECONDS) for endpoint in listing)
        if self.readings:
            sources = {name: each.wallet for name, each in self.readings.items() if each.wallet is not None}
        else:
            known = self._api.wallets
            sources = {name: known[name] for name in self._chosen(known)[0] if name in known}
        for name, source in sources.items():
            for endpoint in source.endpoints:
                if self.readings or endpoint not in listing:  # a wallet that looks itself up in the list stops doing so
                    yield Ask(name, endpoint, max(interval, source.every))

    def _take(self, known: Mapping[str, WalletSource]) -> None:
        before, self.readings, self.known = self.readings, {}, known
        names, unknown = self._chosen(known)
        self.elsewhere = tuple(name for name in unknown if self._is_of_another_mode(name))
        self.unknown = tuple(name for name in unknown if not self._is_of_another_mode(name))
        for name in names:
            wallet = known.get(name)
            planned = before.get(name) or Planned(wallet)
            planned.wallet, planned.extra = wallet, self._is_extra(name)
            self.readings[name] = planned

    def _chosen(self, known: Mapping[str, WalletSource]) -> tuple[list[str], tuple[str, ...]]:
        """Names of what is to be read, the main wallet first, where one may stand twice; and those that are unknown."""
        api = self._api
        chosen, unknown = [api.main], []
        if self._wallets is None:
            return [*chosen, *(name for name, wallet in known.items() if wallet.default)], ()
        for asked in self._wallets:
            name = api.main if asked == "main" else asked
            # One name of a family asks for all its members: isolated_margin for isolated_margin/BTCUSDT.
            members = [other for other in known if other == name or other.startswith(f"{name}/")]
            # One of its members asks for the family where one answer tells of all.
            family = name.partition("/")[0]
            if asked == ALL:
                chosen += known
            elif not members and family in known and known[family].many:
                chosen.append(family)
            elif members or api.may_be_absent(name):
                chosen += members or [name]
            else:
                unknown.append(name)
        return chosen, tuple(unknown)

    def _is_of_another_mode(self, name: str) -> bool:
        return name in self._others or name.partition("/")[0] in self._others

    def _is_extra(self, name: str) -> bool:
        """Whether a wallet is read because of `all` alone."""
        named = self._wallets or ()
        by_name = name == self._api.main or name in named or name.partition("/")[0] in named
        return ALL in named and not by_name and not any(each.startswith(f"{name}/") for each in named)
