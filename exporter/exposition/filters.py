"""What a scrape asks for by `?exchange=` and `?account=`."""

from collections.abc import Collection
from typing import NamedTuple


class Filters(NamedTuple):
    """The samples to serve: OR within a key, AND between keys; empty means all."""

    exchanges: Collection[str] = ()
    accounts: Collection[str] = ()

    def labels(self) -> list[str]:
        """The labels that a family must carry to be served."""
        return [name for name, asked in (("exchange", self.exchanges), ("account", self.accounts)) if asked]

    def match(self, exchange: str | None, account: str | None) -> bool:
        """Whether a sample with these labels is asked for."""
        return (not self.exchanges or exchange in self.exchanges) and (not self.accounts or account in self.accounts)
