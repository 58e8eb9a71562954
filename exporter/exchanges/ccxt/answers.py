"""What an answer must be before ccxt sees it, and what ccxt made of it as balances, prices and markets.

ccxt reads what is missing as nothing: of a page, of `{}` and of many an error it makes an empty wallet. So the list
that an answer is asked for has to be in it. ccxt computes with texts alone, so every number with a fraction is given to
it as the text of its digits.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from exporter.core.errors import BadPayload
from exporter.core.model import ZERO, Balance, Reading, Unreadable
from exporter.core.wording import folded
from exporter.exchanges.base import MAX_ROWS, Pair, decimal, field, name_of, shown, total
from exporter.exchanges.ccxt.known import Known
from exporter.exchanges.readers import see_most, without

_EXPONENT: Final = re.compile(r"[+-]?[\d.]+[eE][+-]?\d{3,}", re.ASCII).fullmatch
"""Numbers that nobody can mean: ccxt would write them out, digit by digit."""

_NO_ROWS: Final = frozenset({"info", "timestamp", "datetime", "free", "used", "total", "debt"})
"""What stands beside the currencies in what ccxt makes of a wallet."""


def exact(answer: Any) -> Any:
    """The answer, changed in place: numbers with a fraction as texts, as ccxt computes with them.

    Raises:
        BadPayload: a number beyond any.
    """
    whole = [answer]
    left: list[Any] = [whole]
    while left:
        part = left.pop()
        pairs = part.items() if isinstance(part, dict) else enumerate(part)
        for key, value in pairs:
            if isinstance(value, dict | list):
                left.append(value)
            elif isinstance(value, Decimal):
                part[key] = _checked(str(value))
            elif isinstance(value, str):
                _checked(value)
    return whole[0]


def _checked(text: str) -> str:
    if _EXPONENT(text):
        raise BadPayload(f"{shown(text)} where a number belongs")
    return text


def size_of(answer: Any) -> int:
    """About how many values an answer has: how much ccxt has to do with it."""
    size = 0
    left = [answer]
    while left and size < MAX_ROWS:
        part = left.pop()
        values = part.values() if isinstance(part, dict) else part
        size += len(part)
        left += [value for value in values if isinstance(value, dict | list)]
    return size


def rows_of(answer: Any, holds: str) -> int:
    """How many rows stand where an answer has to have them.

    Args:
        answer: the parsed JSON.
        holds: names of the fields on the way (a number is a place in a list), and what stands there: `data[]` is a
            list, `result{}` an object, `[]` a list that is the whole answer, `[[]]` a list of lists that hold
            something, `{{}}` and `{[]}` an object of at least one object or list, `{}` an object that is no list of
            rows, `data.mode=ONE|OTHER` one of these words.

    Raises:
        BadPayload: there stands something else, or more than is worked on.
    """
    answer, path, kind = _at(answer, holds)
    where = ".".join(path) or "the answer"
    if kind[0] == "=":
        if answer not in kind[1:].split("|"):
            raise BadPayload(f"{where}: {shown(answer)} where one of {kind[1:]} belongs")
        return 0
    if not isinstance(answer, list if kind in {"[]", "[[]]"} else dict):
        raise BadPayload(f"{where}: {shown(answer)} where {'a list' if kind == '[]' else 'an object'} belongs")
    if kind == "[[]]" and not all(isinstance(row, list) and row for row in answer):
        raise BadPayload(f"{where}: {shown(answer)} where rows belong")
    if isinstance(answer, dict) and kind in _OF and not _are_all(answer, _OF[kind]):
        raise BadPayload(f"{where}: {shown(answer)} where rows belong")
    if len(answer) > MAX_ROWS:
        raise BadPayload(f"{where}: {len(answer)} rows, more than the {MAX_ROWS} that are worked on")
    return len(answer) if holds != "{}" else 0


def _at(answer: Any, holds: str) -> tuple[Any, list[str], str]:
    """What stands where the rows belong, and the names of the way there, and what kind it should be of."""
    path, kind = _shape(holds)
    for name in path:
        answer = _within(answer, name)
    return answer, path, kind


def see_names(answer: Any, holds: str, needs: Iterable[str]) -> None:
    """See that every row of an answer has these fields.

    Raises:
        BadPayload: one has not: of which coin it is, or of which kind, is not known.
    """
    rows, _, _ = _at(answer, holds)
    for row in rows if isinstance(rows, list) else rows.values():
        for name in needs:
            if _field(row, name) in {None, ""}:
                raise BadPayload(f"a row of another shape: {name!r} is missing in {shown(row)}")


def _field(row: Any, name: str) -> Any:
    """What a row has under this name, or in this column: whether it is there, where it is a list or an object."""
    value = None
    if isinstance(row, dict):
        value = row.get(name)
    elif isinstance(row, list) and name.isdigit() and len(row) > int(name):
        value = row[int(name)]
    return bool(value) or None if isinstance(value, dict | list) else value


def names_in(answer: Any, holds: str, needs: Sequence[str]) -> Iterator[str]:
    """The coins that the rows of a list are of, as far as they are told by a field."""
    rows, _, _ = _at(answer, holds)
    if needs and isinstance(rows, list):
        yield from (str(_field(row, needs[0])) for row in rows)


def fill(answer: Any, holds: str, nought: Iterable[str]) -> None:
    """Write a 0 into the rows of an answer that leave one of these fields out."""
    rows, _, _ = _at(answer, holds)
    for row in rows if isinstance(rows, list) else rows.values():
        if isinstance(row, dict):
            for name in nought:
                row.setdefault(name, "0")


def _are_all(rows: Mapping[str, Any], kind: type) -> bool:
    return bool(rows) and all(isinstance(row, kind) for row in rows.values())


_OF: Final = {"{{}}": dict, "{[]}": list}


def _shape(holds: str) -> tuple[list[str], str]:
    at = re.search(r"[\[{=]", holds)
    assert at is not None
    path, kind = holds[: at.start()], holds[at.start() :]
    return path.split(".") if path else [], kind


def _within(answer: Any, name: str) -> Any:
    if not name.isdigit():
        return field(answer, name)
    if not isinstance(answer, list) or len(answer) <= int(name):
        raise BadPayload(f"{shown(answer)} where a list of more than {name} belongs")
    return answer[int(name)]


def wallet(made: Any, known: Known, listed: int, twice: Collection[str] = (), *, each: bool = False) -> Reading:
    """A wallet as ccxt has read it: free is available, used is frozen, debt is borrowed.

    Args:
        made: what `fetch_balance` returned.
        known: whose wallet.
        listed: rows that its answers had; 0 where those may be of other wallets.
        twice: coins of which there were two rows, of which ccxt knows one.
        each: whether each row is a coin of its own, so that those that ccxt left out can be counted.

    Raises:
        BadPayload: ccxt read none of the rows, or most of them cannot be read, or the list goes on.
    """
    if isinstance(made, dict) and isinstance(made.get("info"), dict) and made["info"].get("has_next") is True:
        raise BadPayload("the pages end before the list does")
    balances: list[Balance] = []
    unreadable: list[Unreadable] = []
    ignored = 0
    for raw, row in _rows(made):
        if not raw:
            ignored += 1
            continue
        name = _spelled(name_of(raw, "currency"), known)
        one = _balance(name, row, known) if raw not in twice else Unreadable(name, "two rows where one belongs")
        if isinstance(one, Balance):
            balances.append(one)
        else:
            unreadable.append(one)
    if listed and not balances and not unreadable:
        raise BadPayload(f"ccxt read no currency in an answer of {listed} rows")
    see_most(unreadable, len(balances) + len(unreadable))
    if each:
        ignored = max(ignored, listed - len(balances) - len(unreadable))
    return Reading(without(balances, unreadable), ignored=ignored, unreadable=unreadable)


def _rows(made: Any) -> Iterator[tuple[Any, Any]]:
    if not isinstance(made, dict):
        raise BadPayload(f"ccxt made {type(made).__name__} of a wallet")
    return ((name, row) for name, row in made.items() if name not in _NO_ROWS)


def _spelled(name: str, known: Known) -> str:
    """The coin's name: the exchange's own, without what stands before or behind it there."""
    for suffix in known.suffixes:
        if name.endswith(suffix) and len(name) > len(suffix):
            name = name.removesuffix(suffix)
    return known.names.get(name, name)


def _balance(name: str, row: Any, known: Known) -> Balance | Unreadable:
    if not isinstance(row, dict) or row.get("free") is None or row.get("used") is None:
        return Unreadable(name, f"{shown(row)} where amounts belong")
    try:
        free, used = (decimal(row[each], each, negative=True) for each in ("free", "used"))
        debt = decimal(row["debt"], "debt", negative=True) if row.get("debt") is not None else None
        whole = decimal(row.get("total"), "total", negative=True) if known.equity else None
    except BadPayload as error:
        return Unreadable(name, str(error))
    borrowed = (abs(debt) if debt is not None else ZERO) if known.borrows else None
    net = whole if whole is not None else total(free, used, -borrowed if borrowed else ZERO)
    return Balance(name, free, used, ZERO, net, borrowed)


def prices(made: Any) -> dict[str, Any]:
    """The last price of each market, by the exchange's own symbol.

    Raises:
        BadPayload: there is none.
    """
    rows = made.values() if isinstance(made, dict) else ()
    found = {row["symbol"]: row.get("last") for row in rows if isinstance(row.get("symbol"), str)}
    if not found:
        raise BadPayload("not one ticker in the answer")
    return found


def markets(made: Any, known: Known) -> dict[Pair, str]:
    """The exchange's own list: base and quote, ASCII upper case -> symbol; spot alone, and what is traded now.

    Raises:
        BadPayload: there is none.
    """
    found: dict[Pair, str] = {}
    twice: set[Pair] = set()
    for row in made if isinstance(made, list) else ():
        symbol, base, quote = (row.get(each) for each in (known.symbol, "base", "quote"))
        texts = all(isinstance(each, str) and each for each in (symbol, base, quote))
        if not texts or not row.get("spot") or row.get("active") is False:
            continue
        pair = folded(_spelled(base, known)), folded(_spelled(quote, known))
        if found.setdefault(pair, symbol) != symbol:
            twice.add(pair)
    if not found:
        raise BadPayload("not one market in the answer")
    return {pair: symbol for pair, symbol in found.items() if pair not in twice}


def milliseconds(made: Any) -> int:
    """The exchange's clock, milliseconds since the epoch.

    Raises:
        BadPayload: no such time.
    """
    if isinstance(made, bool) or not isinstance(made, int):
        raise BadPayload(f"{shown(made)} where a time belongs")
    return made


def words_of(payload: Any, room: int = 20, depth: int = 3) -> Any:
    """A small answer with the same words: what ccxt looks for refusals in need not be as long as the answer."""
    if isinstance(payload, Mapping):
        some = list(payload.items())[:room]
        return {str(key): words_of(value, room, depth - 1) for key, value in some} if depth else {}
    if isinstance(payload, list):
        return [words_of(value, room, depth - 1) for value in payload[:room]] if depth else []
    return str(payload) if isinstance(payload, Decimal) else payload
