"""Every way to be refused, answered with the vendor's own code and HTTP status."""

from collections.abc import Callable
from typing import Any

import pytest

from exporter.sandbox import SITUATIONS, Fault

from .conftest import MAIN_PATHS, NOW, Desk, Reply

Code = tuple[int, Any]


def code_of(kind: str, reply: Reply) -> Code:
    """Give HTTP status and vendor code; HTX's text too, as its code alone tells nothing."""
    answer = reply.json()
    if kind == "xt":
        return reply.status, answer["mc"]
    if kind == "htx":
        return reply.status, answer["err-msg"].removeprefix("Signature not valid: ").split(" [")[0]
    return reply.status, answer["code"]


def succeeded(kind: str, reply: Reply) -> bool:
    """Say whether an answer is a success by its vendor's own mark."""
    answer = reply.json()
    marks = {"xt": ("rc", 0), "xt-legacy": ("code", 200), "htx": ("status", "ok"), "bitmart": ("code", 1000)}
    field, good = marks.get(kind, ("code", 0 if kind == "bingx" else "00000"))
    return bool(answer[field] == good)


KEY = {
    "bitmart": (401, 30002),
    "xt": (200, "AUTH_101"),
    "xt-legacy": (200, 307),
    "bingx": (200, 100413),
    "htx": (200, "Incorrect Access key"),
    "bitget": (400, "40037"),
    "bitget-unified": (400, "40037"),
}
SIGNATURE = {
    "xt": (200, "AUTH_103"),
    "xt-legacy": (200, 308),
    "bingx": (200, 100001),
    "htx": (200, "Verification failure"),
    "bitget": (400, "40009"),
    "bitget-unified": (400, "40009"),
}
CLOCK = {
    "xt": (200, "AUTH_105"),
    "xt-legacy": (200, 400),
    "bingx": (200, 100421),
    "htx": (200, "Invalid submission time or incorrect time format"),
    "bitget": (400, "40008"),
    "bitget-unified": (400, "40008"),
}
IP = {
    "bitmart": (403, 30010),
    "xt": (200, "AUTH_104"),
    "xt-legacy": (200, 400),
    "bingx": (200, 100419),
    "htx": (200, "Incorrect IP address"),
    "bitget": (400, "40018"),
    "bitget-unified": (400, "40018"),
}
PERMISSION = {
    "bitmart": (403, 30012),
    "xt": (200, "AUTH_106"),
    "xt-legacy": (200, 400),
    "bingx": (200, 100004),
    "htx": (200, "API key has no permission"),
    "bitget": (400, "40014"),
    "bitget-unified": (400, "40014"),
}
EXPIRED = {
    "bitmart": (403, 30011),
    "xt": (200, "AUTH_102"),
    "xt-legacy": (200, 307),
    "bingx": (200, 100413),
    "htx": (200, "APIkey has expired"),
    "bitget": (400, "40041"),
    "bitget-unified": (400, "40041"),
}
RATE = {
    "bitmart": (429, 30013),
    "xt": (429, "COMMON_002"),
    "xt-legacy": (429, 400),
    "bingx": (200, 100410),
    "htx": (429, "request exceeds the frequency limit"),
    "bitget": (429, "429"),
    "bitget-unified": (429, "429"),
}
MAINTENANCE = {
    "bitmart": (200, 30016),
    "xt": (503, "COMMON_002"),
    "xt-legacy": (503, 400),
    "bingx": (503, 100503),
    "htx": (200, "System is in maintenance!"),
    "bitget": (200, "40200"),
    "bitget-unified": (200, "40200"),
}
FROZEN = {
    "bitmart": (403, 53000),
    "xt": (200, "AUTH_102"),
    "xt-legacy": (200, 400),
    "bingx": (200, 100414),
    "htx": (200, "The account is frozen"),
    "bitget": (400, "40024"),
    "bitget-unified": (400, "40024"),
}


@pytest.mark.parametrize("kind", KEY)
async def test_an_unknown_key_is_refused(desk: Desk, kind: str) -> None:
    account = desk.accounts[kind]
    accounts = desk.sandbox.exchange(account.exchange).accounts
    del accounts[account.key]
    assert code_of(kind, await desk.read(kind)) == KEY[kind]


@pytest.mark.parametrize("kind", SIGNATURE)
async def test_a_wrong_secret_is_refused(desk: Desk, kind: str) -> None:
    desk.client.secret = "not the secret"
    assert code_of(kind, await desk.read(kind)) == SIGNATURE[kind]


async def test_bitmart_never_notices_a_wrong_secret(desk: Desk) -> None:
    desk.client.secret = "not the secret"
    assert (await desk.read("bitmart")).json()["code"] == 1000


