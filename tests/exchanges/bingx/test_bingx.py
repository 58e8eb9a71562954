"""BingX as it answers, not as its pages say: misspelt wallets, changing shapes, an answer without envelope."""

from decimal import Decimal
from typing import Any

import pytest

from exporter.core.credentials import Secret
from exporter.core.errors import (
    AuthError,
    BadPayload,
    BadStatus,
    Banned,
    ClockRefused,
    ExchangeRefused,
    IpRefused,
    Maintenance,
    PermissionMissing,
    PollError,
    RateLimited,
)
from exporter.exchanges import bingx
from exporter.exchanges.base import Endpoint, Request, RowMemory
from exporter.exchanges.signing import hmac_hex
from tests.exchanges.driver import NOW, amounts, converse, credentials, read, sample

API = bingx.EXCHANGE.apis[""]
OURS = credentials("demo-bingx-key-001", "demo-bingx-secret-002")


@pytest.mark.parametrize(
    ("endpoint", "query", "target"),
    [
        *(
            (
                endpoint,
                (),
                (
                    f"{endpoint.path}?recvWindow=5000&timestamp=1767225600123"
                    "&signature=1e5e069b5fc7dd2a155034044fcabb685a9957c1f8f645cb0eb7a8911a57d6f3"
                ),
            )
            for endpoint in (
                *(bingx.SPOT, bingx.FUNDING, bingx.FUTURES, bingx.COIN_FUTURES, bingx.STANDARD_FUTURES),
                *(bingx.OVERVIEW, bingx.PERMISSIONS, bingx.RESTRICTIONS),
            )
        ),
        (
            bingx.OVERVIEW,
            (("accountType", "sopt"),),
            (
                "/openApi/account/v1/allAccountBalance?accountType=sopt&recvWindow=5000&timestamp=1767225600123"
                "&signature=43805ee3ed5efa88e562c051bd9503d68c6c3cfdb4c3e8e789a798216f501d4e"
            ),
        ),
    ],
)
def test_the_sorted_query_is_signed_and_the_path_is_not(endpoint: Any, query: Any, target: str) -> None:
    signed = bingx.sign(Request(endpoint, query), OURS, "open-api.bingx.com", NOW)
    assert signed.target == target
    assert signed.headers == {"X-BX-APIKEY": "demo-bingx-key-001"}


def test_the_vector_without_a_window_holds_for_our_hmac() -> None:
    signature = hmac_hex(Secret("demo-bingx-secret-002"), "timestamp=1767225600123")
    assert signature == "4d62ab8b24d45de55c57b56d0822c2212defa35c33cbf170a7f185848aa7a590"


def test_tickers_carry_the_time_without_being_signed() -> None:
    assert API.public(Request(bingx.TICKERS), NOW).target == "/openApi/spot/v1/ticker/24hr?timestamp=1767225600123"
    assert API.public(Request(bingx.TIME), NOW).target == "/openApi/spot/v1/server/time"


def test_spot_keeps_every_digit_and_odd_names() -> None:
    held = amounts(read("bingx", API, "spot").balances)
    assert held["USDT"] == ("44.37692200000000237300", "5.5", "0", "49.87692200000000237300", None)
    assert held["OTHR#99961"] == ("1.5", "0", "0", "1.5", None)


def test_play_money_is_no_holding() -> None:
    assert "VST" not in amounts(read("bingx", API, "spot").balances)


def test_funding_keeps_non_ascii_names() -> None:
    assert amounts(read("bingx", API, "funding").balances)["MØTH"] == ("3", "0", "0", "3", None)


@pytest.mark.parametrize("wrap", [lambda r: r, *(lambda r, n=n: {n: r} for n in ("balances", "assets", "balance"))])
def test_assets_are_found_under_each_of_their_names(wrap: Any) -> None:
    rows = [{"asset": "USDT", "free": 1, "locked": "2"}]
    held = converse(bingx.read_assets(bingx.FUNDING, RowMemory()), wrap(rows)).result.balances
    assert amounts(held) == {"USDT": ("1", "2", "0", "3", None)}


@pytest.mark.parametrize("answer", [{}, "x", {"rows": []}, 5])
def test_assets_under_another_name_are_no_empty_wallet(answer: Any) -> None:
    with pytest.raises(BadPayload):
        converse(bingx.read_assets(bingx.SPOT, RowMemory()), answer)


