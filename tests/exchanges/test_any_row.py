"""What the rows of every wallet come to, and what may not stand in them."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import pytest

from exporter.core.errors import BadPayload
from exporter.core.model import Reading
from exporter.exchanges import bingx, bitget, bitmart, htx, xt
from exporter.exchanges.base import MAX_ROWS, Reader, RowMemory

from .driver import amounts, converse

SCALE = 10**18


class Shape(NamedTuple):
    """How one wallet's rows look: enough to build answers of any length with any amount in any field."""

    read: Callable[[RowMemory], Reader[Reading]]
    row: dict[str, Any]
    wrap: Callable[[list[Any]], Any]
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()


def as_is(rows: list[Any]) -> Any:
    return rows


def under(name: str) -> Callable[[list[Any]], Any]:
    return lambda rows: {name: rows}


SHAPES = {
    "bitmart": Shape(
        bitmart.read_spot,
        {"currency": "X", "available": "1", "frozen": "2", "unAvailable": "5"},
        under("wallet"),
        ("available", "frozen"),
        ("unAvailable", "available_usd_valuation"),
    ),
    "xt v4": Shape(
        xt.read_spot,
        {"currency": "X", "availableAmount": "1", "frozenAmount": "2", "totalAmount": "10"},
        under("assets"),
        ("availableAmount", "frozenAmount", "totalAmount"),
        ("convertUsdtAmount",),
    ),
    "xt legacy": Shape(
        xt.read_spot_legacy,
        {"available": "1", "freeze": "2"},
        lambda rows: {f"X{number}" if number else "X": row for number, row in enumerate(rows)},
        ("available", "freeze"),
    ),
    "bingx spot": Shape(
        partial(bingx.read_assets, bingx.SPOT),
        {"asset": "X", "free": "1", "locked": "2"},
        under("balances"),
        ("free", "locked"),
    ),
    "bingx funding": Shape(
        partial(bingx.read_assets, bingx.FUNDING),
        {"asset": "X", "free": "1", "locked": "2"},
        under("assets"),
        ("free", "locked"),
    ),
    "htx": Shape(
        partial(htx.read_accounts, ("1",), False),
        {"currency": "X", "type": "trade", "balance": "1"},
        under("list"),
        ("balance",),
    ),
    "htx margin": Shape(
        partial(htx.read_accounts, ("1",), True),
        {"currency": "X", "type": "trade", "balance": "1"},
        under("list"),
        ("balance",),
        negative=("balance",),
    ),
    "bitget classic": Shape(
        bitget.read_spot,
        {"coin": "X", "available": "1", "frozen": "2", "locked": "4"},
        as_is,
        ("available", "frozen", "locked"),
    ),
    "bitget unified": Shape(
        bitget.read_unified,
        {"coin": "X", "equity": "10", "usdValue": "9", "available": "1", "debt": "5", "locked": "2"},
        under("assets"),
        ("equity", "available"),
        ("debt", "locked", "usdValue"),
        negative=("equity", "available", "locked", "usdValue"),
    ),
    "bitget unified funding": Shape(
        bitget.read_unified_funding,
        {"coin": "X", "available": "1", "frozen": "2"},
        as_is,
        ("available",),
        ("frozen",),
    ),
}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


@pytest.mark.parametrize(
    ("name", "rows", "expected"),
    [
        ("bitmart", None, ("1", "2", "3", "6", None)),
        ("xt legacy", None, ("1", "2", "0", "3", None)),
        ("xt v4", None, ("1", "2", "7", "10", None)),
        ("bingx spot", None, ("1", "2", "0", "3", None)),
        ("bingx funding", None, ("1", "2", "0", "3", None)),
        ("htx", {"trade": "1", "frozen": "2", "lock": "4", "bank": "8"}, ("1", "2", "12", "15", None)),
        (
            "htx margin",
            {"trade": "1", "frozen": "2", "lock": "4", "bank": "8", "loan": "-16", "interest": "-32"},
            ("1", "2", "12", "-33", "48"),
        ),
        ("bitget classic", None, ("1", "2", "4", "7", None)),
        ("bitget unified", None, ("1", "2", "12", "10", "5")),
        ("bitget unified funding", None, ("1", "2", "0", "3", None)),
    ],
)
def test_rows_are_read_as_the_mapping_table_says(
    name: str, rows: dict[str, str] | None, expected: tuple[str | None, ...]
) -> None:
    shape = SHAPES[name]
    listed = [shape.row | {"type": kind, "balance": amount} for kind, amount in rows.items()] if rows else [shape.row]
    assert amounts(read(shape, listed).balances) == {"X": expected}


def read(shape: Shape, rows: list[Any], memory: RowMemory | None = None) -> Reading:
    reading = converse(shape.read(memory or RowMemory()), shape.wrap(rows)).result
    assert isinstance(reading, Reading)
    return reading


NO_NUMBERS = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "1e99999999999999999999",
    "1_000",
    " 12 ",
    "12\n",
    "١٢",
    "１２",
    "+1",
    ".5",
    "5.",
    "0x10",
    "1,5",
    "--1",
    True,
    False,
    [],
    {},
    Decimal("NaN"),
    Decimal("Infinity"),
    Decimal("1e400"),
    10**400,
]


