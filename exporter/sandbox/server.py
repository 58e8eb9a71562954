"""All simulated exchanges together: accounts are added here, and all ports opened and closed."""

import ssl as tls
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from exporter.sandbox.accounts import SandboxAccount
from exporter.sandbox.exchange import SimulatedExchange
from exporter.sandbox.vendors import VENDORS
from exporter.sandbox.vendors.base import Vendor

EXCHANGES: Final = tuple(VENDORS)

_FIRST_UID: Final = 70_001


class Sandbox:
    """Simulated exchanges on loopback, each on a port of its own, or on one for each of its hosts.

    Args:
        clock: seconds since the epoch; what the exchanges take for the time.
        vendors: the exchanges, by their names in a configuration.

    Attributes:
        urls: where each exchange answers, or the first of its hosts.
        base_urls: the same as a configuration says it: a map of hosts where an exchange has a port for each.
    """

    def __init__(self, clock: Callable[[], float] = time.time, vendors: Mapping[str, type[Vendor]] = VENDORS) -> None:
        self._exchanges = {name: SimulatedExchange(vendor(), clock) for name, vendor in vendors.items()}
        self._uids = _FIRST_UID
        self.urls: dict[str, str] = {}
        self.base_urls: dict[str, str | Mapping[str, str]] = {}

    @property
    def exchanges(self) -> tuple[SimulatedExchange, ...]:
        """All exchanges, in the order of their map."""
        return tuple(self._exchanges.values())

    @property
    def port_names(self) -> tuple[str, ...]:
        """What `start` takes for the names of ports: the exchanges, then the hosts that have one beside them."""
        more = (name for exchange in self.exchanges for name in exchange.port_names[1:])
        return (*self._exchanges, *more)

    def exchange(self, name: str) -> SimulatedExchange:
        """Give one exchange by its name in a configuration.

        Raises:
            KeyError: there is none of that name.
        """
        return self._exchanges[name]

    def add_account(
        self,
        exchange: str,
        *,
        key: str,
        secret: str,
        passphrase: str = "",
        mode: str = "",
        name: str = "",
        ips: Iterable[str] = (),
        permissions: Iterable[str] = ("read",),
        expires_days: int | None = None,
    ) -> SandboxAccount:
        """Make an account known; it holds nothing yet.

        Raises:
            KeyError: no such exchange.
            ValueError: the key is known already, or mode or permissions are unknown.
        """
        vendor = self._exchanges[exchange].vendor
        accounts = vendor.accounts
        if key in accounts:
            raise ValueError(f"{exchange} has an account of this key already")
        account = SandboxAccount(
            exchange=exchange,
            key=key,
            secret=secret,
            modes=vendor.modes,
            passphrase=passphrase,
            mode=mode,
            name=name,
            ips=tuple(ips),
            permissions=tuple(permissions),
            expires_days=expires_days,
            uid=self._uids,
        )
        self._uids += 1
        accounts[key] = account
        return account

    async def start(
        self,
        host: str = "127.0.0.1",
        ports: Mapping[str, int] | None = None,
        ssl: tls.SSLContext | None = None,
    ) -> None:
        """Open the ports; what has no number in `ports`, by its name in `port_names`, takes a free one.

        Raises:
            OSError: a port is taken; then none stays open.
        """
        try:
            for exchange in self.exchanges:
                await exchange.start(host, ports or {}, ssl)
        except OSError:
            await self.stop()
            raise
        self.urls = {name: exchange.url for name, exchange in self._exchanges.items()}
        self.base_urls = {name: exchange.base_url for name, exchange in self._exchanges.items()}

    async def stop(self) -> None:
        """Close all ports and drop every connection."""
        for exchange in self._exchanges.values():
            await exchange.close_port()
