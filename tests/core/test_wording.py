"""Numbers and times are shown as people read them, and foreign text is shown and not obeyed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.wording import counted, dollars, exact, folded, moment, span, spelled, visible


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (0.4, "0 s"),
        (59.6, "1 min"),
        (45, "45 s"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (187_200, "2 d 4 h"),
        (86_400 * 400, "400 d"),
    ],
)
def test_spans_have_their_two_largest_units(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (None, "–"),
        ("0", "0.00"),
        ("0.001", "< 0.01"),
        ("-0.001", "> -0.01"),
        ("1234567.895", "1,234,567.90"),
        ("1E+100", "1.000e+100"),
    ],
)
def test_dollars_are_rounded_to_the_cent_and_never_to_nothing(usd: str | None, shown: str) -> None:
    assert dollars(None if usd is None else Decimal(usd)) == shown


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0E-18", "0"),
        ("1.50", "1.50"),
        ("1E-8", "0.00000001"),
        ("12E+3", "12000"),
        ("1234567890123456789012345678901234567890.123456789", "1234567890123456789012345678901234567890.123456789"),
        ("1E+300", "1E+300"),
    ],
)
def test_exact_amounts_keep_every_digit(amount: str, text: str) -> None:
    assert exact(Decimal(amount)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_an_exact_amount_reads_back_as_itself(amount: Decimal) -> None:
    assert Decimal(exact(amount)) == amount


def test_moments_are_utc_and_never_is_nothing() -> None:
    assert moment(1_767_225_600.25) == "2026-01-01T00:00:00.250Z"
    assert moment(0) == ""


@given(st.text(st.characters()))
def test_visible_text_is_printable(text: str) -> None:
    assert visible(text).isprintable()


def test_visible_text_escapes_what_a_terminal_obeys_and_keeps_letters() -> None:
    assert visible("a\n\x1b[31m\u202eé漢\U000e0001") == r"a\n\u001b[31m\u202eé漢\U000e0001"


def test_counts_have_their_noun() -> None:
    assert [counted(1, "account"), counted(2_000, "account"), counted(0, "currency", "currencies")] == [
        "1 account",
        "2,000 accounts",
        "0 currencies",
    ]


def test_only_ascii_letters_are_folded_to_upper_case() -> None:
    assert [folded(name) for name in ("usdt", "Btc", "straße", "ı")] == ["USDT", "BTC", "STRAßE", "ı"]


def test_a_name_in_upper_case_stays_the_same_object() -> None:
    name = "".join(["BT", "C"])
    assert folded(name) is name


@given(st.text(st.characters()))
def test_whatever_is_spelled_can_be_carried_by_utf8(raw: str) -> None:
    assert spelled(raw).encode().decode() == spelled(raw)
