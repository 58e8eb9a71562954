"""What the rows of every wallet come to, and what may not stand in them."""

from decimal import Decimal
from typing import Any

import pytest

from exporter.core.errors import BadPayload
from exporter.core.model import Reading
from exporter.exchanges.base import MAX_ROWS, RowMemory
from tests.exchanges.driver import amounts, converse
from tests.exchanges.facts import Shape, apis

SCALE = 10**18

SHAPES = {f"{api} {wallet}": shape for api, _, _, facts in apis() for wallet, shape in facts.wallets.items()}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


@every_shape
def test_rows_are_read_as_the_mapping_table_says(shape: Shape) -> None:
    listed = [{**shape.row, **changes} for changes in shape.mapped_rows or ({},)]
    assert amounts(read(shape, listed).balances) == {"X": shape.mapped}


def read(shape: Shape, rows: list[Any], memory: RowMemory | None = None) -> Reading:
    reading = converse(shape.reader(RowMemory() if memory is None else memory), shape.content(rows)).result
    assert isinstance(reading, Reading)
    return reading


@every_shape
def test_a_null_list_is_an_unused_wallet_and_never_one_that_held_something(shape: Shape) -> None:
    null = shape.around(None)
    memory = RowMemory()
    assert not [row for row in converse(shape.reader(memory), null).result.balances if not row.is_zero]
    read(shape, [shape.row], memory)
    if shape.null_is_empty:
        assert converse(shape.reader(memory), null).result.balances == []
        return
    with pytest.raises(BadPayload):
        converse(shape.reader(memory), null)


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


TOO_LONG = ["1" * 101, "0." + "1" * 100, int("1" * 101), Decimal("1" * 101), "-" + "1" * 101]

READ_AFTERWARDS = "X9"


def with_others(shape: Shape, *unreadable: dict[str, Any], others: int = 1) -> Any:
    """The content of an answer: these rows, then as many good ones, the last of them of `READ_AFTERWARDS`."""
    listed = [*unreadable, *(dict(shape.row) for _ in range(others))]
    names = ["X", *(f"X{number}" for number in range(1, len(listed)))]
    names[-1] = READ_AFTERWARDS
    if shape.currency:
        return shape.content([{**row, shape.currency: name} for name, row in zip(names, listed, strict=True)])
    return shape.around(dict(zip(names, listed, strict=True)))


def the_other_is_read(shape: Shape, unreadable: dict[str, Any]) -> None:
    """Of an answer with this row and a good one the good one is all that is known."""
    reading = converse(shape.reader(RowMemory()), with_others(shape, unreadable)).result
    assert [row.name for row in reading.unreadable] == ["X"]
    (balance,) = reading.balances
    (good,) = converse(shape.reader(RowMemory()), shape.named(READ_AFTERWARDS)).result.balances
    assert balance == good


@every_shape
@pytest.mark.parametrize("bad", [*NO_NUMBERS, *TOO_LONG], ids=lambda bad: str(bad)[:12])
def test_what_is_no_finite_number_costs_its_own_currency(shape: Shape, bad: Any) -> None:
    for name in shape.required + shape.optional:
        the_other_is_read(shape, {**shape.row, name: bad})


@every_shape
@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_is_zero_only_where_a_field_may_be_absent(shape: Shape, nothing: Any) -> None:
    for name in shape.required:
        the_other_is_read(shape, {**shape.row, name: nothing})
    for name in shape.optional:
        reading = read(shape, [{**shape.row, name: nothing}])
        assert reading.balances
        assert not reading.unreadable


@every_shape
def test_a_missing_amount_costs_its_own_currency(shape: Shape) -> None:
    for name in shape.required:
        the_other_is_read(shape, {key: value for key, value in shape.row.items() if key != name})


@every_shape
def test_a_hundred_digits_are_read(shape: Shape) -> None:
    name = shape.required[0]
    (balance,) = read(shape, [{**shape.row, name: "1" * 50 + "." + "1" * 50}]).balances
    assert Decimal("1" * 50 + "." + "1" * 50) in balance


@every_shape
def test_an_unreadable_row_leaves_nothing_of_its_currency(shape: Shape) -> None:
    if shape.currency:
        reading = read(shape, [shape.row, {**shape.row, shape.required[0]: "?"}, shape.row])
        assert not reading.balances
        assert [row.name for row in reading.unreadable] == ["X"]


@every_shape
def test_rows_that_cannot_be_read_in_most_of_a_list_fail_the_wallet(shape: Shape) -> None:
    bad = {**shape.row, shape.required[0]: None}
    for content in (with_others(shape, bad, bad, others=2), with_others(shape, bad, bad, others=1)):
        reading = converse(shape.reader(RowMemory()), content).result
        assert len(reading.unreadable) == 2
    with pytest.raises(BadPayload, match="3 of 4 rows"):
        converse(shape.reader(RowMemory()), with_others(shape, bad, bad, bad))


