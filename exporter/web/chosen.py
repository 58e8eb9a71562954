"""Which accounts a person wants to see, from the query of the page's address, and back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlencode

from exporter.holdings.account import AccountState

_MOST: Final = 50
"""Values of one key that are looked at."""

_LONGEST: Final = 200
"""Letters of a value that are looked at."""


class Chosen(NamedTuple):
    """What the query says: OR within a key (of labels: within a label's name), AND between keys; empty means all.

    Attributes:
        exchange: names of exchanges.
        state: names of states, or `low`.
        label: the accounts' own labels, as `name:value`.
        account: a part of the account's name, in whatever letter case.
        page: of the list, from 1.
        refresh: whether the page is to load itself again.
    """

    exchange: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    label: tuple[str, ...] = ()
    account: str = ""
    page: int = 1
    refresh: bool = True

    @property
    def everything(self) -> bool:
        """Whether no account is left out."""
        return not (self.exchange or self.state or self.label or self.account)

    def lets_in(self, account: AccountState, states: Iterable[str]) -> bool:
        """Whether an account in these states is wanted."""
        config = account.account
        return (
            (not self.exchange or config.exchange in self.exchange)
            and (not self.state or any(state in self.state for state in states))
            and self.account.casefold() in config.name.casefold()
            and (not self.label or self._labelled(config.labels))
        )

    def query(self) -> str:
        """The query that says this, with its question mark; empty where it says nothing."""
        said: list[tuple[str, str]] = [
            *(("exchange", value) for value in self.exchange),
            *(("state", value) for value in self.state),
            *(("label", value) for value in self.label),
        ]
        if self.account:
            said.append(("account", self.account))
        if self.page > 1:
            said.append(("page", str(self.page)))
        if not self.refresh:
            said.append(("refresh", "off"))
        return f"?{urlencode(said, errors='backslashreplace')}" if said else ""

    def _labelled(self, labels: Mapping[str, str]) -> bool:
        wanted: dict[str, set[str]] = {}
        for each in self.label:
            name, _, value = each.partition(":")
            wanted.setdefault(name, set()).add(value)
        return all(labels.get(name) in values for name, values in wanted.items())


def chosen_by(query: Mapping[str, Sequence[str]]) -> Chosen:
    """What a query says: its values by key; what it says of other keys, or beyond what anybody needs, is nothing."""

    def values(name: str) -> tuple[str, ...]:
        found = (value[:_LONGEST] for value in query.get(name, ()) if value)
        return tuple(dict.fromkeys(found))[:_MOST]

    page = next(iter(query.get("page", ())), "")
    number = int(page[:9]) if page.isascii() and page.isdigit() else 1
    account = next(iter(values("account")), "")
    refresh = "off" not in query.get("refresh", ())
    return Chosen(values("exchange"), values("state"), values("label"), account, max(number, 1), refresh)
