"""A row that lacks a field: what is read is the same, or it is not there; never another number."""

import json
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from exporter.core.errors import PollError
from exporter.core.model import Balance, Reading
from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import Request, Work
from exporter.exchanges.ccxt.answers import _at
from exporter.exchanges.ccxt.known import Row
from exporter.exchanges.ccxt.table import TABLE
from tests.with_ccxt.reading import IDS
from tests.with_ccxt.samples import SAMPLES


def answers(name: str) -> dict[str, Any]:
    return {
        path: json.loads(text, parse_float=Decimal)
        for path, text in SAMPLES[name].answers.items()
        if "cursor" not in path
    }


def read(name: str, wallet: str, given: dict[str, Any]) -> Reading:
    """A wallet, from these answers."""
    reader = EXCHANGES[f"ccxt/{name}"].apis[""].wallets[wallet].read({})
    answer: Any = None
    try:
        while True:
            wish = reader.send(answer)
            assert isinstance(wish, Request | Work)
            if isinstance(wish, Work):
                answer = wish.run()
                continue
            whole = f"{wish.path}?{'&'.join(f'{key}={value}' for key, value in wish.query)}"
            key = max((key for key in given if whole.startswith(key)), key=len)
            answer = deepcopy(given[key])
            if isinstance(answer, dict) and "has_next" in answer:
                answer["has_next"] = False
    except StopIteration as end:
        reading: Reading = end.value
        return reading


def without_one(answer: Any, row: Row) -> Iterator[tuple[str, Any]]:
    """The answer again and again, each time without one field of one row, or with null in its place."""
    rows, _, _ = _at(answer, row.holds)
    for place in range(len(rows)) if isinstance(rows, list) else list(rows):
        fields = rows[place]
        for field in range(len(fields)) if isinstance(fields, list) else list(fields):
            for null in (True, False):
                if isinstance(fields, list) and not null:
                    continue
                changed = deepcopy(answer)
                there, _, _ = _at(changed, row.holds)
                if null:
                    there[place][field] = None
                else:
                    del there[place][field]
                yield f"{place}.{field} {'null' if null else 'left out'}", changed


@pytest.mark.parametrize("name", IDS)
def test_a_row_without_one_of_its_fields_is_read_alike_or_not_at_all(name: str) -> None:
    given = answers(name)
    rows = {row.call: row for row in TABLE[name].rows}
    odd: set[str] = set()
    for wallet, source in TABLE[name].wallets.items():
        row = rows[source.calls[-1]]
        whole: dict[str, list[Balance]] = {}
        for balance in read(name, wallet, given).balances:
            whole.setdefault(balance.currency, []).append(balance)
        for path in [path for path in given if path.partition("?")[0] == row.path]:
            for what, changed in without_one(given[path], row):
                try:
                    reading = read(name, wallet, {**given, path: changed})
                except PollError:
                    continue
                found: dict[str, list[Balance]] = {}
                for balance in reading.balances:
                    found.setdefault(balance.currency, []).append(balance)
                if any(found[each] != whole.get(each) for each in found):
                    odd.add(f"{wallet} {path} {what}: another number")
                if whole.keys() - found.keys() - {each.name for each in reading.unreadable}:
                    odd.add(f"{wallet} {path} {what}: a coin is gone")
    assert odd == set()
