"""A simulated Bybit: the unified account, funding, earn, and what each of them is worth in USD."""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

from exporter.sandbox.accounts import Holding, SandboxAccount
from exporter.sandbox.prices import EXACT, add, plain, usdt_price, usdt_value
from exporter.sandbox.vendors.base import Answer, Call, DemoPlan, Held, Limits, Refusal, Rows, Vendor
from exporter.sandbox.vendors.signing import digest

_ERRORS: Final[dict[str, tuple[int, int, str]]] = {
    "no header": (200, 10001, "Request parameter error: {header} is empty"),
    "key": (200, 10003, "API key is invalid."),
    "expired": (200, 33004, "Your api key has expired."),
    "clock": (200, 10002, "invalid request, please check your server timestamp or recv_window param."),
    "bad timestamp": (200, 10001, "Request parameter error: timestamp"),
    "signature": (200, 10004, "Error sign, please check your signature generation algorithm."),
    "ip": (200, 10010, "Unmatched IP, please check your API key's bound IP addresses."),
    "permission": (200, 10005, "Permission denied, please check your API key permissions."),
    "frozen": (200, 10008, "User has been banned."),
    "parameter": (200, 10001, "Request parameter error."),
    "rate": (200, 10006, "Too many visits. Exceeded the API Rate Limit."),
    "maintenance": (200, 10016, "Service is restarting."),
    "unknown": (404, 10017, "Route not found."),
}
"""Whether refusals of a key come with status 200 or 401 differs by the age of the report."""

_VALUED: Final = {
    "UnifiedTradingAccount": "unified",
    "FundingAccount": "funding",
    "Earn": "earn",
    "TradingBot": "bots",
    "CopyTrading": "copy_trading",
}
_HEADERS: Final = ("X-BAPI-API-KEY", "X-BAPI-TIMESTAMP", "X-BAPI-SIGN")
_AHEAD: Final = 1_000
_MAINTENANCE: Final = Decimal("0.1")
"""Maintenance margin as a share of the margin of positions."""


def fits(secret: str, given: str, stamp: str, key: str, window: str, query: str) -> bool:
    """Check a signed request: time, key, window and the query as it came, in lower hex."""
    return hmac.compare_digest(given.encode(), digest(secret, f"{stamp}{key}{window}{query}").hex().encode())


