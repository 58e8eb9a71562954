"""A simulated OKX: the trading account, funding, earn, and what each of them is worth in USD."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

from exporter.sandbox.accounts import Holding, SandboxAccount
from exporter.sandbox.prices import EXACT, add, plain, usdt_price, usdt_value
from exporter.sandbox.vendors.base import (
    Answer,
    Call,
    DemoPlan,
    Held,
    Limits,
    Refusal,
    Rows,
    Vendor,
)
from exporter.sandbox.vendors.signing import digest, same

_ERRORS: Final[dict[str, tuple[int, str, str]]] = {
    "no key": (401, "50103", 'Request header "OK-ACCESS-KEY" can\'t be empty.'),
    "key": (401, "50119", "API key doesn't exist"),
    "expired": (401, "50111", "Invalid OK-ACCESS-KEY"),
    "no passphrase": (401, "50104", 'Request header "OK-ACCESS-PASSPHRASE" can\'t be empty.'),
    "passphrase": (401, "50105", 'Request header "OK-ACCESS-PASSPHRASE" incorrect.'),
    "no signature": (401, "50106", 'Request header "OK-ACCESS-SIGN" can\'t be empty.'),
    "signature": (401, "50113", "Invalid Sign"),
    "no timestamp": (401, "50107", 'Request header "OK-ACCESS-TIMESTAMP" can\'t be empty.'),
    "bad timestamp": (401, "50112", "Invalid OK-ACCESS-TIMESTAMP"),
    "clock": (401, "50102", "Timestamp request expired"),
    "ip": (401, "50110", "Your IP {remote} is not included in your API key's IP whitelist."),
    "permission": (200, "50120", "This API key doesn't have permission to use this function"),
    "frozen": (200, "50007", "Account blocked"),
    "parameter": (400, "51000", "Parameter ccy error"),
    "rate": (429, "50011", "Too Many Requests"),
    "maintenance": (503, "50001", "Service temporarily unavailable. Try again later"),
}

_VALUED: Final = {"funding": "funding", "trading": "unified", "classic": "", "earn": "earn"}
_RIGHTS: Final = {"read": "read_only", "trade": "trade", "withdraw": "withdraw"}
_UNITS: Final = ("USD", "USDT", "BTC")
_WINDOW: Final = 30_000
_MAINTENANCE: Final = Decimal("0.4")
"""Maintenance margin as a share of the margin of positions."""


def fits(secret: str, given: str, stamp: str, method: str, target: str) -> bool:
    """Check a signed request: the target is taken as it came."""
    return same(given, base64.b64encode(digest(secret, f"{stamp}{method}{target}")).decode())


class Okx(Vendor):
    """`www.okx.com` as far as balances, prices and keys go."""

    name = "okx"
    published_limits: ClassVar[Limits] = {
        ("key", "/api/v5/account/balance"): (10, 2),
        ("key", "/api/v5/asset/balances"): (6, 1),
        ("key", "/api/v5/asset/asset-valuation"): (1, 1),
        ("key", "/api/v5/finance/savings/balance"): (6, 1),
        ("key", "/api/v5/finance/staking-defi/orders-active"): (3, 1),
        ("key", "/api/v5/account/config"): (5, 2),
        ("ip", "/api/v5/public/time"): (10, 2),
        ("ip", "/api/v5/market/tickers"): (20, 2),
    }
    modes: ClassVar[Mapping[str, str]] = {"": "unified"}
    needs = ("api_key", "secret", "passphrase")
    demo = (
        DemoPlan(
            "basis-desk",
            "derivatives",
            {
                "unified": {
                    "USDT": Held("6200", "1200", "2800"),
                    "BTC": Held("0.9", "0.1"),
                    "ETH": Held("8"),
                },
                "funding": {"USDC": Held("4000"), "SOL": Held("25")},
                "earn": {"USDT": Held("0", "0", "1500")},
            },
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.public = {"/api/v5/public/time": self._time, "/api/v5/market/tickers": self._tickers}
        self.private = {
            "/api/v5/account/balance": self._balance,
            "/api/v5/asset/balances": self._funding,
            "/api/v5/asset/asset-valuation": self._valuation,
            "/api/v5/finance/savings/balance": self._savings,
            "/api/v5/finance/staking-defi/orders-active": self._orders,
            "/api/v5/account/config": self._config,
        }

    def key_of(self, call: Call) -> str | None:
        """Read the key's header."""
        return call.headers.get("OK-ACCESS-KEY") or None

    def identify(self, call: Call) -> SandboxAccount:
        """Check that all four headers are there, then the key, the time and the passphrase."""
        given = call.headers
        for header, situation in (
            ("OK-ACCESS-KEY", "no key"),
            ("OK-ACCESS-PASSPHRASE", "no passphrase"),
            ("OK-ACCESS-SIGN", "no signature"),
            ("OK-ACCESS-TIMESTAMP", "no timestamp"),
        ):
            if not given.get(header):
                raise Refusal(situation)
        account = self.account_of(call)
        if abs(call.milliseconds - _milliseconds(given["OK-ACCESS-TIMESTAMP"])) > _WINDOW:
            raise Refusal("clock")
        if given["OK-ACCESS-PASSPHRASE"] != account.passphrase:
            raise Refusal("passphrase")
        return account

    def signature_fits(self, call: Call, account: SandboxAccount) -> bool:
        """Check the signature's header."""
        target = call.path + (f"?{call.query}" if call.query else "")
        given = call.headers["OK-ACCESS-SIGN"]
        return fits(account.secret, given, call.headers["OK-ACCESS-TIMESTAMP"], call.method, target)

    def refuse(self, call: Call, situation: str) -> Answer:
        """Answer with OKX's code, a text; the address that was seen is told."""
        status, code, message = _ERRORS[situation]
        return Answer({"msg": message.format(remote=call.remote), "code": code}, status)

    def unknown(self, call: Call) -> Answer:
        """Answer 404, in numbers."""
        del call
        return Answer({"msg": "Not Found", "code": "404", "data": []}, 404)

    def _balance(self, call: Call, account: SandboxAccount) -> Answer:
        wanted = {name for name in call.fields().get("ccy", "").upper().split(",") if name}
        if len(wanted) > 20:
            raise Refusal("parameter")
        moment = str(call.milliseconds)
        held = {coin: one for coin, one in account.wallet("unified").items() if not one.is_zero}
        rows = [self._row(coin, one, moment) for coin, one in held.items() if not wanted or coin.upper() in wanted]
        whole = {
            "uTime": moment,
            "totalEq": plain(add(*(self._usd(coin, one) for coin, one in held.items()))),
            "isoEq": "0",
            "mgnRatio": self._ratio(held),
            "upl": plain(add(*(self._worth(coin, one.pnl) for coin, one in held.items()))),
            "details": rows,
        }
        return _good([whole], Rows(rows, "ccy", ("eq", "cashBal", "availBal", "availEq", "ordFrozen", "liab")))

    def _row(self, coin: str, one: Holding, moment: str) -> dict[str, Any]:
        """One coin: what is owed is a positive `liab`; all that is tied is `frozenBal`, orders alone `ordFrozen`."""
        owed = add(one.debt, one.interest)
        return {
            "ccy": coin,
            "eq": plain(one.net),
            "cashBal": plain(EXACT.subtract(one.net, one.pnl)),
            "uTime": moment,
            "isoEq": "0",
            "availEq": plain(one.available),
            "disEq": plain(EXACT.multiply(self._usd(coin, one), Decimal("0.95"))),
            "availBal": plain(one.available),
            "frozenBal": plain(one.tied),
            "ordFrozen": plain(one.frozen),
            "liab": plain(owed),
            "upl": plain(one.pnl),
            "mgnRatio": "",
            "imr": "",
            "mmr": "",
            "interest": plain(one.interest),
            "eqUsd": plain(self._usd(coin, one)),
            "stgyEq": "0",
            "spotBal": "",
        }

    def _ratio(self, held: Mapping[str, Holding]) -> str:
        """Equity over maintenance margin, both in USD; an empty text without positions."""
        needed = EXACT.multiply(add(*(self._worth(coin, one.locked) for coin, one in held.items())), _MAINTENANCE)
        equity = add(*(self._usd(coin, one) for coin, one in held.items()))
        return plain(round(EXACT.divide(equity, needed), 6)) if needed else ""

    def _usd(self, coin: str, one: Holding) -> Decimal:
        return self._worth(coin, one.net) if one.usd is None else one.usd

    def _worth(self, coin: str, amount: Decimal) -> Decimal:
        return usdt_value(self.prices, coin, amount) or Decimal(0)

    def _funding(self, call: Call, account: SandboxAccount) -> Answer:
        wanted = call.fields().get("ccy", "").upper()
        rows = [
            {
                "ccy": coin,
                "bal": plain(one.held),
                "frozenBal": plain(one.tied),
                "availBal": plain(one.available),
            }
            for coin, one in account.wallet("funding").items()
            if one.held and (not wanted or coin.upper() in wanted.split(","))
        ]
        return _good(rows, Rows(rows, "ccy", ("bal", "availBal", "frozenBal")))

    def _valuation(self, call: Call, account: SandboxAccount) -> Answer:
        unit = call.fields().get("ccy", "BTC").upper()
        price = usdt_price(self.prices, unit) if unit in _UNITS else None
        if not price:
            raise Refusal("parameter")
        worth = {
            kind: round(EXACT.divide(self.worth(account.wallet(wallet)) if wallet else Decimal(0), price), 8)
            for kind, wallet in _VALUED.items()
        }
        details = {kind: plain(value) for kind, value in worth.items()}
        whole = {"details": details, "totalBal": plain(add(*worth.values())), "ts": str(call.milliseconds)}
        return _good([whole])

    def _savings(self, call: Call, account: SandboxAccount) -> Answer:
        wanted = call.fields().get("ccy", "").upper()
        rows = [
            {
                "ccy": coin,
                "amt": plain(one.net),
                "loanAmt": plain(one.net),
                "pendingAmt": "0",
                "earnings": "0",
                "rate": "0.01",
                "redemptAmt": "",
            }
            for coin, one in account.wallet("earn").items()
            if not one.is_zero and wanted in {"", coin.upper()}
        ]
        return _good(rows, Rows(rows, "ccy", ("amt", "loanAmt", "pendingAmt")))

    def _orders(self, call: Call, account: SandboxAccount) -> Answer:
        """On-chain earn, which is the wallet `onchain` here: an order for each coin, in a protocol of its own."""
        rows = [
            {
                "ccy": coin,
                "ordId": str(number),
                "productId": "101",
                "state": "9",
                "protocol": "Defi",
                "protocolType": "defi",
                "term": "0",
                "apy": "0.02",
                "investData": [{"ccy": coin, "amt": plain(one.net)}],
                "earningData": [{"ccy": coin, "earningType": "0", "earnings": "0.001"}],
                "purchasedTime": str(call.milliseconds),
                "fastRedemptionData": [],
            }
            for number, (coin, one) in enumerate(account.wallet("onchain").items(), 1)
            if not one.is_zero
        ]
        return _good(rows)

    def _config(self, call: Call, account: SandboxAccount) -> Answer:
        del call
        rights = [_RIGHTS[right] for right in account.permissions if right in _RIGHTS]
        whole = {
            "uid": str(account.uid),
            "mainUid": str(account.uid),
            "acctLv": "3",
            "posMode": "net_mode",
            "autoLoan": False,
            "level": "Lv1",
            "kycLv": "3",
            "label": "monitor",
            "ip": ",".join(account.ips),
            "perm": ",".join(rights),
            "roleType": "0",
            "enableSpotBorrow": False,
            "type": "0",
        }
        return _good([whole])

    def _time(self, call: Call) -> Answer:
        return _good([{"ts": str(call.milliseconds)}])

    def _tickers(self, call: Call) -> Answer:
        if call.fields().get("instType") != "SPOT":
            raise Refusal("parameter")
        moment = str(call.milliseconds)
        rows = []
        for pair, price in self.prices.items():
            text = plain(price)
            rows.append(
                {
                    "instType": "SPOT",
                    "instId": pair.replace("/", "-").upper(),
                    **dict.fromkeys(("last", "askPx", "bidPx", "open24h", "high24h", "low24h"), text),
                    **dict.fromkeys(("sodUtc0", "sodUtc8"), text),
                    **dict.fromkeys(("lastSz", "askSz", "bidSz", "volCcy24h", "vol24h"), "1"),
                    "ts": moment,
                }
            )
        return _good(rows, Rows(rows, "instId", ("last", "askPx", "bidPx")))


def _milliseconds(stamp: str) -> int:
    """Read `2020-12-08T09:08:57.715Z`, to the letter."""
    try:
        moment = datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        raise Refusal("bad timestamp") from None
    if len(stamp) != len("2020-12-08T09:08:57.715Z"):
        raise Refusal("bad timestamp")
    return round(moment.timestamp() * 1000)


def _good(data: Any, rows: Rows | None = None) -> Answer:
    return Answer({"code": "0", "msg": "", "data": data}, rows=rows)


VENDOR = Okx