WINDOWS = {"xt": 5, "xt-legacy": 60, "bingx": 5, "htx": 60, "bitget": 30, "bitget-unified": 30}


@pytest.mark.parametrize(("kind", "seconds"), WINDOWS.items())
async def test_a_stamp_is_good_within_the_window_and_not_beyond(desk: Desk, kind: str, seconds: int) -> None:
    desk.client.now = NOW - seconds + 1
    assert succeeded(kind, await desk.read(kind))
    desk.client.now = NOW - seconds - 2
    assert code_of(kind, await desk.read(kind)) == CLOCK[kind]
    desk.client.now = NOW + seconds + 2
    assert code_of(kind, await desk.read(kind)) == CLOCK[kind]


async def test_the_callers_own_window_counts_where_there_is_one(desk: Desk) -> None:
    desk.client.window = "30000"
    desk.client.now = NOW - 20
    assert (await desk.read("xt")).json()["rc"] == 0
    assert (await desk.read("bingx")).json()["code"] == 0


@pytest.mark.parametrize("kind", IP)
async def test_a_key_that_is_bound_elsewhere_is_refused(desk: Desk, kind: str) -> None:
    desk.accounts[kind].ips = ("192.0.2.1",)
    reply = await desk.read(kind)
    assert code_of(kind, reply) == IP[kind]
    desk.accounts[kind].ips = ("192.0.2.1", "127.0.0.1")
    assert succeeded(kind, await desk.read(kind))


async def test_htx_tells_the_address_that_it_saw(desk: Desk) -> None:
    desk.accounts["htx"].ips = ("192.0.2.1",)
    assert (await desk.read("htx")).json()["err-msg"].endswith(":127.0.0.1")


async def test_bingx_says_success_false_for_an_address(desk: Desk) -> None:
    desk.accounts["bingx"].ips = ("192.0.2.1",)
    assert (await desk.read("bingx")).json()["success"] is False


@pytest.mark.parametrize("kind", PERMISSION)
async def test_a_key_that_may_not_read_is_refused(desk: Desk, kind: str) -> None:
    desk.accounts[kind].permissions = ("trade",)
    assert code_of(kind, await desk.read(kind)) == PERMISSION[kind]


@pytest.mark.parametrize("kind", EXPIRED)
async def test_an_expired_key_is_refused(desk: Desk, kind: str) -> None:
    desk.accounts[kind].expires_days = 0
    assert code_of(kind, await desk.read(kind)) == EXPIRED[kind]


@pytest.mark.parametrize(
    ("kind", "header", "code"),
    [
        ("bitmart", "X-BM-KEY", (401, 30001)),
        ("xt", "validate-appkey", (200, "AUTH_001")),
        ("xt", "validate-timestamp", (200, "AUTH_002")),
        ("xt", "validate-recvwindow", (200, "AUTH_003")),
        ("xt", "validate-algorithms", (200, "AUTH_005")),
        ("xt", "validate-signature", (200, "AUTH_007")),
        ("bingx", "X-BX-APIKEY", (200, 100413)),
        ("bitget", "ACCESS-KEY", (400, "40001")),
        ("bitget", "ACCESS-SIGN", (400, "40003")),
        ("bitget", "ACCESS-TIMESTAMP", (400, "40005")),
        ("bitget", "ACCESS-PASSPHRASE", (400, "40011")),
    ],
)
async def test_a_missing_header_has_its_own_code(desk: Desk, kind: str, header: str, code: Code) -> None:
    desk.client.drop = header
    assert code_of(kind, await desk.read(kind)) == code


@pytest.mark.parametrize(
    ("kind", "target", "code"),
    [
        ("xt-legacy", "/trade/api/v1/getBalance", (200, 404)),
        ("xt-legacy", "/trade/api/v1/getBalance?accesskey=key-of-xt-legacy&nonce=1", (200, 308)),
        ("htx", "/v1/account/accounts?AccessKeyId=key-of-htx", (200, "Signature is missing")),
        ("htx", "/v1/account/accounts?AccessKeyId=key-of-htx&Signature=x", (200, "Incorrect signature method")),
        (
            "htx",
            "/v1/account/accounts?AccessKeyId=key-of-htx&Signature=x&SignatureMethod=HmacSHA256",
            (200, "Incorrect signature version"),
        ),
    ],
)
async def test_missing_parameters_are_named(desk: Desk, kind: str, target: str, code: Code) -> None:
    assert code_of(kind, await desk.client.raw(kind.split("-")[0], target)) == code


@pytest.mark.parametrize(
    ("query", "code"),
    [("", 100412), ("?signature=x", 100421), ("?signature=x&timestamp=soon", 100421)],
)
async def test_bingx_misses_signature_and_timestamp(desk: Desk, query: str, code: int) -> None:
    target = MAIN_PATHS["bingx"] + query
    assert (await desk.client.raw("bingx", target, {"X-BX-APIKEY": "key-of-bingx"})).json()["code"] == code


