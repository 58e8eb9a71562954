"""HTX's futures: equity, margin and profit by currency, the ratio that it states, and refusals in other numbers."""

from decimal import Decimal
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
    NotOpened,
    PermissionMissing,
    PollError,
    RateLimited,
    UserLimited,
)
from exporter.exchanges import htx
from exporter.exchanges.base import RowMemory
from exporter.exchanges.htx import protocol
from tests.exchanges.driver import amounts, converse, sample

API = htx.EXCHANGE.apis[""]


def account(**changes: Any) -> dict[str, Any]:
    """The content of a good answer, with changes of the account's own figures."""
    whole: dict[str, Any] = unwrap(200, sample("htx", htx.FUTURES.path))
    return {**whole, **changes}


def row(**changes: Any) -> dict[str, Any]:
    """A good row; a change to `absent` leaves the field out."""
    whole = {**account()["details"][0], **changes}
    return {name: value for name, value in whole.items() if value != "absent"}


def unwrap(status: int, payload: Any) -> Any:
    assert htx.FUTURES.unwrap is not None
    return htx.FUTURES.unwrap(status, payload)


def read(*rows: dict[str, Any], **changes: Any) -> Any:
    return converse(htx.read_futures(RowMemory()), account(details=list(rows), **changes)).result


def one(**changes: Any) -> Any:
    (balance,) = read(row(**changes)).balances
    return balance


def test_equity_of_cross_and_isolated_positions_is_the_whole_and_free_margin_what_is_available() -> None:
    reading = read(row())
    assert amounts(reading.balances) == {"USDT": ("988.2", "15", "70.4", "1073.6", None)}
    assert f"{reading.balances[0].pnl}" == "-6.4"
    assert not reading.unreadable


def test_the_wallet_balance_is_never_taken_for_what_is_free() -> None:
    changed = one(available="1", isolated_available="2", isolated_available_margin="3", withdraw_available="4")
    assert changed == one() == one(voucher="5", voucher_value="6", initial_margin="7")


def test_order_margin_of_both_modes_is_frozen() -> None:
    assert f"{one(isolated_order_frozen='2.5').frozen}" == "17.5"


def test_without_free_margin_it_is_equity_less_initial_margin() -> None:
    for nothing in ("absent", "", None):
        assert f"{one(available_margin=nothing).available}" == "988.2"
        assert f"{one(available_margin=nothing, initial_margin='2000').available}" == "0"


def test_without_both_a_row_cannot_be_read() -> None:
    for nothing in ("absent", "", None):
        reading = read(row(available_margin=nothing, initial_margin=nothing), row(currency="BTC"))
        assert [bad.name for bad in reading.unreadable] == ["USDT"]
        assert [balance.currency for balance in reading.balances] == ["BTC"]


@pytest.mark.parametrize("nothing", ["absent", "", None])
def test_an_account_of_cross_positions_only_may_leave_the_isolated_half_out(nothing: Any) -> None:
    balance = one(isolated_equity=nothing, isolated_order_frozen=nothing, isolated_profit_unreal=nothing)
    assert amounts([balance]) == {"USDT": ("988.2", "15", "40.0", "1043.2", None)}
    assert f"{balance.pnl}" == "-6.8"


@pytest.mark.parametrize("nothing", ["absent", "", None])
def test_a_profit_that_is_not_stated_is_not_zero(nothing: Any) -> None:
    assert one(profit_unreal=nothing, isolated_profit_unreal=nothing).pnl is None
    assert f"{one(profit_unreal='0', isolated_profit_unreal=nothing).pnl}" == "0"


def test_one_currency_may_be_owed_against_the_others() -> None:
    balance = one(
        currency="BTC",
        available="-0.0050448676",
        profit_unreal="-0.091875",
        equity="-0.0969198676",
        available_margin="-0.0969198676",
        isolated_equity="0",
        isolated_profit_unreal="0",
        cross_order_frozen="0",
    )
    assert amounts([balance]) == {"BTC": ("0", "0", "0", "-0.0969198676", None)}
    assert f"{balance.pnl}" == "-0.091875"
    assert not API.wallets["futures"].borrows


def test_bare_numbers_among_the_texts_are_read_too() -> None:
    assert one(equity=Decimal("1043.2"), cross_order_frozen=15) == one()


@pytest.mark.parametrize("details", [[], None])
def test_an_account_that_was_never_used_is_empty(details: Any) -> None:
    reading = converse(htx.read_futures(RowMemory()), account(details=details)).result
    assert reading.balances == []
    assert reading.empty


@pytest.mark.parametrize("answer", [{}, [], None, "x", {"details": {}}, {"list": []}])
def test_an_answer_without_details_is_no_empty_account(answer: Any) -> None:
    with pytest.raises(BadPayload):
        converse(htx.read_futures(RowMemory()), answer)


def test_the_ratio_is_the_one_that_the_answer_states() -> None:
    assert f"{read(row()).margin_ratio}" == "0.0105"
    assert f"{read(maintenance_margin='834.56', maintenance_margin_rate='0.8').margin_ratio}" == "0.8"
    assert f"{read(maintenance_margin='0', maintenance_margin_rate='0').margin_ratio}" == "0"


