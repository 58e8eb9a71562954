"""HTX: numbered accounts, rows by kind, three envelopes, and one code whose text alone tells five troubles apart."""

from typing import Any

import pytest

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
    UnknownAccount,
    UserLimited,
)
from exporter.exchanges import EXCHANGES, htx
from exporter.exchanges.base import Request, RowMemory
from exporter.exposition.escaping import quoted
from tests.exchanges.driver import amounts, converse, credentials, from_samples, respond, sample

API = htx.EXCHANGE.apis[""]
KEY = "a1b2c3d4-e5f60718-29304152-6a7b8"
OURS = credentials(KEY, "5e6f7a8b-9c0d1e2f-3a4b5c6d-7e8f9")
NEW_YEAR = 1735689600000
AUTH = f"AccessKeyId={KEY}&SignatureMethod=HmacSHA256&SignatureVersion=2&Timestamp=2025-01-01T00%3A00%3A00"
NOT_VALID = "api-signature-not-valid"


def accounts() -> Any:
    return API.unwrap(200, sample("htx", htx.ACCOUNTS.path))


def listing(variant: str = "") -> Any:
    return API.unwrap(200, sample("htx", htx.BALANCE.path, variant))


def row(currency: Any, kind: Any, balance: Any) -> dict[str, Any]:
    return {"currency": currency, "type": kind, "balance": balance}


def read_rows(*rows: Any, borrows: bool = False, ids: tuple[str, ...] = ("1",)) -> Any:
    return converse(htx.read_accounts(ids, borrows, RowMemory()), *({"list": list(rows)} for _ in ids)).result


@pytest.mark.parametrize(
    ("request_", "joined", "signature", "host"),
    [
        (
            Request(htx.ACCOUNTS),
            AUTH,
            "reMVey%2FyIsQtEzpvme%2BiUDRIO%2BButMmtbfhpRsvb3yo%3D",
            "api.huobi.pro",
        ),
        (
            Request(htx.BALANCE, id="100009"),
            AUTH,
            "Qso5gM6LwQzQ6OIOYdmDxbXFxWkPA%2BU3lUpI%2BRUqWEo%3D",
            "api.huobi.pro",
        ),
        (
            Request(htx.VALUATION, (("accountType", "spot"), ("valuationCurrency", "USD"))),
            f"{AUTH}&accountType=spot&valuationCurrency=USD",
            "hB8EP0rBsC%2FMnXmStwbiHL9CWPbH2yLOTzL9Ksf1cXo%3D",
            "api.huobi.pro",
        ),
        (
            Request(htx.VALUATION._replace(path="/v2/account/valuation"), (("valuationCurrency", "BTC"),)),
            f"{AUTH}&valuationCurrency=BTC",
            "iPrpuUOuAtQzbjswPHE1Su5v%2BLSm6537N6vlNc4yJR0%3D",
            "api.huobi.pro",
        ),
        (
            Request(htx.API_KEY, (("uid", "123456"),)),
            f"{AUTH}&accessKey={KEY}&uid=123456",
            "5tPvLmQMZwvPmlaFThvclej3RwEpR5w%2Fy5TroHToFOk%3D",
            "api.huobi.pro",
        ),
        (
            Request(htx.ACCOUNTS),
            AUTH,
            "%2FkIgQ4MYuxC3%2FCkahal%2BH%2BKTqYEh0s6kCAYtwXo9Pf0%3D",
            "api-aws.huobi.pro",
        ),
        (
            Request(htx.FUTURES),
            AUTH,
            "TWRtkKzzWD1Owz4rF9CEh5qaECiaBnyzsZS%2FSVTC9JY%3D",
            "api.hbdm.com",
        ),
        (
            Request(htx.FUTURES),
            AUTH,
            "YA7nilHnHyykxuJmDX%2FkVjhv8%2BDB%2FZMR%2B9JB7H8J540%3D",
            "api.hbdm.vn",
        ),
    ],
)
def test_the_vectors_hold_byte_for_byte(request_: Request, joined: str, signature: str, host: str) -> None:
    signed = htx.sign(request_, OURS, host, NEW_YEAR)
    assert signed.target == f"{request_.path}?{joined}&Signature={signature}"
    assert not signed.headers


