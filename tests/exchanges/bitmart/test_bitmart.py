"""BitMart as its pages and live answers tell: keyed reads, the free part's valuation, a closing platform."""

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
    NotOpened,
    PermissionMissing,
    PollError,
    RateLimited,
)
from exporter.exchanges import bitmart
from exporter.exchanges.base import Request, RowMemory
from exporter.exchanges.signing import hmac_hex
from tests.exchanges.driver import NOW, amounts, converse, credentials, read, sample

API = bitmart.EXCHANGE.apis[""]


def balances() -> Any:
    return read("bitmart", API, "spot").balances


def test_the_read_carries_the_key_and_nothing_else() -> None:
    signed = bitmart.sign(
        Request(bitmart.WALLET, (("needUsdValuation", "true"),)), credentials("demo-bitmart-key-001"), "host", NOW
    )
    assert signed.target == "/account/v1/wallet?needUsdValuation=true"
    assert signed.headers == {"X-BM-KEY": "demo-bitmart-key-001"}


def test_only_the_key_is_needed() -> None:
    assert bitmart.EXCHANGE.credentials == ("api_key",)


@pytest.mark.parametrize(
    ("secret", "text", "signature"),
    [
        (
            "demo-bitmart-secret-002",
            '1767225600123#demo-memo#{"recvWindow":5000}',
            "b617e18b7eb86c4ac8fcc10de5aa00d16cf665d92582ba85607aabff0d6f6838",
        ),
        (
            "demo-bitmart-secret-002",
            '1767225600123#demo-memo#{"recvWindow": 5000}',
            "0d68810b61cc5c4ec2b1bee935e7702dda853135d33cf0334beda5045a89fb1d",
        ),
        (
            "demo-bitmart-secret-002",
            "1767225600123#demo-memo#needUsdValuation=true",
            "bd676fa920e8b18b59371e1f0726c1514461917c72953156ca4438413e3666ee",
        ),
        (
            "6c6c98544461bbe71db2bca4c6d7fd0021e0ba9efc215f9c6ad41852df9d9df9",
            '1589793796145#test001#{"symbol":"BTC_USDT","price":"8600","count":"100"}',
            "c31dc326bf87f38bfb49a3f8494961abfa291bd549d0d98d9578e87516cee46d",
        ),
    ],
)
def test_the_vendors_signature_vectors_hold_for_our_hmac(secret: str, text: str, signature: str) -> None:
    assert hmac_hex(Secret(secret), text) == signature


def test_unavailable_contains_frozen() -> None:
    assert amounts(balances())["USDT"] == ("812.50000000", "40.00000000", "15.00000000", "867.50000000", None)


def test_a_missing_unavailable_counts_as_nothing_locked() -> None:
    assert amounts(balances())["OLD"] == ("3.00000000", "1.00000000", "0", "4.00000000", None)


def test_the_valuation_of_the_free_part_gives_a_price_of_one_unit() -> None:
    assert {row.currency: row.price for row in balances()} == {
        "USDT": 1,
        "BTC": 95000,
        "OLD": None,  # null without a valuation
        "ETH": None,  # nothing free to take a price from
    }


def test_no_row_has_a_value_of_the_whole_from_bitmart() -> None:
    assert all(row.usd is None and row.usdt is None for row in balances())


def test_tickers_are_positional_and_odd_rows_are_left_out() -> None:
    book = converse(API.prices(), API.unwrap(200, sample("bitmart", "/spot/quotation/v3/tickers"))).result
    assert book["BTC_USDT"] == "95000.10"
    assert book["ETH_USDT"] == "3300.5"


def test_the_clock_is_read() -> None:
    assert API.time is not None
    assert converse(API.time(), {"server_time": 1767225600456}).result == 1767225600456


