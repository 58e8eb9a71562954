"""Reads the file and its account files, and makes one configuration of them or one report of every mistake."""

import glob
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from exporter.config import checks, secrets, totals
from exporter.config.files import read_text
from exporter.config.merge import Layer, Source, Stack, matches
from exporter.config.mistakes import KeyPath, Mistakes, quoted, sentence
from exporter.config.model import Account, Config, Total, Valuation
from exporter.config.schema import AccountSettings, Document, Entry, Rule, TotalEntry, ValuationKeys
from exporter.config.show import fingerprint
from exporter.config.text import Listing, Node, Scalar, Table, line_of, read
from exporter.config.validate import Piece, validate
from exporter.core.errors import ConfigError
from exporter.core.plain_files import PlainFiles
from exporter.exchanges import EXCHANGES

RATE_SHARE: Final = 0.5
PEGS: Final = ("USD", "USDT", "USDC")


class _Written(NamedTuple):
    """An account's entry and where it stands."""

    source: Source
    path: KeyPath
    piece: Piece[Entry]


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Read the configuration.

    Args:
        path: the file; sentences name it as it is given here.
        environ: where `_env` references and `${NAME}` are looked up.

    Raises:
        ConfigError: it cannot be used; carries every mistake in it.
    """
    loading = _Loading(environ)
    outline = loading.outline(path)
    config = None if outline is None else loading.config(outline)
    if config is None or loading.mistakes:
        raise ConfigError(loading.mistakes.sentences())
    return config


def load_outline(path: Path, environ: Mapping[str, str]) -> "Outline":
    """Read the configuration, but no secret.

    Args:
        path: the file; sentences name it as it is given here.
        environ: where `_env` references and `${NAME}` will be looked up.

    Raises:
        ConfigError: it cannot be used, whatever the secrets are; carries every mistake that shows without them.
    """
    loading = _Loading(environ)
    outline = loading.outline(path)
    if outline is None or loading.mistakes:
        raise ConfigError(loading.mistakes.sentences())
    return outline


@dataclass(frozen=True, slots=True)
class Outline:
    """A configuration of which everything was read but the secrets.

    Attributes:
        environ: where `_env` references and `${NAME}` are looked up.
        source: the file.
        document: what stands in it.
        defaults: None where it has none.
        rules: in their order, without unusable ones.
        totals: as they are written; what stands in them fits together.
        written: the accounts of every file.
    """

    environ: Mapping[str, str] = field(repr=False)
    source: Source
    document: Document
    defaults: Layer | None
    rules: tuple[Layer, ...]
    totals: tuple[totals.Written, ...]
    written: tuple[_Written, ...]

    def account(self, name: str) -> Account | None:
        """One account with its secrets, or None where there is none of this name; reads no other's files.

        Raises:
            ConfigError: the account cannot be used; carries every mistake.
        """
        loading = _Loading(self.environ)
        account = None
        for each in self.written:
            if each.piece.value.name == name and each.piece.value.exchange in EXCHANGES:
                account = loading.account(self, each).account
        if loading.mistakes:
            raise ConfigError(loading.mistakes.sentences())
        return account


class _Made(NamedTuple):
    """What became of an account's entry.

    Attributes:
        account: None where something about it is in the report.
        stack: its layers.
        exchange: its exchange.
        resolved: its secrets, where all were found.
        rules: those that fit it.
    """

    account: Account | None
    stack: Stack
    exchange: str
    resolved: secrets.Resolved | None
    rules: tuple[Layer, ...]


class _Loading:
    """One run over the files, with what was found on the way."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._plain_files = PlainFiles()
        self.mistakes = Mistakes()
        self._warnings: list[str] = []

    def outline(self, path: Path) -> Outline | None:
        source = self._source(path)
        if source is None:
            return None
        found = validate(Document, source.file, source.root, (), source.root, self.mistakes)
        if found is None or not isinstance(source.root, Table):
            return None
        document, parts = found.value, source.root.entries
        defaults = (
            self._layer(AccountSettings, source, ("defaults",), parts["defaults"][1]) if "defaults" in parts else None
        )
        rules = [
            self._layer(Rule, source, path_, node, required=("match",))
            for path_, node in self._items(source, ("rules",), parts.get("rules"))
        ]
        together = [
            totals.Written(source, path_, piece)
            for path_, node in self._items(source, ("totals",), parts.get("totals"))
            if (piece := validate(TotalEntry, source.file, source.root, path_, node, self.mistakes, ("name",)))
        ]
        totals.check(together, self.mistakes)
        written = [*self._entries(source, ("accounts",), parts.get("accounts"))]
        for file in self._account_files(source, document.account_files or ()):
            if (other := self._source(file)) is not None:
                written += self._entries(other, (), (1, other.root))
        if not written and not self.mistakes:
            self.mistakes.add(source.file, 0, (), "has no accounts; list at least one under `accounts`")
        self._same_names(written)
        fine = tuple(each for each in rules if each is not None)
        return Outline(self._environ, source, document, defaults, fine, tuple(together), tuple(written))

    def config(self, outline: Outline) -> Config | None:
        accounts = self._accounts(outline)
        valuation = self._valuation(outline.source, outline.document.valuation or ValuationKeys())
        share = outline.document.rate_share or RATE_SHARE
        if self.mistakes:
            return None
        together = [totals.total(each, accounts) for each in outline.totals]
        for each, made in zip(outline.totals, together, strict=True):
            self._warnings += totals.warnings(each, made, accounts, valuation)
        return self._finished(accounts, valuation, share, together)

    def _finished(
        self,
        accounts: list[Account],
        valuation: Valuation,
        share: float | Mapping[str, float],
        together: list[Total],
    ) -> Config:
        if not valuation.enabled:
            self._warnings += [
                f"account {quoted(each.name)} has usd thresholds or min_usd, which do nothing while valuation is off"
                for each in accounts
                if each.usd or each.min_usd
            ]
        shares = share if isinstance(share, Mapping) else {}
        usual = RATE_SHARE if isinstance(share, Mapping) else share
        named = dict.fromkeys((*EXCHANGES, *(each.exchange for each in accounts)))
        rate_share = MappingProxyType({name: shares.get(name, usual) for name in named})
        return Config(
            accounts=tuple(accounts),
            rate_share=rate_share,
            valuation=valuation,
            hash=fingerprint(accounts, rate_share, valuation, together),
            warnings=tuple(dict.fromkeys(self._warnings)),
            label_names=tuple(sorted({name for each in accounts for name in each.labels})),
            totals=tuple(together),
        )

    def _source(self, path: Path) -> Source | None:
        """A file's content as nodes; what keeps it from being read goes into the report."""
        file = str(path)
        found = read_text(path, "--config.file", self._plain_files, self.mistakes)
        if found is None:
            return None
        before = len(self.mistakes.sentences())
        root = read(file, found.text, self.mistakes)
        if root is None:
            if len(self.mistakes.sentences()) == before:
                self.mistakes.add(file, 0, (), "is empty; config.example.yaml shows every key")
            return None
        return Source(file, path.parent, root, not stat.S_IMODE(found.mode) & 0o077)

    def _account_files(self, source: Source, patterns: tuple[str, ...]) -> list[Path]:
        files: dict[str, None] = {}
        for index, pattern in enumerate(patterns):
            whole = f"{glob.escape(str(source.directory))}/{pattern}" if not pattern.startswith("/") else pattern
            place: KeyPath = ("account_files", index)
            line = line_of(source.root, place)
            try:
                found = self._plain_files.matching(whole)
            except OSError as error:
                self.mistakes.add(source.file, line, place, f"the folder cannot be read: {error.strerror}")
                continue
            files |= dict.fromkeys(found)
            if not found:
                text = f"no file matches {quoted(pattern)}, so no account comes from it"
                self._warnings.append(sentence(source.file, line, place, text))
        return [Path(file) for file in files]

    def _items(self, source: Source, path: KeyPath, found: tuple[int, Node] | None) -> Iterator[tuple[KeyPath, Node]]:
        """The items of a list, each with its path; null counts as an empty list below a key."""
        if found is None:
            return
        line, node = found
        if isinstance(node, Listing):
            yield from (((*path, index), item) for index, item in enumerate(node.items))
        elif not (path and isinstance(node, Scalar) and node.text is None):
            what = "must be a list" if path else "must be a list of accounts, each beginning with `- name:`"
            self.mistakes.add(source.file, line, path, what)

    def _entries(self, source: Source, path: KeyPath, found: tuple[int, Node] | None) -> Iterator[_Written]:
        for where, node in self._items(source, path, found):
            required = ("name", "exchange")
            piece = validate(Entry, source.file, source.root, where, node, self.mistakes, required)
            if piece is not None:
                yield _Written(source, where, piece)

    def _layer(
        self, model: type[AccountSettings], source: Source, path: KeyPath, node: Node, required: tuple[str, ...] = ()
    ) -> Layer | None:
        if isinstance(node, Scalar) and node.text is None and not required:
            return None
        piece = validate(model, source.file, source.root, path, node, self.mistakes, required)
        return None if piece is None else Layer(source, path, piece.value, piece.broken)

    def _same_names(self, written: list[_Written]) -> None:
        names: dict[str, str] = {}
        for source, path, piece in written:
            name = piece.value.name
            if not name:
                continue
            line = line_of(source.root, (*path, "name"))
            if name in names:
                text = f"the name {quoted(name)} is taken by the account at {names[name]}; names are unique"
                self.mistakes.add(source.file, line, (*path, "name"), text)
            names.setdefault(name, f"{source.file}:{line}")

    def _accounts(self, outline: Outline) -> list[Account]:
        made = [self.account(outline, each) for each in outline.written if each.piece.value.exchange in EXCHANGES]
        signing = []
        for each in made:
            if each.resolved is not None:
                signing.append((each.stack, each.exchange, each.resolved.credentials))
                self._warnings += each.resolved.warnings
        secrets.same_keys(signing)
        matched = {rule.path for each in made for rule in each.rules}
        for rule in outline.rules:
            if rule.path not in matched:
                text = "matches no account, so this rule does nothing"
                self._warnings.append(sentence(rule.source.file, rule.line(("match",)), (*rule.path, "match"), text))
        return [each.account for each in made if each.account is not None]

    def account(self, outline: Outline, written: _Written) -> _Made:
        source, path, piece = written
        entry = Layer(source, path, piece.value, piece.broken, own=True)
        name, exchange = piece.value.name, EXCHANGES[piece.value.exchange]
        rules = tuple(each for each in outline.rules if _fits(each, name, exchange.name))
        stack = Stack(name, (*([outline.defaults] if outline.defaults else []), *rules, entry), self.mistakes)
        usable = bool(name) and not stack.broken("credentials")
        resolved = secrets.resolve(stack, exchange, self._environ, self._plain_files) if usable else None
        return _Made(checks.account(stack, exchange, resolved), stack, exchange.name, resolved, rules)

    def _valuation(self, source: Source, keys: ValuationKeys) -> Valuation:
        pegs = dict.fromkeys(PEGS, Decimal(1)) | keys.pegs
        kept = {currency: price for currency, price in pegs.items() if price is not None}
        if not kept.keys() & set(PEGS):
            line = Layer(source, (), AccountSettings(), frozenset()).line(("valuation", "pegs"))
            text = "USD, USDT and USDC are all unpegged; keep one, since every other price is told in one of them"
            self.mistakes.add(source.file, line, ("valuation", "pegs"), text)
        return Valuation(enabled=keys.enabled, interval=keys.interval, pegs=MappingProxyType(kept), also=keys.also)


def _fits(rule: Layer, name: str, exchange: str) -> bool:
    match = rule.settings.match if isinstance(rule.settings, Rule) else None
    return match is not None and matches(match, name, exchange)
