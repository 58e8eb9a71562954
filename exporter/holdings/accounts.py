"""Every account that is served, by name."""

from collections.abc import Iterator

from exporter.holdings.account import AccountState


class Accounts:
    """Every account that is served."""

    def __init__(self) -> None:
        self._states: dict[str, AccountState] = {}

    def __iter__(self) -> Iterator[AccountState]:
        return iter(self._states.values())

    def __len__(self) -> int:
        return len(self._states)

    def __getitem__(self, name: str) -> AccountState:
        return self._states[name]

    def get(self, name: str) -> AccountState | None:
        """The account of this name, if it is served."""
        return self._states.get(name)

    def add(self, state: AccountState) -> None:
        """Serve one more account."""
        self._states[state.account.name] = state

    def remove(self, name: str) -> None:
        """Serve an account no longer; its series are gone at the next scrape."""
        self._states.pop(name).drop()

    def expire(self, now: float) -> None:
        """Withdraw what is older than it may be; called at every scrape, so that a dead scheduler withdraws too."""
        for state in self._states.values():
            if now > state.next_end:
                state.expire(now)
