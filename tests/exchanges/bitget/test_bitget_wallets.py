"""Bitget's wallets beside spot: what their words mean, what is asked for them, and what their refusals say."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from exporter.core.errors import (
    AuthError,
    BadPayload,
    ClockRefused,
    ExchangeRefused,
    IpRefused,
    Maintenance,
    NotOpened,
    PermissionMissing,
    PollError,
    RateLimited,
    WrongApi,
)
from exporter.core.model import Reading
from exporter.exchanges import bitget
from exporter.exchanges.base import Endpoint, Request, RowMemory
from tests.exchanges.bitget.facts import OURS
from tests.exchanges.driver import amounts, converse, read, respond, sample
from tests.exchanges.test_any_answer import assert_named, modest, mutated
from tests.exchanges.test_contract import assert_sound

CLASSIC, UNIFIED = bitget.CLASSIC, bitget.UNIFIED
PRODUCTS = {name: source for name, source in CLASSIC.wallets.items() if name not in {"spot", "overview"}}
PATHS = sorted({endpoint for source in PRODUCTS.values() for endpoint in source.endpoints})


def from_variants(request: Request) -> Any:
    """Answers from the fixtures, each product type of futures from its own."""
    (product,) = [value for name, value in request.query if name == "productType"] or ("USDT-FUTURES",)
    variant = "" if product == "USDT-FUTURES" else f"~{product}"
    assert request.endpoint.unwrap is not None
    return request.endpoint.unwrap(200, sample("bitget", request.endpoint.path, variant))


def read_wallet(name: str) -> Reading:
    reading = respond(CLASSIC.wallets[name].read(RowMemory()), from_variants).result
    assert isinstance(reading, Reading)
    return reading


def more(reading: Reading, name: str) -> dict[str, str | None]:
    """Currency -> one more of a balance's figures, as text."""
    return {row.currency: None if (figure := getattr(row, name)) is None else f"{figure:f}" for row in reading.balances}


# What is asked


@pytest.mark.parametrize(
    ("wallet", "signed"),
    [
        ("funding", [("/api/v2/account/funding-assets", "EuBFv/aXBEsTJBiG2lWvp6umeDQYB3qNAC1zjKh0Wbc=")]),
        ("bots", [("/api/v2/account/bot-assets", "l37If8M1sa+NToJY+yJdvYOhn5Z63nxd33R/zUBdiKw=")]),
        ("margin", [("/api/v2/margin/crossed/account/assets", "oN1GJiklB7g+lbz6LHQU/+Brei4iYvEHj1SKmXnLeQo=")]),
        (
            "isolated_margin",
            [("/api/v2/margin/isolated/account/assets", "3dLJGS384J6lCuoo1dkAJ8mltuwoHWS1uOZrKPT/nT0=")],
        ),
        ("earn", [("/api/v2/earn/account/assets", "rbfg5TAJ6estOMxV+LcEHwyBrxRiTvHX5iqNJ2QDlcs=")]),
        (
            "futures",
            [
                (
                    "/api/v2/mix/account/accounts?productType=USDT-FUTURES",
                    "IshR6JjxqMQ2sgwaUXBnaTUG0y1kxrTDZtii5U5MebY=",
                ),
                (
                    "/api/v2/mix/account/accounts?productType=USDC-FUTURES",
                    "jraM2+f04sAeiJ3Hf+ShES/bZjTwpcEGiVFV8iJYRuw=",
                ),
            ],
        ),
        (
            "coin_futures",
            [
                (
                    "/api/v2/mix/account/accounts?productType=COIN-FUTURES",
                    "6uMn7IBcPu4wMViBDzJsnSFS7erKWYv//5NRfUXe9c8=",
                )
            ],
        ),
    ],
)
def test_each_wallet_asks_what_was_signed_by_hand(wallet: str, signed: list[tuple[str, str]]) -> None:
    requests = respond(CLASSIC.wallets[wallet].read(RowMemory()), from_variants).requests
    sent = [bitget.sign(request, OURS, "api.bitget.com", 1735689600000) for request in requests]
    assert [(each.target, each.headers["ACCESS-SIGN"]) for each in sent] == signed


