"""A simulated BingX, with the shapes of its live answers where they differ from its pages."""

from decimal import Decimal
from typing import Any, ClassVar, Final
from urllib.parse import unquote

from exporter.sandbox.accounts import Holding, SandboxAccount
from exporter.sandbox.prices import EXACT, add, plain
from exporter.sandbox.vendors.base import (
    NO_MODES,
    Answer,
    Call,
    DemoPlan,
    Held,
    Limits,
    Refusal,
    Rows,
    Vendor,
)
from exporter.sandbox.vendors.signing import digest, pairs, same

_ERRORS: Final[dict[str, tuple[int, int, str]]] = {
    "path": (200, 100400, "this api is not exist"),
    "no key": (200, 100413, "Incorrect apiKey"),
    "key": (200, 100413, "Incorrect apiKey"),
    "expired": (200, 100413, "Incorrect apiKey"),
    "no signature": (200, 100412, "Null signature"),
    "signature": (200, 100001, "Signature verification failed"),
    "permission": (200, 100004, "Permission denied as the API key was created without the permission"),
    "ip": (200, 100419, "IP does not match IP whitelist"),
    "no timestamp": (200, 100421, "Null timestamp or timestamp mismatch"),
    "clock": (200, 100421, "Null timestamp or timestamp mismatch"),
    "rate": (200, 100410, "rate limited"),
    "frozen": (200, 100414, "your account is abnormal"),
    "maintenance": (503, 100503, "Server busy"),
}

# The futures have had numbers of their own since October 2025, and one of them for more than our clock.
_FUTURES_ERRORS: Final[dict[str, tuple[int, int, str]]] = {
    "no timestamp": (200, 109400, "timestamp is invalid"),
    "clock": (200, 109400, "timestamp is invalid"),
    "rate": (200, 109429, "too many requests"),
    "frozen": (200, 109403, "the account is restricted"),
    "maintenance": (503, 109500, "Server busy"),
}
_FUTURES_PATHS: Final = ("/openApi/swap/", "/openApi/cswap/", "/openApi/contract/")

_PLAY_MONEY: Final = Holding(available=Decimal(100_000))
"""Of the simulated exchange within the real one: `VST`, which its answers mix with what is held in earnest."""

_OVERVIEW: Final = (
    ("sopt", "spot"),
    ("stdFutures", "standard_futures"),
    ("coinMPerp", "coin_futures"),
    ("USDTMPerp", "futures"),
    ("copyTrading", "copy_trading"),
    ("grid", "grid"),
    ("eran", "earn"),
)
"""The live, misspelled names of the overview, and the wallets they stand for."""

_PERMISSION_NUMBERS: Final = {"trade": (1, 3), "read": (2,), "transfer": (4,), "withdraw": (5,)}
_DEFAULT_WINDOW: Final = 5_000
_LONGEST_WINDOW: Final = 60_000


def fits(secret: str, query: str) -> bool:
    """Check a signed query: in the order it came, values decoded, less the signature.

    The path is no part of what is signed. The order of the names is the sender's.
    """
    items = [(unquote(name), unquote(value)) for name, value in pairs(query)]
    given = next((value for name, value in items if name == "signature"), "")
    text = "&".join(f"{name}={value}" for name, value in items if name != "signature")
    return same(given, digest(secret, text).hex())


