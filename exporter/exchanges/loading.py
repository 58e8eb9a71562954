"""From the name of an exchange to its description: its file is loaded when somebody first asks for it."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from exporter.exchanges import ccxt
from exporter.exchanges.base import Exchange


class Exchanges(Mapping[str, Exchange]):
    """The exchanges by name. Those through ccxt, such as `ccxt/kraken`, are found by theirs, and listed by ccxt alone.

    Names are known without loading anything: `in`, `len` and iterating load no file. The import system sees to it that
    a file is loaded once, also by several threads at a time.

    Args:
        names: of files or folders beside this one, each with an `EXCHANGE`.
        aliases: other names accepted in the configuration, and what they stand for.
    """

    def __init__(self, names: tuple[str, ...], aliases: Mapping[str, str]) -> None:
        self._names = names
        self.aliases = aliases

    def __getitem__(self, name: str) -> Exchange:
        """The exchange of this name, not of an alias.

        Raises:
            KeyError: there is none.
        """
        if name.startswith(ccxt.PREFIX):
            return ccxt.exchange(name)
        if name not in self._names:
            raise KeyError(name)
        exchange: Exchange = import_module(f"{__package__}.{name}").EXCHANGE
        return exchange

    def __contains__(self, name: object) -> bool:
        if isinstance(name, str) and name.startswith(ccxt.PREFIX):
            return name in ccxt.names()
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def canonical(self, name: str) -> str | None:
        """Our name of an exchange, also from an alias; None where it is unknown."""
        name = self.aliases.get(name, name)
        return name if name in self else None
