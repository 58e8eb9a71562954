"""The rules for numbers, times, names and refusals that all readers share."""

from collections.abc import Iterator
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.errors import AuthError, BadPayload, BadStatus, Banned, ExchangeRefused, RateLimited
from exporter.exchanges.base import (
    cut,
    decimal,
    field,
    listing,
    moment,
    name_of,
    optional,
    refused,
    rest,
    shown,
    text_of,
    total,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("0.00000000", "0"),
        ("0E-18", "0"),
        ("-0.0", "0"),
        ("00012.50", "12.50"),
        ("1.12e-15", "0.00000000000000112"),
        ("12E+3", "12000"),
        (7, "7"),
        (Decimal("1.2E-7"), "0.00000012"),
        ("123456789012345678901234567890.1234567890", "123456789012345678901234567890.1234567890"),
    ],
)
def test_an_amount_is_what_was_written(value: Any, text: str) -> None:
    assert f"{decimal(value, 'x'):f}" == text


def test_a_refusal_names_the_field_and_the_beginning_of_the_value() -> None:
    with pytest.raises(BadPayload, match=r"^available: '(one ){8}\.\.\. where a number belongs$"):
        decimal("one " * 8 + "x" * 1000, "available")


small = st.none() | st.booleans() | st.integers() | st.text(max_size=60) | st.decimals(allow_nan=False)


@settings(derandomize=True)
@given(
    st.recursive(
        small,
        lambda inner: (
            st.lists(inner, max_size=5)
            | st.dictionaries(st.text(max_size=5), inner, max_size=5)
            | st.lists(inner, max_size=3).map(tuple)
        ),
    )
)
def test_a_value_is_shown_as_python_writes_it_and_cut(value: Any) -> None:
    assert shown(value)[:20] == cut(repr(value), 40)[:20]
    assert len(shown(value)) <= 40


class Endless(list[Any]):
    """A list of which nobody may look at more than the beginning."""

    def __iter__(self) -> Iterator[Any]:
        yield from range(100)
        raise AssertionError("somebody looks at all of it")

    def __repr__(self) -> str:
        raise AssertionError("somebody writes all of it")


def test_no_more_of_a_value_is_looked_at_than_is_shown() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert shown(Endless()) == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11..."
    assert shown({"rows": Endless()}).startswith("{'rows': [0, 1, 2")
    assert text_of(Endless()).startswith("[0, 1")
    assert shown(deep).startswith("[[[[")
    assert shown(Decimal("1" * 1_000_000)).startswith("Decimal('1.111")
    assert text_of("x" * 1000) == "..."
    with pytest.raises(BadPayload):
        decimal(Endless(), "free")
    while deep:
        deep = deep[0]


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_number_of_a_hundred_digits_is_read_and_a_longer_one_is_not(sign: str) -> None:
    whole, parts = f"{sign}{'7' * 100}", f"{sign}{'7' * 40}.{'7' * 60}"
    for text in (whole, parts, f"{parts}e5"):
        for written in (text, Decimal(text)):
            assert decimal(written, "free", negative=True) == Decimal(text)
    assert decimal(int(whole), "free", negative=True) == Decimal(whole)
    for text in (f"{whole}7", f"{parts}7", f"{parts}7e5", f"{sign}0.{'0' * 99}1", f"{sign}7.{'0' * 1_000_000}"):
        written = text if text.count("0") == 100 else Decimal(text)
        for each in (text, written):
            with pytest.raises(BadPayload):
                decimal(each, "free", negative=True)
    with pytest.raises(BadPayload, match="100 digits"):
        decimal(int(f"{whole}7"), "free", negative=True)


def test_a_name_of_a_hundred_letters_is_read_and_a_longer_one_is_not() -> None:
    assert name_of("X" * 100, "coin") == "X" * 100
    with pytest.raises(BadPayload, match="100 letters"):
        name_of("X" * 101, "coin")


def test_what_is_cut_off_takes_the_whole_word_with_it_but_not_a_number() -> None:
    assert cut("a b1-secret", 11) == "a b1-secret"
    assert cut("key=a b1-secret here", 12) == "key=a ..."
    assert cut("1234567890.123", 10) == "1234567..."


@settings(deadline=None, derandomize=True)
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**30, places=18))
def test_text_of_an_amount_reads_back_to_it(number: Decimal) -> None:
    assert decimal(f"{number:f}", "x") == number


def test_a_sum_is_not_rounded_in_any_thread() -> None:
    with localcontext(prec=28):
        assert f"{total(Decimal(10**30), Decimal('1e-18')):f}" == "1" + "0" * 30 + "." + "0" * 17 + "1"


def test_a_rest_is_exact_and_never_negative() -> None:
    with localcontext(prec=28):
        assert rest(Decimal(10**30), Decimal("1e-18")) == Decimal("9" * 30 + "." + "9" * 18)
        assert rest(Decimal(1), Decimal(2)) == 0


def test_a_sum_of_the_largest_amounts_is_still_finite() -> None:
    largest = decimal("9.9e306", "x")
    assert float(total(largest, largest, largest, largest)) < float("inf")


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_optional_amount_may_be_nothing(nothing: Any) -> None:
    assert optional(nothing, "x") == 0


@pytest.mark.parametrize("value", [0, 1767225600, "1767225600456000", "soon", None, Decimal("1e300")])
def test_a_time_is_in_milliseconds_of_this_century(value: Any) -> None:
    with pytest.raises(BadPayload):
        moment(value, "time")


def test_a_time_may_be_text_or_number() -> None:
    assert moment("1767225600456", "time") == moment(1767225600456, "time") == 1767225600456


@pytest.mark.parametrize("value", [None, "", 5, [], True])
def test_a_name_is_a_text(value: Any) -> None:
    with pytest.raises(BadPayload):
        name_of(value, "coin")


def test_a_missing_field_tells_which_are_there() -> None:
    with pytest.raises(BadPayload, match=r"rows is missing; there are .*total"):
        field({"total": 1, "items": []}, "rows")


@pytest.mark.parametrize("value", [{}, "x", 5, True])
def test_a_list_is_a_list(value: Any) -> None:
    with pytest.raises(BadPayload):
        listing(value, "rows")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (200, "a", AuthError),
        (503, "a", AuthError),
        (500, "t", ExchangeRefused),
        (500, "?", BadStatus),
        (429, "?", RateLimited),
        (418, "?", Banned),
        (401, "?", AuthError),
        (400, "?", ExchangeRefused),
        (200, ["?"], BadPayload),
    ],
)
def test_the_code_decides_before_the_status(status: int, code: Any, kind: type[Exception]) -> None:
    error = refused(status, code, "words", errors={"a": AuthError}, temporary=frozenset("t"))
    assert type(error) is kind


def test_an_endless_message_is_cut() -> None:
    assert len(str(refused(400, "c" * 10_000, "m" * 10_000, errors={}))) < 300


def test_only_a_server_error_is_worth_a_repeat() -> None:
    assert refused(502, "?", "", errors={}).repeat
    assert not refused(400, "?", "", errors={}).repeat
