"""The futures of the simulated XT: `fapi.xt.com` and `dapi.xt.com`, which share paths and differ in envelope.

Which envelope the real hosts use today is not known, both were seen: here USDT-M answers in the newer one, coin-M in
the older. The HTTP status of most refusals is not known either; a bad key was seen with 401.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import unquote

from exporter.sandbox.accounts import Holding, SandboxAccount
from exporter.sandbox.prices import EXACT, plain, usdt_price
from exporter.sandbox.vendors.base import Answer, Call, Refusal, Rows
from exporter.sandbox.vendors.signing import digest, pairs, same

WALLETS: Final = {"fapi.xt.com": "futures", "dapi.xt.com": "coin_futures"}
PATHS: Final = "/future/"
BALANCES: Final = "/future/user/v1/balance/list"
COMPAT: Final = "/future/user/v1/compat/balance/list"

_ERRORS: Final[Mapping[str, tuple[int, str, str]]] = {
    "path": (404, "404", "not found"),
    "no key": (401, "401", "please login first"),
    "key": (401, "400", "unauthorized"),
    "no timestamp": (200, "AUTH_002", "the timestamp is missing"),
    "bad window": (200, "AUTH_004", "the window is too wide"),
    "no signature": (200, "AUTH_007", "the signature is missing"),
    "signature": (200, "403", "invalid signature"),
    "clock": (200, "AUTH_105", "the request has expired"),
    "ip": (200, "AUTH_104", "the address is not allowed"),
    "permission": (200, "AUTH_106", "the key may not read this"),
    "expired": (200, "AUTH_102", "the key is not active"),
    "frozen": (200, "AUTH_102", "the key is not active"),
    "rate": (429, "COMMON_002", "too many requests"),
    "maintenance": (503, "COMMON_002", "the service is busy"),
    "not open": (200, "contract_not_open", "the futures account is not open"),
    "stranger": (200, "account_error", "no such account"),
}

_WINDOW: Final = 5_000
_WIDEST: Final = 60_000
_AHEAD: Final = 1_000


def fits(secret: str, headers: Mapping[str, str], prefix: str, path: str, query: str) -> bool:
    """Check a request for futures: key and time by the names that were sent, then path and sorted query, no method."""
    text = "&".join(f"{prefix}{name}={headers.get(prefix + name, '')}" for name in ("appkey", "timestamp"))
    text += f"#{path}"
    items = sorted((unquote(name), unquote(value)) for name, value in pairs(query))
    if items:
        text += "#" + "&".join(f"{name}={value}" for name, value in items)
    return same(headers.get(prefix + "signature", "").lower(), digest(secret, text).hex())


def check_time(call: Call, prefix: str) -> None:
    """See that a request has a signature and a time: five seconds old at most, or as many as it asks for, up to sixty.

    Raises:
        Refusal: it has not.
    """
    stamp, window = call.headers.get(prefix + "timestamp", ""), call.headers.get(prefix + "recvwindow", str(_WINDOW))
    if not stamp:
        raise Refusal("no timestamp")
    if not call.headers.get(prefix + "signature"):
        raise Refusal("no signature")
    if not _is_number(window) or int(window) > _WIDEST:
        raise Refusal("bad window")
    if not _is_number(stamp) or not -_AHEAD <= call.milliseconds - int(stamp) < int(window):
        raise Refusal("clock")


def refuse(call: Call, situation: str) -> Answer:
    """Answer in the envelope of the host."""
    status, code, text = _ERRORS[situation]
    if _is_newer(call):
        return Answer({"rc": 1, "mc": code, "ma": [text], "result": None}, status)
    error = {"code": code, "msg": text}
    return Answer({"returnCode": 1, "msgInfo": "failure", "error": error, "result": None}, status)


def balances(call: Call, account: SandboxAccount, prices: Mapping[str, Decimal]) -> Answer:
    """List the coins of the host's wallet; one that nothing was ever put into was never opened.

    Raises:
        Refusal: it was never opened, or another account is asked for.
    """
    if call.fields().get("queryAccountId", str(account.uid)) != str(account.uid):
        raise Refusal("stranger")
    wallet = WALLETS[call.host_name]
    if wallet not in account.balances:
        raise Refusal("not open")
    row = _compat_row if call.path == COMPAT else _row
    rows = [row(wallet, account, coin, holding, prices) for coin, holding in account.wallet(wallet).items()]
    if _is_newer(call):
        answer = Answer({"rc": 0, "mc": "SUCCESS", "ma": [], "result": rows})
    else:
        answer = Answer({"returnCode": 0, "msgInfo": "success", "error": {"code": "", "msg": ""}, "result": rows})
    amounts = ("walletBalance", "openOrderMarginFrozen", "isolatedMargin", "crossedMargin")
    answer.rows = Rows(rows, "coin", (*amounts, "notProfit" if call.path == COMPAT else "availableBalance"))
    return answer


def _is_newer(call: Call) -> bool:
    return WALLETS.get(call.host_name) == "futures"


def _margins(coin: str, holding: Holding) -> dict[str, Any]:
    """The parts that both calls state; a quarter of what positions hold is isolated."""
    isolated = EXACT.multiply(holding.locked, Decimal("0.25"))
    return {
        "coin": coin.lower(),
        "walletBalance": plain(holding.held),
        "openOrderMarginFrozen": plain(holding.frozen),
        "isolatedMargin": plain(isolated),
        "crossedMargin": plain(EXACT.subtract(holding.locked, isolated)),
        "bonus": "0",
        "coupon": "0",
    }


def _row(
    wallet: str, account: SandboxAccount, coin: str, holding: Holding, prices: Mapping[str, Decimal]
) -> dict[str, Any]:
    del wallet, account, prices
    return {**_margins(coin, holding), "availableBalance": plain(holding.available)}


def _compat_row(
    wallet: str, account: SandboxAccount, coin: str, holding: Holding, prices: Mapping[str, Decimal]
) -> dict[str, Any]:
    price, btc = (usdt_price(prices, each) for each in (coin, "BTC"))
    worth = EXACT.multiply(holding.held, price) if price is not None else Decimal(0)
    return {
        "accountId": account.uid,
        "userId": account.uid,
        "underlyingType": 2 if wallet == "futures" else 1,
        **_margins(coin, holding),
        "amount": plain(holding.available),
        "totalAmount": plain(holding.net),
        "convertUsdtAmount": plain(worth),
        "convertBtcAmount": plain(round(worth / btc, 8)) if btc else "0",
        "profit": "0",
        "notProfit": plain(EXACT.subtract(holding.net, holding.held)),
    }


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20