@pytest.mark.parametrize(
    "changes",
    [
        {"maintenance_margin_rate": None},
        {"maintenance_margin_rate": ""},
        {"maintenance_margin_rate": "?"},
        {"maintenance_margin_rate": "-0.0105"},
        {"maintenance_margin_rate": "94.83"},  # equity over margin
        {"maintenance_margin_rate": "1.05"},  # a percentage
        {"maintenance_margin_rate": "0"},  # with margin held, 0.8 of the equity
        {"maintenance_margin": ""},
        {"equity": ""},
        {"equity": "0"},
        {"equity": "-5"},
        {"equity": "0", "maintenance_margin": "0", "maintenance_margin_rate": "0.5"},
    ],
)
def test_a_ratio_that_the_figures_beside_it_do_not_bear_out_is_none(changes: dict[str, Any]) -> None:
    if changes.get("maintenance_margin_rate") == "0":
        changes = {**changes, "maintenance_margin": "834.56"}
    reading = read(row(), **changes)
    assert reading.margin_ratio is None
    assert [balance.currency for balance in reading.balances] == ["USDT"]


def test_futures_are_read_when_named_at_their_own_host_and_within_their_own_limit() -> None:
    source = API.wallets["futures"]
    assert source.endpoints == (htx.FUTURES,)
    assert not any((source.default, source.overview, source.lists_zeros))
    assert htx.FUTURES.host == "https://api.hbdm.com"
    ((scope, _, requests, seconds),) = htx.FUTURES.limits
    assert (scope, requests, seconds) == ("uid", 72, 3.0)
    assert "api.hbdm.com" in htx.EXCHANGE.hosts


def test_nothing_of_the_calls_that_ended_in_july_2026_is_asked() -> None:
    assert not [endpoint.path for endpoint in API.endpoints if "linear-swap" in endpoint.path]


def test_the_quota_of_futures_is_told_by_another_header() -> None:
    assert API.remaining({"ratelimit-remaining": "71"}) == 71
    assert API.remaining({"X-HB-RateLimit-Requests-Remain": "5", "ratelimit-remaining": "71"}) == 5
    assert API.remaining({}) is None


def refusal(payload: Any, status: int = 200) -> PollError:
    with pytest.raises(PollError) as caught:
        unwrap(status, payload)
    return caught.value


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (12001, ClockRefused),
        (12002, AuthError),
        (12003, AuthError),
        (12004, AuthError),
        (12005, IpRefused),
        (12006, ClockRefused),
        (12007, AuthError),
        (12008, AuthError),
        (12009, AuthError),
        (403, AuthError),
        (1003, AuthError),
        (1010, NotOpened),
        (1220, NotOpened),
        (1032, RateLimited),
        (1431, Maintenance),
        (4002, ExchangeRefused),
        (500, ExchangeRefused),
        ("api-signature-not-valid", AuthError),
        ("base-user-request-exceed-limit", UserLimited),
    ],
)
def test_each_code_of_the_futures_has_its_class_in_both_envelopes(code: Any, kind: type[PollError]) -> None:
    for payload in (
        {"code": code, "message": "said", "ts": 1, "data": None},
        {"status": "error", "err_code": code, "err_msg": "said", "ts": 1},
    ):
        error = refusal(payload)
        assert type(error) is kind
        assert str(error) == f"{code}: said"
        assert type(refusal({**payload, "message": "", "err_msg": ""})) is kind


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1004, 1030, 1046, 1077, 1078, 1108])
def test_a_busy_or_settling_exchange_may_be_asked_again(code: int) -> None:
    error = refusal({"code": code, "message": "Abnormal service. Please try again later."})
    assert type(error) is ExchangeRefused
    assert error.repeat


def test_the_same_number_means_other_things_elsewhere_at_htx() -> None:
    payload = {"code": 403, "message": "invalid ID"}
    with pytest.raises(PermissionMissing):
        protocol.unwrap(200, payload)
    assert "overview" not in refusal(payload).advice


def test_key_signature_expiry_and_a_locked_user_get_advice_of_their_own() -> None:
    advice = {refusal({"code": code, "message": ""}).advice for code in (12004, 12007, 12008, 12009)}
    assert len(advice) == 4
    assert AuthError.advice not in advice
    told = refusal({"status": "error", "err-code": "api-signature-not-valid", "err-msg": "APIkey has expired"})
    assert told.advice in advice


def test_the_address_that_the_futures_host_saw_is_in_the_advice() -> None:
    assert "203.0.113.7" in refusal({"code": 12005, "message": "Incorrect IP address [IP]:203.0.113.7"}).advice
    assert refusal({"code": 12005, "message": "Incorrect IP address."}).advice == IpRefused.advice


@pytest.mark.parametrize(
    ("status", "payload", "kind"),
    [
        (418, {"code": 12001, "message": "said"}, Banned),
        (429, {"code": 4000, "message": "said"}, RateLimited),
        (429, {}, RateLimited),
        (502, {}, BadStatus),
        (500, {"code": 200, "data": {}}, BadStatus),
        (200, {"code": 200, "message": "Success"}, BadPayload),
        (200, {"code": {"was": 12001}}, BadPayload),
        (200, {"code": True}, ExchangeRefused),
        (200, {}, BadPayload),
        (200, [], BadPayload),
        (200, None, BadPayload),
        (200, "12001", BadPayload),
        (200, {"status": "maintain"}, Maintenance),
        (200, {"code": 9999, "message": "System is in maintenance!"}, Maintenance),
    ],
)
def test_what_is_no_code_of_the_futures_is_refused_as_elsewhere(
    status: int, payload: Any, kind: type[PollError]
) -> None:
    assert type(refusal(payload, status)) is kind


def test_a_refusal_of_the_futures_tells_when_it_ends() -> None:
    error = refusal({"code": 1032, "message": "blocked, unblocked after 1767225640123"})
    assert (type(error), error.retry_at) == (UserLimited, 1767225640123)
