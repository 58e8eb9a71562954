"""Binance: a signed query, weights by address, a number that means three things, and coins that stand for others."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from exporter.core.credentials import Secret
from exporter.core.errors import (
    AddressLimited,
    AuthError,
    BadPayload,
    BadStatus,
    Banned,
    ClockRefused,
    ExchangeRefused,
    IpRefused,
    Maintenance,
    NotOpened,
    PermissionMissing,
    PollError,
    RateLimited,
)
from exporter.core.model import KeyInfo
from exporter.exchanges import binance
from exporter.exchanges.base import Request, RowMemory
from exporter.exchanges.signing import hmac_hex
from tests.exchanges.binance.facts import OURS, signed
from tests.exchanges.driver import amounts, converse, read, respond, sample

API = binance.EXCHANGE.apis[""]


def test_path_and_host_are_not_signed() -> None:
    spot, key = (signed(Request(endpoint)).target for endpoint in (binance.SPOT, binance.KEY))
    signature = "c3f2782545e8368bce8b197ae34fe73bb50506958526bd9a6399897746fe9d62"
    assert spot.partition("&signature=")[2] == key.partition("&signature=")[2] == signature


def test_the_query_is_signed_as_it_is_sent_percent_encoded() -> None:
    text = "asset=%24ALT&current=1&recvWindow=5000&size=100&timestamp=1735689600000"
    signature = "d83a42251acb99b117e37786227d7e6df1fa550a250c867bef533fc94da128be"
    assert hmac_hex(OURS.secret, text) == signature
    assert "asset=%24ALT" in signed(Request(binance.FLEXIBLE, (("asset", "$ALT"),))).target


@pytest.mark.parametrize("begin", ["-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----"])
def test_a_private_key_in_place_of_a_secret_is_refused_with_a_way_out(begin: str) -> None:
    key = replace(OURS, secret=Secret(f"{begin}\nMC4CAQAwBQYDK2VwBCIEIAEC\n-----END PRIVATE KEY-----"))
    with pytest.raises(AuthError, match="HMAC") as caught:
        binance.sign(Request(binance.SPOT), key, "api.binance.com", 1735689600000)
    assert "system generated" in caught.value.advice
    assert "MC4CAQ" not in str(caught.value)


def test_a_coin_that_stands_for_what_earn_holds_is_kept_apart_and_ldo_is_a_coin() -> None:
    held = amounts(read("binance", API, "spot").balances)
    assert held["LDUSDT"][:4] == ("250.00000000", "0", "0", "250.00000000")
    assert held["USDT"][:4] == ("1200.50000000", "99.50000000", "0", "1300.00000000")
    assert held["LDO"][0] == "40.00000000"


def test_debt_and_interest_are_borrowed_and_the_net_is_what_binance_says() -> None:
    held = amounts(read("binance", API, "margin").balances)
    assert held["USDT"] == ("20", "10", "0", "-70.5", "100.5")
    assert held["BNB"] == ("2346.50000000", "0", "0", "2144.83333328", "201.66666672")


def test_a_pair_of_isolated_margin_is_a_wallet_and_one_without_money_is_none() -> None:
    parts = read("binance", API, "isolated_margin").parts
    assert list(parts) == ["isolated_margin/BTCUSDT"]
    held = amounts(parts["isolated_margin/BTCUSDT"].balances)
    assert held["BTC"] == ("0.30000000", "0", "0", "0.19990000", "0.10010000")
    assert held["USDT"][3] == "60.00000000"


def test_equity_is_the_net_of_futures_and_a_coin_that_is_not_held_has_nothing_available() -> None:
    reading = read("binance", API, "futures")
    held = amounts(reading.balances)
    assert held["USDT"] == ("120.00", "3.00", "5.00", "128.00", None)
    assert held["LDUSDT"][3] == "10"
    assert all(Decimal(amount) == 0 for amount in held["BNB"][:4])
    assert next(row.pnl for row in reading.balances) == Decimal("1.28")
    assert reading.margin_ratio == Decimal("0.003906")


def test_of_coin_futures_the_coin_nearest_to_liquidation_is_the_ratio() -> None:
    reading = read("binance", API, "coin_futures")
    assert amounts(reading.balances)["BTC"] == ("0.0016", "0.0001", "0.0003", "0.002", None)
    assert reading.margin_ratio == Decimal("0.05")


@pytest.mark.parametrize(
    ("needed", "equity", "ratio"),
    [("20", "100", "0.2"), ("5", "4", "1"), ("5", "-1", "1"), ("0", "10", None), ("?", "1", None), (None, "1", None)],
)
def test_the_margin_ratio_is_maintenance_margin_over_margin_balance(
    needed: Any, equity: str, ratio: str | None
) -> None:
    answer = {"assets": [], "totalMaintMargin": needed, "totalMarginBalance": equity}
    told = converse(API.wallets["futures"].read(RowMemory()), answer).result.margin_ratio
    assert told == (None if ratio is None else Decimal(ratio))


def test_positions_of_one_coin_are_told_one_by_one_all_of_it_locked() -> None:
    rows = [(row.currency, f"{row.locked}", row.available) for row in read("binance", API, "earn").balances]
    assert rows == [("USDT", "75.46000000", 0), ("AXS", "122.09202928", 0), ("USDT", "24.54", 0)]


def positions(
    first: int, count: int, total: int, key: str = "productId", amount: str = "totalAmount"
) -> dict[str, Any]:
    return {"rows": [{"asset": f"C{n}", amount: "1", key: n} for n in range(first, first + count)], "total": total}


NONE = {"rows": [], "total": 0}


def test_earn_is_read_page_by_page_as_long_as_there_are_more() -> None:
    talk = converse(
        API.wallets["earn"].read(RowMemory()),
        positions(0, binance.PAGE, 103),
        positions(binance.PAGE, 3, 103),
        positions(0, 2, 2, "positionId", "amount"),
    )
    assert len(talk.result.balances) == 105
    asked = [(request.path.split("/")[-2], dict(request.query)["current"]) for request in talk.requests]
    assert asked == [("flexible", "1"), ("flexible", "2"), ("locked", "1")]


def test_a_position_on_two_pages_is_never_counted_twice() -> None:
    with pytest.raises(BadPayload, match="two pages"):
        converse(API.wallets["earn"].read(RowMemory()), positions(0, binance.PAGE, 103), positions(99, 3, 103))


def test_pages_without_end_are_no_answer() -> None:
    pages = (positions(page * binance.PAGE, binance.PAGE, 10**9) for page in range(30))
    with pytest.raises(BadPayload, match="pages"):
        respond(API.wallets["earn"].read(RowMemory()), lambda _: next(pages))


@pytest.mark.parametrize("answer", [{}, [], {"rows": []}, {"rows": None, "total": 0}, {"rows": [{}], "total": "many"}])
def test_earn_of_another_shape_is_no_empty_wallet(answer: Any) -> None:
    with pytest.raises(BadPayload):
        converse(API.wallets["earn"].read(RowMemory()), answer, NONE)


def test_the_overview_is_in_usdt_by_our_names_and_without_wallets_that_were_never_opened() -> None:
    values = {value.wallet: value.usdt for value in read("binance", API, "overview").values}
    assert (values["spot"], values["futures"], values["coin_futures"]) == (
        Decimal("65000.5"),
        Decimal("128.71842752"),
        Decimal("-3.5"),
    )
    assert {"funding", "margin", "isolated_margin", "earn", "bots", "copy_trading"} < values.keys()
    assert "options" not in values


def test_the_name_of_futures_is_known_with_a_plain_letter_too_and_others_pass_through() -> None:
    rows = [{"activate": True, "balance": "1", "walletName": name} for name in ("USD-M Futures", "Cross Margin (PM)")]
    reading = converse(API.wallets["overview"].read(RowMemory()), rows).result
    assert [value.wallet for value in reading.values] == ["futures", "Cross Margin (PM)"]


def test_a_market_that_is_not_traded_has_no_price() -> None:
    assert API.markets is not None
    markets = respond(API.markets(), lambda _: sample("binance", "/api/v3/exchangeInfo")).result
    assert markets[("1000SATS", "USDT")] == "1000SATSUSDT"
    assert ("LUNA", "USDT") not in markets
    for reader in (API.prices(), API.markets()):
        asked = respond(reader, lambda request: sample("binance", request.path)).requests
        assert all(dict(request.query)["symbolStatus"] == "TRADING" for request in asked)


def key_info(**rights: bool) -> KeyInfo:
    assert API.key_info is not None
    info = converse(API.key_info(), {"ipRestrict": False, "enableReading": True} | rights).result
    assert isinstance(info, KeyInfo)
    return info


@pytest.mark.parametrize(
    ("right", "told"),
    [
        ("enableSpotAndMarginTrading", "trade"),
        ("enableFutures", "trade"),
        ("enableInternalTransfer", "transfer"),
        ("permitsUniversalTransfer", "transfer"),
        ("enableWithdrawals", "withdraw"),
    ],
)
def test_each_right_beyond_reading_is_told(right: str, told: str) -> None:
    assert key_info().risks == []
    assert key_info(**{right: True}).risks == [told]


def test_a_key_is_bound_to_addresses_where_it_says_so() -> None:
    assert (key_info().ip_restricted, key_info(ipRestrict=True).ip_restricted) == (False, True)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        *((400, code, AuthError) for code in (-2008, -2014, -1022, -2017)),
        (401, -2015, AuthError),
        (400, -1021, ClockRefused),
        (403, -1005, IpRefused),
        (401, -1002, PermissionMissing),
        *((status, -1003, kind) for status, kind in ((429, AddressLimited), (418, Banned))),
        (400, -1034, AddressLimited),
        *((500, code, ExchangeRefused) for code in (-1000, -1001, -1008)),
        (400, -1121, ExchangeRefused),
        (451, 0, ExchangeRefused),
        (200, -1121, ExchangeRefused),
    ],
)
def test_codes_have_our_reasons(status: int, code: int, kind: type[PollError]) -> None:
    with pytest.raises(PollError) as caught:
        binance.unwrap(status, {"code": code, "msg": "words"})
    assert type(caught.value) is kind
    assert str(code) in str(caught.value)


def test_key_address_and_right_are_one_code_on_the_main_wallet_and_the_right_beside_it() -> None:
    refused = {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action, request ip: 203.0.113.7"}
    with pytest.raises(AuthError) as on_spot:
        binance.unwrap(401, refused)
    assert "203.0.113.7" in on_spot.value.advice
    for unwrap in (binance.unwrap_contracts, binance.unwrap_path):
        with pytest.raises(PermissionMissing) as beside:
            unwrap(401, refused)
        assert "Enable Futures" in beside.value.advice


@pytest.mark.parametrize("code", [-3003, -11001, -4109])
def test_a_wallet_that_was_never_opened_is_told_as_such(code: int) -> None:
    for unwrap in (binance.unwrap_contracts, binance.unwrap_path):
        with pytest.raises(NotOpened):
            unwrap(400, {"code": code, "msg": "words"})


def test_too_fast_speaks_of_the_address_but_for_the_paths_that_are_limited_by_themselves() -> None:
    refused = {"code": -1003, "msg": "Too many requests."}
    for unwrap, shuts in ((binance.unwrap, "ip"), (binance.unwrap_contracts, "ip"), (binance.unwrap_path, "")):
        with pytest.raises(RateLimited) as caught:
            unwrap(429, refused)
        assert caught.value.shuts == shuts


def test_a_ban_ends_when_its_words_say() -> None:
    words = "Way too much request weight used; IP banned until 1735689900000. Please use WebSocket Streams."
    with pytest.raises(Banned) as caught:
        binance.unwrap(418, {"code": -1003, "msg": words})
    assert caught.value.retry_at == 1735689900000


def test_a_place_that_is_not_served_is_told_what_to_do() -> None:
    words = "Service unavailable from a restricted location according to 'b. Eligibility' in https://www.binance.com/en/terms."
    with pytest.raises(ExchangeRefused, match="restricted location") as caught:
        binance.unwrap(451, {"code": 0, "msg": words})
    assert "base_url" in caught.value.advice


@pytest.mark.parametrize("status", [200, 400, 503])
def test_maintenance_is_known_by_its_words(status: int) -> None:
    with pytest.raises(Maintenance):
        binance.unwrap_path(status, {"code": -1016, "msg": "System is under maintenance."})


@pytest.mark.parametrize(
    "payload", [[], {}, {"code": 200, "rows": []}, {"success": True}, {"code": None}, {"code": "x"}]
)
def test_an_answer_without_a_negative_number_is_what_was_asked_for(payload: Any) -> None:
    assert binance.unwrap_path(200, payload) == payload
    with pytest.raises(PollError):
        binance.unwrap_path(400, payload)


def test_an_answer_that_was_no_success_is_none() -> None:
    with pytest.raises(PollError):
        binance.unwrap_path(200, {"success": False, "msg": '{"code":-1}'})


def test_a_server_that_is_out_of_order_is_told_by_its_status() -> None:
    with pytest.raises(BadStatus):
        binance.unwrap(503, {"msg": "Service Unavailable."})


def test_what_is_used_is_told_of_the_one_limit_that_an_endpoint_has() -> None:
    headers = {"X-MBX-USED-WEIGHT-1M": "17", "X-SAPI-USED-IP-WEIGHT-1M": "60"}
    assert binance.used(binance.SPOT, headers) == {"api": 17}
    assert binance.used(binance.FUTURES, headers) == {"fapi": 17}
    assert binance.used(binance.OVERVIEW, headers) == {binance.OVERVIEW.path: 60}
    assert binance.used(binance.SPOT, {}) == {}