def test_the_host_is_signed_in_lower_case() -> None:
    one, other = (htx.sign(Request(htx.ACCOUNTS), OURS, host, NEW_YEAR) for host in ("API.huobi.pro", "api.huobi.pro"))
    assert one == other


def test_every_account_but_otc_is_a_wallet() -> None:
    wallets = converse(htx.discover(), accounts()).result
    assert set(wallets) == {
        "spot",
        "points",
        "isolated_margin/BTCUSDT",
        "isolated_margin/ETHUSDT",
        "margin",
        "grid",
        "earn",
        "trust-credit",
        "brand-new",
    }
    assert all(wallet.default for wallet in wallets.values())


def test_only_spot_is_known_to_list_zeros() -> None:
    wallets = converse(htx.discover(), accounts()).result
    assert [name for name, wallet in wallets.items() if wallet.lists_zeros] == ["spot"]


def test_margin_wallets_borrow_and_special_kinds_are_rare() -> None:
    wallets = converse(htx.discover(), accounts()).result
    assert {name for name, wallet in wallets.items() if wallet.borrows} == {
        "isolated_margin/BTCUSDT",
        "isolated_margin/ETHUSDT",
        "margin",
    }
    assert {name for name, wallet in wallets.items() if wallet.rare} == {"grid", "earn", "trust-credit", "brand-new"}


def listed(*kinds: Any) -> dict[str, Any]:
    """The wallets of accounts of these kinds, numbered from 1; a pair is a kind and its subtype."""
    pairs = [kind if isinstance(kind, tuple) else (kind, "") for kind in kinds]
    rows = [{"id": number, "type": kind, "subtype": pair} for number, (kind, pair) in enumerate(pairs, 1)]
    wallets: dict[str, Any] = converse(htx.discover(), rows).result
    return wallets


@pytest.mark.parametrize(
    ("kinds", "wallet"),
    [
        (("super-margin", "cross-margin"), "margin"),
        (("point", "points"), "points"),
        (("Minepool", "minepool"), "minepool"),
        (("\ud800", "\\ud800"), "\\ud800"),
        ((("margin", "btcusdt"), ("margin", "BTCUSDT")), "isolated_margin/BTCUSDT"),
        ((("margin", "\ud800"), ("margin", "\\UD800")), None),
        (("grid", "grid-trading"), "grid"),
    ],
)
def test_kinds_whose_names_would_be_written_alike_are_one_wallet(kinds: tuple[Any, ...], wallet: str | None) -> None:
    wallets = listed(*kinds)
    assert len({quoted(name) for name in wallets}) == len(wallets)
    if wallet is not None:
        assert list(wallets) == [wallet]
        asked = respond(wallets[wallet].read(RowMemory()), lambda _: {"list": [row("usdt", "trade", "1")]})
        assert amounts(asked.result.balances)["usdt"][0] == "2"


def test_one_wallet_of_several_kinds_is_what_any_of_them_is() -> None:
    wallet = listed("brand-new", "borrow", "Borrow")["borrow"]
    assert wallet.borrows
    both = listed("points", "point")["points"]
    assert not both.rare
    assert not both.borrows


def test_no_kind_takes_a_name_that_means_something_else_here() -> None:
    assert list(listed("spot", "main", "Overview", "futures")) == ["spot", "htx_main", "htx_overview", "htx_futures"]


def test_a_list_of_far_too_many_accounts_is_refused() -> None:
    pairs = [("margin", f"c{number}usdt") for number in range(500)]
    assert len(listed(*pairs)) == 500
    with pytest.raises(BadPayload, match="501 accounts"):
        listed(*pairs, "spot")