def test_remaining_means_used() -> None:
    assert API.remaining({"X-BM-RateLimit-Limit": "12", "X-BM-RateLimit-Remaining": "3"}) == 9
    assert API.remaining({"X-BM-RateLimit-Limit": "12", "X-BM-RateLimit-Remaining": "14"}) == 0
    assert API.remaining({"X-BM-RateLimit-Remaining": "3"}) is None


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, 30000, ExchangeRefused),
        (401, 30001, AuthError),
        (401, 30002, AuthError),
        (401, 30003, AuthError),
        (401, 30004, AuthError),
        (401, 30005, AuthError),
        (401, 30006, ClockRefused),
        (401, 30007, ClockRefused),
        (401, 30008, ClockRefused),
        (403, 30010, IpRefused),
        (403, 30011, AuthError),
        (403, 30012, PermissionMissing),
        (200, 30019, PermissionMissing),
        (429, 30013, RateLimited),
        (503, 30014, Maintenance),
        (200, 30016, Maintenance),
        (418, 30017, Banned),
        (200, 30031, ExchangeRefused),
        (403, 60028, ExchangeRefused),
        (403, 53000, ExchangeRefused),
        (403, 40006, IpRefused),
        (401, 40008, ClockRefused),
        (403, 40047, AuthError),
        (200, 40012, ExchangeRefused),
        (200, 30030, ExchangeRefused),
        (400, 49998, ExchangeRefused),
        (400, 51001, NotOpened),
        (400, 51002, NotOpened),
        (403, 53005, PermissionMissing),
        (418, 1, Banned),
        (429, 1, RateLimited),
        (502, 1, BadStatus),
        (500, 1000, BadStatus),
    ],
)
def test_each_code_has_its_class(status: int, code: int, kind: type[PollError]) -> None:
    with pytest.raises(PollError) as caught:
        bitmart.unwrap(status, {"code": code, "message": "words", "trace": "t", "data": {}})
    assert type(caught.value) is kind


@pytest.mark.parametrize(("status", "code"), [(500, 60051), (200, 70003), *((500, n) for n in (59004, 59005, 59011))])
def test_a_passing_trouble_may_be_repeated(status: int, code: int) -> None:
    with pytest.raises(ExchangeRefused) as caught:
        bitmart.unwrap(status, {"code": code, "message": "net error"})
    assert caught.value.repeat


@pytest.mark.parametrize("message", ["OK", "Ok", "success", None])
def test_success_is_the_code_whatever_the_message_says(message: str | None) -> None:
    assert bitmart.unwrap(200, {"code": 1000, "message": message, "data": {"wallet": []}}) == {"wallet": []}


def test_a_missing_code_is_no_success() -> None:
    with pytest.raises(BadPayload):
        bitmart.unwrap(200, {"message": "OK", "data": {"wallet": []}})


def test_a_region_that_is_not_served_does_not_blame_the_key() -> None:
    with pytest.raises(AuthError) as caught:
        bitmart.unwrap(403, {"code": 40047, "message": "region"})
    assert "region" in caught.value.advice


@pytest.mark.parametrize("code", [30000, 30030, 30031, 60050])
def test_an_api_that_is_gone_tells_of_the_closing(code: int) -> None:
    with pytest.raises(PollError) as caught:
        bitmart.unwrap(200, {"code": code, "message": "gone"})
    assert "2027-01-31" in caught.value.advice


def test_a_wallet_that_is_gone_is_an_error_and_not_an_empty_wallet() -> None:
    answers: list[Any] = [{}, {"wallets": []}, None, []]
    for answer in answers:
        with pytest.raises(BadPayload):
            converse(bitmart.read_spot(RowMemory()), answer)


def test_the_closing_is_announced_with_its_moment() -> None:
    assert "2027-01-31 at 15:59 UTC" in bitmart.EXCHANGE.notice


def test_prices_are_decimals_from_the_answers_text() -> None:
    row = {"currency": "X", "available": "3", "frozen": "0", "available_usd_valuation": "1.000"}
    (balance,) = converse(bitmart.read_spot(RowMemory()), {"wallet": [row]}).result.balances
    assert balance.price == Decimal(1) / Decimal(3)


@pytest.mark.parametrize(
    ("available", "valuation", "price"),
    [
        ("0.00000005", "0.00000002", None),  # anything from 0.3 to 0.5
        ("1", "0.0499", None),
        ("1", "0.0500", "0.05"),
        ("700", "1e2", None),
        ("2", "1000", "500"),
    ],
)
def test_a_valuation_rounded_beyond_one_part_in_a_thousand_gives_no_price(
    available: str, valuation: str, price: str | None
) -> None:
    row = {"currency": "X", "available": available, "frozen": "700", "available_usd_valuation": valuation}
    (balance,) = converse(bitmart.read_spot(RowMemory()), {"wallet": [row]}).result.balances
    assert balance.price == (price and Decimal(price))
