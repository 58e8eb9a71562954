"""Currency labels: folded to upper case, never two of the same, rows of one name added."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.errors import BadPayload
from exporter.core.model import Balance, Reading, WalletValue
from exporter.holdings.labels import Labels, Named, texts
from exporter.holdings.shown import Choice
from exporter.holdings.slices import SLICE, finish
from exporter.holdings.wallet import Wallet
from tests.kit.accounts import balance as row

ANY_NAMES = st.lists(st.text(st.characters(), min_size=1, max_size=4), unique=True, max_size=8)
TWINS = st.lists(st.text("aA\\ud8\ud800\udfff", min_size=1, max_size=6), unique=True, max_size=8)


def answered(names: Labels, rows: Sequence[Balance], served: Iterable[str] = ()) -> Named:
    """What one answer comes to, which is then what the next is held against."""
    named = finish(names.of(rows, (set(served),)))
    names.keep(named)
    return named


def labels(*answers: Iterable[str], served: Iterable[str] = ()) -> dict[str, str]:
    """The labels of the last of these answers, each a list of names; `served` are other labels of the wallet."""
    names, found = Labels(), dict[str, str]()
    for answer in answers:
        found = dict(answered(names, [row(name, "1") for name in answer], {*found.values(), *served}).labels)
    return found


def nets(names: Labels, *rows: tuple[str, str]) -> dict[str, Decimal]:
    named = answered(names, [row(name, amount) for name, amount in rows])
    return {label: held.net for label, held in named.balances.items()}


def test_names_are_folded_to_upper_case() -> None:
    assert labels(["usdt", "Btc"]) == {"usdt": "USDT", "Btc": "BTC"}


def test_only_ascii_letters_are_folded() -> None:
    assert labels(["straße", "ı"]) == {"straße": "STRAßE", "ı": "ı"}


def test_names_that_would_fold_together_keep_their_own_spelling() -> None:
    assert labels(["usdt", "USDT", "eth"]) == {"usdt": "usdt", "USDT": "USDT", "eth": "ETH"}


def test_a_name_that_had_the_label_has_it_again_when_its_twin_is_gone() -> None:
    assert labels(["usdt"], ["usdt", "USDT"], ["usdt"]) == {"usdt": "USDT"}
    assert labels(["usdt"], ["usdt", "USDT"], ["usdt", "USDT"], ["usdt", "eth"]) == {"usdt": "USDT", "eth": "ETH"}
    assert labels(["USDT"], ["usdt", "USDT"], ["USDT"]) == {"USDT": "USDT"}


def test_a_twin_keeps_its_spelling_while_the_other_one_still_reads_zero() -> None:
    both = ["USDT"], ["USDT", "Usdt"]
    assert labels(*both, ["Usdt"]) == {"Usdt": "Usdt"}
    assert labels(*both, ["Usdt", "eth"], ["Usdt"], served=["USDT"]) == {"Usdt": "Usdt"}
    assert labels(*both, ["Usdt", "eth"], ["Usdt"]) == {"Usdt": "USDT"}
    assert labels(["Usdt"], served=["USDT"]) == {"Usdt": "USDT"}


def test_of_two_twins_that_came_together_the_one_that_is_left_has_the_label() -> None:
    assert labels(["usdt", "USDT"], ["usdt"], served=["USDT"]) == {"usdt": "USDT"}


def test_twins_are_told_when_they_are_new() -> None:
    names = Labels()
    told = [
        answered(names, [row(name, "1") for name in answer]).twins
        for answer in (["usdt"], ["usdt", "eth"], ["usdt", "USDT"], ["USDT", "usdt", "eth"], ["usdt"], ["usdt", "USDT"])
    ]
    assert told == [False, False, True, False, False, True]
    assert not answered(Labels(), [row("usdt", "1"), row("USDT", "1")]).twins


@pytest.mark.parametrize("tag", ["C", "c", "\ud800"], ids=["as their labels", "folded", "no text"])
def test_a_long_answer_is_named_in_slices(tag: str) -> None:
    work = Labels().of([row(f"{tag}{number}", "1") for number in range(3 * SLICE + 1)], ())
    steps = 5 + (tag == "\ud800")  # spelled, folded, searched for secrets, labelled, filed
    assert sum(1 for _ in work) == 4 * steps


def test_secrets_are_looked_for_in_a_slice_of_names_at_a_time() -> None:
    sizes: list[int] = []

    def masked(text: str) -> str:
        sizes.append(len(text.split("\n")))
        return text

    finish(Labels(masked).of([row(f"C{number}", "1") for number in range(3 * SLICE + 1)], ()))
    assert sizes == [SLICE, SLICE, SLICE, 1]


def test_a_secret_in_the_last_of_many_names_is_masked_too() -> None:
    names = [*(f"C{number}" for number in range(2 * SLICE)), "my-secret"]
    labels = answered(Labels(lambda text: text.replace("my-secret", "<secret>")), [row(name, "1") for name in names])
    assert labels.labels["my-secret"] == "<secret>"
    assert list(labels.balances)[-1] == "<secret>"


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
    assert answered(Labels(), [twice, twice]).balances["BTC"].net == 2


def test_a_sum_beyond_a_float_is_refused() -> None:
    with pytest.raises(BadPayload):
        nets(Labels(), *[("BTC", "9e306")] * 20)


def test_a_statement_that_one_of_two_rows_lacks_is_dropped() -> None:
    rows = [row("BTC", "1", usd=Decimal(5)), row("BTC", "1")]
    assert answered(Labels(), rows).balances["BTC"].usd is None


def test_debts_of_one_raw_name_are_added() -> None:
    rows = [row("BTC", "1", borrowed=Decimal(2)), row("BTC", "1"), row("BTC", "1", borrowed=Decimal(3))]
    assert answered(Labels(), rows).balances["BTC"].borrowed == 5


def test_a_surrogate_becomes_its_escape() -> None:
    assert texts(["BTC", "\ud800"]) == {"BTC": "BTC", "\ud800": "\\ud800"}


def test_a_coin_that_is_called_like_an_escape_keeps_its_name() -> None:
    assert texts(["\ud800", "\\ud800"]) == {"\ud800": "\\\\ud800", "\\ud800": "\\ud800"}


def test_a_surrogate_does_not_take_the_label_of_a_coin_that_is_called_like_its_escape() -> None:
    assert len(set(labels(["\ud800", "\\ud800", "\\uD800", "\\\\ud800"]).values())) == 4


@given(st.lists(st.one_of(ANY_NAMES, TWINS), min_size=1, max_size=3), st.lists(st.sampled_from(["a", "A", "\\ud8"])))
def test_no_two_names_share_a_label_and_every_label_is_utf8(answers: list[list[str]], served: list[str]) -> None:
    found = labels(*answers, served=served)
    assert found.keys() == set(answers[-1])
    assert len(set(found.values())) == len(answers[-1])
    for label in found.values():
        label.encode()


def masked(text: str) -> str:
    return re.sub("c0ffee(-k3y)?", "<secret>", text, flags=re.IGNORECASE)


def test_a_coin_that_is_named_like_a_key_is_served_under_a_mask() -> None:
    assert nets(Labels(masked), ("btc", "1"), ("xC0FFEEx", "2")) == {"BTC": 1, "x<secret>x": 2}


def test_no_two_coins_share_a_mask() -> None:
    found = nets(Labels(masked), ("c0ffee", "1"), ("c0ffee-k3y", "2"), ("<Secret>", "3"), ("<secret>-2", "4"))
    assert len(found) == 4
    assert sorted(found.values()) == [1, 2, 3, 4]
    assert not any("c0ffee" in label.lower() for label in found)


def test_a_masked_coin_keeps_its_label_whatever_comes_and_goes() -> None:
    names = Labels(masked)
    nets(names, ("c0ffee", "1"), ("C0FFEE", "2"))
    assert nets(names, ("C0FFEE", "2"), ("ETH", "3")) == {"<secret>-2": 2, "ETH": 3}
    assert nets(names, ("C0FFEE", "2"), ("c0ffee", "1")) == {"<secret>-2": 2, "<secret>": 1}


def test_a_masked_coin_stays_masked_when_the_key_is_forgotten() -> None:
    known = ["c0ffee"]
    names = Labels(lambda text: text.replace(known[0], "<secret>") if known else text)
    nets(names, ("c0ffee", "1"))
    known.clear()
    assert nets(names, ("c0ffee", "1"), ("ETH", "3")) == {"<secret>": 1, "ETH": 3}


def test_hundreds_of_names_with_a_key_are_no_answer() -> None:
    with pytest.raises(BadPayload, match="hold a secret"):
        nets(Labels(masked), *((f"c0ffee{number}", "1") for number in range(101)))


def test_the_wallets_of_an_overview_are_masked() -> None:
    told = [WalletValue("c0ffee", usd=Decimal(1)), WalletValue("C0FFEE", usd=Decimal(2)), WalletValue("spot")]
    held = Wallet(
        "overview",
        Choice(),
        required=False,
        stale_after=600.0,
        strict_seconds=40.0,
        masked=masked,
    )
    for _ in range(2):
        held.accept(Reading(values=told), 0.0, 0.0)
        assert [value.wallet for value in held.values] == ["<secret>", "<secret>-2", "spot"]
