"""From an answer's lists to balances, prices and values; a row that did not change is not parsed again."""

import re
from collections.abc import Callable, Container, Iterable, Sequence
from decimal import Decimal
from functools import partial
from itertools import chain, repeat
from typing import Any, Final

from exporter.core.errors import BadPayload
from exporter.core.model import EXACT, ZERO, Balance, Reading, WalletValue
from exporter.core.wording import folded
from exporter.exchanges.base import PAUSE, Endpoint, Pair, Reader, Request, RowMemory
from exporter.exchanges.values import (
    MAX_DIGITS,
    MAX_LETTERS,
    ZEROS,
    decimal,
    field,
    listing,
    moment,
    name_of,
    shown,
    total,
)

SLICE: Final = 1_000
"""Rows that are worked on before the loop gets a turn."""

_TEXT: Final = frozenset({str, type(None)})


def rows(
    answer: Any,
    fields: Callable[[Any], tuple[Any, ...]],
    parse: Callable[..., Balance],
    memory: RowMemory,
    parse_all: Callable[[Sequence[tuple[Any, ...]]], list[Balance] | None] | None = None,
) -> Reader[list[Balance]]:
    """Parse a list of rows; a row whose text was in the last answer keeps its amounts.

    Args:
        answer: the list.
        fields: takes from a row what `parse` needs, the currency first.
        parse: makes a balance of those fields.
        memory: of this wallet; replaced when every row was good.
        parse_all: does the same for many rows at once where they are plain; None leaves them to `parse`.

    Raises:
        BadPayload: a row of another shape.
    """
    try:
        raws = list(map(fields, listing(answer, "rows")))
    except (KeyError, TypeError, AttributeError) as error:
        raise misshapen(error) from None
    return (yield from remembered(raws, parse, memory, parse_all))


def remembered(
    raws: Sequence[tuple[Any, ...]],
    parse: Callable[..., Balance],
    memory: RowMemory,
    parse_all: Callable[[Sequence[tuple[Any, ...]]], list[Balance] | None] | None = None,
) -> Reader[list[Balance]]:
    """What `rows` makes of fields that were taken already: a row that was in the last answer is not parsed again.

    Raises:
        BadPayload: as `parse` does, or a field that is a list or an object.
    """
    try:
        known = list(map(memory.get, raws))
    except TypeError as error:
        raise misshapen(error) from None
    kept = [balance for balance in known if balance is not None]
    if len(kept) == len(raws) == len(memory):
        return kept
    new = [raw for raw, balance in zip(raws, known, strict=True) if balance is None]
    made: list[Balance] = []
    only_text = True
    for start in range(0, len(new), SLICE):
        if start:
            yield PAUSE
        part = new[start : start + SLICE]
        plain = parse_all(part) if parse_all is not None else None
        if plain is None:
            plain = [parsed(parse, raw) for raw in part]
            only_text = only_text and is_text(chain.from_iterable(part))
        made += plain
    in_order = iter(made)
    balances = [next(in_order) if balance is None else balance for balance in known]
    memory.clear()
    if only_text:
        memory.update(zip(raws, balances, strict=True))
    return balances


def misshapen(error: Exception) -> BadPayload:
    """The refusal of a row in which a field is missing, or is nothing that a field can be."""
    return BadPayload(f"a row of another shape: {type(error).__name__} {shown(error.args)}")


def parsed(parse: Callable[..., Balance], raw: tuple[Any, ...]) -> Balance:
    """One row's balance; a refusal names the row's first field, which is the currency.

    Raises:
        BadPayload: as `parse` does.
    """
    try:
        return parse(*raw)
    except BadPayload as error:
        raise BadPayload(f"{shown(raw[0])}: {error}") from None


def is_text(fields: Iterable[Any]) -> bool:
    """Whether all fields are text or null: only text equals nothing but itself (1 == True == 1.0 as keys)."""
    return _TEXT.issuperset(map(type, fields))


def holdings(raws: Sequence[tuple[Any, ...]]) -> list[Balance] | None:
    """What `holding` makes of each row, column by column; None unless every field is the plainest of texts.

    `[("BTC", "1.5", "0.5"), ("ETH", "2", "0")]` is a column of names, one of what is available and one of what is
    frozen. All amounts, here `1.5,2,0.5,0,`, are checked by one search, a column of zeros is not parsed at all, and
    the columns are put together again as balances. That takes half the time of going row by row.
    """
    names, *columns = zip(*raws, strict=True)
    texts = [*chain.from_iterable(columns), ""]  # the empty one puts a comma behind the last amount, too: see `_PLAIN`
    try:
        joined = ",".join(texts)
        named = all(names) and bool("".join(names)) and max(map(len, names)) <= MAX_LETTERS
        plain = named and joined.count(",") == len(texts) - 1 and _PLAIN(joined)
    except TypeError:  # something else than text
        return None
    if not plain:
        return None
    nothing = [ZERO] * len(raws)
    amounts = [nothing if ZEROS.issuperset(column) else _amounts(column) for column in columns]
    net: Sequence[Decimal] = amounts[0]
    for column in amounts[1:]:
        if column is not nothing:  # a sum with nothing is the same object: an answer in memory is mostly amounts
            net = _sums(net, column)
    if len(amounts) == 2:
        amounts.append(nothing)
    none = repeat(None)
    return list(map(_balance, zip(names, *amounts, net, none, none, none, none, strict=False)))


