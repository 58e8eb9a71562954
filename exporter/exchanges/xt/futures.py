"""XT's futures, USDT-M and coin-M: two hosts with the same paths, a signature and envelopes of their own.

Source: XT.com futures documents, "Get user's account balance information" (`compat/balance/list`), and the clients
ccxt, pyxt, XT.Net and OsEngine. Limits: the page of the call prints 200 a second by key, the general page 3 a second by
user for assets and 1000 a minute by IP; the narrower ones are kept, at each host by itself. Nothing here opens an
account for futures: that is a POST, and one that was never opened is told by `contract_not_open` or `account_error`.

Words: frozen = `openOrderMarginFrozen` + `openOrderFeeFrozen`, which newer answers have; locked = `isolatedMargin` +
`crossedMargin`; available = `walletBalance` less the two, at least 0; pnl = `notProfit`; net = `walletBalance` +
`notProfit`, and may be negative. Coins are lower case, amounts come as text or as numbers.

Proven is the signature. Inferred, and what would disprove it:
- That `walletBalance` leaves the unrealized profit out, from its name and from live answers in which it is
  `availableBalance` and the three margins together. An account with an open position whose `walletBalance` moves with
  the mark price would disprove it: then net counts the profit twice.
- That net is the sum: no page states the equity. `amount`, `totalAmount` and `marginBalance` are taken for it by one
  client or another, and the page's own numbers fit none of them; so none is read. The app's equity of an account with
  an open position decides.
- That `bonus` and `coupon`, the trial funds, are inside `walletBalance` or nowhere: not known. An account with a coupon
  shows it.
`convertUsdtAmount` values `walletBalance`, not the equity, so it is no value here.
"""

from collections.abc import Mapping
from typing import Any, Final

from exporter.core.credentials import Credentials
from exporter.core.errors import AuthError, ExchangeRefused, IpRefused, NotOpened, PollError
from exporter.core.model import Balance, Reading
from exporter.exchanges.base import (
    Endpoint,
    Limit,
    Reader,
    Request,
    RowMemory,
    Signed,
    decimal,
    ending,
    field,
    name_of,
    optional,
    refusal,
    refused,
    rest,
    shown,
    text_of,
    total,
)
from exporter.exchanges.readers import rows, unused
from exporter.exchanges.signing import hmac_hex, query_encoded, query_raw
from exporter.exchanges.xt import v4

ERRORS: Final[Mapping[str, type[PollError]]] = {
    **v4.ERRORS,
    **dict.fromkeys(("400", "401", "403"), AuthError),
    **dict.fromkeys(("contract_not_open", "account_error"), NotOpened),
    "gateway_decommission_ip_country": IpRefused,
    "gateway_decommission_kyc_country": AuthError,
}

ADVICE: Final = {
    **v4.ADVICE,
    "403": v4.ADVICE["AUTH_103"],
    **dict.fromkeys(("GATEWAY_0006", "GATEWAY_0007"), v4.RISK),
    "gateway_decommission_ip_country": (
        "XT serves no futures to the country of the address that this exporter leaves from: poll from where the "
        "account is used, or leave this wallet out of `wallets`."
    ),
    "gateway_decommission_kyc_country": (
        "XT serves no futures to the country of this account; the key is not at fault. "
        "Leave this wallet out of `wallets`."
    ),
}


def sign(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    """Hex HMAC over key, time, path and the query before percent-encoding; no method, and no window as for spot."""
    del host
    headers = {"validate-appkey": credentials.api_key.reveal(), "validate-timestamp": str(now_ms)}
    query = sorted(request.query)
    text = f"{query_raw(headers.items())}#{request.path}" + (f"#{query_raw(query)}" if query else "")
    return Signed(
        f"{request.path}?{query_encoded(query)}" if query else request.path,
        {**headers, "validate-signature": hmac_hex(credentials.secret, text)},
    )


@ending
def unwrap(status: int, payload: Any) -> Any:
    """Take off `{"returnCode", "msgInfo", "error", "result"}` or `{"rc", "mc", "ma", "result"}`; success is 0.

    Which of the two a path answers in has changed before, so each is taken at both hosts. A refusal has its word in
    `error.code` or in `mc`; where that is empty, its code is the word.

    Raises:
        BadPayload: neither envelope.
        PollError: what the word means. 400 stands for a bad key, and for a gateway that reaches nothing behind it.
    """
    name = "rc" if isinstance(payload, dict) and "rc" in payload else "returnCode"
    if isinstance(payload, dict) and name not in payload and status != 200:
        raise refusal(status, shown(payload))
    code = field(payload, name)
    if text_of(code) == "0" and status < 400:
        return field(payload, "result")
    error = payload.get("error")
    told = error if isinstance(error, dict) else {"code": payload.get("mc"), "msg": payload.get("ma")}
    word, words = told.get("code"), told.get("msg") or payload.get("msgInfo") or ""
    text = words if isinstance(words, str) else shown(words)
    if text_of(word) == "400" and "connection refused" in text.lower():
        raise ExchangeRefused(
            f"400: {text_of(text)}", repeat=True, advice="Wait: XT's gateway does not reach what is behind it."
        )
    raise refused(
        status,
        word if isinstance(code, str | int) and word not in (None, "") else code,
        text,
        errors=ERRORS,
        temporary=v4.TEMPORARY,
        advice=ADVICE,
    )


_PATH: Final = "/future/user/v1/compat/balance/list"


def _balances(host: str) -> Endpoint:
    limits = Limit("uid", host.removeprefix("https://"), 3, 1.0), Limit("ip", "futures", 1000, 60.0)
    return Endpoint(_PATH, limits, host=host, unwrap=unwrap)


USDT_M: Final = _balances("https://fapi.xt.com")
COIN_M: Final = _balances("https://dapi.xt.com")
ENDPOINTS: Final = (USDT_M, COIN_M)


def read_futures(endpoint: Endpoint, memory: RowMemory) -> Reader[Reading]:
    """Read every coin that serves as margin at one of the two hosts, in one call.

    Nothing promises that zero rows are listed: an account that moved everything out may answer with an empty list.
    """
    answer = yield Request(endpoint)
    return (yield from rows(unused(answer, memory), _fields, _balance, memory))


def _fields(row: Any) -> tuple[Any, ...]:
    return (
        row["coin"],
        row["walletBalance"],
        row["openOrderMarginFrozen"],
        row.get("openOrderFeeFrozen"),
        row["isolatedMargin"],
        row["crossedMargin"],
        row.get("notProfit"),
    )


def _balance(coin: Any, wallet: Any, margin: Any, fee: Any, isolated: Any, crossed: Any, profit: Any) -> Balance:
    held = decimal(wallet, "walletBalance", negative=True)
    orders = total(
        decimal(margin, "openOrderMarginFrozen", negative=True), optional(fee, "openOrderFeeFrozen", negative=True)
    )
    positions = total(
        decimal(isolated, "isolatedMargin", negative=True), decimal(crossed, "crossedMargin", negative=True)
    )
    pnl = None if profit is None or profit == "" else decimal(profit, "notProfit", negative=True)
    return Balance(
        name_of(coin, "coin"),
        rest(held, orders, positions),
        orders,
        positions,
        held if pnl is None else total(held, pnl),
        pnl=pnl,
    )