def test_several_accounts_of_one_name_are_read_one_by_one_and_added() -> None:
    grid = converse(htx.discover(), accounts()).result["grid"]
    talk = converse(
        grid.read(RowMemory()),
        {"list": [row("usdt", "trade", "1.5"), row("btc", "trade", "1")]},
        {"list": [row("usdt", "trade", "2"), row("usdt", "frozen", "4")]},
    )
    assert [request.path for request in talk.requests] == [
        "/v1/account/accounts/7000006/balance",
        "/v1/account/accounts/7000016/balance",
    ]
    assert amounts(talk.result.balances) == {
        "usdt": ("3.5", "4", "0", "7.5", None),
        "btc": ("1", "0", "0", "1", None),
    }


def test_rows_of_a_coin_are_added_and_unknown_kinds_only_counted() -> None:
    wallet = converse(htx.discover(), accounts()).result["spot"]
    reading = converse(wallet.read(RowMemory()), listing()).result
    assert amounts(reading.balances) == {
        "usdt": ("91.850043797676510303", "5.160000000000000015", "0", "97.010043797676510318", None),
        "poly": ("147.928994082840236", "0", "0", "147.928994082840236", None),
        "ht": ("1", "2", "12", "15", None),
    }
    assert reading.ignored == 2


def test_debts_are_negative_rows_and_derived_rows_never_count() -> None:
    reading = converse(htx.read_accounts(("1",), True, RowMemory()), listing("~margin")).result
    assert amounts(reading.balances) == {
        "usdt": ("100", "10", "0", "79.75", "30.25"),
        "btc": ("0.5", "0", "0", "0.5", "0"),
    }
    assert reading.ignored == 0


def test_a_debt_with_the_wrong_sign_is_no_debt() -> None:
    reading = read_rows(row("usdt", "loan", "5"), row("usdt", "trade", "7"), row("btc", "trade", "1"), borrows=True)
    assert [balance.currency for balance in reading.balances] == ["btc"]
    assert [(bad.name, "positive" in bad.why) for bad in reading.unreadable] == [("usdt", True)]


def test_all_of_it_is_minus_one_and_never_a_balance() -> None:
    assert amounts(read_rows(row("usdt", "trade", "3"), row("usdt", "transfer-out-available", "-1")).balances) == {
        "usdt": ("3", "0", "0", "3", None)
    }


def test_an_account_of_zeros_is_told_from_an_empty_list() -> None:
    zeros = read_rows(row("18c", "trade", "0"), row("18c", "frozen", "0E-18")).balances
    assert [balance.is_zero for balance in zeros] == [True]
    assert read_rows().balances == []


def test_every_currency_that_is_listed_is_told_beside_the_ones_that_are_held() -> None:
    reading = read_rows(
        row("btc", "trade", "1"), row("eth", "trade", "0"), row("xrp", "frozen", "0"), row("x", "odd", "1")
    )
    assert set(reading.listed) == {"btc", "eth", "xrp"}
    assert [balance.currency for balance in reading.balances] == ["btc"]


def test_a_locked_account_still_has_its_balances() -> None:
    assert listing()["state"] == "lock"
    assert len(converse(htx.read_accounts(("1",), False, RowMemory()), listing()).result.balances) == 3


@pytest.mark.parametrize("balance", [None, "", "invalid", "NaN", [], {}, True])
def test_an_amount_that_is_none_costs_its_currency_in_all_of_its_rows(balance: Any) -> None:
    reading = read_rows(
        row("usdt", "trade", balance), row("usdt", "frozen", "5"), row("btc", "trade", "1"), row("btc", "frozen", "0")
    )
    assert amounts(reading.balances) == {"btc": ("1", "0", "0", "1", None)}
    assert [bad.name for bad in reading.unreadable] == ["usdt"]
    assert set(reading.listed) == {"usdt", "btc"}


def test_a_wallet_of_which_nothing_can_be_read_has_no_row_of_zeros() -> None:
    reading = read_rows(row("usdt", "trade", None), row("usdt", "frozen", "0"))
    assert not reading.balances
    assert not reading.empty


