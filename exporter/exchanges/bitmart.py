"""BitMart: spot, futures and isolated margin, keyed but not signed, with its own valuation of the free part of spot.

Source: BitMart API (developer-pro.bitmart.com/en/spot and /en/futuresv2), "Get Account Balance (KEYED)", "Get Contract
Assets (KEYED)", "Get Trading Pair Borrowing Account (Isolated) (KEYED)" and their neighbours. A read-only key is
enough. The key alone reads the balances, so it is a secret by itself; nothing that we ask needs secret or memo,
and nothing that we read can prove them. Limits: 12 in 2 s by key for each wallet, by IP for public calls. Going
over them leads to a ban (30017), after which BitMart answers 418. The demo host of futures takes the same keys and
shows play money: it is no endpoint here.

Words, spot: available = `available`; frozen = `frozen`; locked = `unAvailable` - `frozen`, since `unAvailable` contains
`frozen` and may be absent. `available_usd_valuation` values the free part only: it gives a price, not a value,
and no price where it is rounded too far.
Only assets above zero are listed.

Words, futures: available = `available_balance`, at least 0; frozen = `frozen_balance`, the margin of orders; locked =
`position_deposit`, that of positions; net = `equity`, with the unrealized profit and maybe negative; pnl =
`unrealized`. The page's formula, equity = the three and the profit, is not computed: with cross positions
`available_balance` may hold the profit already. An account with a cross position in profit, whose four figures add up
to more than its `equity`, would prove that; what is served stays what BitMart says. Whether copy trading's money is
inside is not known either.

Words, isolated margin: `isolated_margin/BTCUSDT` is the pair `BTC_USDT`, with base and quote. available = `available`;
frozen = `frozen`; no locked; borrowed = `borrow_unpaid` + `interest_unpaid`; net = available + frozen - borrowed. The
debt is inferred: ccxt takes it so, and BitMart's own sample works its `net_asset` out of `borrowed` and contradicts
itself on what is unpaid. A loan that was repaid in part, whose `net_asset` is not our net, would disprove it.

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
    NotOpened,
    PermissionMissing,
    PollError,
    RateLimited,
)
from exporter.core.model import EXACT, ZERO, Balance, Reading, is_fine
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
from exporter.exchanges.readers import grouped, price_book, read_clock, rows, unused

HOST: Final = "https://api-cloud.bitmart.com"
FUTURES_HOST: Final = "https://api-cloud-v2.bitmart.com"

WALLET: Final = Endpoint("/account/v1/wallet", (Limit("key", "/account/v1/wallet", 12, 2.0),))
FUTURES: Final = Endpoint(
    "/contract/private/assets-detail", (Limit("key", "/contract/private/assets-detail", 12, 2.0),), host=FUTURES_HOST
)
ISOLATED: Final = Endpoint(
    "/spot/v1/margin/isolated/account", (Limit("key", "/spot/v1/margin/isolated/account", 12, 2.0),)
)
TIME: Final = Endpoint("/system/time", (Limit("ip", "/system/time", 10, 1.0),), signed=False, most=A_FEW)
TICKERS: Final = Endpoint(
    "/spot/quotation/v3/tickers", (Limit("ip", "/spot/quotation/v3/tickers", 10, 2.0),), signed=False, most=A_MARKET
)

ERRORS: Final[Mapping[str, type[PollError]]] = {
    **dict.fromkeys(("30001", "30002", "30003", "30004", "30005", "30011"), AuthError),
    **dict.fromkeys(("30006", "30007", "30008", "40008"), ClockRefused),
    **dict.fromkeys(("30010", "40006"), IpRefused),
    **dict.fromkeys(("30012", "30019", "53005"), PermissionMissing),
    "40047": AuthError,
    **dict.fromkeys(("51001", "51002"), NotOpened),
    "30013": RateLimited,
    "30017": Banned,
    **dict.fromkeys(("30014", "30016"), Maintenance),
}
TEMPORARY: Final = frozenset({"59004", "59005", "59011", "60051", "70003"})

_CLOSING: Final = "BitMart closes on 2027-01-31: its API may be gone already. Move the account and take it out here."
_FROZEN: Final = "BitMart has frozen or blocked this account: ask its support. The key is not at fault."
ADVICE: Final = {
    "30003": "BitMart has frozen this key: see its API page, or create a new read-only key.",
    "30011": "The key has expired: create a new read-only key on BitMart's API page.",
    "40047": (
        "BitMart does not serve the region of this account or of the address that this exporter leaves from; the key "
        "is not at fault. Leave this wallet out of `wallets`."
    ),
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


def read_futures(memory: RowMemory) -> Reader[Reading]:
    """Read every currency that serves as margin in one call; zero rows were seen, an empty list is no error."""
    answer = yield Request(FUTURES)
    return (yield from rows(unused(answer, memory), _futures_fields, _futures, memory))


def _futures_fields(row: Any) -> tuple[Any, ...]:
    return (
        row["currency"],
        row["available_balance"],
        row["frozen_balance"],
        row["position_deposit"],
        row["equity"],
        row.get("unrealized"),
    )


def _futures(currency: Any, available: Any, frozen: Any, deposit: Any, equity: Any, profit: Any) -> Balance:
    return Balance(
        name_of(currency, "currency"),
        max(decimal(available, "available_balance", negative=True), ZERO),
        decimal(frozen, "frozen_balance", negative=True),
        decimal(deposit, "position_deposit", negative=True),
        decimal(equity, "equity", negative=True),
        pnl=None if profit is None or profit == "" else decimal(profit, "unrealized", negative=True),
    )


def read_isolated(memory: RowMemory) -> Reader[Reading]:
    """Read every pair of isolated margin in one call; hundreds that were never used are listed with zeros."""
    answer = yield Request(ISOLATED)
    listed = unused(field(answer, "symbols"), memory)
    return (yield from grouped(listed, pair_wallet, _pair, pair_fields, pair_balance, memory))


def pair_wallet(symbol: str) -> str:
    """`isolated_margin/BTCUSDT`, of `BTC_USDT`."""
    return f"isolated_margin/{symbol.replace('_', '').upper()}"


def _pair(entry: Any) -> tuple[Any, tuple[Any, Any]]:
    return entry["symbol"], (entry["base"], entry["quote"])


def pair_fields(row: Any) -> tuple[Any, ...]:
    """Of one currency of a pair: its name, what is free and frozen, and what is owed."""
    return row["currency"], row["available"], row["frozen"], row["borrow_unpaid"], row["interest_unpaid"]


def pair_balance(currency: Any, available: Any, frozen: Any, loan: Any, interest: Any) -> Balance:
    """What these fields come to."""
    free = decimal(available, "available", negative=True)
    tied = decimal(frozen, "frozen", negative=True)
    owed = total(decimal(loan, "borrow_unpaid", negative=True), decimal(interest, "interest_unpaid", negative=True))
    net = EXACT.subtract(total(free, tied), owed) if owed else total(free, tied)
    return Balance(name_of(currency, "currency"), free, tied, ZERO, net, owed)


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
            endpoints=(WALLET, FUTURES, ISOLATED, TIME, TICKERS),
            sign=sign,
            unwrap=unwrap,
            time=read_time,
            main="spot",
            wallets={
                "spot": WalletSource(read_spot, (WALLET,)),
                "futures": WalletSource(read_futures, (FUTURES,)),
                "isolated_margin": WalletSource(read_isolated, (ISOLATED,), borrows=True, many=True),
            },
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
