"""XT's spot wallet through the legacy API, for keys that know nothing else.

Words: available = `available`; frozen = `freeze`, which `available` does not contain; no locked. Zero rows are listed,
keys are lower case, tickers come without an envelope, and 404 in a body tells of a bad key.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from exporter.core.credentials import Credentials
from exporter.core.errors import AuthError, BadPayload, ClockRefused, PollError
from exporter.core.model import Reading
from exporter.exchanges.base import (
    A_FEW,
    A_MARKET,
    Endpoint,
    Limit,
    Reader,
    Request,
    RowMemory,
    Signed,
    ending,
    field,
    refusal,
    refused,
    shown,
    text_of,
)
from exporter.exchanges.readers import NOTHING, holding, holdings, price_book, read_clock, rows, unused
from exporter.exchanges.signing import hmac_hex, query_encoded, query_raw

HOST: Final = "https://api.xt.com"

ALL: Final = Limit("ip", "legacy", 1000, 60.0)
BALANCE: Final = Endpoint("/trade/api/v1/getBalance", (Limit("uid", "/trade/api/v1/getBalance", 3, 1.0), ALL))
TIME: Final = Endpoint("/trade/api/v1/getServerTime", (ALL,), signed=False, most=A_FEW)
TICKERS: Final = Endpoint("/data/api/v1/getTickers", (ALL,), signed=False, most=A_MARKET)

ERRORS: Final[Mapping[str, type[PollError]]] = {"307": AuthError, "308": AuthError}
HINT: Final = "XT's documents know only v4: try `options: {api: v4}`, with a key made for it."
ADVICE: Final = {
    **dict.fromkeys(("307", "308"), f"{AuthError.advice} {HINT}"),
    "404": HINT,
}


def sign(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    """Legacy: key (`accesskey`, all lower case) and time join the query, sorted; its hex HMAC ends it."""
    del host
    query = sorted((*request.query, ("accesskey", credentials.api_key.reveal()), ("nonce", str(now_ms))))
    signature = hmac_hex(credentials.secret, query_raw(query))
    return Signed(f"{request.path}?{query_encoded((*query, ('signature', signature)))}")


@ending
def unwrap(status: int, payload: Any) -> Any:
    """Take off `{"code", "data", "info"}`; success is 200, tickers come bare, the words of `info` vary.

    Raises:
        BadPayload: no such envelope.
        PollError: what the code means, and for 400 and 404 the words.
    """
    if isinstance(payload, dict) and "code" not in payload:
        if status != 200:
            raise refusal(status, shown(payload))
        return payload
    code = field(payload, "code")
    if text_of(code) == "200" and status < 400:
        return field(payload, "data")
    words = text_of(payload.get("info") or payload.get("msgInfo") or "")
    error = refused(status, code, words, errors=ERRORS, advice=ADVICE)
    if text_of(code) == "400" and "nonce" in words.lower():  # 400 stands for every parameter that is not in order
        raise ClockRefused(str(error))
    if text_of(code) == "404" and "accesskey" in words.lower():
        raise AuthError(str(error), advice=ADVICE["307"])
    raise error


def read_spot(memory: RowMemory) -> Reader[Reading]:
    """Read the spot wallet, an object of lower-case currencies in which emptied ones stay.

    Whether a wallet that was never used is null is not known: null is believed of no other.
    """
    answer = yield Request(BALANCE)
    return (yield from rows(_items(unused(answer, memory, dict)), _fields, holding, memory, holdings))


def _items(answer: Any) -> list[Any]:
    if not isinstance(answer, dict):
        raise BadPayload(f"data: {shown(answer)} where an object belongs")
    return list(answer.items())


def _fields(item: Any) -> tuple[Any, ...]:
    currency, row = item
    if not isinstance(row, dict):
        return currency, NOTHING, NOTHING
    return currency, row.get("available", NOTHING), row.get("freeze", NOTHING)


read_time: Final = partial(read_clock, TIME, "serverTime")


def read_prices() -> Reader[Mapping[str, Any]]:
    """Read the last price of every pair, from an object of tickers by symbol."""
    answer = yield Request(TICKERS)
    tickers = [(name, row["price"]) if isinstance(row, dict) and "price" in row else () for name, row in _items(answer)]
    return (yield from price_book(tickers, 0, 1))