def test_play_money_is_never_asked_for() -> None:
    asked = [
        value
        for source in CLASSIC.wallets.values()
        for request in respond(source.read(RowMemory()), from_all).requests
        for name, value in request.query
        if name == "productType"
    ]
    assert asked == ["USDT-FUTURES", "USDC-FUTURES", "COIN-FUTURES"]


def from_all(request: Request) -> Any:
    return (request.endpoint.unwrap or CLASSIC.unwrap)(200, sample("bitget", request.endpoint.path))


def test_earn_of_unified_accounts_is_asked_as_that_of_classic_ones() -> None:
    (request,) = respond(UNIFIED.wallets["earn"].read(RowMemory()), from_all).requests
    signed = bitget.sign(request, OURS, "api.bitget.com", 1735689600000)
    assert signed.target == "/api/v2/earn/account/assets"
    assert signed.headers["ACCESS-SIGN"] == "rbfg5TAJ6estOMxV+LcEHwyBrxRiTvHX5iqNJ2QDlcs="


@pytest.mark.parametrize(
    ("wallet", "limit"),
    [*((name, 10) for name in PRODUCTS if name != "bots"), ("bots", 5)],
)
def test_each_path_has_its_own_published_limit_of_a_user(wallet: str, limit: int) -> None:
    for endpoint in CLASSIC.wallets[wallet].endpoints:
        first, whole = endpoint.limits
        assert (first.scope, first.name, first.requests, first.seconds) == ("uid", endpoint.path, limit, 1.0)
        assert (whole.scope, whole.requests, whole.seconds) == ("ip", 6000, 60.0)


def test_no_wallet_beside_spot_is_read_unless_it_is_named() -> None:
    assert [name for name, source in CLASSIC.wallets.items() if source.default] == ["overview"]
    assert [name for name, source in UNIFIED.wallets.items() if source.default] == ["funding"]


# What the words mean


def test_funding_says_itself_what_it_is_worth_and_zero_is_no_price_of_what_is_held() -> None:
    reading = read_wallet("funding")
    assert amounts(reading.balances) == {
        "USDT": ("210.5", "0", "0", "210.5", None),
        "BTC": ("0", "0", "0", "0", None),
        "BGB": ("7", "1.5", "0", "8.5", None),
    }
    assert more(reading, "usdt") == {"USDT": "210.5", "BTC": "0", "BGB": None}


def test_the_free_margin_of_futures_is_available_and_the_field_of_that_name_is_not() -> None:
    reading = read_wallet("futures")
    assert amounts(reading.balances) == {
        "USDT": ("34.7", "6", "7.4", "48.1", None),
        "USDC": ("0", "0", "0", "-2.5", None),
    }
    assert more(reading, "usdt") == {"USDT": "48.1", "USDC": "-2.4995"}
    assert more(reading, "pnl") == {"USDT": "0.1", "USDC": "-15"}


def test_a_live_account_adds_up_to_its_equity() -> None:
    """The figures of ccxt's pull request 20558, whose account shows 34.67687977 as available on the site."""
    row = account("USDT", accountEquity="48.07069777", locked="6.063618", crossedMaxAvailable="34.67687977")
    (balance,) = futures([row]).balances
    assert f"{balance.available} {balance.frozen} {balance.locked} {balance.net}" == (
        "34.67687977 6.063618 7.33020000 48.07069777"
    )


def test_coin_futures_list_margin_accounts_that_hold_nothing() -> None:
    reading = read_wallet("coin_futures")
    assert amounts(reading.balances) == {
        "BTC": ("0.24", "0.001", "0.0085", "0.2495", None),
        "ETH": ("0", "0", "0", "0", None),
        "XRP": ("0", "0", "0", "0", None),
    }
    assert more(reading, "pnl") == {"BTC": "-0.0005", "ETH": None, "XRP": None}


def test_the_margin_ratio_is_the_highest_that_any_account_states() -> None:
    assert str(read_wallet("futures").margin_ratio) == "0.85"
    assert str(read_wallet("coin_futures").margin_ratio) == "0.004"
    assert futures([account("USDT", crossedRiskRate="")]).margin_ratio is None
    assert (
        str(futures([account("USDT", crossedRiskRate=None), account("USDC", crossedRiskRate="0")]).margin_ratio) == "0"
    )
    assert {name: read_wallet(name).margin_ratio for name in ("funding", "margin", "bots", "earn")} == dict.fromkeys(
        ("funding", "margin", "bots", "earn")
    )


