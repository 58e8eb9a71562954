"""What the shared tests must know of an exchange beyond its own description; each `NAME/facts.py` says it as `FACTS`.

Tests that run over every exchange take their cases from here, so that an exchange in the map without facts fails them
with a sentence that says what is missing.
"""

import importlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from exporter.core.model import Reading
from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import Exchange, Reader, Scope, Signed
from exporter.sandbox import EXCHANGES as TWINS

FOLDER: Final = Path(__file__).parent

UNREADABLE: Final = (
    "null",
    "empty",
    "nan",
    "infinity",
    "1e400",
    "1e400_literal",
    "underscore",
    "blanks",
    "arabic_digits",
    "true",
)
"""What the table of faults puts where an amount belongs although it is none."""

Amounts = tuple[str | None, ...]
"""Available, frozen, locked, net and borrowed, as text; None where an exchange knows no such thing."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How one wallet's rows look: enough to build answers of any length with any amount in any field.

    Attributes:
        keys: lead from the whole answer, envelope included, to the rows; 0 into a list of one thing.
        enveloped: whether the first of them is the envelope's, which `unwrap` takes off.
        row: a good row, every field that is read in it.
        currency: the field of the currency; empty where the rows are members of an object, named by their currency.
        required: fields that must hold an amount; the first one takes any amount.
        optional: fields that may be null or empty.
        absent: those of `optional` that may be missing altogether.
        negative: fields that may be below zero.
        kind: the field that says which amount a row holds, where a row holds one amount only.
        net: the field in which the exchange states the whole holding; empty where it is the sum of the parts.
        mapped: what `row`, or `mapped_rows`, come to.
        mapped_rows: changes of `row` that show the whole mapping together, where one row cannot.
        null_is_empty: whether the exchange is known to write null for a list without rows, whatever was held.
        read: makes a reader; the wallet's own of the map unless given.
    """

    keys: tuple[str | int, ...]
    row: Mapping[str, Any]
    currency: str
    required: tuple[str, ...]
    mapped: Amounts
    optional: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    kind: str = ""
    net: str = ""
    enveloped: bool = True
    mapped_rows: tuple[Mapping[str, str], ...] = ()
    null_is_empty: bool = False
    read: Callable[[Any], Reader[Reading]] | None = None

    def reader(self, memory: Any) -> Reader[Reading]:
        """A reader for one read."""
        assert self.read is not None, "`facts_of` fills in the map's"
        return self.read(memory)

    def content(self, rows: list[Any]) -> Any:
        """What `unwrap` leaves of an answer with these rows; members of an object are called X, X1, X2 and so on."""
        return self.around(rows if self.currency else {f"X{number or ''}": row for number, row in enumerate(rows)})

    def around(self, content: Any) -> Any:
        """What `unwrap` leaves of an answer that has this where its rows belong."""
        for key in reversed(self.keys[1:] if self.enveloped else self.keys):
            content = {key: content} if isinstance(key, str) else [content]
        return content

    def named(self, name: Any) -> Any:
        """The content of an answer with one row of this currency."""
        if self.currency:
            return self.content([{**self.row, self.currency: name}])
        return self.around({name: self.row})


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A request signed at a known moment, and what of it has to go over the wire, worked out by hand.

    Attributes:
        name: tells it apart.
        signed: what the exchange's `sign` or `public` makes of it.
        line: path and query.
        headers: some of its headers.
    """

    name: str
    signed: Signed
    line: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ApiFacts:
    """What shared tests must know of one API.

    Attributes:
        path: where the main wallet is read; `{id}` stands for the number of the account.
        wallets: a `Shape` for each wallet that holds balances.
        sent: requests signed by hand, at least one.
        signature: the header or query field that carries the signature; empty where nothing is signed.
        names_key_again: paths whose request names the key a second time.
        harmless: paths that hold the name of something that changes an account, and only list such things.
        price: the field of a ticker that holds its last price.
        values_itself: whether the balances say themselves what they are worth, so that no ticker is needed.
        opening: contents that a reader of the main wallet gets before its rows.
        side: a wallet beside the main one that is read by default or by discovery, and its path; None where there is
            none.
        named: wallets with balances that are read only when they are named, and their paths: those whose faults are
            played.
        empty_unopened: wallets that answer with an empty list, and with no refusal, where they were never opened.
        refusal: an answer that says that we ask too often; `{}` stands where its words do.
        rests: whether that, of the main wallet or of prices, is said to everybody at our address.
        reasons: fault of `tests/faults/catalogue.py` -> the reason that it has here; those that differ from most.
        minus_ones: what the main wallet comes to with -1 in every amount, where it is not -1 with nothing locked.
        named_reasons: the same for the wallets of `named`, where it is not that of the main wallet.
    """

    path: str
    wallets: Mapping[str, Shape]
    sent: tuple[Sent, ...]
    signature: str = ""
    names_key_again: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()
    price: str = ""
    values_itself: bool = False
    opening: tuple[Any, ...] = ()
    side: tuple[str, str] | None = None
    named: Mapping[str, str] = field(default_factory=dict)
    empty_unopened: tuple[str, ...] = ()
    refusal: Mapping[str, Any] = field(default_factory=dict)
    rests: bool = False
    reasons: Mapping[str, str | None] = field(default_factory=dict)
    named_reasons: Mapping[str, str] = field(default_factory=dict)
    minus_ones: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What shared tests must know of one exchange.

    Attributes:
        apis: by their names in the exchange's description.
        ban_scope: what a ban pauses, by the vendor's pages.
        ban_seconds: for how long, unless it says.
        ban: how it says so, by the same pages: HTTP status and body. Where they say nothing, what the status means
            elsewhere.
    """

    apis: Mapping[str, ApiFacts]
    ban_scope: Scope
    ban_seconds: float
    ban: tuple[int, str] = (418, "{}")