def _sums(some: Sequence[Decimal], more: Sequence[Decimal]) -> list[Decimal]:
    if all(more):
        return list(map(EXACT.add, some, more))
    return [EXACT.add(one, other) if other else one for one, other in zip(some, more, strict=True)]


def _amounts(column: Iterable[str]) -> list[Decimal]:
    if ZEROS.isdisjoint(column):
        return list(map(Decimal, column))
    return [Decimal(text) or ZERO for text in column]


_balance: Final[Callable[[tuple[Any, ...]], Balance]] = partial(tuple.__new__, Balance)
"""`Balance._make` without its check of the length."""

_PLAIN: Final = re.compile(r"(?:\d{1,30}+(?:\.\d{1,30}+)?,)*+", re.ASCII).fullmatch
"""Amounts with a comma behind each."""


def holding(currency: Any, available: Any, frozen: Any, locked: Any = "0") -> Balance:
    """A row of a wallet that cannot borrow, from the answer's own texts."""
    free = decimal(available, "available")
    tied = decimal(frozen, "frozen")
    held = decimal(locked, "locked")
    return Balance(name_of(currency, "currency"), free, tied, held, total(free, tied, held))


def read_clock(endpoint: Endpoint, name: str) -> Reader[int]:
    """Read the exchange's clock, milliseconds since the epoch, from the field of this name."""
    answer = yield Request(endpoint)
    return moment(field(answer, name), name)


def price_book(answer: Any, symbol: Any, price: Any) -> Reader[dict[str, Any]]:
    """Every ticker's price as it stands in the answer, by the symbol as the exchange spells it.

    A single row of another shape is left out: its currency then has no price, the others keep theirs.

    Args:
        answer: the list of tickers.
        symbol: key of the symbol within a row (an index where rows are lists).
        price: key of the price.

    An empty list is what it says: no market.

    Raises:
        BadPayload: no list at all, or no price in any of its rows: believing that would withdraw every value at once.
    """
    book = {}
    tickers = listing(answer, "tickers")
    for count, row in enumerate(tickers, 1):
        try:
            name, worth = row[symbol], row[price]
        except (KeyError, IndexError, TypeError):
            name = worth = None
        # What can be neither a symbol nor a price is not remembered: it may be as long as the answer.
        if isinstance(name, str) and len(name) <= MAX_LETTERS and _is_short(worth):
            book[name] = worth
        if not count % SLICE:
            yield PAUSE
    if tickers and not book:
        raise BadPayload("not one ticker in the answer")
    return book


def _is_short(price: Any) -> bool:
    return len(price) <= MAX_DIGITS if isinstance(price, str) else isinstance(price, int | Decimal | None)


def market_list(
    answer: Any, fields: Callable[[Any], tuple[str, str, str, str]], ended: Container[str]
) -> Reader[dict[Pair, str]]:
    """The exchange's own list of markets: base and quote, ASCII upper case -> symbol as its tickers spell it.

    A row of another shape is left out: its coin then has no price, the others keep theirs. Two markets whose names
    differ in case only are left out, since a label could mean either.

    Args:
        answer: the list.
        fields: takes symbol, base, quote and state from a row.
        ended: states in which nothing is traded any more; the last price of such a market is no price.

    Raises:
        BadPayload: no list at all, or no market in any of its rows.
    """
    found: dict[Pair, str] = {}
    twice: set[Pair] = set()
    markets = listing(answer, "markets")
    for count, row in enumerate(markets, 1):
        try:
            symbol, base, quote, state = fields(row)
            if state not in ended and max(map(len, (symbol, base, quote))) <= MAX_LETTERS:
                pair = folded(base), folded(quote)
                if found.setdefault(pair, symbol) != symbol:
                    twice.add(pair)
        except (KeyError, TypeError, AttributeError):
            pass
        if not count % SLICE:
            yield PAUSE
    if markets and not found:
        raise BadPayload("not one market in the answer")
    return {pair: name for pair, name in found.items() if pair not in twice}


def usdt_values(pairs: Iterable[tuple[str, Decimal]]) -> Reading:
    """An overview in USDT, of wallet and value; values of one wallet name are added."""
    sums: dict[str, Decimal] = {}
    for wallet, value in pairs:
        sums[wallet] = total(sums.get(wallet, ZERO), value)
    return Reading(values=[WalletValue(wallet, usdt=value) for wallet, value in sums.items()])