@pytest.mark.parametrize("odd", ["high", "-0.1", ["?"]])
def test_of_ratios_of_which_one_cannot_be_one_none_is_told_and_the_balances_stand(odd: object) -> None:
    reading = futures([account("USDT", crossedRiskRate=odd), account("USDC", crossedRiskRate="0.1")])
    assert reading.margin_ratio is None
    assert [balance.currency for balance in reading.balances] == ["USDT", "USDC"]


def test_margin_owes_loan_and_interest_and_its_net_is_as_stated() -> None:
    assert amounts(read_wallet("margin").balances) == {
        "USDT": ("100", "20", "0", "69.95", "50.05"),
        "ETH": ("0.5", "0", "0", "-1.501", "2.001"),
    }


def test_each_pair_of_isolated_margin_is_a_wallet_and_one_that_holds_nothing_is_none() -> None:
    reading = read_wallet("isolated_margin")
    assert not reading.balances
    assert {name: amounts(part.balances) for name, part in reading.parts.items()} == {
        "isolated_margin/BTCUSDT": {
            "BTC": ("0.01", "0", "0", "0.01", "0"),
            "USDT": ("280", "20", "0", "199.9", "100.1"),
        }
    }


def test_a_pair_is_spelled_in_upper_case() -> None:
    (row, *_) = sample("bitget", "/api/v2/margin/isolated/account/assets")["data"]
    reading = converse(PRODUCTS["isolated_margin"].read(RowMemory()), [{**row, "symbol": "btcusdt"}]).result
    assert list(reading.parts) == ["isolated_margin/BTCUSDT"]


def test_futures_bots_have_an_equity_and_spot_bots_are_the_sum_of_their_parts() -> None:
    reading = read_wallet("bots")
    assert amounts(reading.balances) == {
        "USDT": ("40", "10", "51.5", "101.5", None),
        "BTC": ("0.02", "0.01", "0", "0.03", None),
    }
    assert more(reading, "usdt") == {"USDT": "101.5", "BTC": "2850.003"}
    empty = {"coin": "BTC", "available": "0.02", "frozen": "", "equity": "", "usdtValue": ""}
    (balance,) = converse(PRODUCTS["bots"].read(RowMemory()), [empty]).result.balances
    assert (f"{balance.frozen} {balance.net}", balance.usdt) == ("0 0.02", None)


@pytest.mark.parametrize("api", [CLASSIC, UNIFIED], ids=["classic", "unified"])
def test_what_earn_holds_is_locked(api: Any) -> None:
    assert amounts(read("bitget", api, "earn").balances) == {
        "USDT": ("0", "0", "500.5", "500.5", None),
        "BGB": ("0", "0", "12", "12", None),
    }


# Multi-assets mode


def account(coin: str, **changes: Any) -> dict[str, Any]:
    (row,) = sample("bitget", "/api/v2/mix/account/accounts")["data"]
    return {**row, "marginCoin": coin, **changes}


def futures(usdt: Any, usdc: Any = (), memory: RowMemory | None = None) -> Reading:
    """One read of `futures` from these answers of the two product types."""
    memory = RowMemory() if memory is None else memory
    answers = (list(each) if isinstance(each, tuple) else each for each in (usdt, usdc))
    reading = converse(CLASSIC.wallets["futures"].read(memory), *answers).result
    assert isinstance(reading, Reading)
    return reading


def in_union(coin: str, *assets: tuple[str, str, str]) -> dict[str, Any]:
    listed = [{"coin": name, "balance": balance, "available": free} for name, balance, free in assets]
    return account(coin, assetMode="union", assetList=listed)


def test_in_multi_assets_mode_each_coin_of_the_pool_is_counted_once() -> None:
    rows = sample("bitget", "/api/v2/mix/account/accounts", "~union")["data"]
    reading = futures(rows)
    assert amounts(reading.balances) == {
        "BTC": ("1.1", "0", "0.1", "1.2", None),
        "USDT": ("940", "0", "60", "1000", None),
    }
    assert reading.ignored == 1  # the margin account of USDT, whose equity is the same money
    assert more(reading, "pnl") == {"BTC": None, "USDT": None}