class BingX(Vendor):
    """`open-api.bingx.com` as far as balances, prices and keys go."""

    name = "bingx"
    published_limits: ClassVar[Limits] = {
        ("key", "/openApi/account/v1/allAccountBalance"): (5, 1),
        ("key", "/openApi/spot/v1/account/balance"): (5, 1),
        ("key", "/openApi/fund/v1/account/balance"): (2, 1),
        ("key", "/openApi/swap/v3/user/balance"): (5, 1),
        ("key", "/openApi/cswap/v1/user/balance"): (5, 1),
        ("key", "/openApi/contract/v1/balance"): (2, 1),
        ("key", "/openApi/v1/account/"): (2, 1),
        ("ip", "/openApi/spot/v1/ticker/24hr"): (500, 10),
    }
    modes = NO_MODES
    needs = ("api_key", "secret")
    demo = (
        DemoPlan(
            "perp-desk",
            "derivatives",
            {
                "spot": {"USDT": Held("6400", "250"), "LINK": Held("310"), "XRP": Held("9000", "1200")},
                "funding": {"USDT": Held("3000"), "BTC": Held("0.05")},
                "futures": {"USDT": Held("12500", "800", "3200", pnl="415.5")},
                "coin_futures": {"BTC": Held("0.4", "0", "0.05", pnl="-0.002")},
                "grid": {"USDT": Held("900")},
            },
            extra=("wallets: [main, overview, funding, futures, coin_futures]",),
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.public = {
            "/openApi/spot/v1/server/time": self._time,
            "/openApi/swap/v2/server/time": self._time,
            "/openApi/spot/v1/ticker/24hr": self._tickers,
            "/openApi/spot/v1/common/symbols": self._symbols,
            "/openApi/swap/v2/quote/contracts": self._contracts,
            "/openApi/cswap/v1/market/contracts": self._contracts,
        }
        self.private = {
            "/openApi/account/v1/allAccountBalance": self._overview,
            "/openApi/spot/v1/account/balance": self._spot,
            "/openApi/fund/v1/account/balance": self._funding,
            "/openApi/swap/v3/user/balance": self._futures,
            "/openApi/cswap/v1/user/balance": self._coin_futures,
            "/openApi/contract/v1/balance": self._standard_futures,
            "/openApi/v1/account/apiPermissions": self._permissions,
            "/openApi/v1/account/apiRestrictions": self._restrictions,
        }

    def key_of(self, call: Call) -> str | None:
        """Read the key's header."""
        return call.headers.get("X-BX-APIKEY") or None

    def identify(self, call: Call) -> SandboxAccount:
        """Check key and window, which is the caller's `recvWindow`, or 5 s without one."""
        account = self.account_of(call)
        fields = call.fields()
        if "signature" not in fields:
            raise Refusal("no signature")
        if "timestamp" not in fields:
            raise Refusal("no timestamp")
        try:
            moment = int(fields["timestamp"])
            window = min(int(fields.get("recvWindow", _DEFAULT_WINDOW)), _LONGEST_WINDOW)
        except ValueError:
            raise Refusal("clock") from None
        if abs(call.milliseconds - moment) > window:
            raise Refusal("clock")
        return account

    def signature_fits(self, call: Call, account: SandboxAccount) -> bool:
        """Check the query's signature."""
        return fits(account.secret, call.query)

    def refuse(self, call: Call, situation: str) -> Answer:
        """Answer with BingX's code; business errors come with HTTP 200."""
        own = _FUTURES_ERRORS if call.path.startswith(_FUTURES_PATHS) else {}
        status, code, message = own.get(situation) or _ERRORS[situation]
        payload: dict[str, Any] = {"code": code, "msg": message, "timestamp": call.milliseconds}
        if situation == "ip":
            payload["success"] = False
        return Answer(payload, status)

    def unknown(self, call: Call) -> Answer:
        """Answer 100400 with HTTP 200."""
        return self.refuse(call, "path")

    def rate_headers(self, call: Call, limit: int, used: int, seconds: float) -> dict[str, str]:
        """Tell the quota and when the window ends, in ms."""
        return {
            "X-RateLimit-Requests-Remain": str(max(limit - used, 0)),
            "X-RateLimit-Requests-Expire": str(int((call.now + seconds) * 1000)),
        }

    def _overview(self, call: Call, account: SandboxAccount) -> Answer:
        wanted = call.fields().get("accountType")
        rows = []
        for name, wallet in _OVERVIEW:
            if wanted in {None, name}:
                worth = self.worth(account.wallet(wallet))
                rows.append({"accountType": name, "usdtBalance": plain(worth) if worth else "0.00"})
        payload = {"code": 0, "timestamp": call.milliseconds, "data": rows}
        return Answer(payload, rows=Rows(rows, "accountType", ("usdtBalance",)))

    def _spot(self, call: Call, account: SandboxAccount) -> Answer:
        rows = _assets(account, "spot")
        payload = {"code": 0, "msg": "", "debugMsg": "", "data": {"balances": rows}}
        del call
        return Answer(payload, rows=Rows(rows, "asset", ("free", "locked")))

    def _funding(self, call: Call, account: SandboxAccount) -> Answer:
        wanted = call.fields().get("asset", "").upper()
        rows = [row for row in _assets(account, "funding") if not wanted or row["asset"] == wanted]
        payload = {"code": 0, "timestamp": call.milliseconds, "data": {"assets": rows}}
        return Answer(payload, rows=Rows(rows, "asset", ("free", "locked")))

    def _futures(self, call: Call, account: SandboxAccount) -> Answer:
        """List USDT and USDC whatever is held; of a coin that was never used all amounts are empty texts."""
        del call
        held = account.wallet("futures")
        rows = []
        for coin in dict.fromkeys(("USDT", "USDC", *held, "VST")):
            holding = held.get(coin, _PLAY_MONEY if coin == "VST" else None)
            amounts = dict.fromkeys(_MARGINS, "")
            if holding is not None:
                amounts = _margins(holding, free=holding.available)
            own = str(account.uid) if holding is not None else ""
            rows.append(
                {"userId": own, "asset": coin.upper(), **amounts, "realisedProfit": "0", "shortUid": "12345678"}
            )
        return Answer({"code": 0, "msg": "", "data": rows}, rows=Rows(rows, "asset", _MARGINS))

    def _coin_futures(self, call: Call, account: SandboxAccount) -> Answer:
        """List what is held; here the profit of open positions is free as well."""
        wanted = call.fields().get("symbol", "").partition("-")[0]
        rows = [
            {
                "asset": coin.upper(),
                **_margins(holding, free=add(holding.available, holding.pnl)),
                "shortUid": "12345678",
            }
            for coin, holding in account.wallet("coin_futures").items()
            if wanted in {"", coin.upper()}
        ]
        payload = {"code": 0, "msg": "", "timestamp": call.milliseconds, "data": rows}
        return Answer(payload, rows=Rows(rows, "asset", _MARGINS))

    def _standard_futures(self, call: Call, account: SandboxAccount) -> Answer:
        """List every coin, with twenty decimals; nobody knows whether the real balance has the profit in it."""
        held = account.wallet("standard_futures")
        rows = []
        for coin in dict.fromkeys(("USDT", "BTC", "ETH", *held, "VST")):
            holding = held.get(coin, _PLAY_MONEY if coin == "VST" else Holding())
            whole, free, profit = (_long(amount) for amount in (holding.net, holding.available, holding.pnl))
            rows.append(
                {
                    "asset": coin.upper(),
                    "balance": whole,
                    "crossWalletBalance": whole,
                    "crossUnPnl": profit,
                    "availableBalance": free,
                    "maxWithdrawAmount": free,
                    "marginAvailable": False,
                    "updateTime": call.milliseconds,
                }
            )
        payload = {"code": 0, "timestamp": call.milliseconds, "data": rows}
        return Answer(payload, rows=Rows(rows, "asset", ("balance", "availableBalance")))

    def _permissions(self, call: Call, account: SandboxAccount) -> Answer:
        """Answer without any envelope, as this one path does."""
        del call
        numbers = sorted(n for name in account.permissions for n in _PERMISSION_NUMBERS[name])
        return Answer(
            {
                "apiKey": account.key,
                "permissions": numbers,
                "ipAddresses": list(account.ips),
                "note": account.name,
            }
        )

    def _restrictions(self, call: Call, account: SandboxAccount) -> Answer:
        may = account.permissions
        data = {
            "ipRestrict": bool(account.ips),
            "createTime": call.milliseconds - 86_400_000,
            "enableReading": "read" in may,
            "enableFutures": "trade" in may,
            "enableSpotAndMarginTrading": "trade" in may,
            "permitsUniversalTransfer": "transfer" in may,
            "enableWithdrawals": "withdraw" in may,
        }
        return Answer({"code": 0, "msg": "", "timestamp": call.milliseconds, "data": data})

    def _tickers(self, call: Call) -> Answer:
        wanted = call.fields().get("symbol")
        rows = [
            _ticker(symbol, price, call.milliseconds)
            for symbol, price in ((pair.replace("/", "-"), price) for pair, price in self.prices.items())
            if wanted in {None, symbol}
        ]
        payload = {"code": 0, "timestamp": call.milliseconds, "data": rows}
        return Answer(payload, rows=Rows(rows, "symbol", ("lastPrice", "bidPrice", "askPrice")))

    def _symbols(self, call: Call) -> Answer:
        rows = [
            {
                "symbol": pair.replace("/", "-"),
                "minNotional": 1,
                "maxNotional": 1_000_000,
                "status": 1,
                "tickSize": Decimal("0.00000001"),
                "stepSize": Decimal("0.00000001"),
                "apiStateBuy": True,
                "apiStateSell": True,
                "timeOnline": 0,
                "offTime": 0,
                "maintainTime": 0,
            }
            for pair in self.prices
        ]
        return Answer({"code": 0, "msg": "", "timestamp": call.milliseconds, "data": {"symbols": rows}})

    def _contracts(self, call: Call) -> Answer:
        """List no contract: this exchange trades spot alone."""
        return Answer({"code": 0, "msg": "", "timestamp": call.milliseconds, "data": []})

    def _time(self, call: Call) -> Answer:
        moment = call.milliseconds
        return Answer({"code": 0, "msg": "", "timestamp": moment, "data": {"serverTime": moment}})


_MARGINS: Final = ("balance", "equity", "unrealizedProfit", "availableMargin", "usedMargin", "freezedMargin")


def _margins(holding: Holding, free: Decimal) -> dict[str, str]:
    """Write the figures of a perpetual wallet: the profit of open positions is in the equity and not in the balance."""
    amounts = (holding.held, holding.net, holding.pnl, free, holding.locked, holding.frozen)
    return dict(zip(_MARGINS, map(plain, amounts), strict=True))


def _long(amount: Decimal) -> str:
    """Write twenty decimals, or more where an amount has them."""
    fine = amount.quantize(Decimal("1E-20"), context=EXACT)
    return plain(fine if fine == amount else amount)


def _assets(account: SandboxAccount, wallet: str) -> list[dict[str, Any]]:
    return [
        {
            "asset": coin.upper(),
            "free": plain(holding.available),
            "locked": plain(holding.tied),
            "disPlayName": coin.upper(),
        }
        for coin, holding in account.wallet(wallet).items()
    ]


def _ticker(symbol: str, price: Decimal, moment: int) -> dict[str, Any]:
    """Write a ticker: prices are JSON numbers here, percentages text."""
    return {
        "symbol": symbol,
        **dict.fromkeys(("openPrice", "highPrice", "lowPrice", "lastPrice", "askPrice", "bidPrice"), price),
        "priceChange": 0,
        "priceChangePercent": "0.00%",
        "volume": 1,
        "quoteVolume": price,
        "openTime": moment - 86_400_000,
        "closeTime": moment,
        "askQty": 1,
        "bidQty": 1,
    }


VENDOR = BingX
