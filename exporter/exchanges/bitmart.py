"""BitMart: the spot wallet, keyed but not signed, with the exchange's own valuation of the free part.

Source: BitMart API (developer-pro.bitmart.com/en/spot), "Get Account Balance (KEYED)" and its neighbours. A read-only
key is enough. The key alone reads the balances, so it is a secret by itself; nothing that we ask needs secret or memo,
and nothing that we read can prove them. Limits: 12 in 2 s by key for the wallet, by IP for public calls. Going
over them leads to a ban (30017), after which BitMart answers 418.

Words: available = `available`; frozen = `frozen`; locked = `unAvailable` - `frozen`, since `unAvailable` contains
`frozen` and may be absent. `available_usd_valuation` values the free part only: it gives a price, not a value,
and no price where it is rounded too far.
Only assets above zero are listed.

BitMart closes: trading ended on 2026-08-26, the platform ends on 2027-01-31 at 15:59 UTC. Until its host goes, the
numbers are what it says; an account that is gone answers with an error, which is never a balance of zero.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from exporter.core.credentials import Credentials
from exporter.core.errors import (
    AuthError,
    Banned,
    ClockRefused,
    IpRefused,
    Maintenance,
    PermissionMissing,
    PollError,
    RateLimited,
)
from exporter.core.model import Balance, Reading, is_fine
from exporter.exchanges.base import (
    A_FEW,
    A_MARKET,
    Api,
    Endpoint,
    Exchange,
    Limit,
    Reader,
    Request,
    RowMemory,
    Signed,
    WalletSource,
    decimal,
    ending,
    field,
    header_count,
    name_of,
    optional,
    refusal,
    refused,
    rest,
    shown,
    text_of,
    total,
    unsigned,
)
from exporter.exchanges.readers import price_book, read_clock, rows, unused

HOST: Final = "https://api-cloud.bitmart.com"

WALLET: Final = Endpoint("/account/v1/wallet", (Limit("key", "/account/v1/wallet", 12, 2.0),))
TIME: Final = Endpoint("/system/time", (Limit("ip", "/system/time", 10, 1.0),), signed=False, most=A_FEW)
TICKERS: Final = Endpoint(
    "/spot/quotation/v3/tickers", (Limit("ip", "/spot/quotation/v3/tickers", 10, 2.0),), signed=False, most=A_MARKET
)

ERRORS: Final[Mapping[str, type[PollError]]] = {
    **dict.fromkeys(("30001", "30002", "30003", "30004", "30005", "30011"), AuthError),
    **dict.fromkeys(("30006", "30007", "30008"), ClockRefused),
    "30010": IpRefused,
    **dict.fromkeys(("30012", "30019"), PermissionMissing),
    "30013": RateLimited,
    "30017": Banned,
    **dict.fromkeys(("30014", "30016"), Maintenance),
}
TEMPORARY: Final = frozenset({"60051", "70003"})

_CLOSING: Final = "BitMart closes on 2027-01-31: its API may be gone already. Move the account and take it out here."
_FROZEN: Final = "BitMart has frozen or blocked this account: ask its support. The key is not at fault."
ADVICE: Final = {
    "30003": "BitMart has frozen this key: see its API page, or create a new read-only key.",
    "30011": "The key has expired: create a new read-only key on BitMart's API page.",
    **dict.fromkeys(("30000", "30030", "30031"), _CLOSING),
    **dict.fromkeys(("53000", "53001", "60028", "60029"), _FROZEN),
    "60050": f"BitMart no longer knows this account. {_CLOSING}",
}


def sign(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    """The key in a header; BitMart's reads are keyed, not signed."""
    del host
    return Signed(unsigned(request, now_ms).target, {"X-BM-KEY": credentials.api_key.reveal()})


@ending
def unwrap(status: int, payload: Any) -> Any:
    """Take off `{"code", "message", "trace", "data"}`; success is 1000, whatever `message` says.

    Raises:
        BadPayload: no such envelope.
        PollError: what any other code means.
    """
    if isinstance(payload, dict) and "code" not in payload and status != 200:
        raise refusal(status, shown(payload))
    code = field(payload, "code")
    if text_of(code) == "1000" and status < 400:
        return field(payload, "data")
    raise refused(status, code, payload.get("message"), errors=ERRORS, temporary=TEMPORARY, advice=ADVICE)


def remaining(headers: Mapping[str, str]) -> int | None:
    """Limit less `X-BM-RateLimit-Remaining`, which counts the calls already made, despite its name."""
    limit, used = (header_count(headers, f"X-BM-RateLimit-{name}") for name in ("Limit", "Remaining"))
    return None if limit is None or used is None else max(limit - used, 0)


def read_spot(memory: RowMemory) -> Reader[Reading]:
    """Read every asset above zero in one call, with the valuation of its free part.

    Whether a wallet that was never used has null for its list is not known: null is believed of no other.
    """
    answer = yield Request(WALLET, (("needUsdValuation", "true"),))
    return (yield from rows(unused(field(answer, "wallet"), memory), _fields, _balance, memory))


def _fields(row: Any) -> tuple[Any, ...]:
    return (
        row["currency"],
        row["available"],
        row["frozen"],
        row.get("unAvailable"),
        row.get("available_usd_valuation"),
    )


def _balance(currency: Any, available: Any, frozen: Any, unavailable: Any, valuation: Any) -> Balance:
    free = decimal(available, "available", negative=True)
    tied = decimal(frozen, "frozen", negative=True)
    locked = rest(optional(unavailable, "unAvailable", negative=True), tied)
    worth = optional(valuation, "available_usd_valuation", negative=True)
    price = worth / free if free and is_fine(worth) else None
    return Balance(
        name_of(currency, "currency"),
        free,
        tied,
        locked,
        total(free, tied, locked),
        price=price if price and price > 0 else None,
    )


read_time: Final = partial(read_clock, TIME, "server_time")


def read_prices() -> Reader[Mapping[str, Any]]:
    """Read the last price of every pair that was traded within a day; rows are positional: symbol, last, ..."""
    answer = yield Request(TICKERS)
    return (yield from price_book(answer, 0, 1))


def symbol(base: str, quote: str) -> str:
    """`BTC_USDT`."""
    return f"{base}_{quote}"


EXCHANGE: Final = Exchange(
    name="bitmart",
    credentials=("api_key",),
    apis={
        "": Api(
            host=HOST,
            endpoints=(WALLET, TIME, TICKERS),
            sign=sign,
            unwrap=unwrap,
            time=read_time,
            main="spot",
            wallets={"spot": WalletSource(read_spot, (WALLET,))},
            prices=read_prices,
            price_endpoints=(TICKERS,),
            symbol=symbol,
            remaining=remaining,
            page_hint=_CLOSING,
            secret_names=("X-BM-KEY",),
        )
    },
    ban_scope="key",
    notice=(
        "BitMart closes on 2027-01-31 at 15:59 UTC: its numbers stay true until its host is gone, and are withdrawn "
        "after that; a vanished account is never shown as zero. Move what is left and remove the account here."
    ),
)
