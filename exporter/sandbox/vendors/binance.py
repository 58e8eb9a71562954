"""A simulated Binance: refusals by negative number, weights by address, and one number that means three things."""

import hashlib
import hmac
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final

from exporter.sandbox.accounts import Holding, SandboxAccount
from exporter.sandbox.prices import EXACT, add, plain, usdt_price, usdt_value
from exporter.sandbox.vendors.base import (
    NO_MODES,
    Answer,
    Call,
    DemoPlan,
    Held,
    Limits,
    Private,
    Refusal,
    Rows,
    Vendor,
)
from exporter.sandbox.vendors.signing import same

_ERRORS: Final[dict[str, tuple[int, int, str]]] = {
    "no key": (401, -2014, "API-key format invalid."),
    "key": (400, -2008, "Invalid Api-Key ID."),
    "expired": (400, -2008, "Invalid Api-Key ID."),
    "no timestamp": (400, -1102, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed."),
    "no signature": (400, -1102, "Mandatory parameter 'signature' was not sent, was empty/null, or malformed."),
    "window": (400, -1131, "recvWindow must be less than 60000."),
    "ahead": (400, -1021, "Timestamp for this request was 1000ms ahead of the server's time."),
    "clock": (400, -1021, "Timestamp for this request is outside of the recvWindow."),
    "signature": (400, -1022, "Signature for this request is not valid."),
    "ip": (401, -2015, "Invalid API-key, IP, or permissions for action."),
    "permission": (401, -2015, "Invalid API-key, IP, or permissions for action."),
    "frozen": (401, -2017, "API Keys are locked on this account."),
    "parameter": (400, -1100, "Illegal characters found in a parameter."),
    "no margin": (400, -3003, "Margin account does not exist."),
    "no pairs": (400, -11001, "Isolated margin account does not exist."),
    "no futures": (400, -4109, "This account is inactive. Please activate the account."),
    "rate": (429, -1003, "Too much request weight used; current limit is {limit} request weight per 1 MINUTE."),
    "maintenance": (503, -1016, "System is under maintenance."),
}
"""In which order Binance checks is not known; which of three things -2015 means it does not say."""

_WALLETS: Final = {
    "Spot": "spot",
    "Funding": "funding",
    "Cross Margin": "margin",
    "Isolated Margin": "",
    "USDⓈ-M Futures": "futures",
    "COIN-M Futures": "coin_futures",
    "Earn": "earn",
    "Options": "options",
    "Trading Bots": "bots",
    "Copy Trading": "copy_trading",
}
"""The overview's names; isolated margin is every pair."""

_PAIR: Final = "isolated_margin/"
_LONGEST: Final = Decimal(60_000)
_AHEAD: Final = Decimal(1_000)
_MAINTENANCE: Final = Decimal("0.25")
"""Maintenance margin as a share of the margin of positions."""

_RETRY_SECONDS: Final = 5
_API: Final = "/api/"
_CONTRACTS: Final = ("/fapi/", "/dapi/")


def fits(secret: str, query: str) -> bool:
    """Check a signed query: HMAC-SHA256 of all that stands before `&signature=`, in hex of either case."""
    text, mark, given = query.rpartition("&signature=")
    if not mark or "&" in given:
        return False
    return same(given.lower(), hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest())


class Binance(Vendor):
    """`api.binance.com` as far as balances, prices and keys go, and the two hosts of the futures, all in one."""

    name = "binance"
    published_limits: ClassVar[Limits] = {
        ("ip", _API): (6_000, 60),
        ("ip", "/fapi/"): (2_400, 60),
        ("ip", "/dapi/"): (2_400, 60),
        ("ip", "/sapi/v1/asset/wallet/balance"): (12_000, 60),
        ("ip", "/sapi/v1/margin/account"): (12_000, 60),
        ("ip", "/sapi/v1/margin/isolated/account"): (12_000, 60),
        ("ip", "/sapi/v1/simple-earn/flexible/position"): (12_000, 60),
        ("ip", "/sapi/v1/simple-earn/locked/position"): (12_000, 60),
        ("ip", "/sapi/v1/account/apiRestrictions"): (12_000, 60),
    }
    weights: ClassVar[Mapping[str, int]] = {
        "/api/v3/account": 20,
        "/api/v3/ticker/price": 4,
        "/api/v3/exchangeInfo": 20,
        "/fapi/v3/account": 5,
        "/dapi/v1/account": 5,
        "/sapi/v1/asset/wallet/balance": 60,
        "/sapi/v1/margin/account": 10,
        "/sapi/v1/margin/isolated/account": 10,
        "/sapi/v1/simple-earn/flexible/position": 150,
        "/sapi/v1/simple-earn/locked/position": 150,
    }
    modes: ClassVar[Mapping[str, str]] = NO_MODES
    needs = ("api_key", "secret")
    demo = (
        DemoPlan(
            "arb-desk",
            "market-making",
            {
                "spot": {
                    "USDT": Held("6100", "900"),
                    "BTC": Held("0.35", "0.05"),
                    "BNB": Held("12"),
                    "LDUSDC": Held("3000"),
                },
                "futures": {"USDT": Held("2500", "150", "800", pnl="60"), "BNB": Held("4")},
                "earn": {"USDC": Held("0", "0", "3000")},
            },
            extra=("wallets: [main, overview, futures]",),
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.public = {
            "/api/v3/time": self._time,
            "/api/v3/ticker/price": self._tickers,
            "/api/v3/exchangeInfo": self._markets,
        }
        self.private = {
            "/api/v3/account": self._spot,
            "/sapi/v1/asset/wallet/balance": self._overview,
            "/sapi/v1/margin/account": self._margin,
            "/sapi/v1/margin/isolated/account": self._isolated,
            "/sapi/v1/simple-earn/flexible/position": _positions(flexible=True),
            "/sapi/v1/simple-earn/locked/position": _positions(flexible=False),
            "/sapi/v1/account/apiRestrictions": self._rights,
            "/fapi/v3/account": self._futures,
            "/dapi/v1/account": self._coin_futures,
        }

    def key_of(self, call: Call) -> str | None:
        """Read the key's header."""
        return call.headers.get("X-MBX-APIKEY") or None

    def identify(self, call: Call) -> SandboxAccount:
        """Check the key, then the timestamp and how long it is good for."""
        account = self.account_of(call)
        fields = call.fields()
        if "signature" not in fields:
            raise Refusal("no signature")
        try:
            stamp, window = Decimal(fields.get("timestamp", "")), Decimal(fields.get("recvWindow", "5000"))
        except ArithmeticError:
            raise Refusal("no timestamp") from None
        if not (stamp.is_finite() and window.is_finite()):
            raise Refusal("no timestamp")
        if window > _LONGEST:
            raise Refusal("window")
        if stamp >= call.milliseconds + _AHEAD:
            raise Refusal("ahead")
        if call.milliseconds - stamp > window:
            raise Refusal("clock")
        return account

    def signature_fits(self, call: Call, account: SandboxAccount) -> bool:
        """Check the signature, which stands last in the query."""
        return fits(account.secret, call.query)

    def refuse(self, call: Call, situation: str) -> Answer:
        """Answer with Binance's number; too fast comes with how long to wait."""
        status, code, message = _ERRORS[situation]
        if situation == "rate":
            limits = (
                limit for (_, prefix), (limit, _) in self.published_limits.items() if call.path.startswith(prefix)
            )
            words = message.format(limit=next(limits, 0))
            return Answer({"code": code, "msg": words}, status, headers={"Retry-After": str(_RETRY_SECONDS)})
        if situation in {"ip", "permission"} and call.path.startswith(_CONTRACTS):
            message = f"{message.removesuffix('.')}, request ip: {call.remote}"
        return Answer({"code": code, "msg": message}, status)

    def unknown(self, call: Call) -> Answer:
        """Answer as a server that has no such path."""
        told = {"timestamp": call.milliseconds, "status": 404, "error": "Not Found", "message": "No message available"}
        return Answer(told | {"path": call.path}, 404)

    def rate_headers(self, call: Call, limit: int, used: int, seconds: float) -> dict[str, str]:
        """Tell the weight that is used up."""
        del limit, seconds
        name = "X-SAPI-USED-IP-WEIGHT-1M" if call.path.startswith("/sapi/") else "X-MBX-USED-WEIGHT-1M"
        return {name: str(used)}

    def _spot(self, call: Call, account: SandboxAccount) -> Answer:
        without_zeros = call.fields().get("omitZeroBalances") == "true"
        rows = [
            {"asset": coin, "free": plain(one.available), "locked": plain(one.tied)}
            for coin, one in account.wallet(account.main).items()
            if not (without_zeros and one.is_zero)
        ]
        payload = {
            **dict.fromkeys(("makerCommission", "takerCommission"), 10),
            **dict.fromkeys(("buyerCommission", "sellerCommission"), 0),
            "commissionRates": {"maker": "0.00100000", "taker": "0.00100000", "buyer": "0", "seller": "0"},
            **dict.fromkeys(("canTrade", "canWithdraw", "canDeposit"), True),
            **dict.fromkeys(("brokered", "requireSelfTradePrevention", "preventSor"), False),
            "updateTime": call.milliseconds,
            "accountType": "SPOT",
            "balances": rows,
            "permissions": ["SPOT"],
            "uid": account.uid,
        }
        return Answer(payload, rows=Rows(rows, "asset", ("free", "locked")))

    def _overview(self, call: Call, account: SandboxAccount) -> Answer:
        unit = call.fields().get("quoteAsset", "BTC").upper()
        price = usdt_price(self.prices, unit)
        if not price:
            raise Refusal("parameter")
        rows = []
        for told, wallet in _WALLETS.items():
            names = [wallet] if wallet else [name for name in account.balances if name.startswith(_PAIR)]
            held = [account.wallet(name) for name in names if name == "spot" or name in account.balances]
            worth = EXACT.divide(add(*map(self.worth, held)), price)
            rows.append({"activate": bool(held), "balance": plain(round(worth, 8)), "walletName": told})
        return Answer(rows)

    def _margin(self, call: Call, account: SandboxAccount) -> Answer:
        """Every coin that may be borrowed, held or not."""
        del call
        if "margin" not in account.balances:
            raise Refusal("no margin")
        held = account.wallet("margin")
        rows = [_owing(coin, held.get(coin, Holding())) for coin in dict.fromkeys((*held, "XRP", "ADA"))]
        payload = {
            **dict.fromkeys(("created", "borrowEnabled", "tradeEnabled"), True),
            **dict.fromkeys(("transferInEnabled", "transferOutEnabled"), True),
            **dict.fromkeys(("marginLevel", "collateralMarginLevel"), "11.64405625"),
            **dict.fromkeys(("totalAssetOfBtc", "totalLiabilityOfBtc", "totalNetAssetOfBtc"), "0"),
            "accountType": "MARGIN_1",
            "userAssets": rows,
        }
        return Answer(payload, rows=Rows(rows, "asset", ("free", "locked", "borrowed", "interest", "netAsset")))

    def _isolated(self, call: Call, account: SandboxAccount) -> Answer:
        """Both coins of every pair that was opened."""
        del call
        rows: list[dict[str, Any]] = []
        coins: list[dict[str, Any]] = []
        for pair in self.prices:
            base, _, quote = pair.upper().partition("/")
            held = account.balances.get(f"{_PAIR}{base}{quote}")
            if held is None:
                continue
            sides = [_owing(coin, held.get(coin, Holding())) for coin in (base, quote)]
            coins += sides
            rows.append(
                {
                    "symbol": f"{base}{quote}",
                    **dict.fromkeys(("isolatedCreated", "enabled", "tradeEnabled"), True),
                    "marginLevel": "2.5",
                    "marginLevelStatus": "NORMAL",
                    "marginRatio": "10",
                    "baseAsset": sides[0],
                    "quoteAsset": sides[1],
                }
            )
        if not rows:
            raise Refusal("no pairs")
        payload = {
            "assets": rows,
            **dict.fromkeys(("totalAssetOfBtc", "totalLiabilityOfBtc", "totalNetAssetOfBtc"), "0"),
        }
        return Answer(payload, rows=Rows(coins, "asset", ("free", "locked", "borrowed", "interest", "netAsset")))

    def _futures(self, call: Call, account: SandboxAccount) -> Answer:
        """Every coin that may be margin; one that is not held is told as payable by the others."""
        rows, held = self._contracts(call, account, "futures", ("USDT", "USDC", "BNB"))
        payload = {
            "totalInitialMargin": plain(self._sum(held, "tied")),
            "totalMaintMargin": plain(EXACT.multiply(self._sum(held, "locked"), _MAINTENANCE)),
            **dict.fromkeys(("totalMarginBalance", "totalWalletBalance"), plain(self._sum(held, "net"))),
            "totalUnrealizedProfit": plain(self._sum(held, "pnl")),
            "availableBalance": plain(self._sum(held, "available")),
            "assets": rows,
            "positions": [],
        }
        return Answer(payload, rows=Rows(rows, "asset", _AMOUNTS))

    def _coin_futures(self, call: Call, account: SandboxAccount) -> Answer:
        rows, _ = self._contracts(call, account, "coin_futures", ("BTC", "ETH"))
        payload = {"feeTier": 0, "canTrade": True, "updateTime": 0, "assets": rows, "positions": []}
        return Answer(payload, rows=Rows(rows, "asset", _AMOUNTS))

    def _contracts(
        self, call: Call, account: SandboxAccount, wallet: str, usual: tuple[str, ...]
    ) -> tuple[list[dict[str, Any]], Mapping[str, Holding]]:
        if wallet not in account.balances:
            raise Refusal("no futures")
        held = account.wallet(wallet)
        return [_asset(coin, held.get(coin, Holding()), call) for coin in dict.fromkeys((*held, *usual))], held

    def _sum(self, held: Mapping[str, Holding], what: str) -> Decimal:
        return add(*(usdt_value(self.prices, coin, getattr(one, what)) or Decimal(0) for coin, one in held.items()))

    def _rights(self, call: Call, account: SandboxAccount) -> Answer:
        trade = "trade" in account.permissions
        return Answer(
            {
                "ipRestrict": bool(account.ips),
                "createTime": call.milliseconds,
                "enableReading": "read" in account.permissions,
                "enableWithdrawals": "withdraw" in account.permissions,
                "enableInternalTransfer": "transfer" in account.permissions,
                **dict.fromkeys(("enableMargin", "enableVanillaOptions", "enableFixApiTrade"), False),
                **dict.fromkeys(("permitsUniversalTransfer", "enablePortfolioMarginTrading"), False),
                **dict.fromkeys(("enableFutures", "enableSpotAndMarginTrading"), trade),
                "enableFixReadOnly": True,
            }
        )

    def _time(self, call: Call) -> Answer:
        return Answer({"serverTime": call.milliseconds})

    def _tickers(self, call: Call) -> Answer:
        """Every price, those of halted markets too unless only what is traded is asked for."""
        rows = [{"symbol": pair.replace("/", "").upper(), "price": plain(price)} for pair, price in self.prices.items()]
        if call.fields().get("symbolStatus") != "TRADING":
            rows.append({"symbol": "LUNAUSDT", "price": "0.00005"})
        return Answer(rows, rows=Rows(rows, "symbol", ("price",)))

    def _markets(self, call: Call) -> Answer:
        rows = [_market(pair, "TRADING") for pair in self.prices]
        if call.fields().get("symbolStatus") != "TRADING":
            rows.append(_market("LUNA/USDT", "BREAK"))
        payload = {
            "timezone": "UTC",
            "serverTime": call.milliseconds,
            "rateLimits": [],
            "exchangeFilters": [],
            "symbols": rows,
        }
        return Answer(payload)


_AMOUNTS: Final = ("marginBalance", "availableBalance", "openOrderInitialMargin", "unrealizedProfit")


def _market(pair: str, status: str) -> dict[str, Any]:
    base, _, quote = pair.upper().partition("/")
    return {
        "symbol": f"{base}{quote}",
        "status": status,
        "baseAsset": base,
        "quoteAsset": quote,
        **dict.fromkeys(("baseAssetPrecision", "quoteAssetPrecision"), 8),
        "orderTypes": ["LIMIT", "MARKET"],
        "filters": [],
        "permissions": [],
    }


def _owing(coin: str, one: Holding) -> dict[str, Any]:
    return {
        "asset": coin,
        "free": plain(one.available),
        "locked": plain(one.tied),
        "borrowed": plain(one.debt),
        "interest": plain(one.interest),
        "netAsset": plain(one.net),
    }


def _asset(coin: str, one: Holding, call: Call) -> dict[str, Any]:
    """One coin of the futures; of one that was never held there the whole account could pay some out all the same."""
    return {
        "asset": coin,
        "walletBalance": plain(EXACT.subtract(one.net, one.pnl)),
        "unrealizedProfit": plain(one.pnl),
        "marginBalance": plain(one.net),
        "maintMargin": plain(EXACT.multiply(one.locked, _MAINTENANCE)),
        "initialMargin": plain(one.tied),
        "positionInitialMargin": plain(one.locked),
        "openOrderInitialMargin": plain(one.frozen),
        **dict.fromkeys(("crossWalletBalance", "maxWithdrawAmount"), plain(one.available)),
        "crossUnPnl": plain(one.pnl),
        "availableBalance": "0.17" if one.is_zero else plain(one.available),
        "updateTime": 0 if one.is_zero else call.milliseconds,
    }


def _positions(*, flexible: bool) -> Private:
    """A page of Simple Earn; what is locked of a coin here is a locked position, the rest a flexible one."""

    def read(call: Call, account: SandboxAccount) -> Answer:
        fields = call.fields()
        page, size = fields.get("current", "1"), fields.get("size", "10")
        if not (page.isdigit() and size.isdigit() and int(page) > 0 and 0 < int(size) <= 100):
            raise Refusal("parameter")
        rows: list[dict[str, Any]] = []
        for number, (coin, one) in enumerate(account.wallet("earn").items(), 1):
            amount = EXACT.subtract(one.net, one.locked) if flexible else one.locked
            if not amount:
                continue
            own = (
                {"totalAmount": plain(amount), "productId": f"{coin}001", "collateralAmount": "0", "canRedeem": True}
                if flexible
                else {"amount": plain(amount), "positionId": number, "projectId": f"{coin}*90", "status": "HOLDING"}
            )
            rows.append({"asset": coin, **own})
        shown = rows[(int(page) - 1) * int(size) : int(page) * int(size)]
        amounts = ("totalAmount",) if flexible else ("amount",)
        return Answer({"rows": shown, "total": len(rows)}, rows=Rows(shown, "asset", amounts))

    return read


VENDOR = Binance