@every_shape
def test_rows_beside_an_unreadable_one_are_remembered(shape: Shape) -> None:
    memory, content = RowMemory(), with_others(shape, {**shape.row, shape.required[0]: None})
    first = converse(shape.reader(memory), content).result
    again = converse(shape.reader(memory), content).result
    assert again.balances[0] is first.balances[0]
    assert again.unreadable == first.unreadable


@every_shape
def test_a_field_that_may_be_absent_counts_as_null(shape: Shape) -> None:
    for name in shape.absent:
        absent = {key: value for key, value in shape.row.items() if key != name}
        assert read(shape, [absent]) == read(shape, [{**shape.row, name: None}])


@every_shape
@pytest.mark.parametrize("amount", ["-0.00000032", -1, Decimal("-0.5")])
def test_a_negative_amount_is_what_the_exchange_said(shape: Shape, amount: Any) -> None:
    for name in shape.required + shape.optional:
        reading = read(shape, [{**shape.row, name: amount}])
        assert len(reading.balances) == 1
        assert not reading.unreadable
    (balance,) = read(shape, [{**shape.row, shape.required[0]: amount}]).balances
    assert Decimal(amount) in balance


@every_shape
def test_forty_digits_are_kept_to_the_last_one(shape: Shape) -> None:
    name, long = shape.required[0], "1234567890123456789012.345678901234567891"
    (balance,) = read(shape, [{**shape.row, name: long}]).balances
    assert Decimal(long) in balance
    if not shape.net:
        parts = (balance.available, balance.frozen, balance.locked)
        assert sum(int(part * SCALE) for part in parts) == int(balance.net * SCALE)


def test_a_missing_list_of_rows_is_no_empty_wallet() -> None:
    for shape in SHAPES.values():
        for answer in ("x", 5, True):
            with pytest.raises(BadPayload):
                converse(shape.reader(RowMemory()), answer)


@every_shape
def test_more_rows_than_are_worked_on_fail_the_wallet(shape: Shape) -> None:
    with pytest.raises(BadPayload, match=r"20001 rows"):
        read(shape, [shape.row] * (MAX_ROWS + 1))


@every_shape
def test_a_long_answer_gives_the_loop_its_turn(shape: Shape) -> None:
    assert converse(shape.reader(RowMemory()), shape.content([shape.row] * 3500)).pauses >= 3


@every_shape
def test_an_unchanged_row_is_the_same_object_and_a_changed_one_is_not(shape: Shape) -> None:
    memory = RowMemory()
    first = read(shape, [dict(shape.row)], memory).balances[0]
    again = read(shape, [dict(shape.row)], memory).balances[0]
    changed = read(shape, [{**shape.row, shape.required[0]: "1.5"}], memory).balances[0]
    assert again is first
    assert changed != first


@every_shape
def test_a_failed_read_forgets_nothing(shape: Shape) -> None:
    memory = RowMemory()
    first = read(shape, [shape.row], memory).balances[0]
    with pytest.raises(BadPayload):
        converse(shape.reader(memory), shape.named(""))
    assert read(shape, [shape.row], memory).balances[0] is first


@every_shape
def test_numbers_are_not_remembered_since_true_equals_one(shape: Shape) -> None:
    memory = RowMemory()
    read(shape, [{**shape.row, shape.required[0]: 1}], memory)
    reading = read(shape, [{**shape.row, shape.required[0]: True}], memory)
    assert not reading.balances
    assert [row.name for row in reading.unreadable] == ["X"]


@every_shape
@pytest.mark.parametrize("name", [None, "", 5, ["X"], True, "X" * 101])
def test_a_row_without_a_name_fails_the_wallet(shape: Shape, name: Any) -> None:
    if not shape.currency and not isinstance(name, str):
        name = ""
    with pytest.raises(BadPayload):
        converse(shape.reader(RowMemory()), shape.named(name))


@every_shape
@pytest.mark.parametrize("row", [None, "x", 5, [], {}, ["X", "1", "2"]])
def test_a_row_of_another_shape_fails_the_wallet_unless_its_name_stands_outside(shape: Shape, row: Any) -> None:
    if shape.currency:
        with pytest.raises(BadPayload):
            read(shape, [shape.row, row])
    else:
        reading = read(shape, [shape.row, row])
        assert [balance.currency for balance in reading.balances] == ["X"]
        assert [bad.name for bad in reading.unreadable] == ["X1"]


@every_shape
def test_a_name_that_no_label_should_hold_fails_the_wallet(shape: Shape) -> None:
    converse(shape.reader(RowMemory()), shape.named("X" * 100))
    with pytest.raises(BadPayload, match="100 letters"):
        converse(shape.reader(RowMemory()), shape.named("X" * 101))


@every_shape
def test_a_hostile_name_stays_as_it_is(shape: Shape) -> None:
    hostile = 'USDT"} 1\nfake_metric 2'
    (balance,) = converse(shape.reader(RowMemory()), shape.named(hostile)).result.balances
    assert balance.currency == hostile
