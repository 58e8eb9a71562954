"""The ways in which the exchanges are read, one for each API, and where in their answers the rows stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import Api
from exporter.sandbox import SandboxAccount
from tests.exchanges.facts import ApiFacts, Shape, apis


@dataclass(frozen=True)
class Variant:
    """One API of one exchange.

    Attributes:
        mode: of the simulated account, which is the name of the API.
        facts: what tests know of the API.
    """

    name: str
    exchange: str
    mode: str
    facts: ApiFacts

    @property
    def api(self) -> Api:
        """How the exporter reads it."""
        return EXCHANGES[self.exchange].apis[self.mode]

    @property
    def main(self) -> str:
        """The name of the main wallet."""
        return self.api.main

    @property
    def shape(self) -> Shape:
        """How the rows of the main wallet look."""
        return self.facts.wallets[self.main]

    @property
    def fits(self) -> float:
        """Reads of the main wallet a second that all of its limits by address together allow, published as they are."""
        (*_, endpoint) = self.api.wallets[self.main].endpoints
        by_address = [limit for limit in endpoint.limits if limit.scope == "ip"]
        return min((limit.requests / limit.seconds / endpoint.weight for limit in by_address), default=float("inf"))

    @property
    def options(self) -> Mapping[str, str]:
        """Options of the configuration; none where the exporter finds out by itself."""
        exchange = EXCHANGES[self.exchange]
        return {exchange.option: self.mode} if exchange.option and not exchange.probes else {}

    @property
    def secrets(self) -> tuple[str, ...]:
        """What its requests need."""
        return EXCHANGES[self.exchange].credentials

    def main_path(self, account: SandboxAccount) -> str:
        """Where the main wallet of an account is read."""
        return _numbered(self.facts.path, account, self.main)

    def side_wallet(self, account: SandboxAccount) -> tuple[str, str]:
        """A wallet beside the main one and its path; the main one where there is no other."""
        if self.facts.side is None:
            return self.main, self.main_path(account)
        wallet, path = self.facts.side
        return wallet, _numbered(path, account, wallet)

    def found(self, payload: Any, depth: int) -> Any:
        """What stands that many keys below the payload."""
        for key in self.shape.keys[:depth]:
            payload = payload[key]
        return payload


def _numbered(path: str, account: SandboxAccount, wallet: str) -> str:
    return path.replace("{id}", str(account.number(wallet))) if "{id}" in path else path


VARIANTS: Final = {name: Variant(name, exchange, api, facts) for name, exchange, api, facts in apis()}


def of_another_exchange(variant: Variant) -> Variant:
    """A variant whose exchange is another one: the first, so that one more exchange changes no test of the others."""
    return next(other for other in VARIANTS.values() if other.exchange != variant.exchange)
