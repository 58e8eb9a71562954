"""A simulated BitMart: reads need a key and no signature; spot lists what is above zero, the others zeros as well."""

from decimal import Decimal
from typing import Any, ClassVar, Final

from exporter.sandbox.accounts import Holding, SandboxAccount
from exporter.sandbox.prices import EXACT, add, coins_of, plain, usdt_price
from exporter.sandbox.vendors.base import NO_MODES, Answer, Call, DemoPlan, Held, Limits, Refusal, Rows, Vendor

_ERRORS: Final[dict[str, tuple[int, int, str]]] = {
    "path": (404, 30000, "Not found"),
    "no key": (401, 30001, "Header X-BM-KEY is empty"),
    "key": (401, 30002, "Header X-BM-KEY not found"),
    "signature": (401, 30005, "Header X-BM-SIGN is wrong"),
    "clock": (401, 30007, "Header X-BM-TIMESTAMP range. Within a minute"),
    "ip": (403, 30010, "IP is forbidden. We recommend enabling IP whitelist for API trading"),
    "expired": (403, 30011, "Header X-BM-KEY is forbidden over expire time"),
    "permission": (403, 30012, "Header X-BM-KEY is forbidden to request it"),
    "rate": (429, 30013, "Request too many requests"),
    "maintenance": (200, 30016, "Service maintenance, the function is temporarily unavailable"),
    "frozen": (403, 53000, "Your account is frozen due to security policies"),
    "currency": (400, 60002, "Unknown currency"),
    "not open": (400, 51001, "Margin account is not opened"),
}

_FUTURES: Final = "/contract/"
_FUTURES_ERRORS: Final[dict[str, tuple[int, int, str]]] = {
    **_ERRORS,
    "ip": (403, 40006, "IP address is not allowed"),
}

_ALWAYS_LISTED: Final = ("USDT", "BTC", "ETH")
_ISOLATED: Final = "isolated_margin/"


