"""Which of defaults, rules and the account's own entry decides: the account over rules, later over earlier ones.

Mappings merge by key, thresholds by (currency, wallet, of), other lists replace each other, null takes back what was
inherited. Every value keeps the place where it was written, for the sentences about it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple, cast

from exporter.config.mistakes import KeyPath, Mistakes, quoted, sentence
from exporter.config.model import SEVERITIES
from exporter.config.schema import AccountSettings, Broken, Match, ThresholdEntry
from exporter.config.text import Node, line_of


@dataclass(frozen=True, slots=True)
class Source:
    """One file of the configuration.

    Attributes:
        file: its name as sentences give it.
        directory: relative secret files and account files start here.
        root: what stands in it.
        private: whether group and others can do nothing with it.
    """

    file: str
    directory: Path
    root: Node
    private: bool


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings from one place: the defaults, one rule, or the account's own entry."""

    source: Source
    path: KeyPath
    settings: AccountSettings
    broken: frozenset[str]
    own: bool = False

    def line(self, path: KeyPath) -> int:
        """The line of a key below this layer."""
        return line_of(self.source.root, (*self.path, *path))


class Found(NamedTuple):
    """A value, the layer that decided it, and where it stands there."""

    value: Any
    layer: Layer
    path: KeyPath


ThresholdKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Stack:
    """The layers of one account, the strongest last."""

    name: str
    layers: tuple[Layer, ...]
    mistakes: Mistakes

    @property
    def entry(self) -> Layer:
        """The account's own entry."""
        return self.layers[-1]

    def broken(self, *keys: str) -> bool:
        """Whether a mistake was found under one of these keys, so that their values say nothing."""
        return any(key in layer.broken for layer in self.layers for key in keys)

    def add(self, found: Found | None, text: str) -> None:
        """Report what is wrong with a value, or with the account as a whole."""
        layer, path = (found.layer, found.path) if found else (self.entry, ())
        self.mistakes.add(layer.source.file, layer.line(path), (*layer.path, *path), text + self._whose(layer))

    def warning(self, found: Found, text: str) -> str:
        """A sentence about a value that is no mistake."""
        layer, path = found.layer, found.path
        return sentence(layer.source.file, layer.line(path), (*layer.path, *path), text + self._whose(layer))

    def _whose(self, layer: Layer) -> str:
        return "" if layer.own else f" (account {quoted(self.name)})"

    def get(self, key: str) -> Found | None:
        """The value of a key that replaces; None where nothing decides, or null does."""
        for layer in reversed(self.layers):
            if key in layer.settings.model_fields_set:
                value = getattr(layer.settings, key)
                return None if value is None else Found(value, layer, (key,))
        return None

    def merged(self, key: str) -> dict[str, Found]:
        """The entries of a key that merges by key."""
        found: dict[str, Found] = {}
        for layer in self.layers:
            if key not in layer.settings.model_fields_set:
                continue
            value = getattr(layer.settings, key)
            if value is None:
                found.clear()
                continue
            entries: Mapping[str, Any] = value if isinstance(value, Mapping) else _written(value)
            for name, each in entries.items():
                if each is None:
                    found.pop(name, None)
                else:
                    found[name] = Found(each, layer, (key, name))
        return found

    def thresholds(self, main: Callable[[str], str]) -> dict[ThresholdKey, dict[str, Found]]:
        """Severity -> amount for each threshold; `main` gives a wallet the name under which it is read."""
        found: dict[ThresholdKey, dict[str, Found]] = {}
        for layer in self.layers:
            if "thresholds" not in layer.settings.model_fields_set:
                continue
            if layer.settings.thresholds is None:
                found.clear()
                continue
            first: dict[ThresholdKey, int] = {}
            for index, each in enumerate(cast("tuple[ThresholdEntry | Broken, ...]", layer.settings.thresholds)):
                if isinstance(each, Broken):
                    continue
                key = (each.currency, main(each.wallet), each.of)
                path = ("thresholds", index)
                if key in first:
                    text = f"the same currency, wallet and `of` as thresholds[{first[key]}]; make one of the two"
                    self.add(Found(None, layer, path), text)
                first.setdefault(key, index)
                amounts = found.setdefault(key, {})
                for severity in SEVERITIES:
                    if severity in each.model_fields_set:
                        amount: Decimal | None = getattr(each, severity)
                        if amount is None:
                            amounts.pop(severity, None)
                        else:
                            amounts[severity] = Found(amount, layer, (*path, severity))
        return {key: amounts for key, amounts in found.items() if amounts}


def _written(value: Any) -> dict[str, Any]:
    return {key: getattr(value, key) for key in type(value).model_fields if key in value.model_fields_set}


def matches(match: Match, account: str, exchange: str) -> bool:
    """Whether a rule is for this account."""
    return (not match.account or any(fnmatchcase(account, each) for each in match.account)) and (
        not match.exchange or any(fnmatchcase(exchange, each) for each in match.exchange)
    )
