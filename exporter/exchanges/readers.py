"""From an answer's lists to balances, prices and values: in one pass, and nothing twice that did not change."""

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import partial
from itertools import chain, repeat
from typing import Any, Final, cast

from exporter.core.errors import BadPayload
from exporter.core.model import EXACT, ZERO, Balance, Reading, WalletValue
from exporter.exchanges.base import PAUSE, Endpoint, Reader, Request, RowMemory
from exporter.exchanges.values import ZEROS, decimal, field, listing, moment, name_of, shown, total

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
    """Parse a list of rows in one pass; a row whose text was in the last answer keeps its amounts.

    Args:
        answer: the list.
        fields: takes from a row what `parse` needs, the currency first.
        parse: makes a balance of those fields.
        memory: of this wallet; replaced when every row was good.
        parse_all: does the same for all rows at once where they are plain; None leaves them to `parse`.

    Raises:
        BadPayload: a row of another shape.
    """
    try:
        raws = list(map(fields, listing(answer, "rows")))
        if raws == memory.raws:
            return memory.balances
        known = _known(raws, memory)
    except (KeyError, TypeError, AttributeError) as error:
        raise BadPayload(f"a row of another shape: {type(error).__name__} {shown(error.args)}") from None
    new = [place for place, balance in enumerate(known) if balance is None]
    if parse_all is not None and len(new) > len(raws) // 2:
        balances: list[Balance] = []
        for start in range(0, len(raws), SLICE):
            if start:
                yield PAUSE
            part = parse_all(raws[start : start + SLICE])
            if part is None:
                break
            balances += part
        else:
            memory.raws, memory.balances = raws, balances
            return balances
    for count, place in enumerate(new, 1):
        known[place] = parsed(parse, raws[place])
        if not count % SLICE:
            yield PAUSE
    whole = cast(list[Balance], known)
    kept = all(is_text(raws[place]) for place in new)
    memory.raws, memory.balances = (raws, whole) if kept else ([], [])
    return whole


def _known(raws: list[tuple[Any, ...]], memory: RowMemory) -> list[Balance | None]:
    """For each row the balance that was made of the same text, mostly found at the same place."""
    if len(raws) == len(memory.raws):
        return [
            balance if raw == before else None
            for raw, before, balance in zip(raws, memory.raws, memory.balances, strict=True)
        ]
    by_text = dict(zip(memory.raws, memory.balances, strict=True))
    return [by_text.get(raw) for raw in raws]


def parsed(parse: Callable[..., Balance], raw: tuple[Any, ...]) -> Balance:
    """One row's balance; a refusal names the row's first field, which is the currency.

    Raises:
        BadPayload: as `parse` does.
    """
    try:
        return parse(*raw)
    except BadPayload as error:
        raise BadPayload(f"{shown(raw[0])}: {error}") from None


def is_text(raw: tuple[Any, ...]) -> bool:
    """Whether all fields are text or null: only text equals nothing but itself (1 == True == 1.0 as keys)."""
    return _TEXT.issuperset(map(type, raw))


def holdings(raws: Sequence[tuple[Any, ...]]) -> list[Balance] | None:
    """What `holding` makes of each row, all at once; None unless every field is the plainest of texts."""
    names, *columns = zip(*raws, strict=True)
    texts = [*chain.from_iterable(columns), ""]
    try:
        joined = ",".join(texts)
        plain = all(names) and bool("".join(names)) and joined.count(",") == len(texts) - 1 and _PLAIN(joined)
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

    Raises:
        BadPayload: no list at all, or no price in any of its rows: believing that would withdraw every value at once.
    """
    book = {}
    for count, row in enumerate(listing(answer, "tickers"), 1):
        try:
            book[row[symbol]] = row[price]
        except (KeyError, IndexError, TypeError):
            pass
        if not count % SLICE:
            yield PAUSE
    if not book:
        raise BadPayload("not one ticker in the answer")
    return book


def usdt_values(pairs: Iterable[tuple[str, Decimal]]) -> Reading:
    """An overview in USDT, of wallet and value; values of one wallet name are added."""
    sums: dict[str, Decimal] = {}
    for wallet, value in pairs:
        sums[wallet] = total(sums.get(wallet, ZERO), value)
    return Reading(values=[WalletValue(wallet, usdt=value) for wallet, value in sums.items()])