class Bybit(Vendor):
    """`api.bybit.com` as far as balances, prices and keys of unified accounts go."""

    name = "bybit"
    published_limits: ClassVar[Limits] = {
        ("key", "/v5/account/wallet-balance"): (50, 1),
        ("key", "/v5/asset/transfer/query-account-coins-balance"): (5, 1),
        ("key", "/v5/asset/asset-overview"): (50, 1),
        ("key", "/v5/earn/position"): (5, 1),
        ("key", "/v5/user/query-api"): (10, 1),
        ("ip", "/v5/"): (600, 5),
    }
    modes: ClassVar[Mapping[str, str]] = {"": "unified"}
    needs = ("api_key", "secret")
    demo = (
        DemoPlan(
            "swap-desk",
            "derivatives",
            {
                "unified": {
                    "USDT": Held("4800", "650", "1900"),
                    "BTC": Held("0.42", "0.03"),
                    "XRP": Held("5200", debt="700", interest="0.9"),
                },
                "funding": {"USDC": Held("1500"), "ETH": Held("2.5")},
                "earn": {"USDT": Held("0", "0", "900")},
            },
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.public = {
            "/v5/market/time": self._time,
            "/v5/market/tickers": self._tickers,
            "/v5/market/instruments-info": self._markets,
        }
        self.private = {
            "/v5/account/wallet-balance": self._unified,
            "/v5/asset/transfer/query-account-coins-balance": self._coins,
            "/v5/asset/asset-overview": self._overview,
            "/v5/earn/position": self._earn,
            "/v5/user/query-api": self._key,
        }

    def key_of(self, call: Call) -> str | None:
        """Read the key's header."""
        return call.headers.get("X-BAPI-API-KEY") or None

    def identify(self, call: Call) -> SandboxAccount:
        """Check that the headers are there, then the key and the time."""
        if any(not call.headers.get(name) for name in _HEADERS):
            raise Refusal("no header")
        account = self.account_of(call)
        stamp, window = call.headers["X-BAPI-TIMESTAMP"], _window(call)
        if not (stamp.isdigit() and window.isdigit()):
            raise Refusal("bad timestamp")
        if not call.milliseconds - int(window) <= int(stamp) < call.milliseconds + _AHEAD:
            raise Refusal("clock")
        return account

    def signature_fits(self, call: Call, account: SandboxAccount) -> bool:
        """Check the signature's header."""
        given, stamp, key = (call.headers[name] for name in ("X-BAPI-SIGN", "X-BAPI-TIMESTAMP", "X-BAPI-API-KEY"))
        return fits(account.secret, given, stamp, key, call.headers.get("X-BAPI-RECV-WINDOW", ""), call.query)

    def admit(self, call: Call, account: SandboxAccount) -> SandboxAccount:
        """Let a reader in; a body with a GET is refused, even an empty one."""
        if call.has_body:
            raise Refusal("parameter")
        return super().admit(call, account)

    def refuse(self, call: Call, situation: str) -> Answer:
        """Answer with Bybit's code, a number."""
        status, code, message = _ERRORS[situation]
        lacking = next((name for name in _HEADERS if not call.headers.get(name)), "")
        return Answer(_envelope({}, call, code, message.format(header=lacking)), status)

    def unknown(self, call: Call) -> Answer:
        """Answer 404, in numbers."""
        return self.refuse(call, "unknown")

    def rate_headers(self, call: Call, limit: int, used: int, seconds: float) -> dict[str, str]:
        """Tell the calls that are left in this second."""
        return {
            "X-Bapi-Limit": str(limit),
            "X-Bapi-Limit-Status": str(max(limit - used, 0)),
            "X-Bapi-Limit-Reset-Timestamp": str(int((call.now + seconds) * 1000)),
        }

    def _unified(self, call: Call, account: SandboxAccount) -> Answer:
        if call.fields().get("accountType") != "UNIFIED":
            raise Refusal("parameter")
        held = {coin: one for coin, one in account.wallet("unified").items() if not one.is_zero}
        rows = [self._row(coin, one) for coin, one in held.items()]
        equity = add(*(self._usd(coin, one) for coin, one in held.items()))
        margin = add(*(self._worth(coin, one.locked) for coin, one in held.items()))
        needed = EXACT.multiply(margin, _MAINTENANCE)
        whole = {
            "accountType": "UNIFIED",
            **dict.fromkeys(("totalEquity", "totalWalletBalance", "totalMarginBalance"), plain(equity)),
            "totalAvailableBalance": plain(EXACT.subtract(equity, margin)),
            "totalPerpUPL": plain(add(*(self._worth(coin, one.pnl) for coin, one in held.items()))),
            "totalInitialMargin": plain(margin),
            "totalMaintenanceMargin": plain(needed),
            "accountIMRate": plain(round(EXACT.divide(margin, equity), 6)) if equity > 0 else "0",
            "accountMMRate": plain(round(EXACT.divide(needed, equity), 6)) if equity > 0 else "0",
            "accountLTV": "0",
            "coin": rows,
        }
        amounts = ("equity", "walletBalance", "locked", "totalOrderIM", "totalPositionIM", "bonus", "borrowAmount")
        return _good({"list": [whole]}, call, Rows(rows, "coin", (*amounts, "accruedInterest")))

    def _row(self, coin: str, one: Holding) -> dict[str, Any]:
        """One coin: `locked` by spot orders; what is locked here is the margin of positions; debt is in the balance."""
        return {
            "coin": coin,
            "equity": plain(one.net),
            "usdValue": plain(self._usd(coin, one)),
            "walletBalance": plain(one.held),
            "locked": plain(one.frozen),
            "totalOrderIM": "0",
            "totalPositionIM": plain(one.locked),
            "totalPositionMM": plain(EXACT.multiply(one.locked, _MAINTENANCE)),
            "unrealisedPnl": plain(one.pnl),
            "cumRealisedPnl": "0",
            "bonus": "0",
            **dict.fromkeys(("borrowAmount", "spotBorrow"), plain(one.debt)),
            "accruedInterest": plain(one.interest),
            "spotHedgingQty": "0",
            **dict.fromkeys(("marginCollateral", "collateralSwitch"), True),
            "colRes": "0",
            **dict.fromkeys(("availableToWithdraw", "availableToBorrow", "free"), ""),
        }

    def _usd(self, coin: str, one: Holding) -> Decimal:
        return self._worth(coin, one.net) if one.usd is None else one.usd

    def _worth(self, coin: str, amount: Decimal) -> Decimal:
        return usdt_value(self.prices, coin, amount) or Decimal(0)

    def _coins(self, call: Call, account: SandboxAccount) -> Answer:
        if call.fields().get("accountType") != "FUND":
            raise Refusal("parameter")
        rows = [
            {"coin": coin, "transferBalance": plain(one.available), "walletBalance": plain(one.held), "bonus": ""}
            for coin, one in account.wallet("funding").items()
        ]
        told = {"memberId": str(account.uid), "accountType": "FUND", "balance": rows}
        return _good(told, call, Rows(rows, "coin", ("walletBalance", "transferBalance")))

    def _overview(self, call: Call, account: SandboxAccount) -> Answer:
        unit = call.fields().get("valuationCurrency", "USD").upper()
        price = usdt_price(self.prices, unit)
        if not price:
            raise Refusal("parameter")
        worth = {
            kind: round(EXACT.divide(self.worth(account.wallet(wallet)), price), 8) for kind, wallet in _VALUED.items()
        }
        kinds = [
            {
                "accountType": kind,
                "totalEquity": plain(value),
                "valuationCurrency": unit,
                "snapshotTime": str(call.milliseconds),
                "coinDetail": [],
            }
            for kind, value in worth.items()
        ]
        return _good({"totalEquity": plain(add(*worth.values())), "list": kinds}, call)

    def _earn(self, call: Call, account: SandboxAccount) -> Answer:
        """A position for each coin: those of the wallet `earn` are flexible, those of `onchain` on-chain."""
        wallet = {"FlexibleSaving": "earn", "OnChain": "onchain"}.get(call.fields().get("category", ""))
        if wallet is None:
            raise Refusal("parameter")
        rows = [
            {
                "coin": coin,
                "productId": str(number),
                "amount": plain(one.net),
                **dict.fromkeys(("totalPnl", "claimableYield"), "0"),
                "id": str(number),
                "status": "Active",
                "availableAmount": plain(one.net),
                "freezeDetails": [],
            }
            for number, (coin, one) in enumerate(account.wallet(wallet).items(), 1)
        ]
        return _good({"list": rows}, call, Rows(rows, "coin", ("amount", "availableAmount")))

    def _key(self, call: Call, account: SandboxAccount) -> Answer:
        """The key in clear; a read-only one has lists of rights too."""
        writes = {"trade", "transfer", "withdraw"} & set(account.permissions)
        days = account.expires_days
        end = datetime.fromtimestamp(0 if days is None else int(call.now) + days * 86_400, UTC)
        trades, transfers = (not writes or each in writes for each in ("trade", "transfer"))
        wallet = [*(["AccountTransfer"] if transfers else []), *(["Withdraw"] if "withdraw" in writes else [])]
        told = {
            "id": str(account.uid),
            "note": "monitor",
            "apiKey": account.key,
            "readOnly": 0 if writes else 1,
            "secret": "",
            "permissions": {
                "ContractTrade": ["Order", "Position"] if trades else [],
                "Spot": ["SpotTrade"] if trades else [],
                "Wallet": wallet,
                "Options": [],
                "Derivatives": [],
                "Earn": ["Earn"],
            },
            "ips": list(account.ips) or ["*"],
            "type": 1,
            "deadlineDay": -1 if days is None else days,
            "expiredAt": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "createdAt": "2026-09-22T02:24:40Z",
            "unified": 0,
            "uta": 1,
            "userID": account.uid,
            "isMaster": True,
        }
        return _good(told, call)

    def _time(self, call: Call) -> Answer:
        nanoseconds = call.milliseconds * 1_000_000
        return _good({"timeSecond": str(call.milliseconds // 1000), "timeNano": str(nanoseconds)}, call)

    def _tickers(self, call: Call) -> Answer:
        self._spot_alone(call)
        rows = []
        for pair, price in self.prices.items():
            text = plain(price)
            rows.append(
                {
                    "symbol": pair.replace("/", "").upper(),
                    **dict.fromkeys(("lastPrice", "bid1Price", "ask1Price", "prevPrice24h"), text),
                    **dict.fromkeys(("highPrice24h", "lowPrice24h"), text),
                    **dict.fromkeys(("bid1Size", "ask1Size", "turnover24h", "volume24h"), "1"),
                    "price24hPcnt": "0",
                    "usdIndexPrice": "",
                }
            )
        return _good({"category": "spot", "list": rows}, call, Rows(rows, "symbol", ("lastPrice",)))

    def _markets(self, call: Call) -> Answer:
        self._spot_alone(call)
        rows = []
        for pair in self.prices:
            base, _, quote = pair.upper().partition("/")
            rows.append(
                {
                    "symbol": f"{base}{quote}",
                    "baseCoin": base,
                    "quoteCoin": quote,
                    "innovation": "0",
                    "status": "Trading",
                    "marginTrading": "utaOnly",
                }
            )
        return _good({"category": "spot", "list": rows}, call)

    def _spot_alone(self, call: Call) -> None:
        if call.fields().get("category") != "spot":
            raise Refusal("parameter")


def _window(call: Call) -> str:
    return call.headers.get("X-BAPI-RECV-WINDOW", "5000")


def _envelope(result: Any, call: Call, code: int = 0, message: str = "OK") -> dict[str, Any]:
    return {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": call.milliseconds}


def _good(result: Any, call: Call, rows: Rows | None = None) -> Answer:
    return Answer(_envelope(result, call), rows=rows)


VENDOR = Bybit