@pytest.mark.parametrize("endpoint", [bingx.SPOT, bingx.FUNDING], ids=["spot", "funding"])
@pytest.mark.parametrize("answer", [None, {"assets": None}, {"balances": None}, {"balance": None}])
def test_null_is_an_empty_wallet_until_it_holds_something(endpoint: Endpoint, answer: Any) -> None:
    memory = RowMemory()
    assert converse(bingx.read_assets(endpoint, memory), answer).result.balances == []
    converse(bingx.read_assets(endpoint, memory), {"assets": [{"asset": "BTC", "free": "1", "locked": "0"}]})
    with pytest.raises(BadPayload):
        converse(bingx.read_assets(endpoint, memory), answer)


def perpetual(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = sample("bingx", bingx.FUTURES.path)["data"][0]
    return {**whole, **changes}


def read_perpetuals(*rows: Any, memory: RowMemory | None = None) -> Any:
    return converse(bingx.read_usdt_futures(RowMemory() if memory is None else memory), list(rows)).result


def test_futures_serve_equity_with_the_profit_in_it_and_free_margin_without() -> None:
    (usdt,) = read("bingx", API, "futures").balances
    assert amounts([usdt]) == {"USDT": ("190.5000", "1.0000", "3.3000", "196.7000", None)}
    assert f"{usdt.pnl}" == "1.9000"
    balance = Decimal(perpetual()["balance"])
    assert usdt.available + usdt.frozen + usdt.locked == balance == usdt.net - usdt.pnl


def test_free_margin_of_coin_futures_has_the_profit_in_it() -> None:
    (btc,) = read("bingx", API, "coin_futures").balances
    assert amounts([btc]) == {"BTC": ("0.14317000", "0", "0.00111000", "0.14428000", None)}
    assert f"{btc.pnl}" == "0.00028000"
    assert btc.available + btc.frozen + btc.locked == btc.net


def test_of_standard_futures_what_is_not_free_is_locked_and_no_profit_is_told() -> None:
    usdt, btc = read("bingx", API, "standard_futures").balances
    assert amounts([usdt]) == {
        "USDT": ("0.00000000000000000000", "0", "5.00000000000000000000", "5.00000000000000000000", None),
    }
    assert usdt.pnl is None
    assert btc.is_zero


@pytest.mark.parametrize("wallet", ["futures", "coin_futures", "standard_futures"])
@pytest.mark.parametrize("name", ["VST", "vst"])
def test_play_money_is_no_holding_of_any_futures_wallet_readable_or_not(wallet: str, name: str) -> None:
    source, good = API.wallets[wallet], sample("bingx", API.wallets[wallet].endpoints[0].path)["data"][0]
    listed = [good, {**good, "asset": name}]
    held = converse(source.read(RowMemory()), listed).result
    assert [balance.currency for balance in held.balances] == [good["asset"]]
    bad = dict.fromkeys(good, "?") | {"asset": name}
    assert converse(source.read(RowMemory()), [good, bad]).result == held


def test_a_currency_that_was_never_used_is_not_there_rather_than_zero_or_unreadable() -> None:
    reading = read("bingx", API, "futures")
    assert [balance.currency for balance in reading.balances] == ["USDT"]
    assert reading.unreadable == []
    assert reading.ignored == 0


def test_one_empty_amount_among_others_is_no_never_used_currency() -> None:
    for name in ("equity", "availableMargin", "usedMargin", "freezedMargin"):
        reading = read_perpetuals(perpetual(**{name: ""}), perpetual(asset="USDC"))
        assert [bad.name for bad in reading.unreadable] == ["USDT"]
        assert [balance.currency for balance in reading.balances] == ["USDC"]


def test_margin_of_orders_is_read_in_both_spellings() -> None:
    row = perpetual()
    row["frozenMargin"] = row.pop("freezedMargin")
    assert read_perpetuals(row) == read_perpetuals(perpetual())
    row["freezedMargin"] = "7"
    assert f"{read_perpetuals(row).balances[0].frozen}" == "7"


def test_a_loss_may_take_more_than_there_was_and_leaves_nothing_free() -> None:
    (usdt,) = read_perpetuals(perpetual(equity="-5.5", unrealizedProfit="-200.3000", availableMargin="-9")).balances
    assert amounts([usdt]) == {"USDT": ("0", "1.0000", "3.3000", "-5.5", None)}
    assert f"{usdt.pnl}" == "-200.3000"
    standard = [{"asset": "USDT", "balance": "-1", "availableBalance": "-2"}]
    held = converse(bingx.read_standard_futures(RowMemory()), standard).result.balances
    assert amounts(held) == {"USDT": ("0", "0", "0", "-1", None)}


@pytest.mark.parametrize("profit", [None, "", "absent"])
def test_a_profit_that_is_not_stated_is_not_zero(profit: Any) -> None:
    row = perpetual(unrealizedProfit=profit)
    if profit == "absent":
        del row["unrealizedProfit"]
    (usdt,) = read_perpetuals(row).balances
    assert usdt.pnl is None
    assert f"{usdt.net}" == "196.7000"


def test_futures_are_read_when_named_and_only_usdt_m_is_known_to_list_zeros() -> None:
    futures = {name: API.wallets[name] for name in ("futures", "coin_futures", "standard_futures")}
    assert not any(source.default or source.borrows or source.overview for source in futures.values())
    assert [name for name, source in futures.items() if source.lists_zeros] == ["futures"]


@pytest.mark.parametrize(
    ("endpoint", "requests", "group"),
    [
        (bingx.FUTURES, 5, "group 3"),
        (bingx.COIN_FUTURES, 5, "group 2"),
        (bingx.STANDARD_FUTURES, 2, "group 2"),
    ],
)
def test_futures_keep_their_published_limits(endpoint: Endpoint, requests: int, group: str) -> None:
    by_user, by_path, by_group = endpoint.limits
    assert (by_user.scope, by_user.requests, by_user.seconds) == ("uid", requests, 1.0)
    assert (by_path.scope, by_path.requests, by_path.seconds) == ("ip", 300, 10.0)
    assert (by_group.scope, by_group.name, by_group.requests, by_group.seconds) == ("ip", group, 2000, 10.0)


@pytest.mark.parametrize("code", [100400, 100404])
def test_a_call_that_is_gone_says_which_wallet_may_be_to_blame(code: int) -> None:
    with pytest.raises(ExchangeRefused) as caught:
        bingx.unwrap(200, {"code": code, "msg": "this api is not exist"})
    assert "`standard_futures`" in caught.value.advice


def test_a_value_that_is_no_number_costs_its_own_wallet_of_the_overview_also_beside_its_twin() -> None:
    told = [("sopt", ""), ("spot", "5"), ("eran", None), ("grid", "x"), ("c2c", "7")]
    answer = [{"accountType": kind, "usdtBalance": value} for kind, value in told]
    reading = converse(bingx.read_overview(RowMemory()), answer).result
    assert {value.wallet: f"{value.usdt}" for value in reading.values} == {"c2c": "7"}
    assert [row.name for row in reading.unreadable] == ["grid"]


def test_wallets_of_the_overview_get_our_names() -> None:
    values = read("bingx", API, "overview").values
    assert {value.wallet: f"{value.usdt}" for value in values} == {
        "spot": "80.00",
        "standard_futures": "0",
        "coin_futures": "0",
        "futures": "15.50000000",
        "copy_trading": "1",
        "grid": "2",
        "earn": "3.25",
        "c2c": "0",
        "newthing": "4",
    }


def test_the_documented_shape_of_the_overview_is_read_too_and_twins_are_added() -> None:
    answer = API.unwrap(200, sample("bingx", bingx.OVERVIEW.path, "~paged"))
    values = converse(bingx.read_overview(RowMemory()), answer).result.values
    assert [(value.wallet, f"{value.usdt}") for value in values] == [("spot", "81.50"), ("earn", "3.25")]


def test_spot_and_funding_are_both_read_unless_told() -> None:
    assert API.main == "spot"
    assert {name for name, wallet in API.wallets.items() if wallet.default} == {"overview", "funding"}
    assert API.wallets["overview"].overview
    assert API.wallets["overview"].every == 300


def test_prices_are_numbers_or_text() -> None:
    book = converse(API.prices(), API.unwrap(200, sample("bingx", bingx.TICKERS.path))).result
    assert f"{book['PEPE-USDT']:f}" == "0.00000012"
    assert book["ETH-USDT"] == "3300.5"
    assert set(book) == {"BTC-USDT", "PEPE-USDT", "ETH-USDT"}


@pytest.mark.parametrize(
    ("status", "code", "words", "kind"),
    [
        (200, 100001, "signature mismatch", AuthError),
        (200, 100412, "null signature", AuthError),
        (200, 100413, "incorrect apiKey", AuthError),
        (200, "100413", "as text", AuthError),
        (200, 100004, "permission denied", PermissionMissing),
        (200, 100403, "master only", PermissionMissing),
        (200, 100419, "IP does not match IP whitelist", IpRefused),
        (200, 100421, "timestamp is invalid", ClockRefused),
        (200, 100421, "Null timestamp or timestamp mismatch", ClockRefused),
        (200, 100421, "pair restricted", ExchangeRefused),
        (200, 109400, "timestamp is invalid", ClockRefused),
        (200, 109400, "invalid parameter", ExchangeRefused),
        (200, 80001, "timestamp is invalid", ClockRefused),
        (200, 80014, "timestamp is invalid", ClockRefused),
        (200, 80014, "invalid parameter", ExchangeRefused),
        (200, 100410, "rate limitation", RateLimited),
        (200, 109429, "too many requests", RateLimited),
        (200, 100409, "too many requests", RateLimited),
        (200, 100400, "no such path", ExchangeRefused),
        (200, 100404, "no such path", ExchangeRefused),
        (200, 100414, "abnormal", ExchangeRefused),
        (200, 100441, "abnormal", ExchangeRefused),
        (200, 109403, "risk", ExchangeRefused),
        (200, 80020, "risk", ExchangeRefused),
        (200, 100500, "system under maintenance", Maintenance),
        (429, 1, "", RateLimited),
        (418, 1, "", Banned),
        (401, 1, "", AuthError),
        (504, 1, "", BadStatus),
        (503, 0, "", BadStatus),
    ],
)
def test_each_code_has_its_class(status: int, code: Any, words: str, kind: type[PollError]) -> None:
    with pytest.raises(PollError) as caught:
        bingx.unwrap(status, {"code": code, "msg": words, "data": {}, "success": False})
    assert type(caught.value) is kind


@pytest.mark.parametrize("code", [100500, 100503, 109500, 80012])
def test_a_busy_exchange_may_be_asked_again(code: int) -> None:
    with pytest.raises(ExchangeRefused) as caught:
        bingx.unwrap(200, {"code": code, "msg": "busy"})
    assert caught.value.repeat


def test_a_refused_funding_wallet_is_not_worth_a_key_that_can_transfer() -> None:
    with pytest.raises(PermissionMissing) as caught:
        bingx.unwrap(200, {"code": 100004, "msg": "Permission denied"})
    assert "rather than grant that" in caught.value.advice


@pytest.mark.parametrize("code", [0, "0"])
def test_success_is_zero_as_number_or_text(code: Any) -> None:
    assert bingx.unwrap(200, {"code": code, "data": [1]}) == [1]


def key_info(permissions: Any, restrictions: Any) -> Any:
    return converse(
        bingx.read_key_info(), API.unwrap(200, permissions), API.unwrap(200, {"code": 0, "data": restrictions})
    ).result


def test_key_permissions_are_numbers_in_a_bare_answer_and_flags_in_another() -> None:
    info = key_info(sample("bingx", bingx.PERMISSIONS.path), sample("bingx", bingx.RESTRICTIONS.path)["data"])
    assert info.permissions == {"read": True, "trade": True, "transfer": False, "withdraw": False}
    assert info.ip_restricted is True
    assert info.expires is None


@pytest.mark.parametrize(
    ("number", "name"),
    [(1, "trade"), (2, "read"), (3, "trade"), (4, "transfer"), (5, "withdraw"), (7, "transfer"), ("5", "withdraw")],
)
def test_each_number_is_one_permission(number: Any, name: str) -> None:
    info = key_info({"apiKey": "k", "permissions": [number], "ipAddresses": ["203.0.113.7"]}, {})
    assert [granted for granted, true in info.permissions.items() if true] == [name]
    assert info.ip_restricted is True


def test_a_withdrawal_flag_alone_counts() -> None:
    info = key_info({"permissions": [2]}, {"enableWithdrawals": True, "ipRestrict": False})
    assert info.permissions["withdraw"] is True
    assert info.ip_restricted is False


def test_a_key_of_which_nothing_is_told_has_no_permissions() -> None:
    with pytest.raises(BadPayload):
        converse(bingx.read_key_info(), {}, {})


def test_the_remaining_quota_is_told() -> None:
    assert API.remaining({"X-RateLimit-Requests-Remain": "4"}) == 4
    assert API.remaining({"X-RateLimit-Requests-Remain": "many"}) is None