def test_each_list_of_a_wallet_has_to_be_readable_in_most_of_its_rows() -> None:
    good = [row(f"c{number}", "trade", "1") for number in range(20)]
    bad = [row(f"d{number}", "trade", None if number < 3 else "1") for number in range(4)]
    with pytest.raises(BadPayload, match="3 of 4 rows"):
        respond(
            htx.read_accounts(("1", "2"), False, RowMemory()),
            lambda request: {"list": [good, bad][int(request.id) - 1]},
        )


@pytest.mark.parametrize(
    "bad",
    [
        {"currency": "x", "balance": "1"},
        {"currency": "x", "type": None, "balance": "1"},
        {"currency": "x", "type": "trade"},
    ],
)
def test_a_row_without_a_type_or_an_amount_costs_its_currency(bad: Any) -> None:
    reading = read_rows(row("usdt", "trade", "1"), bad, row("x", "frozen", "2"))
    assert amounts(reading.balances) == {"usdt": ("1", "0", "0", "1", None)}
    assert [each.name for each in reading.unreadable] == ["x"]
    assert reading.ignored == 0


@pytest.mark.parametrize("balance", ["0", "1"])
@pytest.mark.parametrize("name", [None, "", 7, "x" * 101])
def test_a_row_without_a_name_fails_the_wallet_whatever_it_holds(name: Any, balance: str) -> None:
    with pytest.raises(BadPayload):
        read_rows(row("usdt", "trade", "1"), row(name, "trade", balance))


def test_of_an_overview_the_values_that_can_be_read_stand() -> None:
    told = {"spot": "5", "margin": "", "super-margin": "?", "otc": "7"}
    reading = respond(
        htx.wallets.read_overview(RowMemory()), lambda request: {"balance": told[dict(request.query)["accountType"]]}
    ).result
    assert {value.wallet: value.usd for value in reading.values} == {"spot": 5, "otc": 7}
    assert [bad.name for bad in reading.unreadable] == ["margin"]


@pytest.mark.parametrize("bad", [{"type": "trade", "balance": "1"}, None, "x", []])
def test_a_row_of_another_shape_fails_the_wallet(bad: Any) -> None:
    with pytest.raises(BadPayload):
        read_rows(row("usdt", "trade", "1"), bad)


def test_one_failing_account_fails_its_wallet_whole() -> None:
    def answer(request: Request) -> Any:
        if request.id == "2":
            raise UnknownAccount("gone")
        return {"list": [row("usdt", "trade", "1")]}

    with pytest.raises(UnknownAccount):
        respond(htx.read_accounts(("1", "2"), False, RowMemory()), answer)


def test_an_unchanged_coin_keeps_its_balance() -> None:
    memory = RowMemory()
    before = converse(htx.read_accounts(("1",), False, memory), listing()).result.balances
    after = converse(htx.read_accounts(("1",), False, memory), listing()).result.balances
    assert all(one is other for one, other in zip(before, after, strict=True))


def test_a_long_list_gives_the_loop_its_turn() -> None:
    zeros = [row(f"c{number}", "trade", "0") for number in range(5000)]
    assert converse(htx.read_accounts(("1",), False, RowMemory()), {"list": zeros}).pauses == 19


def test_spot_can_be_read_before_the_list_is_known() -> None:
    talk = converse(API.wallets["spot"].read(RowMemory()), accounts(), listing())
    assert [request.path for request in talk.requests] == [
        "/v1/account/accounts",
        "/v1/account/accounts/7000001/balance",
    ]
    assert len(talk.result.balances) == 3


def test_a_list_without_spot_is_no_empty_spot() -> None:
    with pytest.raises(UnknownAccount):
        converse(API.wallets["spot"].read(RowMemory()), [])


@pytest.mark.parametrize("number", [None, "", "1/../2", "٣", 1.5, True, -1, [], "1" * 40])
def test_only_digits_get_into_a_path(number: Any) -> None:
    with pytest.raises(BadPayload):
        converse(htx.discover(), [{"id": number, "type": "spot"}])


def test_everything_but_spot_may_be_absent() -> None:
    absent = ("margin", "isolated_margin", "isolated_margin/BTCUSDT", "points", "grid", "earn", "crypto-loans")
    assert all(htx.may_be_absent(wallet) for wallet in absent)
    assert not any(htx.may_be_absent(wallet) for wallet in ("spot", "futures", "unified", "bots", "isolated_marginal"))


