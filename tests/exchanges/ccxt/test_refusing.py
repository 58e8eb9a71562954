"""What ccxt raises, under our reasons: the words of the exchange first, since the classes of ccxt may mislead."""

from typing import Any

import pytest

from exporter.exchanges.ccxt.refusing import refused


class BaseError(Exception):
    """ccxt's root, by its name."""


def raised(name: str, text: str) -> Exception:
    """An error of ccxt of this class, derived as there: `PermissionDenied(AuthenticationError(ExchangeError))`."""
    parents: dict[str, Any] = {
        "PermissionDenied": "AuthenticationError",
        "AccountSuspended": "AuthenticationError",
        "DDoSProtection": "OperationFailed",
        "RateLimitExceeded": "OperationFailed",
        "InvalidNonce": "OperationFailed",
        "ExchangeNotAvailable": "OperationFailed",
        "OnMaintenance": "ExchangeNotAvailable",
        "AuthenticationError": "ExchangeError",
        "BadRequest": "ExchangeError",
        "BadResponse": "OperationFailed",
    }
    chain = [name]
    while chain[-1] in parents:
        chain.append(parents[chain[-1]])
    made: type[Exception] = BaseError
    for each in reversed(chain):
        made = type(each, (made,), {})
    return made(text)


@pytest.mark.parametrize(
    ("error", "text", "reason"),
    [
        ("AuthenticationError", '{"error":["EAPI:Invalid key"]}', "auth"),
        ("PermissionDenied", '{"error":["EGeneral:Permission denied"]}', "permission"),
        ("InvalidNonce", '{"error":["EAPI:Invalid nonce"]}', "clock"),
        ("DDoSProtection", '{"error":["EAPI:Rate limit exceeded"]}', "rate_limited"),
        ("DDoSProtection", '{"error":["EGeneral:Temporary lockout"]}', "banned"),
        ("ExchangeNotAvailable", '{"error":["EService:Unavailable"]}', "exchange"),
        ("BadRequest", '{"code":700006,"msg":"IP [198.51.100.7] not in the ip white list"}', "ip"),
        ("BadRequest", '{"code":10072,"msg":"Api key info invalid"}', "auth"),
        ("AuthenticationError", '{"code":"400006","msg":"The requested ip address is not in the api whitelist"}', "ip"),
        ("BadRequest", '{"code":700003,"msg":"Timestamp for this request is outside of the recvWindow."}', "clock"),
        ("ExchangeError", '{"code":-1003,"msg":"Too many requests; current limit is 10 per second"}', "rate_limited"),
        ("ExchangeError", '{"message":"system upgrading"}', "maintenance"),
        ("OnMaintenance", "soon", "maintenance"),
        ("AccountSuspended", "this account is closed", "exchange"),
        ("BadResponse", "not what was asked", "payload"),
        ("ExchangeError", '{"code":5,"msg":"multiple accounts"}', "exchange"),
        ("AuthenticationError", "no", "auth"),
        ("RateLimitExceeded", "no", "rate_limited"),
        ("DDoSProtection", "no", "rate_limited"),
    ],
)
def test_a_refusal_has_the_reason_that_was_meant(error: str, text: str, reason: str) -> None:
    assert refused(raised(error, f"some {text}")).reason == reason


@pytest.mark.parametrize(
    ("status", "reason"),
    [(200, "exchange"), (401, "auth"), (418, "banned"), (429, "rate_limited"), (503, "exchange")],
)
def test_where_the_words_say_nothing_the_status_may(status: int, reason: str) -> None:
    assert refused(raised("ExchangeError", "no"), status).reason == reason


@pytest.mark.parametrize("bug", [TypeError("x"), KeyError("data"), IndexError(), AttributeError("keys"), ValueError()])
def test_what_is_no_error_of_ccxts_own_came_of_an_answer_of_another_shape(bug: Exception) -> None:
    assert refused(bug).reason == "payload"


def test_a_refusal_is_told_no_longer_than_a_line() -> None:
    assert len(str(refused(raised("ExchangeError", "x " * 5000)))) <= 200