def test_a_margin_account_whose_coin_is_not_in_the_pool_counts_as_ever() -> None:
    reading = futures([in_union("USDT", ("BTC", "1.2", "1.1"))])
    assert amounts(reading.balances) == {
        "BTC": ("1.1", "0", "0.1", "1.2", None),
        "USDT": ("34.7", "6", "7.4", "48.1", None),
    }
    assert reading.ignored == 0


def test_a_pool_that_both_product_types_list_is_one_pool_whatever_the_case_of_its_names() -> None:
    pool = ("USDT", "1000", "940"), ("BTC", "1.2", "1.1")
    reading = futures([in_union("USDT", *pool)], [in_union("USDC", ("btc", "1.2", "1.1"), *pool)])
    assert amounts(reading.balances) == {
        "USDT": ("940", "0", "60", "1000", None),
        "BTC": ("1.1", "0", "0.1", "1.2", None),
        "USDC": ("34.7", "6", "7.4", "48.1", None),
    }


@pytest.mark.parametrize("listed", [None, []])
def test_multi_assets_mode_without_a_list_leaves_the_accounts_as_they_are(listed: Any) -> None:
    (balance,) = futures([account("USDT", assetMode="union", assetList=listed)]).balances
    assert f"{balance.net}" == "48.1"


def test_of_a_pool_no_margin_ratio_is_told() -> None:
    reading = futures([in_union("USDT", ("BTC", "1.2", "1.1"))], [account("USDC", crossedRiskRate="0.2")])
    assert reading.margin_ratio is None


@pytest.mark.parametrize("listed", ["x", {}, 5, [None], [{"balance": "1", "available": "1"}], [{"coin": ""}]])
def test_a_pool_of_another_shape_is_no_answer(listed: Any) -> None:
    with pytest.raises(BadPayload):
        futures([account("USDT", assetMode="union", assetList=listed)])


def test_a_coin_of_the_pool_whose_amounts_are_no_numbers_is_not_replaced_by_its_account() -> None:
    reading = futures([in_union("USDT", ("USDT", "many", "940"), ("BTC", "1.2", "1.1"))])
    assert amounts(reading.balances) == {"BTC": ("1.1", "0", "0.1", "1.2", None)}
    assert [bad.name for bad in reading.unreadable] == ["USDT"]


def test_a_coin_that_cannot_be_read_in_one_product_type_is_not_served_from_the_other() -> None:
    reading = futures([account("USDT")], [account("USDT", accountEquity="?"), account("USDC")])
    assert [row.currency for row in reading.balances] == ["USDC"]
    assert [bad.name for bad in reading.unreadable] == ["USDT"]


def test_a_ratio_of_an_account_whose_coin_is_pooled_is_not_looked_at() -> None:
    rows = [account("BTC", crossedRiskRate=["?"]), in_union("USDT", ("BTC", "1.2", "1.1"))]
    assert futures(rows).margin_ratio is None


@modest
@given(rows=mutated(sample("bitget", "/api/v2/mix/account/accounts", "~union")["data"]))
def test_any_answer_in_multi_assets_mode_gives_a_result_or_a_named_failure(rows: Any) -> None:
    try:
        reading = futures(rows)
    except PollError as error:
        assert_named(error)
    else:
        assert_sound(reading)


def test_a_large_pool_gives_the_loop_its_turn() -> None:
    pool = [(f"X{number}", "1", "1") for number in range(2500)]
    talk = converse(CLASSIC.wallets["futures"].read(RowMemory()), [in_union("USDT", *pool)], [])
    assert talk.pauses >= 4


def test_unchanged_rows_of_accounts_and_pool_are_the_same_objects() -> None:
    memory = RowMemory()
    answers = [in_union("USDT", ("BTC", "1.2", "1.1"))], [account("USDC")]
    first = futures(*answers, memory=memory).balances
    again = futures(*answers, memory=memory).balances
    assert len(first) == len(again) == 3
    assert all(one is other for one, other in zip(first, again, strict=True))


# What refusals say


