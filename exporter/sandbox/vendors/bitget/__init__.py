"""A simulated Bitget: classic accounts on v2, unified ones on v3, each refused by the other's paths."""

import base64
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final
from urllib.parse import unquote

from exporter.sandbox.accounts import Holding, SandboxAccount
from exporter.sandbox.prices import EXACT, add, coins_of, plain, usdt_price, usdt_value
from exporter.sandbox.vendors.base import Answer, Call, DemoPlan, Held, Limits, Refusal, Rows, Vendor
from exporter.sandbox.vendors.bitget.wallets import (
    BOT_AMOUNTS,
    EARN_AMOUNTS,
    FUNDING_AMOUNTS,
    FUTURES_AMOUNTS,
    MARGIN_AMOUNTS,
    bot_rows,
    earn_rows,
    funding_rows,
    futures_rows,
    isolated_rows,
    margin_rows,
    of_overview,
)
from exporter.sandbox.vendors.signing import digest, same

_ERRORS: Final[dict[str, tuple[int, str, str]]] = {
    "path": (404, "40404", "Request URL NOT FOUND"),
    "no key": (400, "40001", "The request header ACCESS_KEY cannot be empty"),
    "key": (400, "40037", "Apikey does not exist"),
    "expired": (400, "40041", "User's ApiKey does not exist"),
    "no signature": (400, "40003", "Signature cannot be empty"),
    "bad timestamp": (400, "40005", "Invalid ACCESS_TIMESTAMP"),
    "clock": (400, "40008", "Request timestamp expired"),
    "signature": (400, "40009", "sign signature error"),
    "no passphrase": (400, "40011", "ACCESS_PASSPHRASE cannot be empty"),
    "passphrase": (400, "40012", "apikey/password is incorrect"),
    "permission": (400, "40014", "Incorrect permissions, need {need}"),
    "ip": (400, "40018", "Invalid IP"),
    "frozen": (400, "40024", "Account frozen"),
    "unified": (
        400,
        "40085",
        "You are in Unified Account mode, and the Classic Account API is not supported at this time",
    ),
    "classic": (
        400,
        "40084",
        "You are in Classic Account mode, and the Unified Account API is not supported at this time",
    ),
    "parameter": (400, "40020", "Parameter assetType error"),
    "product": (400, "40020", "Parameter productType error"),
    "not opened": (400, "50021", "The margin account does not exist"),
    "rate": (429, "429", "Too Many Requests"),
    "maintenance": (200, "40200", "Server upgrade, please try again later"),
}

_EARN: Final = "/api/v2/earn/account/assets"
_OVERVIEW: Final = ("spot", "futures", "funding", "earn", "bots", "margin")
_AUTHORITIES: Final = {
    "read": ("readonly", "stor"),
    "trade": ("trade", "stow"),
    "transfer": ("wtow",),
    "withdraw": ("wwow",),
}
_UNIFIED_PERMISSIONS: Final = {
    "read": ("uta_mgt",),
    "trade": ("uta_trade",),
    "transfer": (),
    "withdraw": ("withdraw",),
}
_PRICE_FIELDS: Final = ("lastPr", "bidPr", "askPr", "open", "high24h", "low24h", "openUtc")
_SIZE_FIELDS: Final = ("quoteVolume", "baseVolume", "usdtVolume", "bidSz", "askSz")
_IDLE_FIELDS: Final = (
    *("unrealisedPnl", "usdtUnrealisedPnl", "btcUnrealizedPnl"),  # spelled two ways by the real one too
    *("mmr", "imr", "mgnRatio", "positionMgnRatio"),
)
_WINDOW: Final = 30_000


def fits(secret: str, given: str, timestamp: str, method: str, path: str, query: str, body: str = "") -> bool:
    """Check a signed request: the query is percent-decoded first, in the order it came."""
    question = f"?{unquote(query)}" if query else ""
    text = f"{timestamp}{method}{path}{question}{body}"
    return same(given, base64.b64encode(digest(secret, text)).decode())


