"""Acme: the spot wallet, and earn when it is named.

Source: none, Acme is made up; here stand the vendor's pages, with the date on which they were read. A read-only key is
enough. Limits: private calls 10 a second by key, public calls 20 a second by IP; too many of them lead to a ban of ten
minutes.

Words: spot: available = `free`, frozen = `inOrders`. Earn: all of it is locked.
"""

from collections.abc import Mapping
from functools import partial
from operator import itemgetter
from typing import Any, Final

from exporter.exchanges.plugin_v1 import (
    A_FEW,
    A_MARKET,
    ZERO,
    Api,
    AuthError,
    Balance,
    ClockRefused,
    Credentials,
    Endpoint,
    Exchange,
    IpRefused,
    KeyInfo,
    Limit,
    PermissionMissing,
    PollError,
    RateLimited,
    Reader,
    Reading,
    Request,
    RowMemory,
    Signed,
    WalletSource,
    decimal,
    ending,
    field,
    hmac_hex,
    holding,
    holdings,
    listing,
    name_of,
    price_book,
    read_clock,
    refusal,
    refused,
    rows,
    shown,
    unsigned,
    unused,
)

_PRIVATE: Final = Limit("key", "private", 10, 1.0)
_PUBLIC: Final = Limit("ip", "public", 20, 1.0)

BALANCES: Final = Endpoint("/v1/balances", (_PRIVATE,))
EARN: Final = Endpoint("/v1/earn/positions", (_PRIVATE,))
KEY: Final = Endpoint("/v1/key", (_PRIVATE,), most=A_FEW)
TIME: Final = Endpoint("/v1/time", (_PUBLIC,), signed=False, most=A_FEW)
TICKERS: Final = Endpoint("/v1/tickers", (_PUBLIC,), signed=False, most=A_MARKET)

ERRORS: Final[Mapping[str, type[PollError]]] = {
    **dict.fromkeys(("KEY_UNKNOWN", "KEY_EXPIRED", "SIGNATURE"), AuthError),
    "TIME": ClockRefused,
    "ADDRESS": IpRefused,
    "FORBIDDEN": PermissionMissing,
    "TOO_FAST": RateLimited,
}


def sign(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    """Hex HMAC over time and path with its query."""
    del host
    target = unsigned(request, now_ms).target
    return Signed(
        target,
        {
            "Acme-Key": credentials.api_key.reveal(),
            "Acme-Time": str(now_ms),
            "Acme-Sign": hmac_hex(credentials.secret, f"{now_ms}{target}"),
        },
    )


@ending
def unwrap(status: int, payload: Any) -> Any:
    """Take off `{"ok", "result"}`, or raise what `{"ok", "code", "text"}` means.

    Raises:
        BadPayload: no such envelope.
        PollError: what a code means.
    """
    if isinstance(payload, dict) and "ok" not in payload and status != 200:
        raise refusal(status, shown(payload))
    if field(payload, "ok") is True and status < 400:
        return field(payload, "result")
    raise refused(status, payload.get("code"), payload.get("text"), errors=ERRORS)


_SPOT: Final = itemgetter("asset", "free", "inOrders")


def read_spot(memory: RowMemory) -> Reader[Reading]:
    """Read every held coin of the spot wallet in one call; one that was emptied is left out of the answer."""
    answer = yield Request(BALANCES)
    return (yield from rows(unused(answer, memory), _SPOT, holding, memory, holdings))


def read_earn(memory: RowMemory) -> Reader[Reading]:
    """Read what is lent out."""
    answer = yield Request(EARN)
    return (yield from rows(unused(answer, memory), itemgetter("asset", "amount"), _lent, memory))


def _lent(asset: Any, amount: Any) -> Balance:
    held = decimal(amount, "amount")
    return Balance(name_of(asset, "asset"), ZERO, ZERO, held, held)


def read_prices() -> Reader[Mapping[str, Any]]:
    """Read the last price of every pair."""
    answer = yield Request(TICKERS)
    return (yield from price_book(answer, "pair", "last"))


def symbol(base: str, quote: str) -> str:
    """`BTC-USDT`."""
    return f"{base}-{quote}"


def read_key_info() -> Reader[KeyInfo]:
    """Read what the key may do, and whether it is bound to addresses."""
    answer = yield Request(KEY)
    rights = listing(field(answer, "rights"), "rights", 10)
    return KeyInfo(
        permissions={name: name in rights for name in ("read", "trade", "withdraw")},
        ip_restricted=bool(listing(field(answer, "addresses"), "addresses", 100)),
    )


EXCHANGE: Final = Exchange(
    name="acme",
    credentials=("api_key", "secret"),
    apis={
        "": Api(
            host="https://api.acme.example",
            endpoints=(BALANCES, EARN, KEY, TIME, TICKERS),
            sign=sign,
            unwrap=unwrap,
            time=partial(read_clock, TIME, "now"),
            main="spot",
            wallets={
                "spot": WalletSource(read_spot, (BALANCES,)),
                "earn": WalletSource(read_earn, (EARN,)),
            },
            prices=read_prices,
            price_endpoints=(TICKERS,),
            symbol=symbol,
            key_info=read_key_info,
            secret_names=("Acme-Key", "Acme-Sign"),
        )
    },
    ban_seconds=600.0,
)
