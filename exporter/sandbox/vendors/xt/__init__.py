"""A simulated XT: one port answers both generations, v4 by header and the legacy one by query; two have the futures."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final
from urllib.parse import unquote

from exporter.sandbox.accounts import Holding, SandboxAccount
from exporter.sandbox.prices import EXACT, add, plain, usdt_price
from exporter.sandbox.vendors.base import Answer, Call, DemoPlan, Held, Limits, Members, Refusal, Rows, Vendor
from exporter.sandbox.vendors.signing import decoded, digest, pairs, same
from exporter.sandbox.vendors.xt import futures

_ERRORS: Final[dict[str, tuple[int, str]]] = {
    "path": (404, "COMMON_004"),
    "no key": (200, "AUTH_001"),
    "no timestamp": (200, "AUTH_002"),
    "no window": (200, "AUTH_003"),
    "bad window": (200, "AUTH_004"),
    "no algorithm": (200, "AUTH_005"),
    "bad algorithm": (200, "AUTH_006"),
    "no signature": (200, "AUTH_007"),
    "key": (200, "AUTH_101"),
    "expired": (200, "AUTH_102"),
    "frozen": (200, "AUTH_102"),
    "signature": (200, "AUTH_103"),
    "ip": (200, "AUTH_104"),
    "clock": (200, "AUTH_105"),
    "permission": (200, "AUTH_106"),
    "rate": (429, "COMMON_002"),
    "maintenance": (503, "COMMON_002"),
    "currency": (200, "CURRENCY_001"),
}

# The first generation documents 307, 308, 400 and 404 only; a bad key was seen as 404 with this Chinese text
# ("please check whether the accesskey is valid").
_LEGACY_ERRORS: Final[dict[str, tuple[int, int, str]]] = {
    "path": (404, 404, "not found"),
    "no key": (200, 404, "请检查accesskey是否有效"),
    "key": (200, 307, "accesskey error"),
    "expired": (200, 307, "accesskey has expired"),
    "frozen": (200, 400, "account is frozen"),
    "no signature": (200, 308, "signature error"),
    "signature": (200, 308, "signature error"),
    "clock": (200, 400, "nonce has expired"),
    "ip": (200, 400, "ip is not allowed"),
    "permission": (200, 400, "no permission"),
    "rate": (429, 400, "too many requests"),
    "maintenance": (503, 400, "system maintenance"),
}

_LEGACY_PATHS: Final = ("/trade/api/", "/data/api/")
_LEGACY_WINDOW: Final = 60_000
_AHEAD: Final = 1_000


def v4_fits(
    secret: str,
    headers: Mapping[str, str],
    prefix: str,
    method: str,
    path: str,
    query: str,
    body: str = "",
) -> bool:
    """Check a v4 request: four headers, then the method and the percent-decoded, sorted query.

    `prefix` is `validate-` or `xt-validate-`: the signed text carries the names as they were sent. Clients
    in use send the digest in either case.
    """
    names = [prefix + name for name in ("algorithms", "appkey", "recvwindow", "timestamp")]
    text = "&".join(f"{name}={headers.get(name, '')}" for name in names)
    text += f"#{method}#{path}"
    items = sorted((unquote(name), unquote(value)) for name, value in pairs(query))
    if items:
        text += "#" + "&".join(f"{name}={value}" for name, value in items)
    if body:
        text += "#" + body
    return same(headers.get(prefix + "signature", "").lower(), digest(secret, text).hex())


def legacy_fits(secret: str, query: str) -> bool:
    """Check a request of the first generation: its own sorted parameters, less the signature."""
    fields = decoded(query)
    given = fields.pop("signature", "")
    text = "&".join(f"{name}={value}" for name, value in sorted(fields.items()))
    return same(given.lower(), digest(secret, text).hex())


class Xt(Vendor):
    """`sapi.xt.com` and `api.xt.com` in one, and the hosts of the futures."""

    name = "xt"
    hosts = (("sapi.xt.com", "api.xt.com"), *((host,) for host in futures.WALLETS))
    published_limits: ClassVar[Limits] = {
        ("key", "/v4/balance"): (10, 1),
        ("ip", "/v4/public/"): (10, 1),
        ("key", "/trade/api/v1/getBalance"): (3, 1),
        ("ip", "/trade/api/"): (1000, 60),
        ("ip", "/data/api/"): (1000, 60),
        ("key", futures.BALANCES): (3, 1),
        ("key", futures.COMPAT): (3, 1),
        ("ip", futures.PATHS): (1000, 60),
    }
    modes: ClassVar[Mapping[str, str]] = {"v4": "spot", "legacy": "spot"}
    mode_option = "api"
    needs = ("api_key", "secret")
    demo = (
        DemoPlan(
            "grid-bots",
            "grid",
            {
                "spot": {
                    "USDT": Held("15250.75", "3120"),
                    "ETH": Held("6.5", "1.25"),
                    "SOL": Held("140", "22.5"),
                    "TRX": Held("18000"),
                },
                "futures": {"USDT": Held("6120.4", "250", "1480", pnl="-96.35")},
                "coin_futures": {"BTC": Held("0.085", "0", "0.02", pnl="0.00315")},
            },
            mode="v4",
            extra=(
                "wallets: [main, futures, coin_futures]",
                "thresholds: [{currency: USDT, warning: 4000, critical: 1500}]",
            ),
        ),
        DemoPlan(
            "old-grid",
            "grid",
            {
                "spot": {
                    "USDT": Held("2210.4", "180"),
                    "LTC": Held("31.5"),
                    "ADA": Held("4200", "600"),
                    "XRP": Held("0"),
                },
            },
            mode="legacy",
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.public = {
            "/v4/public/time": self._time,
            "/v4/public/client": self._client,
            "/v4/public/ticker/price": self._prices,
            "/v4/public/ticker": self._tickers,
            "/v4/public/symbol": self._symbols,
            "/trade/api/v1/getServerTime": self._legacy_time,
            "/data/api/v1/getTickers": self._legacy_tickers,
        }
        self.private = {
            "/v4/balances": self._balances,
            "/v4/balance": self._balance,
            "/trade/api/v1/getBalance": self._legacy_balance,
            futures.BALANCES: self._futures,
            futures.COMPAT: self._futures,
        }

    def answer(self, call: Call) -> Answer:
        """Answer a call; the hosts of the futures have nothing else, and no other host has them."""
        if (call.host_name in futures.WALLETS) != call.path.startswith(futures.PATHS):
            return self.unknown(call)
        return super().answer(call)

    def key_of(self, call: Call) -> str | None:
        """Read the key from v4's header, of either prefix, or from the legacy query."""
        if call.path.startswith(_LEGACY_PATHS):
            return call.fields().get("accesskey") or None
        return call.headers.get(_prefix(call) + "appkey") or None

    def identify(self, call: Call) -> SandboxAccount:
        """Check key and time in the way of the path's generation."""
        if call.path.startswith(futures.PATHS):
            account = self.account_of(call)
            futures.check_time(call, _prefix(call))
            return account
        return self._identify_legacy(call) if call.path.startswith(_LEGACY_PATHS) else self._identify_v4(call)

    def signature_fits(self, call: Call, account: SandboxAccount) -> bool:
        """Check the signature in the way of the path's generation."""
        if call.path.startswith(futures.PATHS):
            return futures.fits(account.secret, call.headers, _prefix(call), call.path, call.query)
        if call.path.startswith(_LEGACY_PATHS):
            return legacy_fits(account.secret, call.query)
        return v4_fits(account.secret, call.headers, _prefix(call), call.method, call.path, call.query)

    def refuse(self, call: Call, situation: str) -> Answer:
        """Answer in the envelope of the host or of the path's generation, mostly with HTTP 200."""
        if call.host_name in futures.WALLETS:
            return futures.refuse(call, situation)
        if call.path.startswith(_LEGACY_PATHS):
            legacy_status, code, info = _LEGACY_ERRORS[situation]
            return Answer({"code": code, "info": info, "data": None}, legacy_status)
        status, name = _ERRORS[situation]
        return Answer({"rc": 1, "mc": name, "ma": [], "result": None}, status)

    def unknown(self, call: Call) -> Answer:
        """Answer HTTP 404."""
        return self.refuse(call, "path")

    def _identify_v4(self, call: Call) -> SandboxAccount:
        prefix = _prefix(call)
        given = {name: call.headers.get(prefix + name, "") for name in ("timestamp", "recvwindow", "algorithms")}
        if not call.key:
            raise Refusal("no key")
        if not given["timestamp"]:
            raise Refusal("no timestamp")
        if not given["recvwindow"]:
            raise Refusal("no window")
        if not given["algorithms"]:
            raise Refusal("no algorithm")
        if not call.headers.get(prefix + "signature"):
            raise Refusal("no signature")
        window, moment = _number(given["recvwindow"]), _number(given["timestamp"])
        if window is None or window > 60_000:
            raise Refusal("bad window")
        if given["algorithms"] != "HmacSHA256":
            raise Refusal("bad algorithm")
        account = self.account_of(call)
        if moment is None or call.milliseconds - moment >= window or moment - call.milliseconds > _AHEAD:
            raise Refusal("clock")
        return account

    def _identify_legacy(self, call: Call) -> SandboxAccount:
        fields = call.fields()
        account = self.account_of(call)
        if "signature" not in fields:
            raise Refusal("no signature")
        nonce = _number(fields.get("nonce", ""))
        if nonce is None or abs(call.milliseconds - nonce) > _LEGACY_WINDOW:
            raise Refusal("clock")
        return account

    def _asset(self, number: int, coin: str, holding: Holding, btc: Decimal | None) -> dict[str, Any]:
        total = holding.held
        price = usdt_price(self.prices, coin)
        usdt = EXACT.multiply(total, price) if price is not None else Decimal(0)
        return {
            "currency": coin.lower(),
            "currencyId": number,
            "frozenAmount": plain(holding.frozen),
            "availableAmount": plain(holding.available),
            "totalAmount": plain(total),
            "convertBtcAmount": plain(round(usdt / btc, 8)) if btc else "0",
            "convertUsdtAmount": plain(usdt),
        }

    def _balances(self, call: Call, account: SandboxAccount) -> Answer:
        wanted = call.fields().get("currencies", "")
        chosen = {name.strip().lower() for name in wanted.split(",")} if wanted else None
        btc = usdt_price(self.prices, "BTC")
        wallet = account.wallet("spot")
        rows = [
            self._asset(number, coin, holding, btc)
            for number, (coin, holding) in enumerate(wallet.items(), 1)
            if chosen is None or coin.lower() in chosen
        ]
        total = add(*(Decimal(row["convertUsdtAmount"]) for row in rows))
        answer = _good(
            {
                "totalBtcAmount": plain(round(total / btc, 8)) if btc else "0",
                "totalUsdtAmount": plain(total),
                "assets": rows,
            }
        )
        answer.rows = Rows(
            rows,
            "currency",
            ("availableAmount", "frozenAmount", "totalAmount", "convertUsdtAmount", "convertBtcAmount"),
        )
        return answer

    def _balance(self, call: Call, account: SandboxAccount) -> Answer:
        wanted = call.fields().get("currency", "").lower()
        if not wanted:
            raise Refusal("currency")
        holdings = {coin.lower(): holding for coin, holding in account.wallet("spot").items()}
        holding = holdings.get(wanted, Holding())
        return _good(self._asset(1, wanted, holding, usdt_price(self.prices, "BTC")))

    def _time(self, call: Call) -> Answer:
        return _good({"serverTime": call.milliseconds})

    def _client(self, call: Call) -> Answer:
        return _good({"ip": call.remote})

    def _chosen(self, call: Call) -> list[tuple[str, Decimal]]:
        fields = call.fields()
        wanted = fields.get("symbols") or fields.get("symbol", "")
        chosen = set(wanted.lower().split(",")) if wanted else None
        named = ((pair.replace("/", "_").lower(), price) for pair, price in self.prices.items())
        return [(symbol, price) for symbol, price in named if chosen is None or symbol in chosen]

    def _prices(self, call: Call) -> Answer:
        rows = [{"s": symbol, "t": call.milliseconds, "p": plain(price)} for symbol, price in self._chosen(call)]
        answer = _good(rows)
        answer.rows = Rows(rows, "s", ("p",))
        return answer

    def _tickers(self, call: Call) -> Answer:
        rows = [
            {
                "s": symbol,
                "t": call.milliseconds,
                **dict.fromkeys(("o", "l", "h", "c"), plain(price)),
                **dict.fromkeys(("cv", "cr"), "0"),
                **dict.fromkeys(("q", "v"), "1"),
                **dict.fromkeys(("ap", "aq", "bp", "bq")),  # null where a pair has no orders
            }
            for symbol, price in self._chosen(call)
        ]
        answer = _good(rows)
        answer.rows = Rows(rows, "s", ("c",))
        return answer

    def _symbols(self, call: Call) -> Answer:
        rows = []
        for number, pair in enumerate(self.prices, 1):
            base, _, quote = pair.lower().partition("/")
            rows.append(
                {
                    "id": number,
                    "symbol": f"{base}_{quote}",
                    "state": "ONLINE",
                    "tradingEnabled": True,
                    "openapiEnabled": True,
                    "baseCurrency": base,
                    "baseCurrencyPrecision": 10,
                    "quoteCurrency": quote,
                    "quoteCurrencyPrecision": 8,
                    "pricePrecision": 8,
                    "quantityPrecision": 8,
                    "orderTypes": ["LIMIT", "MARKET"],
                    "timeInForces": ["GTC"],
                    "filters": [],
                }
            )
        return _good({"time": call.milliseconds, "version": "1", "symbols": rows})

    def _futures(self, call: Call, account: SandboxAccount) -> Answer:
        return futures.balances(call, account, self.prices)

    def _legacy_balance(self, call: Call, account: SandboxAccount) -> Answer:
        del call
        members = Members(
            (coin.lower(), {"freeze": plain(holding.tied), "available": plain(holding.available)})
            for coin, holding in account.wallet("spot").items()
        )
        payload = {"code": 200, "info": "success", "data": members}
        return Answer(payload, rows=Rows(members, "", ("freeze", "available")))

    def _legacy_time(self, call: Call) -> Answer:
        return Answer({"code": 200, "info": "success", "data": {"serverTime": call.milliseconds}})

    def _legacy_tickers(self, call: Call) -> Answer:
        del call
        members = Members()
        for pair, price in self.prices.items():
            members[pair.replace("/", "_").lower()] = {
                **dict.fromkeys(("price", "bid", "ask", "high", "low", "moneyVol"), price),
                "rate": Decimal(0),
                "coinVol": Decimal(1),
            }
        return Answer(members, rows=Rows(members, "", ("price", "bid", "ask")))


def _good(result: Any) -> Answer:
    return Answer({"rc": 0, "mc": "SUCCESS", "ma": [], "result": result})


def _prefix(call: Call) -> str:
    return "xt-validate-" if "xt-validate-appkey" in call.headers else "validate-"


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


VENDOR = Xt
