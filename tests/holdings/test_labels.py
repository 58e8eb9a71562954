"""Currency labels: folded to upper case, never two of the same, rows of one name added."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.errors import BadPayload
from exporter.holdings.labels import Labels, labels, texts
from tests.kit.accounts import balance as row

ANY_NAMES = st.lists(st.text(st.characters(), min_size=1, max_size=4), unique=True, max_size=8)
TWINS = st.lists(st.text("aA\\ud8\ud800\udfff", min_size=1, max_size=6), unique=True, max_size=8)


def nets(names: Labels, *rows: tuple[str, str], remembered: tuple[str, ...] = ()) -> dict[str, Decimal]:
    answer = [row(name, amount) for name, amount in rows]
    return {label: held.net for label, held in names.by_label(answer, remembered).items()}


def test_names_are_folded_to_upper_case() -> None:
    assert labels(["usdt", "Btc"]) == {"usdt": "USDT", "Btc": "BTC"}


def test_only_ascii_letters_are_folded() -> None:
    assert labels(["straße", "ı"]) == {"straße": "STRAßE", "ı": "ı"}


def test_names_that_would_fold_together_keep_their_own_spelling() -> None:
    assert labels(["usdt", "USDT", "eth"]) == {"usdt": "usdt", "USDT": "USDT", "eth": "ETH"}


def test_a_twin_keeps_its_spelling_while_the_other_one_still_reads_zero() -> None:
    assert labels(["Usdt"], remembered=["usdt", "Usdt", "ETH"]) == {"Usdt": "Usdt"}
    assert labels(["Usdt"], remembered=["USDT"]) == {"Usdt": "USDT"}


def test_rows_of_one_raw_name_are_added() -> None:
    assert nets(Labels(), ("BTC", "1"), ("ETH", "2"), ("BTC", "0.5")) == {"BTC": Decimal("1.5"), "ETH": 2}


def test_the_same_names_in_another_order_keep_the_order_of_the_answer() -> None:
    names = Labels()
    nets(names, ("btc", "1"), ("eth", "2"))
    assert list(nets(names, ("eth", "2"), ("btc", "1"))) == ["ETH", "BTC"]


def test_a_label_that_is_still_in_use_is_the_same_object() -> None:
    names = Labels()
    (before,) = nets(names, ("btc", "1"))
    after, _ = nets(names, ("btc", "1"), ("eth", "2"))
    assert after is before


def test_a_name_that_comes_twice_the_second_time_is_added() -> None:
    names = Labels()
    nets(names, ("btc", "1"), ("eth", "2"))
    assert nets(names, ("btc", "1"), ("btc", "2")) == {"BTC": 3}


def test_two_rows_that_are_one_object_are_two_rows() -> None:
    twice = row("BTC", "1")
    assert Labels().by_label([twice, twice], ())["BTC"].net == 2


def test_a_sum_beyond_a_float_is_refused() -> None:
    with pytest.raises(BadPayload):
        nets(Labels(), *[("BTC", "9e306")] * 20)


def test_a_statement_that_one_of_two_rows_lacks_is_dropped() -> None:
    rows = [row("BTC", "1", usd=Decimal(5)), row("BTC", "1")]
    assert Labels().by_label(rows, ())["BTC"].usd is None


def test_debts_of_one_raw_name_are_added() -> None:
    rows = [row("BTC", "1", borrowed=Decimal(2)), row("BTC", "1"), row("BTC", "1", borrowed=Decimal(3))]
    assert Labels().by_label(rows, ())["BTC"].borrowed == 5


def test_a_surrogate_becomes_its_escape() -> None:
    assert texts(["BTC", "\ud800"]) == {"BTC": "BTC", "\ud800": "\\ud800"}


def test_a_coin_that_is_called_like_an_escape_keeps_its_name() -> None:
    assert texts(["\ud800", "\\ud800"]) == {"\ud800": "\\\\ud800", "\\ud800": "\\ud800"}


def test_a_surrogate_does_not_take_the_label_of_a_coin_that_is_called_like_its_escape() -> None:
    assert len(set(labels(["\ud800", "\\ud800", "\\uD800", "\\\\ud800"]).values())) == 4


@given(st.one_of(ANY_NAMES, TWINS), st.lists(st.sampled_from(["a", "A", "\\ud8"])))
def test_no_two_names_share_a_label_and_every_label_is_utf8(names: list[str], remembered: list[str]) -> None:
    found = labels(names, remembered)
    assert list(found) == names
    assert len(set(found.values())) == len(names)
    for label in found.values():
        label.encode()