def unwraps(endpoint: Endpoint) -> Callable[[int, Any], Any]:
    assert endpoint.unwrap is not None
    return endpoint.unwrap


@pytest.mark.parametrize("endpoint", PATHS, ids=lambda endpoint: endpoint.path)
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("40037", AuthError),
        ("40008", ClockRefused),
        ("40018", IpRefused),
        ("40014", PermissionMissing),
        ("40731", PermissionMissing),
        ("429", RateLimited),
        ("40200", Maintenance),
        ("40034", ExchangeRefused),
        ("40085", WrongApi),
        ("40084", WrongApi),
    ],
)
def test_each_code_has_its_class_on_every_path(endpoint: Endpoint, code: str, kind: type[PollError]) -> None:
    with pytest.raises(PollError) as caught:
        unwraps(endpoint)(400, {"code": code, "msg": "words", "data": None})
    assert type(caught.value) is kind


@pytest.mark.parametrize("code", ["50021", "40054"])
def test_a_product_that_was_never_opened_says_so_and_spot_cannot(code: str) -> None:
    refusal = {"code": code, "msg": "words", "data": None}
    for name in PRODUCTS:
        reader = PRODUCTS[name].read(RowMemory())
        with pytest.raises(NotOpened):
            respond(reader, lambda request: unwraps(request.endpoint)(400, refusal))
    with pytest.raises(ExchangeRefused) as caught:
        CLASSIC.unwrap(400, refusal)
    assert type(caught.value) is ExchangeRefused


def never_opened() -> Any:
    endpoint = CLASSIC.wallets["futures"].endpoints[0]
    return unwraps(endpoint)(400, {"code": "40054", "msg": "The data is empty", "data": None})


def test_a_product_type_that_was_never_opened_takes_nothing_from_the_other() -> None:
    assert amounts(futures([account("USDT")], never_opened()).balances) == {"USDT": ("34.7", "6", "7.4", "48.1", None)}
    assert amounts(futures(never_opened(), [account("USDC")]).balances) == {"USDC": ("34.7", "6", "7.4", "48.1", None)}


def test_a_product_type_that_held_something_and_says_that_it_was_never_opened_leaves_that_unknown() -> None:
    memory = RowMemory()
    held = futures([account("USDT")], [account("USDC")], memory).balances
    for _ in range(2):
        reading = futures([account("USDT")], never_opened(), memory)
        assert [row.currency for row in reading.balances] == ["USDT"]
        assert reading.unreadable == [("USDC", "40054: The data is empty")]
    again = futures([account("USDT")], [account("USDC")], memory).balances
    assert [one is other for one, other in zip(held, again, strict=True)] == [True, True]


def test_a_wallet_none_of_whose_product_types_was_opened_says_so_whatever_it_held() -> None:
    memory = RowMemory()
    futures([account("USDT")], [account("USDC")], memory)
    with pytest.raises(NotOpened):
        futures(never_opened(), never_opened(), memory)


def test_null_of_a_product_type_is_believed_while_only_the_other_held_something() -> None:
    memory = RowMemory()
    for _ in range(2):
        assert [row.currency for row in futures([account("USDT")], None, memory).balances] == ["USDT"]
    with pytest.raises(BadPayload):
        futures(None, None, memory)


def test_a_copy_traders_key_is_told_so_and_not_sent_to_the_other_mode() -> None:
    with pytest.raises(PermissionMissing) as caught:
        unwraps(CLASSIC.wallets["futures"].endpoints[0])(400, {"code": "40731", "msg": "words", "data": None})
    assert "copy trading" in caught.value.advice


@pytest.mark.parametrize("code", ["40085", "40731"])
def test_earn_that_is_not_shown_to_unified_accounts_is_that_wallets_own_refusal(code: str) -> None:
    with pytest.raises(PermissionMissing) as caught:
        unwraps(UNIFIED.wallets["earn"].endpoints[0])(400, {"code": code, "msg": "words", "data": None})
    assert "out of `wallets`" in caught.value.advice


def test_earn_still_learns_that_an_account_is_classic_again() -> None:
    with pytest.raises(WrongApi) as caught:
        unwraps(UNIFIED.wallets["earn"].endpoints[0])(400, {"code": "40084", "msg": "words", "data": None})
    assert caught.value.api == "classic"
