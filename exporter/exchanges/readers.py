"""From an answer's lists to balances, prices and values; a row that did not change is not parsed again."""

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import chain, islice, repeat
from typing import Any, Final, cast

from exporter.core.errors import BadPayload
from exporter.core.model import EXACT, ZERO, Balance, Reading, Unreadable, WalletValue
from exporter.core.wording import folded, spelled
from exporter.exchanges.base import PAUSE, Endpoint, Pair, Reader, Request, RowMemory
from exporter.exchanges.values import (
    MAX_DIGITS,
    MAX_LETTERS,
    MAX_ROWS,
    ZEROS,
    cut,
    decimal,
    field,
    listing,
    moment,
    name_of,
    shown,
    total,
)

SLICE: Final = 250
"""Rows that are worked on before the loop gets a turn."""

REMEMBERED: Final = 8_000
"""Rows of an answer up to which they are known again by their text. No exchange trades half as many coins, and whoever
sends other rows each time is to have no second set of them kept beside those that are served."""

_TEXT: Final = frozenset({str, type(None)})


FEW: Final = 4
"""Rows of a list from which on most of them have to be readable."""


class Odd:
    """Stands where a row has no such field, or a list or an object in it; no reader takes it for a number or a name."""

    def __init__(self, said: str) -> None:
        self._said = said

    def __repr__(self) -> str:
        """What the answer has in this place."""
        return self._said


NOTHING: Final = Odd("nothing")


class _Gaps(dict[str, Any]):
    """A row in which a missing field reads `NOTHING`."""

    def __missing__(self, name: str) -> Odd:
        return NOTHING


def rows(
    answer: Any,
    fields: Callable[[Any], tuple[Any, ...]],
    parse: Callable[..., Balance],
    memory: RowMemory,
    parse_all: Callable[[Sequence[tuple[Any, ...]]], list[Balance] | None] | None = None,
) -> Reader[Reading]:
    """Parse a list of rows; a row whose text was in the last answer keeps its amounts, unless it was a very long one.

    A row whose name can be read but whose amounts cannot is told as unreadable, and no balance of that name is.

    Args:
        answer: the list.
        fields: takes from a row what `parse` needs, the currency first.
        parse: makes a balance of those fields.
        memory: of this wallet; replaced by every answer that is no refusal.
        parse_all: does the same for many rows at once where they are plain; None leaves them to `parse`.

    Raises:
        BadPayload: a row that is no object or without a name; rows that cannot be read in most of a list.
    """
    listed = listing(answer, "rows")
    raws: list[tuple[Any, ...]] = []
    for start in range(0, len(listed), SLICE):
        if start:
            yield PAUSE
        part = listed[start : start + SLICE]
        try:
            raws += list(map(fields, part))
        except (KeyError, TypeError, AttributeError):
            raws += [_fields_there(fields, row) for row in part]
    balances, unreadable = yield from remembered(raws, parse, memory, parse_all)
    see_most(unreadable, len(raws))
    return Reading(balances, unreadable=unreadable)


def _fields_there(fields: Callable[[Any], tuple[Any, ...]], row: Any) -> tuple[Any, ...]:
    try:
        return fields(_Gaps(row) if isinstance(row, dict) else row)
    except (KeyError, TypeError, AttributeError) as error:
        raise misshapen(error) from None