@every_shape
@pytest.mark.parametrize("bad", NO_NUMBERS, ids=lambda bad: str(bad)[:12])
def test_what_is_no_finite_number_fails_the_wallet(shape: Shape, bad: Any) -> None:
    for name in shape.required + shape.optional:
        with pytest.raises(BadPayload):
            read(shape, [shape.row, shape.row | {name: bad}])


@every_shape
@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_is_zero_only_where_a_field_may_be_absent(shape: Shape, nothing: Any) -> None:
    for name in shape.required:
        with pytest.raises(BadPayload):
            read(shape, [shape.row | {name: nothing}])
    for name in shape.optional:
        assert read(shape, [shape.row | {name: nothing}]).balances


@pytest.mark.parametrize(
    ("name", "field"),
    [("bitmart", "unAvailable"), ("bitmart", "available_usd_valuation"), ("xt v4", "convertUsdtAmount")],
)
def test_a_field_that_may_be_absent_counts_as_null(name: str, field: str) -> None:
    shape = SHAPES[name]
    absent = {key: value for key, value in shape.row.items() if key != field}
    assert read(shape, [absent]) == read(shape, [shape.row | {field: None}])


@every_shape
@pytest.mark.parametrize("amount", ["-1", -1, Decimal("-0.5")])
def test_a_negative_amount_fails_where_nothing_can_be_owed(shape: Shape, amount: Any) -> None:
    for name in shape.required + shape.optional:
        if name not in shape.negative:
            with pytest.raises(BadPayload):
                read(shape, [shape.row | {name: amount}])
        else:
            assert read(shape, [shape.row | {name: amount}]).balances


@every_shape
def test_forty_digits_are_kept_to_the_last_one(shape: Shape) -> None:
    name, long = shape.required[0], "1234567890123456789012.345678901234567891"
    (balance,) = read(shape, [shape.row | {name: long}]).balances
    assert Decimal(long) in balance
    if "totalAmount" not in shape.row and "equity" not in shape.row:
        parts = (balance.available, balance.frozen, balance.locked)
        assert sum(int(part * SCALE) for part in parts) == int(balance.net * SCALE)


def test_a_missing_list_of_rows_is_no_empty_wallet() -> None:
    for shape in SHAPES.values():
        for answer in ("x", 5, True):
            with pytest.raises(BadPayload):
                converse(shape.read(RowMemory()), answer)


@every_shape
def test_more_rows_than_are_worked_on_fail_the_wallet(shape: Shape) -> None:
    with pytest.raises(BadPayload, match=r"20001 rows"):
        read(shape, [shape.row] * (MAX_ROWS + 1))


@every_shape
def test_a_long_answer_gives_the_loop_its_turn(shape: Shape) -> None:
    assert converse(shape.read(RowMemory()), shape.wrap([shape.row] * 3500)).pauses >= 3


@every_shape
def test_an_unchanged_row_is_the_same_object_and_a_changed_one_is_not(shape: Shape) -> None:
    memory = RowMemory()
    first = read(shape, [dict(shape.row)], memory).balances[0]
    again = read(shape, [dict(shape.row)], memory).balances[0]
    changed = read(shape, [shape.row | {shape.required[0]: "1.5"}], memory).balances[0]
    assert again is first
    assert changed != first


@every_shape
def test_a_failed_read_forgets_nothing(shape: Shape) -> None:
    memory = RowMemory()
    first = read(shape, [shape.row], memory).balances[0]
    with pytest.raises(BadPayload):
        read(shape, [shape.row | {shape.required[0]: "?"}], memory)
    assert read(shape, [shape.row], memory).balances[0] is first


@every_shape
def test_numbers_are_not_remembered_since_true_equals_one(shape: Shape) -> None:
    memory = RowMemory()
    read(shape, [shape.row | {shape.required[0]: 1}], memory)
    with pytest.raises(BadPayload):
        read(shape, [shape.row | {shape.required[0]: True}], memory)


@every_shape
@pytest.mark.parametrize("name", [None, "", 5, ["X"], True])
def test_a_row_without_a_name_fails_the_wallet(shape: Shape, name: Any) -> None:
    key = next((key for key in ("currency", "asset", "coin") if key in shape.row), None)
    if key is None:
        with pytest.raises(BadPayload):
            converse(shape.read(RowMemory()), {"": shape.row})
    else:
        with pytest.raises(BadPayload):
            read(shape, [shape.row | {key: name}])


@every_shape
@pytest.mark.parametrize("row", [None, "x", 5, [], {}, ["X", "1", "2"]])
def test_a_row_of_another_shape_fails_the_wallet(shape: Shape, row: Any) -> None:
    with pytest.raises(BadPayload):
        read(shape, [shape.row, row])


@every_shape
def test_a_hostile_name_stays_as_it_is(shape: Shape) -> None:
    hostile = 'USDT"} 1\nfake_metric 2'
    key = next((key for key in ("currency", "asset", "coin") if key in shape.row), None)
    answer = {hostile: shape.row} if key is None else shape.wrap([shape.row | {key: hostile}])
    (balance,) = converse(shape.read(RowMemory()), answer).result.balances
    assert balance.currency == hostile
