"""Spoils the rows of an answer: wrong amounts, odd names, far too many rows, or none."""

import copy
from collections.abc import Callable
from typing import Any, Final

from exporter.sandbox.vendors.base import Members, Rows

HOSTILE_NAME: Final = 'USDT"} 1\nfake_metric 2'
"""A currency that would forge a metric, were its name not escaped."""

MANY: Final = 50_000


def spoil(kind: str, rows: Rows, value: Any) -> None:
    """Alter rows in place by one of the row faults; `value` is what `replace_amounts` puts in."""
    if kind == "replace_amounts":
        _replace_amounts(rows, value)
    elif kind == "empty_list":
        rows.items.clear()
    elif isinstance(rows.items, Members):
        _MEMBERS[kind](rows.items)
    else:
        _LISTS[kind](rows.items, rows.name)


def _replace_amounts(rows: Rows, value: Any) -> None:
    items = rows.items.values() if isinstance(rows.items, dict) else rows.items
    for row in items:
        for amount in rows.amounts:
            row[amount] = value


def _renamed(row: Any, name: str | int, new: str) -> Any:
    twin = copy.copy(row)
    twin[name] = new
    return twin


def _many(items: list[Any], name: str | int) -> None:
    if items:
        first = items[0]
        items.extend(_renamed(first, name, f"COIN{number:05}") for number in range(MANY - len(items)))


def _twins(items: list[Any], name: str | int) -> None:
    items.extend([_renamed(row, name, str(row[name]).swapcase()) for row in items])


def _duplicates(items: list[Any], name: str | int) -> None:
    items.extend([_renamed(row, name, row[name]) for row in items])


def _hostile(items: list[Any], name: str | int) -> None:
    if items:
        items.append(_renamed(items[0], name, HOSTILE_NAME))


def _many_members(items: Members) -> None:
    first = next(iter(items.values()), None)
    for number in range(MANY - len(items) if first is not None else 0):
        items[f"coin{number:05}"] = first


def _twin_members(items: Members) -> None:
    items.update({name.swapcase(): row for name, row in list(dict.items(items))})


def _duplicate_members(items: Members) -> None:
    items.repeated = 2


def _hostile_members(items: Members) -> None:
    first = next(iter(items.values()), None)
    if first is not None:
        items[HOSTILE_NAME] = first


_LISTS: Final[dict[str, Callable[[list[Any], str | int], None]]] = {
    "many_rows": _many,
    "twins": _twins,
    "duplicate_rows": _duplicates,
    "hostile_name": _hostile,
}
_MEMBERS: Final[dict[str, Callable[[Members], None]]] = {
    "many_rows": _many_members,
    "twins": _twin_members,
    "duplicate_rows": _duplicate_members,
    "hostile_name": _hostile_members,
}