def grouped(
    answer: Any,
    name: Callable[[str], str],
    members: Callable[[Any], tuple[Any, Sequence[Any]]],
    fields: Callable[[Any], tuple[Any, ...]],
    parse: Callable[..., Balance],
    memory: RowMemory,
) -> Reader[Reading]:
    """Parse a list that tells of several wallets at once; what is all zero is left out, a row like the last is kept.

    A row whose name can be read but whose amounts cannot costs its own currency in its own wallet. Groups whose names
    come to the same are one wallet.

    Args:
        answer: the list.
        name: the wallet's whole name, from the group's as it stands in the answer:
            `lambda symbol: f"isolated_margin/{symbol}"`.
        members: takes from an entry of the list the group's name and its rows: `(row["symbol"], (row,))` where each
            row names its group, `(pair["symbol"], (pair["base"], pair["quote"]))` where a group is an entry.
        fields: takes from a row what `parse` needs, the currency first.
        parse: makes a balance of those fields.
        memory: of the whole answer; replaced by every answer that is no refusal.

    Returns:
        A reading with `parts` alone: each has all rows of its wallet, zeros included, and at least one that is not
        zero or cannot be read.

    Raises:
        BadPayload: an entry of another shape or without a name; more rows than are worked on; rows that cannot be read
            in most of a list.
    """
    raws: list[tuple[str, tuple[Any, ...]]] = []
    for place, entry in enumerate(listing(answer, "rows")):
        if place and not place % SLICE:
            yield PAUSE
        try:
            group, listed = members(entry)
        except (KeyError, TypeError, AttributeError) as error:
            raise misshapen(error) from None
        wallet = spelled(name(name_of(group, "group")))
        raws += [(wallet, tuple(map(hashable, _fields_there(fields, row)))) for row in listed]
        if len(raws) > MAX_ROWS:
            raise BadPayload(f"{len(raws)} rows, more than the {MAX_ROWS} that are worked on")
    made: dict[str, list[Balance]] = {}
    unreadable: dict[str, list[Unreadable]] = {}
    kept: RowMemory = {}
    for place, (wallet, raw) in enumerate(raws):
        if place and not place % SLICE:
            yield PAUSE
        one = memory.get(raw) or kept.get(raw) or parsed(parse, raw)
        if isinstance(one, Unreadable):
            unreadable.setdefault(wallet, []).append(one)
            continue
        made.setdefault(wallet, []).append(one)
        if is_text(raw):
            kept[raw] = one
    memory.clear()
    memory.update(kept)
    see_most([*chain.from_iterable(unreadable.values())], len(raws))
    parts: dict[str, Reading] = {}
    for place, wallet in enumerate(dict.fromkeys(wallet for wallet, _ in raws)):
        if place and not place % SLICE:
            yield PAUSE
        bad = unreadable.get(wallet, [])
        balances = without(made.get(wallet, []), bad)
        if bad or not all(balance.is_zero for balance in balances):
            parts[wallet] = Reading(balances, unreadable=bad)
    return Reading(parts=parts)


def remembered(
    raws: Sequence[tuple[Any, ...]],
    parse: Callable[..., Balance],
    memory: RowMemory,
    parse_all: Callable[[Sequence[tuple[Any, ...]]], list[Balance] | None] | None = None,
) -> Reader[tuple[list[Balance], list[Unreadable]]]:
    """What `rows` makes of fields that were taken already: a row that was in the last answer is not parsed again.

    Raises:
        BadPayload: a row whose name cannot be read.
    """
    try:
        known = list(map(memory.get, raws))
    except TypeError:  # a list or an object
        raws = [tuple(map(hashable, raw)) for raw in raws]
        known = list(map(memory.get, raws))
    kept = [balance for balance in known if balance is not None]
    if len(kept) == len(raws) == len(memory):
        return kept, []
    if len(raws) > SLICE:
        yield PAUSE
    new = [raw for raw, balance in zip(raws, known, strict=True) if balance is None]
    made: list[Balance | Unreadable] = []
    unreadable: list[Unreadable] = []
    only_text = True
    for start in range(0, len(new), SLICE):
        if start:
            yield PAUSE
        part = new[start : start + SLICE]
        plain: Sequence[Balance | Unreadable] | None = parse_all(part) if parse_all is not None else None
        if plain is None:
            plain = [parsed(parse, raw) for raw in part]
            read = (raw for raw, one in zip(part, plain, strict=True) if isinstance(one, Balance))
            only_text = only_text and is_text(chain.from_iterable(read))
            unreadable += [one for one in plain if isinstance(one, Unreadable)]
        made += plain
    if len(raws) > SLICE:
        yield PAUSE
    in_order = iter(made)
    all_rows = [next(in_order) if balance is None else balance for balance in known]
    pairs = zip(raws, cast(list[Balance], all_rows), strict=True)
    good = [(raw, one) for raw, one in pairs if isinstance(one, Balance)] if unreadable else pairs
    memory.clear()
    if only_text and len(raws) <= REMEMBERED:
        memory.update(good)
    elif only_text:  # one that is held is enough for `unused`
        memory.update(islice((each for each in good if not each[1].is_zero), 1))
    if not unreadable:
        return cast(list[Balance], all_rows), unreadable
    return without([one for one in all_rows if isinstance(one, Balance)], unreadable), unreadable