def test_a_value_that_is_no_number_costs_its_own_wallet_of_the_overview() -> None:
    talk = converse(htx.read_overview(RowMemory()), *({"balance": told} for told in ("5", "", None, "7")))
    assert [f"{value.usd}" for value in talk.result.values] == ["5", "7"]
    with pytest.raises(BadPayload):
        converse(htx.read_overview(RowMemory()), *[{"balance": "x"}] * 4)


def test_the_overview_asks_for_four_kinds_in_usd_and_only_when_told() -> None:
    talk = converse(htx.read_overview(RowMemory()), *({"balance": str(n), "timestamp": 1} for n in range(4)))
    assert [request.query for request in talk.requests] == [
        (("accountType", kind), ("valuationCurrency", "USD")) for kind in ("spot", "margin", "super-margin", "otc")
    ]
    assert [(value.wallet, value.usd, value.usdt) for value in talk.result.values] == [
        ("spot", 0, None),
        ("isolated_margin", 1, None),
        ("margin", 2, None),
        ("otc", 3, None),
    ]
    assert not API.wallets["overview"].default
    assert API.wallets["overview"].every == 300


def refusal(payload: Any, status: int = 200) -> PollError:
    with pytest.raises(PollError) as caught:
        htx.unwrap(status, payload)
    return caught.value


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Signature not valid: Incorrect Access key [Access key错误]", AuthError),
        ("Signature not valid: Verification failure [校验失败]", AuthError),
        ("Signature not valid: APIkey has expired", AuthError),
        ("Signature not valid: Invalid submission time or incorrect time format [无效的提交时间]", ClockRefused),
        ("Signature not valid: Incorrect IP address [IP地址错误]:203.0.113.7", IpRefused),
        ("Signature not valid: API key has no permission [API Key没有权限]", PermissionMissing),
        ("Signature not valid: something new", AuthError),
    ],
)
def test_the_text_tells_what_one_code_means(text: str, kind: type[PollError]) -> None:
    assert type(refusal({"status": "error", "err-code": NOT_VALID, "err-msg": text, "data": None})) is kind
    assert type(refusal({"code": 1003, "message": text})) is kind


def test_key_secret_and_expiry_get_advice_of_their_own() -> None:
    texts = ("Incorrect Access key", "Verification failure", "APIkey has expired", "unheard of")
    advice = [refusal({"status": "error", "err-code": NOT_VALID, "err-msg": text}).advice for text in texts]
    assert len(set(advice)) == 4


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::7"])
def test_the_address_that_htx_saw_is_in_the_advice(address: str) -> None:
    text = f"Signature not valid: Incorrect IP address [IP地址错误]:{address}"
    assert address in refusal({"status": "error", "err-code": NOT_VALID, "err-msg": text}).advice


def test_an_ip_refusal_without_an_address_has_the_general_advice() -> None:
    assert refusal({"code": 2000, "message": "ip not allowed"}).advice == IpRefused.advice