class Bitget(Vendor):
    """`api.bitget.com` as far as balances, prices and keys go.

    Attributes:
        shows_unified_earn: whether unified accounts may ask v2 for earn, which some reports say and others deny.
        in_multi_assets_mode: keys of accounts whose coins in futures are one pool.
    """

    name = "bitget"
    published_limits: ClassVar[Limits] = {
        ("key", "/api/v2/spot/account/assets"): (10, 1),
        ("key", "/api/v2/account/all-account-balance"): (1, 1),
        ("key", "/api/v2/account/funding-assets"): (10, 1),
        ("key", "/api/v2/mix/account/accounts"): (10, 1),
        ("key", "/api/v2/margin/crossed/account/assets"): (10, 1),
        ("key", "/api/v2/margin/isolated/account/assets"): (10, 1),
        ("key", "/api/v2/account/bot-assets"): (5, 1),
        ("key", "/api/v2/earn/account/assets"): (10, 1),
        ("key", "/api/v2/spot/account/info"): (1, 1),
        ("key", "/api/v3/account/assets"): (20, 1),
        ("key", "/api/v3/account/funding-assets"): (20, 1),
        ("key", "/api/v3/account/info"): (5, 1),
        ("key", "/api/v3/account/settings"): (20, 1),
        ("ip", "/api/v2/public/time"): (20, 1),
        ("ip", "/api/v2/spot/market/tickers"): (20, 1),
        ("ip", "/api/v2/spot/public/symbols"): (20, 1),
        ("ip", "/api/"): (6000, 60),
    }
    modes: ClassVar[Mapping[str, str]] = {"classic": "spot", "unified": "unified"}
    mode_option = "mode"
    needs = ("api_key", "secret", "passphrase")
    demo = (
        DemoPlan(
            "market-maker",
            "market-making",
            {
                "spot": {"BTC": Held("0.85", "0.15"), "ETH": Held("11", "2", "0.5"), "PEPE": Held("12000000")},
                "futures": {"USDT": Held("2600", "150", "1250")},
                "earn": {"USDC": Held("2500")},
            },
            mode="classic",
            drains=True,
            swings=True,
            extra=(
                "wallets: [main, overview, futures]",
                "usd: {warning: 60000, critical: 20000}",
            ),
        ),
        DemoPlan(
            "treasury",
            "treasury",
            {
                "unified": {
                    "USDT": Held("64000", "2500"),
                    "USDC": Held("18000"),
                    "BTC": Held("1.6"),
                    "BNB": Held("22", "3"),
                },
                "funding": {"USDT": Held("5000"), "TON": Held("800")},
            },
            mode="unified",
            extra=("thresholds: [{currency: USDT, warning: 30000, critical: 10000}]",),
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.shows_unified_earn = False
        self.in_multi_assets_mode: set[str] = set()
        self.public = {
            "/api/v2/public/time": self._time,
            "/api/v2/spot/market/tickers": self._tickers,
            "/api/v2/spot/public/symbols": self._symbols,
            "/api/v2/margin/currencies": lambda call: _good(call, []),
            "/api/v3/market/instruments": self._instruments,
        }
        self.private = {
            "/api/v2/spot/account/assets": self._assets,
            "/api/v2/account/all-account-balance": self._overview,
            "/api/v2/account/funding-assets": self._funding,
            "/api/v2/mix/account/accounts": self._futures,
            "/api/v2/margin/crossed/account/assets": self._margin,
            "/api/v2/margin/isolated/account/assets": self._isolated,
            "/api/v2/account/bot-assets": self._bots,
            _EARN: self._earn,
            "/api/v2/spot/account/info": self._info,
            "/api/v3/account/assets": self._unified_assets,
            "/api/v3/account/funding-assets": self._unified_funding,
            "/api/v3/account/info": self._unified_info,
            "/api/v3/account/settings": self._settings,
        }

    def key_of(self, call: Call) -> str | None:
        """Read the key's header."""
        return call.headers.get("ACCESS-KEY") or None

    def identify(self, call: Call) -> SandboxAccount:
        """Check the account's mode first, as the real one does, then time and passphrase."""
        account = self.account_of(call)
        wants_unified = call.path.startswith("/api/v3/") or (call.path == _EARN and self._shows_earn_to(account))
        if wants_unified != (account.mode == "unified"):
            raise Refusal("classic" if wants_unified else "unified")
        if not call.headers.get("ACCESS-SIGN"):
            raise Refusal("no signature")
        passphrase = call.headers.get("ACCESS-PASSPHRASE", "")
        if not passphrase:
            raise Refusal("no passphrase")
        timestamp = call.headers.get("ACCESS-TIMESTAMP", "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 20):
            raise Refusal("bad timestamp")
        if abs(call.milliseconds - int(timestamp)) > _WINDOW:
            raise Refusal("clock")
        if passphrase != account.passphrase:
            raise Refusal("passphrase")
        return account

    def _shows_earn_to(self, account: SandboxAccount) -> bool:
        return self.shows_unified_earn and account.mode == "unified"

    def signature_fits(self, call: Call, account: SandboxAccount) -> bool:
        """Check the signature's header, which is the same for both modes."""
        given, timestamp = call.headers["ACCESS-SIGN"], call.headers["ACCESS-TIMESTAMP"]
        return fits(account.secret, given, timestamp, call.method, call.path, call.query)

    def refuse(self, call: Call, situation: str) -> Answer:
        """Answer with Bitget's code, a string; nearly always with HTTP 400."""
        status, code, message = _ERRORS[situation]
        need = "UTA mgt. (read)" if call.path.startswith("/api/v3/") else "spot read"
        payload = {
            "code": code,
            "msg": message.format(need=need),
            "requestTime": call.milliseconds,
            "data": None,
        }
        return Answer(payload, status)

    def unknown(self, call: Call) -> Answer:
        """Answer 40404."""
        return self.refuse(call, "path")

    def rate_headers(self, call: Call, limit: int, used: int, seconds: float) -> dict[str, str]:
        """Tell the calls that are left."""
        del seconds, call
        return {"x-mbx-used-remain-limit": str(max(limit - used, 0))}

    def _assets(self, call: Call, account: SandboxAccount) -> Answer:
        fields = call.fields()
        coin, kind = fields.get("coin", "").upper(), fields.get("assetType", "hold_only")
        holdings = account.wallet("spot")
        if coin:
            chosen = {name: holding for name, holding in holdings.items() if name.upper() == coin}
        elif kind == "hold_only":
            chosen = {name: holding for name, holding in holdings.items() if not holding.is_zero}
        elif kind == "all":
            chosen = {**dict.fromkeys(coins_of(self.prices), Holding()), **holdings}
        else:
            raise Refusal("parameter")
        moment = str(call.milliseconds)
        rows = [
            {
                "coin": name,
                "available": plain(holding.available),
                "limitAvailable": "0",
                "frozen": plain(holding.frozen),
                "locked": plain(holding.locked),
                "uTime": moment,
            }
            for name, holding in chosen.items()
        ]
        return _good(call, rows, Rows(rows, "coin", ("available", "frozen", "locked")))

    def _overview(self, call: Call, account: SandboxAccount) -> Answer:
        rows = [
            {"accountType": kind, "usdtBalance": plain(add(*map(self.worth, of_overview(account, kind))))}
            for kind in _OVERVIEW
        ]
        return _good(call, rows, Rows(rows, "accountType", ("usdtBalance",)))

    def _funding(self, call: Call, account: SandboxAccount) -> Answer:
        rows = funding_rows(account, self.prices, call.fields().get("coin", "").upper())
        return _good(call, rows, Rows(rows, "coin", FUNDING_AMOUNTS))

    def _futures(self, call: Call, account: SandboxAccount) -> Answer:
        union = account.key in self.in_multi_assets_mode
        rows = futures_rows(account, self.prices, call.fields().get("productType", ""), union=union)
        return _good(call, rows, Rows(rows, "marginCoin", FUTURES_AMOUNTS))

    def _margin(self, call: Call, account: SandboxAccount) -> Answer:
        rows = margin_rows(account, call.fields().get("coin", "").upper(), str(call.milliseconds))
        return _good(call, rows, Rows(rows, "coin", MARGIN_AMOUNTS))

    def _isolated(self, call: Call, account: SandboxAccount) -> Answer:
        symbol = call.fields().get("symbol", "").upper()
        rows = isolated_rows(account, self.prices, symbol, str(call.milliseconds))
        return _good(call, rows, Rows(rows, "coin", MARGIN_AMOUNTS))

    def _bots(self, call: Call, account: SandboxAccount) -> Answer:
        rows = bot_rows(account, self.prices, call.fields().get("accountType", ""))
        return _good(call, rows, Rows(rows, "coin", BOT_AMOUNTS))

    def _earn(self, call: Call, account: SandboxAccount) -> Answer:
        rows = earn_rows(account, call.fields().get("coin", "").upper())
        return _good(call, rows, Rows(rows, "coin", EARN_AMOUNTS))

    def _info(self, call: Call, account: SandboxAccount) -> Answer:
        return _good(
            call,
            {
                "userId": str(account.uid),
                "inviterId": None,
                "channelCode": None,
                "channel": None,
                "ips": ",".join(account.ips),
                "authorities": [code for name in account.permissions for code in _AUTHORITIES[name]],
                "parentId": 0,
                "traderType": "not_trader",
                "regisTime": str(call.milliseconds - 86_400_000),
            },
        )

    def _unified_assets(self, call: Call, account: SandboxAccount) -> Answer:
        rows = []
        values = []
        for coin, holding in account.wallet("unified").items():
            if holding.is_zero:
                continue
            value = holding.usd
            if value is None:
                value = usdt_value(self.prices, coin, holding.net) or Decimal(0)
            values.append(value)
            rows.append(
                {
                    "coin": coin,
                    "equity": plain(holding.net),
                    "usdValue": plain(value),
                    "balance": plain(EXACT.subtract(add(holding.net, holding.debt), holding.tied)),
                    "available": plain(holding.available),
                    "debt": plain(holding.debt),
                    "locked": plain(holding.tied),
                    "bonus": "0",
                }
            )
        total = plain(add(*values))
        btc = usdt_price(self.prices, "BTC")
        data = {
            **dict.fromkeys(("accountEquity", "usdtEquity", "effEquity"), total),
            "btcEquity": plain(round(EXACT.divide(add(*values), btc), 8)) if btc else "0",
            **dict.fromkeys(_IDLE_FIELDS, "0"),
            "assets": rows,
        }
        amounts = ("equity", "usdValue", "balance", "available", "debt", "locked")
        return _good(call, data, Rows(rows, "coin", amounts))

    def _unified_funding(self, call: Call, account: SandboxAccount) -> Answer:
        coin = call.fields().get("coin", "").upper()
        rows = [
            {
                "coin": name,
                "balance": plain(holding.held),
                "available": plain(holding.available),
                "frozen": plain(holding.tied),
            }
            for name, holding in account.wallet("funding").items()
            if not coin or name.upper() == coin
        ]
        return _good(call, rows, Rows(rows, "coin", ("balance", "available", "frozen")))

    def _unified_info(self, call: Call, account: SandboxAccount) -> Answer:
        writes = set(account.permissions) - {"read"}
        return _good(
            call,
            {
                "userId": str(account.uid),
                "inviterId": None,
                "parentId": "",
                "ips": ",".join(account.ips),
                "permType": "read-and-write" if writes else "read-only",
                "permissions": [code for name in account.permissions for code in _UNIFIED_PERMISSIONS[name]],
                "regisTime": str(call.milliseconds - 86_400_000),
            },
        )

    def _settings(self, call: Call, account: SandboxAccount) -> Answer:
        return _good(
            call,
            {
                "uid": str(account.uid),
                "accountMode": "unified",
                "assetMode": "multi_assets",
                "accountLevel": "advanced",
                "holdMode": "one_way_mode",
                "symbolConfigList": [],
                "coinConfigList": [],
            },
        )

    def _time(self, call: Call) -> Answer:
        return _good(call, {"serverTime": str(call.milliseconds)})

    def _tickers(self, call: Call) -> Answer:
        wanted = call.fields().get("symbol", "").upper()
        moment = str(call.milliseconds)
        rows = []
        for pair, price in self.prices.items():
            symbol, text = pair.replace("/", "").upper(), plain(price)
            if wanted in {"", symbol}:
                rows.append(
                    {
                        "symbol": symbol,
                        **dict.fromkeys(_PRICE_FIELDS, text),
                        **dict.fromkeys(("change24h", "changeUtc24h"), "0"),
                        **dict.fromkeys(_SIZE_FIELDS, "1"),
                        "ts": moment,
                    }
                )
        return _good(call, rows, Rows(rows, "symbol", ("lastPr", "bidPr", "askPr")))

    def _symbols(self, call: Call) -> Answer:
        rows = []
        for pair in self.prices:
            base, _, quote = pair.upper().partition("/")
            rows.append(
                {
                    "symbol": base + quote,
                    "baseCoin": base,
                    "quoteCoin": quote,
                    "status": "online",
                    "minTradeUSDT": "1",
                    **dict.fromkeys(("takerFeeRate", "makerFeeRate"), "0.002"),
                    **dict.fromkeys(("pricePrecision", "quantityPrecision", "quotePrecision"), "8"),
                }
            )
        return _good(call, rows)

    def _instruments(self, call: Call) -> Answer:
        """List the pairs in the unified form; this exchange trades spot alone."""
        rows = []
        for pair in self.prices if call.fields().get("category") == "SPOT" else ():
            base, _, quote = pair.upper().partition("/")
            rows.append(
                {
                    "symbol": base + quote,
                    "category": "SPOT",
                    "baseCoin": base,
                    "quoteCoin": quote,
                    "status": "online",
                    "minOrderAmount": "1",
                    **dict.fromkeys(("pricePrecision", "quantityPrecision", "quotePrecision"), "8"),
                }
            )
        return _good(call, rows)


def _good(call: Call, data: Any, rows: Rows | None = None) -> Answer:
    payload = {"code": "00000", "msg": "success", "requestTime": call.milliseconds, "data": data}
    return Answer(payload, rows=rows)


VENDOR = Bitget