def without(balances: list[Balance], unreadable: Iterable[Unreadable]) -> list[Balance]:
    """The balances of which no row is unreadable: of rows that are added, one that is not known leaves nothing."""
    names = {name for name, _ in unreadable}
    return [balance for balance in balances if balance.currency not in names] if names else balances


def see_most(unreadable: Sequence[Unreadable], count: int) -> None:
    """See that of a list of so many rows most can be read.

    Raises:
        BadPayload: more than half of at least four rows cannot.
    """
    if count >= FEW and 2 * len(unreadable) > count:
        name, why = unreadable[0]
        raise BadPayload(f"{len(unreadable)} of {count} rows cannot be read; {shown(name)}: {why}")


def hashable(value: Any) -> Any:
    """The value, or what stands for a list or an object."""
    try:
        hash(value)
    except TypeError:
        return Odd(shown(value))
    return value


def misshapen(error: Exception) -> BadPayload:
    """The refusal of a row in which a field is missing, or is nothing that a field can be."""
    if isinstance(error, KeyError) and error.args:
        return BadPayload(f'a row of another shape: "{cut(str(error.args[0]), 40)}" is missing')
    return BadPayload(f"a row of another shape: {type(error).__name__} {shown(error.args)}")


def parsed(parse: Callable[..., Balance], raw: tuple[Any, ...]) -> Balance | Unreadable:
    """One row's balance, or what keeps it from being one; the row's first field is the currency.

    Raises:
        BadPayload: its name cannot be read.
    """
    try:
        return parse(*raw)
    except BadPayload as error:
        return Unreadable(name_of(raw[0], "currency"), str(error))


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
    return list(map(_balance, zip(names, *amounts, net, none, none, none, none, none, strict=False)))


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
    free = decimal(available, "available", negative=True)
    tied = decimal(frozen, "frozen", negative=True)
    held = decimal(locked, "locked", negative=True)
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


def unused(rows: Any, memory: RowMemory, nothing: Callable[[], Any] = list) -> Any:
    """The rows, where null stands for none in a wallet that was never used; null of one that held something stays null.

    Args:
        rows: as they stand in the answer.
        memory: of the wallet.
        nothing: makes what stands for no rows.
    """
    if rows is not None or any(not balance.is_zero for balance in memory.values()):
        return rows
    return nothing()


def usdt_values(pairs: Iterable[tuple[str, Any]]) -> Reading:
    """An overview in USDT, of wallet and value as it stands in the answer; see `usd_values`.

    Raises:
        BadPayload: as there.
    """
    sums, unreadable = _values(pairs)
    return Reading(values=[WalletValue(wallet, usdt=value) for wallet, value in sums.items()], unreadable=unreadable)


def usd_values(pairs: Iterable[tuple[str, Any]]) -> Reading:
    """An overview in USD, of wallet and value as it stands in the answer; values of one wallet name are added.

    A wallet of which the exchange gives no value (null, an empty text) is left out; one whose value is no number is
    told as unreadable.

    Raises:
        BadPayload: values that cannot be read in most of a list.
    """
    sums, unreadable = _values(pairs)
    return Reading(values=[WalletValue(wallet, usd=value) for wallet, value in sums.items()], unreadable=unreadable)


def _values(pairs: Iterable[tuple[str, Any]]) -> tuple[Mapping[str, Decimal], Sequence[Unreadable]]:
    sums: dict[str, Decimal] = {}
    left_out: set[str] = set()
    unreadable: list[Unreadable] = []
    told_of = list(pairs)
    for wallet, value in told_of:
        told = worth_of(wallet, value)
        if isinstance(told, Decimal):
            sums[wallet] = total(sums.get(wallet, ZERO), told)
            continue
        left_out.add(wallet)  # also what is added up under its name: a part of a value would look like the whole
        if told is not None:
            unreadable.append(told)
    see_most(unreadable, len(told_of))
    return {wallet: value for wallet, value in sums.items() if wallet not in left_out}, unreadable


def worth_of(wallet: str, value: Any) -> Decimal | Unreadable | None:
    """What an overview says that a wallet is worth; None where it says nothing (null, an empty text)."""
    if value is None or value == "":
        return None
    try:
        return decimal(value, "value", negative=True)
    except BadPayload as error:
        return Unreadable(wallet, str(error))