@pytest.mark.parametrize(
    ("status", "payload", "kind"),
    [
        (200, {"status": "error", "err-code": "login-required", "err-msg": ""}, AuthError),
        (200, {"status": "error", "err-code": "account-get-accounts-inexistent-error"}, UnknownAccount),
        (200, {"status": "error", "err-code": "account-account-id-inexistent"}, UnknownAccount),
        (200, {"status": "error", "err-code": "base-record-invalid"}, UnknownAccount),
        (200, {"status": "error", "err-code": "base-request-exceed-frequency-limit"}, RateLimited),
        (200, {"status": "error", "err-code": "rate-too-many-requests"}, RateLimited),
        (200, {"status": "error", "err-code": "base-user-request-exceed-limit"}, UserLimited),
        (200, {"status": "error", "err-code": "invalid-parameter", "err-msg": "request limit"}, RateLimited),
        (200, {"status": "error", "err-code": "510"}, RateLimited),
        (200, {"code": 1006, "message": "too many"}, RateLimited),
        (429, {"status": "error", "err-code": "anything"}, RateLimited),
        (429, {}, RateLimited),
        (418, {"code": 1}, Banned),
        (200, {"status": "error", "err-code": "system-maintenance"}, Maintenance),
        (200, {"status": "maintain"}, Maintenance),
        (503, {"code": 503, "message": "System is in maintenance!"}, Maintenance),
        (200, {"code": 1002, "message": "forbidden"}, PermissionMissing),
        (200, {"code": "1002", "message": "forbidden"}, PermissionMissing),
        (403, {"code": 403, "message": "sub user"}, PermissionMissing),
        (200, {"code": 2000, "message": "ip"}, IpRefused),
        (405, {"status": "error", "err-code": "method-not-allowed"}, ExchangeRefused),
        (200, {"status": "error", "err_code": 1220, "err_msg": "no account", "ts": 1}, ExchangeRefused),
        (200, {"code": 200, "success": False, "data": {}}, ExchangeRefused),
        (502, {}, BadStatus),
        (500, {"status": "ok", "data": []}, BadStatus),
        (200, {}, BadPayload),
        (200, [], BadPayload),
        (200, {"status": "ok"}, BadPayload),
    ],
)
def test_each_refusal_of_the_three_envelopes_has_its_class(status: int, payload: Any, kind: type[PollError]) -> None:
    assert type(refusal(payload, status)) is kind


@pytest.mark.parametrize("code", ["gateway-internal-error", "base-system-error", "timeout"])
def test_a_passing_trouble_may_be_repeated(code: str) -> None:
    assert refusal({"status": "error", "err-code": code, "err-msg": ""}).repeat


@pytest.mark.parametrize("envelope", [{"status": "ok"}, {"code": 200}, {"code": "200"}, {"code": 200, "success": True}])
def test_success_in_each_envelope(envelope: dict[str, Any]) -> None:
    assert htx.unwrap(200, {**envelope, "data": [1]}) == [1]


def test_prices_are_looked_up_whole_and_odd_rows_left_out() -> None:
    book = converse(API.prices(), API.unwrap(200, sample("htx", htx.TICKERS.path))).result
    assert f"{book['btcusdt']}" == "93500.5"
    assert f"{book['shibusdt']:f}" == "0.00000001"
    assert book["deadusdt"] is None
    assert len(book) == 3


def test_markets_are_what_the_list_says_without_those_that_have_ended() -> None:
    assert API.markets is not None
    assert respond(API.markets(), from_samples("htx", API)).result == {
        ("BTC", "USDT"): "btcusdt",
        ("SHIB", "USDT"): "shibusdt",
        ("BTC", "ZZUSDT"): "btczzusdt",
    }


def key_row(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = sample("htx", htx.API_KEY.path)["data"][0]
    return {**whole, **changes}


def test_a_keys_permissions_are_words_in_any_order() -> None:
    talk = converse(htx.read_key_info(), 63000001, [key_row()], 1767225600456)
    assert talk.requests[1].query == (("uid", "63000001"),)
    assert talk.result.permissions == {"read": True, "trade": True, "withdraw": False}
    assert talk.result.ip_restricted is True
    assert talk.result.expires is None


def test_days_to_expiry_count_from_the_exchanges_own_clock() -> None:
    info = converse(htx.read_key_info(), 1, [key_row(validDays=90, ipAddresses="")], 1767225600000).result
    assert info.expires == 1767225600 + 90 * 86_400
    assert info.ip_restricted is False


def test_more_than_the_own_key_is_refused() -> None:
    with pytest.raises(BadPayload):
        converse(htx.read_key_info(), 1, [key_row(), key_row()], 1767225600000)


def test_huobi_is_another_name_for_it() -> None:
    assert EXCHANGES.canonical("huobi") == "htx"


def test_a_sub_user_is_told_what_its_key_may_not_ask() -> None:
    for endpoint in (htx.VALUATION, htx.API_KEY):
        assert "sub-user" in endpoint.forbids
    assert not htx.BALANCE.forbids
