"""Toy: an exchange that nobody runs, to show what adding one takes: a spot wallet, and isolated margin when named.

Source: none, it is made up; here stand the vendor's pages. A read-only key is enough. Limits: balances 10 a second by
key, public calls 10 a second by IP. Going over them leads to a ban of five minutes.

Words: available = `free`; frozen = `used`, which `free` does not contain; no locked. Emptied coins are left out. One
answer has the coins of every pair of isolated margin; debts are not told.
"""

from collections.abc import Mapping
from functools import partial
from operator import itemgetter
from typing import Any, Final

from exporter.core.credentials import Credentials
from exporter.core.errors import (
    AuthError,
    ClockRefused,
    IpRefused,
    Maintenance,
    NotOpened,
    PermissionMissing,
    PollError,
    RateLimited,
)
from exporter.core.model import Reading
from exporter.exchanges.base import (
    Api,
    Endpoint,
    Exchange,
    Limit,
    Reader,
    Request,
    RowMemory,
    Signed,
    WalletSource,
    ending,
    field,
    refusal,
    refused,
    shown,
    unsigned,
)
from exporter.exchanges.readers import grouped, holding, holdings, price_book, read_clock, rows, unused
from exporter.exchanges.signing import hmac_hex

HOST: Final = "https://api.toy.example"

BALANCES: Final = Endpoint("/api/balances", (Limit("key", "/api/balances", 10, 1.0),))
PAIRS: Final = Endpoint("/api/pairs", (Limit("key", "/api/pairs", 10, 1.0),))
TIME: Final = Endpoint("/api/time", (Limit("ip", "/api/time", 10, 1.0),), signed=False)
TICKERS: Final = Endpoint("/api/tickers", (Limit("ip", "/api/tickers", 10, 1.0),), signed=False)

ERRORS: Final[Mapping[str, type[PollError]]] = {
    **dict.fromkeys(("1001", "1002"), AuthError),
    "1003": ClockRefused,
    "1004": IpRefused,
    "1005": PermissionMissing,
    "1006": RateLimited,
    "1007": Maintenance,
    "1009": NotOpened,
}
ADVICE: Final = {"1008": "Toy has frozen this account: ask its support. The key is not at fault."}


def sign(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    """Hex HMAC over time and path with its query."""
    del host
    target = unsigned(request, now_ms).target
    return Signed(
        target,
        {
            "X-TOY-APIKEY": credentials.api_key.reveal(),
            "X-TOY-TIME": str(now_ms),
            "X-TOY-SIGN": hmac_hex(credentials.secret, f"{now_ms}{target}"),
        },
    )


@ending
def unwrap(status: int, payload: Any) -> Any:
    """Take off `{"code", "words", "data"}`; success is code 0."""
    if isinstance(payload, dict) and "code" not in payload and status != 200:
        raise refusal(status, shown(payload))
    code = field(payload, "code")
    if str(code) == "0" and status < 400:
        return field(payload, "data")
    raise refused(status, code, payload.get("words"), errors=ERRORS, advice=ADVICE)


_FIELDS: Final = itemgetter("coin", "free", "used")


def read_spot(memory: RowMemory) -> Reader[Reading]:
    """Read every held coin of the spot wallet in one call; one that was never used is null."""
    answer = yield Request(BALANCES)
    return (yield from rows(unused(answer, memory), _FIELDS, holding, memory, holdings))


def read_isolated(memory: RowMemory) -> Reader[Reading]:
    """Read every pair of isolated margin in one call: `BTC_USDT` is the wallet `isolated_margin/BTCUSDT`."""
    answer = yield Request(PAIRS)
    return (yield from grouped(unused(answer, memory), _pair_wallet, _of_pair, _FIELDS, holding, memory))


def _pair_wallet(pair: str) -> str:
    return f"isolated_margin/{pair.replace('_', '')}"


def _of_pair(row: Any) -> tuple[Any, tuple[Any]]:
    return row["pair"], (row,)


read_time: Final = partial(read_clock, TIME, "now")


def read_prices() -> Reader[Mapping[str, Any]]:
    """Read the last price of every pair."""
    answer = yield Request(TICKERS)
    return (yield from price_book(answer, "pair", "last"))


def symbol(base: str, quote: str) -> str:
    """`BTC_USDT`."""
    return f"{base}_{quote}"


EXCHANGE: Final = Exchange(
    name="toy",
    credentials=("api_key", "secret"),
    apis={
        "": Api(
            host=HOST,
            endpoints=(BALANCES, PAIRS, TIME, TICKERS),
            sign=sign,
            unwrap=unwrap,
            time=read_time,
            main="spot",
            wallets={
                "spot": WalletSource(read_spot, (BALANCES,)),
                "isolated_margin": WalletSource(read_isolated, (PAIRS,), many=True),
            },
            prices=read_prices,
            price_endpoints=(TICKERS,),
            symbol=symbol,
            secret_names=("X-TOY-APIKEY", "X-TOY-SIGN"),
        )
    },
)