async def test_a_wrong_passphrase_is_refused(desk: Desk) -> None:
    desk.client.passphrase = "another"
    assert code_of("bitget", await desk.read("bitget")) == (400, "40012")


async def test_the_mode_is_refused_before_the_signature_is_looked_at(desk: Desk) -> None:
    desk.client.secret = "not the secret"
    unified, classic = desk.accounts["bitget-unified"], desk.accounts["bitget"]
    reply = await desk.client.get(unified, MAIN_PATHS["bitget"])
    assert code_of("bitget", reply) == (400, "40085")
    reply = await desk.client.get(classic, MAIN_PATHS["bitget-unified"])
    assert code_of("bitget", reply) == (400, "40084")


async def test_an_account_may_change_its_mode(desk: Desk) -> None:
    account = desk.accounts["bitget"]
    account.mode = "unified"
    assert code_of("bitget", await desk.read("bitget")) == (400, "40085")
    account.set("main", "USDT", available="5")
    rows = (await desk.client.get(account, MAIN_PATHS["bitget-unified"])).json()["data"]["assets"]
    assert [(row["coin"], row["equity"]) for row in rows] == [("USDT", "5")]


async def test_htx_takes_its_host_with_and_without_the_port_and_no_other(desk: Desk) -> None:
    assert (await desk.read("htx")).json()["status"] == "ok"
    desk.client.signed_host = desk.sandbox.urls["htx"].removeprefix("http://")
    assert (await desk.read("htx")).json()["status"] == "ok"
    desk.client.signed_host = "api.huobi.pro"
    assert code_of("htx", await desk.read("htx")) == SIGNATURE["htx"]


async def test_htx_turns_a_get_with_a_body_away_at_the_edge(desk: Desk) -> None:
    target, headers = desk.client.signed(desk.accounts["htx"], "/v1/account/accounts")
    reply = await desk.client.raw("htx", target, headers, data=b"{}")
    assert (reply.status, reply.headers["Content-Type"]) == (403, "text/html")


@pytest.mark.parametrize(
    ("path", "code"),
    [("/v2/user/uid", 1003), ("/v2/account/valuation", 1003)],
)
async def test_htx_has_another_envelope_on_v2(desk: Desk, path: str, code: int) -> None:
    desk.client.secret = "not the secret"
    assert (await desk.client.get(desk.accounts["htx"], path)).json()["code"] == code


@pytest.mark.parametrize(
    ("exchange", "status", "fits"),
    [
        ("bitmart", 404, lambda answer: answer["code"] == 30000),
        ("xt", 404, lambda answer: answer["rc"] == 1),
        ("bingx", 200, lambda answer: answer["code"] == 100400),
        ("htx", 405, lambda answer: answer["err-code"] == "method-not-allowed"),
        ("bitget", 404, lambda answer: answer["code"] == "40404"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_no_exchange_has_is_refused_the_vendors_way(
    desk: Desk, exchange: str, status: int, fits: Callable[[Any], bool], method: str
) -> None:
    target = MAIN_PATHS[exchange] if method == "POST" else "/no/such/path"
    reply = await desk.client.raw(exchange, target, method=method)
    assert reply.status == status
    assert fits(reply.json())


@pytest.mark.parametrize(
    ("situation", "codes"),
    [
        ("key", KEY),
        ("signature", SIGNATURE | {"bitmart": (401, 30005)}),
        ("clock", CLOCK | {"bitmart": (401, 30007)}),
        ("ip", IP),
        ("permission", PERMISSION),
        ("rate", RATE),
        ("maintenance", MAINTENANCE),
        ("frozen", FROZEN),
    ],
)
async def test_every_situation_can_be_called_for(desk: Desk, situation: str, codes: dict[str, Code]) -> None:
    assert set(codes) == set(MAIN_PATHS)
    assert situation in SITUATIONS
    for kind, code in codes.items():
        faults = desk.sandbox.exchange(desk.accounts[kind].exchange).faults
        faults[:] = [Fault("vendor_error", situation=situation)]
        assert code_of(kind, await desk.read(kind)) == code, kind
        faults.clear()
        assert succeeded(kind, await desk.read(kind))


async def test_refusals_of_an_account_leave_public_paths_alone(desk: Desk) -> None:
    faults = desk.sandbox.exchange("htx").faults
    faults.append(Fault("vendor_error", situation="key"))
    assert (await desk.client.raw("htx", "/market/tickers")).json()["status"] == "ok"
    faults[:] = [Fault("vendor_error", situation="rate")]
    assert (await desk.client.raw("htx", "/market/tickers")).json()["err-msg"] == "request limit"
