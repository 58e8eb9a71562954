"""From the name of an exchange to its description: its file is loaded when somebody first asks for it."""

from collections.abc import Collection, Iterator, Mapping
from importlib import import_module
from typing import Protocol, cast

from exporter.exchanges.base import Exchange


class Source(Protocol):
    """A module of this folder that brings exchanges beside those of the list.

    It is loaded, and asked, once a name is not of the list.
    """

    def names(self) -> Collection[str]:
        """The names of all that it has, whether they can be used or not."""

    def load(self, name: str) -> Exchange:
        """The exchange of one of its names.

        Raises:
            UnusableExchange: it cannot be used here; says why and what to do.
        """


class Exchanges(Mapping[str, Exchange]):
    """The exchanges by name: iterates over those of the list, and finds any other that can be had here.

    Names are known without loading a description. The import system sees to it that a file is loaded once, also by
    several threads at a time.

    Args:
        names: of files or folders beside this one, each with an `EXCHANGE`.
        aliases: other names accepted in the configuration, and what they stand for.
        sources: modules of this folder that bring others: the one at "" those whose names have no slash, the one at
            "x/" those whose names begin so.
    """

    def __init__(self, names: tuple[str, ...], aliases: Mapping[str, str], sources: Mapping[str, str]) -> None:
        self._names = names
        self._sources = sources
        self._found: dict[str, Exchange] = {}
        self.aliases = aliases

    def __getitem__(self, name: str) -> Exchange:
        """The exchange of this name, not of an alias: the one place where a name becomes an exchange.

        Raises:
            KeyError: there is none.
            UnusableExchange: it is not of the list, and cannot be used here.
        """
        if name in self._names:
            return cast(Exchange, import_module(f"{__package__}.{name}").EXCHANGE)
        if name not in self._found:
            if name not in self:
                raise KeyError(name)
            self._found[name] = self._source(name).load(name)
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        if name in self._names or name in self._found:
            return True
        if not isinstance(name, str) or not name or _kind(name) not in self._sources:
            return False
        return name in self._source(name).names()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def canonical(self, name: str) -> str | None:
        """Our name of an exchange, also from an alias; None where it is unknown."""
        name = self.aliases.get(name, name)
        return name if name in self else None

    def elsewhere(self) -> list[str]:
        """The names of all that can be had beside the list."""
        return [name for kind in self._sources for name in self._source(kind).names()]

    def known(self) -> Iterator[Exchange]:
        """Every exchange of the list, and the others as far as somebody has asked for them."""
        yield from self.values()
        yield from tuple(self._found.values())

    def _source(self, name: str) -> Source:
        return cast(Source, import_module(f"{__package__}.{self._sources[_kind(name)]}"))


def _kind(name: str) -> str:
    """What stands before the first slash, and the slash."""
    return name[: name.find("/") + 1]