class BitMart(Vendor):
    """`api-cloud.bitmart.com`, and `api-cloud-v2.bitmart.com` for futures, as far as balances and prices go."""

    name = "bitmart"
    published_limits: ClassVar[Limits] = {
        ("key", "/account/v1/wallet"): (12, 2),
        ("key", "/contract/private/assets-detail"): (12, 2),
        ("key", "/spot/v1/margin/isolated/account"): (12, 2),
        ("ip", "/spot/quotation/v3/tickers"): (10, 2),
        ("ip", "/system/"): (10, 1),
    }
    modes = NO_MODES
    needs = ("api_key",)
    demo = (
        DemoPlan(
            "exit-desk",
            "treasury",
            {
                "spot": {
                    "USDT": Held("8125.5", "400", "150"),
                    "BTC": Held("0.42", "0.01"),
                    "DOGE": Held("52000"),
                },
                "futures": {"USDT": Held("812.4", "37.5", "150.1", pnl="-4.75")},
                "isolated_margin/BTCUSDT": {
                    "BTC": Held("0.01", "0.0005", debt="0.002", interest="0.000001"),
                    "USDT": Held("250"),
                },
            },
            extra=("wallets: [main, futures, isolated_margin]",),
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self._traces = 0
        self.public = {
            "/system/time": self._time,
            "/system/service": self._service,
            "/spot/quotation/v3/tickers": self._tickers,
        }
        self.private = {
            "/account/v1/wallet": self._wallet,
            "/contract/private/assets-detail": self._futures,
            "/spot/v1/margin/isolated/account": self._isolated,
        }

    def key_of(self, call: Call) -> str | None:
        """Read the key's header."""
        return call.headers.get("X-BM-KEY") or None

    def identify(self, call: Call) -> SandboxAccount:
        """Check the key, which is all that a read needs."""
        return self.account_of(call)

    def signature_fits(self, call: Call, account: SandboxAccount) -> bool:
        """Take any: a signature that comes along with a read is not looked at."""
        del call, account
        return True

    def refuse(self, call: Call, situation: str) -> Answer:
        """Answer with BitMart's code; some failures come with HTTP 200."""
        errors = _FUTURES_ERRORS if call.path.startswith(_FUTURES) else _ERRORS
        status, code, message = errors[situation]
        return self._answer({}, message, code, status)

    def unknown(self, call: Call) -> Answer:
        """Answer 404 with 30000."""
        return self.refuse(call, "path")

    def rate_headers(self, call: Call, limit: int, used: int, seconds: float) -> dict[str, str]:
        """Tell the quota; `Remaining` counts the calls already used, against its name."""
        del call
        return {
            "X-BM-RateLimit-Limit": str(limit),
            "X-BM-RateLimit-Remaining": str(used),
            "X-BM-RateLimit-Reset": f"{seconds:g}",
        }

    def _answer(self, data: Any, message: str = "OK", code: int = 1000, status: int = 200) -> Answer:
        self._traces += 1
        return Answer({"code": code, "message": message, "trace": f"{self._traces:032x}", "data": data}, status)

    def _wallet(self, call: Call, account: SandboxAccount) -> Answer:
        fields = call.fields()
        valued = fields.get("needUsdValuation", "").lower() == "true"
        wanted = fields.get("currency", "")
        holdings = account.wallet("spot")
        if wanted and wanted not in holdings and wanted not in coins_of(self.prices):
            return self.refuse(call, "currency")
        rows: list[dict[str, Any]] = []
        for coin, holding in holdings.items():
            if holding.held <= 0 or (wanted and coin != wanted):
                continue
            price = usdt_price(self.prices, coin) if valued else None
            rows.append(
                {
                    "currency": coin.upper(),
                    "name": coin.capitalize(),
                    "available": plain(holding.available),
                    "available_usd_valuation": None
                    if price is None
                    else plain(EXACT.multiply(holding.available, price)),
                    "frozen": plain(holding.frozen),
                    "unAvailable": plain(holding.tied),
                }
            )
        answer = self._answer({"wallet": rows})
        answer.rows = Rows(rows, "currency", ("available", "available_usd_valuation", "frozen", "unAvailable"))
        return answer

    def _futures(self, call: Call, account: SandboxAccount) -> Answer:
        del call
        holdings = dict.fromkeys(_ALWAYS_LISTED, Holding()) | account.wallet("futures")
        rows = [
            {
                "currency": coin.upper(),
                "available_balance": plain(holding.available),
                "frozen_balance": plain(holding.frozen),
                "position_deposit": plain(holding.locked),
                "equity": plain(holding.net),
                "unrealized": plain(EXACT.subtract(holding.net, holding.held)),
            }
            for coin, holding in holdings.items()
        ]
        answer = self._answer(rows, "Ok")
        answer.rows = Rows(
            rows, "currency", ("available_balance", "frozen_balance", "position_deposit", "equity", "unrealized")
        )
        return answer

    def _isolated(self, call: Call, account: SandboxAccount) -> Answer:
        """List every pair that is traded, also those that hold nothing.

        Raises:
            Refusal: none was ever opened.
        """
        if not any(wallet.startswith(_ISOLATED) for wallet in account.balances):
            raise Refusal("not open")
        wanted = call.fields().get("symbol", "")
        pairs = [pair for pair in self.prices if not wanted or pair.replace("/", "_") == wanted]
        return self._answer({"symbols": [self._pair(account, *pair.split("/")) for pair in pairs]})

    def _pair(self, account: SandboxAccount, base: str, quote: str) -> dict[str, Any]:
        holdings = account.wallet(f"{_ISOLATED}{base}{quote}")
        owes = any(holding.debt or holding.interest for holding in holdings.values())
        return {
            "symbol": f"{base}_{quote}",
            "risk_rate": "4.8120" if owes else "999",
            "risk_level": "1",
            "buy_enabled": True,
            "sell_enabled": True,
            "liquidate_price": "10000" if owes else None,
            "liquidate_rate": "1.15000000",
            "base": self._side(base, holdings.get(base, Holding())),
            "quote": self._side(quote, holdings.get(quote, Holding())),
        }

    def _side(self, coin: str, holding: Holding) -> dict[str, Any]:
        price, btc = (usdt_price(self.prices, each) for each in (coin, "BTC"))
        return {
            "currency": coin,
            "borrow_enabled": True,
            "borrowed": plain(holding.debt),
            "borrow_unpaid": plain(holding.debt),
            "interest_unpaid": plain(holding.interest),
            "available": plain(holding.available),
            "frozen": plain(holding.frozen),
            "net_asset": plain(holding.net),
            "net_assetBTC": plain(round(EXACT.multiply(holding.net, price) / btc, 8)) if price and btc else "0",
            "total_asset": plain(add(holding.available, holding.frozen)),
        }

    def _tickers(self, call: Call) -> Answer:
        moment = str(call.milliseconds)
        rows = [_ticker(pair.replace("/", "_"), price, moment) for pair, price in self.prices.items()]
        answer = self._answer(rows, "success")
        answer.rows = Rows(rows, 0, (1, 8, 10))
        return answer

    def _time(self, call: Call) -> Answer:
        return self._answer({"server_time": call.milliseconds})

    def _service(self, call: Call) -> Answer:
        return self._answer(
            {
                "service": [
                    {
                        "title": "Spot API Stop",
                        "service_type": "spot",
                        "status": "2",
                        "start_time": call.milliseconds - 864_000_000,
                        "end_time": call.milliseconds - 863_400_000,
                    }
                ]
            }
        )


def _ticker(symbol: str, price: Decimal, moment: str) -> list[str]:
    """Write a ticker as BitMart does: thirteen strings, told apart by their place."""
    text = plain(price)
    return [symbol, text, "1000", "1000", text, text, text, "0.0001", text, "1", text, "1", moment]


VENDOR = BitMart