class MissingFacts(AssertionError):
    """An exchange is in the map, and tests lack what they must know of it."""


def facts_of(
    name: str,
    exchanges: Mapping[str, Exchange] = EXCHANGES,
    twins: Collection[str] = TWINS,
    folder: Path = FOLDER,
    package: str = "tests.exchanges",
) -> Facts:
    """The facts of one exchange of the map.

    Raises:
        MissingFacts: something is missing; says all of it.
    """
    lacking = [*_missing_places(name, twins, folder)]
    facts = None
    if (folder / name / "facts.py").is_file():
        facts = getattr(importlib.import_module(f"{package}.{name}.facts"), "FACTS", None)
        if isinstance(facts, Facts):
            lacking += _missing_facts(exchanges[name], facts)
            lacking += _missing_fixtures(exchanges[name], folder / name / "fixtures")
        else:
            lacking.append("facts.py has no `FACTS`")
    if lacking:
        raise MissingFacts(f"tests do not know enough of {name}: " + "; ".join(lacking))
    assert isinstance(facts, Facts)
    return _with_readers(exchanges[name], facts)


def _missing_places(name: str, twins: Collection[str], folder: Path) -> Iterator[str]:
    if name not in twins:
        yield f"it has no simulated twin: exporter/sandbox/vendors/{name}.py, and a line in the list beside it"
    own = folder / name
    if not own.is_dir():
        yield f"there is no folder tests/exchanges/{name}/ with facts.py, test_{name}.py and fixtures/"
        return
    yield from (
        f"tests/exchanges/{name}/{file} is missing"
        for file in ("__init__.py", "facts.py", f"test_{name}.py", "fixtures/SOURCE.md")
        if not (own / file).is_file()
    )


def _missing_facts(exchange: Exchange, facts: Facts) -> Iterator[str]:
    for other in facts.apis.keys() - exchange.apis.keys():
        yield f"facts.py has an API {other!r}, which the exchange does not have"
    for name, api in exchange.apis.items():
        told = facts.apis.get(name)
        if told is None:
            yield f"facts.py lacks the API {name!r}"
            continue
        where = f"facts.py, API {name!r}" if name else "facts.py"
        for wallet, source in api.wallets.items():
            if wallet not in told.wallets and not source.overview:
                yield f"{where}: `wallets` lacks a Shape of {wallet!r}"
        if not told.sent:
            yield f"{where}: `sent` has no request that was signed by hand"
        if bool(told.signature) != ("secret" in exchange.credentials):
            yield f"{where}: `signature` is to be told where a secret is asked for, and only there"
        if not (told.price or told.values_itself):
            yield f"{where}: neither `price` nor `values_itself` is told"


def _missing_fixtures(exchange: Exchange, folder: Path) -> Iterator[str]:
    for file in sorted({fixture(each.path) for api in exchange.apis.values() for each in api.endpoints}):
        if not (folder / file).is_file():
            yield f"fixtures/{file} is missing, an answer for every endpoint is needed"


def fixture(path: str, variant: str = "") -> str:
    """The name of the file that holds a whole answer of a path."""
    return f"{path.strip('/').replace('/', '.').replace('{', '').replace('}', '')}{variant}.json"


def _with_readers(exchange: Exchange, facts: Facts) -> Facts:
    """The facts, with the map's own reader in each shape that names none."""
    return replace(
        facts,
        apis={
            name: replace(
                api,
                wallets={
                    wallet: shape
                    if shape.read is not None
                    else replace(shape, read=exchange.apis[name].wallets[wallet].read)
                    for wallet, shape in api.wallets.items()
                },
            )
            for name, api in facts.apis.items()
        },
    )


@cache
def everything() -> Mapping[str, Facts]:
    """The facts of every exchange of the map.

    Raises:
        MissingFacts: an exchange lacks some; says which and what.
    """
    return {name: facts_of(name) for name in EXCHANGES}


def apis() -> Iterator[tuple[str, str, str, ApiFacts]]:
    """A name for each API (`xt`, `xt-legacy`: the first one goes without its own), exchange, API and what is known."""
    for exchange, facts in everything().items():
        for api, told in facts.apis.items():
            name = exchange if api == EXCHANGES[exchange].first else f"{exchange}-{api}"
            yield name, exchange, api, told
