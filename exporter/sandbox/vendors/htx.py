"""A simulated HTX: balances by numbered account, two rows for every coin, and the host in the signed text."""

import base64
from calendar import timegm
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final
from urllib.parse import unquote

from exporter.sandbox.accounts import Holding, SandboxAccount
from exporter.sandbox.prices import EXACT, add, plain, usdt_price
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
from exporter.sandbox.vendors.signing import digest, pairs, same

_NOT_VALID: Final = "api-signature-not-valid"

# One code covers key, secret, clock, address and permission: only the bilingual text tells them apart.
_V1_ERRORS: Final[dict[str, tuple[int, str, str]]] = {
    "path": (405, "method-not-allowed", "The requested method is not allowed"),
    "no key": (200, _NOT_VALID, "Signature not valid: Incorrect Access key [Access key错误]"),
    "key": (200, _NOT_VALID, "Signature not valid: Incorrect Access key [Access key错误]"),
    "expired": (200, _NOT_VALID, "Signature not valid: APIkey has expired [API Key已过期]"),
    "no signature": (200, "login-required", "Signature is missing"),
    "bad method": (200, _NOT_VALID, "Signature not valid: Incorrect signature method [签名方法错误]"),
    "bad version": (200, _NOT_VALID, "Signature not valid: Incorrect signature version [签名版本错误]"),
    "signature": (200, _NOT_VALID, "Signature not valid: Verification failure [校验失败]"),
    "clock": (
        200,
        _NOT_VALID,
        "Signature not valid: Invalid submission time or incorrect time format [无效的提交时间，或时间格式错误]",
    ),
    "ip": (200, _NOT_VALID, "Signature not valid: Incorrect IP address [IP地址错误]:{remote}"),
    "permission": (200, _NOT_VALID, "Signature not valid: API key has no permission [API Key没有权限]"),
    "rate": (429, "base-request-exceed-frequency-limit", "request exceeds the frequency limit"),
    "maintenance": (200, "system-maintenance", "System is in maintenance!"),
    "frozen": (200, "account-frozen", "The account is frozen"),
    "account": (200, "account-get-accounts-inexistent-error", "account for id `{account}` is not found"),
    "currency": (200, "invalid-parameter", "invalid valuation currency"),
}

_V2_ERRORS: Final[dict[str, tuple[int, int, str]]] = {
    "permission": (200, 1002, "forbidden"),
    "ip": (200, 2000, "Incorrect IP address [IP地址错误]:{remote}"),
    "rate": (429, 1006, "too many requests"),
    "maintenance": (503, 503, "System is in maintenance!"),
    "frozen": (200, 1002, "the account is frozen"),
    "currency": (200, 2002, "invalid field value in `valuationCurrency`"),
}
_UNAUTHORISED: Final = (200, 1003, "unauthorized")

# The futures number what the others put in words. How they refuse for want of permission nobody has shown: as v2 does.
_V5_ERRORS: Final[dict[str, tuple[int, int, str]]] = {
    "no key": (200, 12007, "Incorrect Access key"),
    "key": (200, 12007, "Incorrect Access key"),
    "expired": (200, 12004, "APIkey has expired"),
    "no signature": (200, 12008, "Verification failure"),
    "bad method": (200, 12003, "Incorrect signature method"),
    "bad version": (200, 12002, "Incorrect signature version"),
    "signature": (200, 12008, "Verification failure"),
    "clock": (200, 12001, "Invalid submission time"),
    "ip": (200, 12005, "Incorrect IP address [IP地址错误]:{remote}"),
    "permission": (200, 1003, "API key has no permission"),
    "rate": (429, 1032, "The number of access exceeded the limit."),
    "maintenance": (200, 1431, "The system is in maintenance."),
    "frozen": (200, 1073, "Position abnormal. Please contact the customer service."),
    "unopened": (200, 1220, "You have not opened contracts trading."),
}

_KINDS: Final = {
    "margin": "super-margin",
    "points": "point",
    "grid": "grid-trading",
    "earn": "deposit-earning",
}
_DISTRIBUTIONS: Final = {
    "spot": "1",
    "isolated_margin": "2",
    "margin": "3",
    "earn": "10",
    "futures": "11",
    "grid": "15",
}
_VALUED: Final = {"spot": "spot", "margin": "isolated_margin", "super-margin": "margin", "otc": "otc"}
_LISTED: Final = (
    "18c aac abt ach act aergo akro algo ankr ant api3 arpa ast atom auction avax band bat bch bkbt bnt bsv "
    "chr chz ckb cro cru cvc dash dcr dot eos etc fil flow gas grt hbar hc icx iota jst kava knc ksm"
)
_OTHER_COINS: Final = tuple(_LISTED.split())
"""A few of the many coins that the real one lists for everybody, delisted ones among them."""
_WINDOW: Final = 60

_FUTURES: Final = "futures"
_ISOLATED: Final = "futures/isolated"
"""What isolated positions hold: their margin is `locked` there, that of their orders `frozen`."""

_MAINTENANCE: Final = Decimal("0.2")
"""Maintenance margin, as a share of what positions hold."""


def fits(secret: str, method: str, host: str, path: str, query: str) -> bool:
    """Check a signed request: method, host, path and the raw parameters in byte order of their names.

    The values are taken percent-encoded as they came, so that a client that sends another spelling than
    it signed is refused.
    """
    items = pairs(query)
    given = next((unquote(value) for name, value in items if name == "Signature"), "")
    joined = "&".join(f"{name}={value}" for name, value in sorted(items) if name != "Signature")
    text = f"{method}\n{host}\n{path}\n{joined}"
    return same(given, base64.b64encode(digest(secret, text)).decode())


class Htx(Vendor):
    """`api.huobi.pro` as far as balances, valuations, prices and keys go, and the futures of `api.hbdm.com`."""

    name = "htx"
    published_limits: ClassVar[Limits] = {
        ("key", "/v1/account/accounts"): (100, 2),
        ("key", "/v2/account/asset-valuation"): (100, 2),
        ("key", "/v2/account/valuation"): (3, 1),
        ("key", "/v2/user/"): (10, 1),
        ("key", "/v5/"): (72, 3),
        ("ip", "/market/tickers"): (4500, 300),
        ("ip", "/v1/common/"): (10, 1),
    }
    modes = NO_MODES
    needs = ("api_key", "secret")
    demo = (
        DemoPlan(
            "arbitrage",
            "arbitrage",
            {
                "spot": {
                    "USDT": Held("9800", "1500"),
                    "BTC": Held("0.31", "0.04", "0.02"),
                    "XMR": Held("12"),
                    "EURC": Held("2500"),
                },
                "margin": {"USDT": Held("1000"), "ETH": Held("0.5", debt="0.2", interest="0.0001")},
                "isolated_margin/BTCUSDT": {"BTC": Held("0.02"), "USDT": Held("350")},
                "points": {"HBPOINT": Held("120")},
                _FUTURES: {"USDT": Held("5200", "400", "1800", pnl="-260.5")},
                _ISOLATED: {"USDT": Held("0", "0", "300", pnl="45.25")},
            },
            fails=True,
            extra=("expect: [SOL]", "wallets: [main, margin, isolated_margin, points, futures]"),
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.public = {
            "/v1/common/timestamp": self._time,
            "/v1/common/symbols": self._symbols,
            "/market/tickers": self._tickers,
        }
        self.private = {
            "/v1/account/accounts": self._accounts,
            "/v2/account/asset-valuation": self._asset_valuation,
            "/v2/account/valuation": self._valuation,
            "/v5/account/balance": self._futures,
            "/v2/user/uid": self._uid,
            "/v2/user/api-key": self._api_key,
        }

    def answer(self, call: Call) -> Answer:
        """Answer; a GET that brings a body is stopped at the edge with 403."""
        if call.method == "GET" and call.has_body:
            page = "<html><head><title>403 Forbidden</title></head><body>403 Forbidden</body></html>"
            return Answer(page, 403, content_type="text/html")
        return super().answer(call)

    def find(self, path: str) -> Private | None:
        """Find a path, also one with an account's number in it."""
        if path.startswith("/v1/account/accounts/") and path.endswith("/balance"):
            return self._balance
        return self.private.get(path)

    def key_of(self, call: Call) -> str | None:
        """Read the key from the query."""
        return call.fields().get("AccessKeyId") or None

    def identify(self, call: Call) -> SandboxAccount:
        """Check key, the two words that name the kind of signature, and the time: a minute either way."""
        fields = call.fields()
        if "Signature" not in fields:
            raise Refusal("no signature")
        account = self.account_of(call)
        if fields.get("SignatureMethod") != "HmacSHA256":
            raise Refusal("bad method")
        if fields.get("SignatureVersion") != "2":
            raise Refusal("bad version")
        moment = _moment(fields.get("Timestamp", ""))
        if moment is None or abs(call.now - moment) > _WINDOW:
            raise Refusal("clock")
        return account

    def signature_fits(self, call: Call, account: SandboxAccount) -> bool:
        """Check the signature, made for the host as called with or without its port."""
        host = call.host.lower()
        bare = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        hosts = dict.fromkeys((bare, host))
        return any(fits(account.secret, call.method, name, call.path, call.query) for name in hosts)

    def refuse(self, call: Call, situation: str) -> Answer:
        """Answer in the envelope of the path's family."""
        if call.path.startswith("/v2/"):
            v2_status, number, message = _V2_ERRORS.get(situation, _UNAUTHORISED)
            return Answer({"code": number, "message": message.format(remote=call.remote)}, v2_status)
        if call.path.startswith("/v5/"):
            v5_status, number, message = _V5_ERRORS[situation]
            told = {"code": number, "message": message.format(remote=call.remote), "ts": call.milliseconds}
            return Answer(told, v5_status)
        status, code, text = _V1_ERRORS[situation]
        if situation == "rate" and call.path.startswith("/market/"):
            code, text = "invalid-parameter", "request limit"
        account = call.path.split("/")[4] if situation == "account" else ""
        text = text.replace("{remote}", call.remote).replace("{account}", account)
        return Answer({"status": "error", "err-code": code, "err-msg": text, "data": None}, status)

    def unknown(self, call: Call) -> Answer:
        """Answer HTTP 405, also to a path in the wrong case."""
        status, code, text = _V1_ERRORS["path"]
        del call
        return Answer({"status": "error", "err-code": code, "err-msg": text, "data": None}, status)

    def rate_headers(self, call: Call, limit: int, used: int, seconds: float) -> dict[str, str]:
        """Tell the quota and when the window ends, in ms."""
        return {
            "X-HB-RateLimit-Requests-Remain": str(max(limit - used, 0)),
            "X-HB-RateLimit-Requests-Expire": str(int((call.now + seconds) * 1000)),
        }

    def _listed(self, account: SandboxAccount) -> list[tuple[int, str, str, str]]:
        """Give number, kind, pair and wallet of each account; the number stays with the wallet's name."""
        futures = {_FUTURES, _ISOLATED}
        names = dict.fromkeys(("spot", *(name for name in account.balances if name not in futures), "otc"))
        listed = []
        for name in names:
            wallet, _, pair = name.partition("/")
            kind = "margin" if wallet == "isolated_margin" else _KINDS.get(wallet, wallet)
            listed.append((account.number(name), kind, pair.lower(), name))
        return listed

    def _accounts(self, call: Call, account: SandboxAccount) -> Answer:
        del call
        rows = [
            {"id": number, "type": kind, "subtype": pair, "state": "working"}
            for number, kind, pair, _ in self._listed(account)
        ]
        return Answer({"status": "ok", "data": rows})

    def _balance(self, call: Call, account: SandboxAccount) -> Answer:
        wanted = call.path.split("/")[4]
        found = next((entry for entry in self._listed(account) if str(entry[0]) == wanted), None)
        if found is None or found[1] == "otc":
            raise Refusal("account")
        number, kind, pair, name = found
        rows: list[dict[str, Any]] = []
        for coin, holding in account.wallet(name).items():
            rows += _rows(coin.lower(), holding, borrows=kind in {"margin", "super-margin"})
        if kind == "spot":
            held = {coin.lower() for coin in account.wallet(name)}
            for coin in _OTHER_COINS:
                if coin not in held:
                    rows += _rows(coin, Holding(), borrows=False)
        data: dict[str, Any] = {"id": number, "type": kind, "state": "working", "list": rows}
        if pair:
            data["symbol"] = pair
        return Answer({"status": "ok", "data": data}, rows=Rows(rows, "currency", ("balance",)))

    def _worth_in(self, account: SandboxAccount, wallet: str, currency: str) -> Decimal:
        chosen = (holdings for name, holdings in account.balances.items() if name.partition("/")[0] == wallet)
        worth = add(*(self.worth(holdings) for holdings in chosen))
        price = usdt_price(self.prices, currency)
        if not price or not currency.isupper():
            raise Refusal("currency")
        return worth if price == 1 else EXACT.divide(worth, price).quantize(Decimal("1E-18"), context=EXACT)

    def _asset_valuation(self, call: Call, account: SandboxAccount) -> Answer:
        fields = call.fields()
        kind = fields.get("accountType", "")
        if kind not in _VALUED:
            return Answer({"code": 2002, "message": "invalid field value in `accountType`"})
        worth = self._worth_in(account, _VALUED[kind], fields.get("valuationCurrency", "BTC"))
        data = {"balance": plain(worth), "timestamp": call.milliseconds}
        return Answer({"code": 200, "data": data, "ok": True}, rows=Rows([data], "timestamp", ("balance",)))

    def _valuation(self, call: Call, account: SandboxAccount) -> Answer:
        """Value the whole platform, in BTC whatever is asked."""
        if call.fields().get("valuationCurrency", "BTC") != "BTC":
            raise Refusal("currency")
        rows = [
            {
                "distributionType": number,
                "success": True,
                "accountBalance": plain(self._worth_in(account, name, "BTC")),
            }
            for name, number in _DISTRIBUTIONS.items()
        ]
        data = {
            "updated": None,
            "todayProfit": None,
            "todayProfitRate": None,
            "totalBalance": plain(add(*(Decimal(str(row["accountBalance"])) for row in rows))),
            "profitAccountBalanceList": rows,
        }
        payload = {"code": 200, "success": True, "message": None, "data": data}
        return Answer(payload, rows=Rows(rows, "distributionType", ("accountBalance",)))

    def _futures(self, call: Call, account: SandboxAccount) -> Answer:
        """List what was ever held; the account's own figures are in USD and of cross margin alone."""
        if account.balances.keys().isdisjoint({_FUTURES, _ISOLATED}):
            raise Refusal("unopened")
        cross, isolated = account.wallet(_FUTURES), account.wallet(_ISOLATED)
        rows = [
            _futures_row(coin, cross.get(coin, Holding()), isolated.get(coin, Holding()), call.milliseconds)
            for coin in dict.fromkeys((*cross, *isolated))
        ]
        figures = [Decimal(0)] * len(_MARGINS)
        for coin, holding in cross.items():
            price = usdt_price(self.prices, coin) or Decimal(0)
            worth = [EXACT.multiply(amount, price) for amount in _margins(holding)]
            figures = [add(*each) for each in zip(figures, worth, strict=True)]
        data = {
            "state": "normal",
            **_written(figures),
            "voucher_value": "0",
            "created_time": 1_760_000_000_000,
            "updated_time": call.milliseconds,
            "details": rows,
        }
        payload = {"code": 200, "message": "Success", "ts": call.milliseconds, "data": data}
        return Answer(payload, rows=Rows(rows, "currency", ("equity", "available_margin")))

    def _uid(self, call: Call, account: SandboxAccount) -> Answer:
        del call
        return Answer({"code": 200, "data": account.uid})

    def _api_key(self, call: Call, account: SandboxAccount) -> Answer:
        fields = call.fields()
        rows = []
        if fields.get("uid") == str(account.uid) and fields.get("accessKey", account.key) == account.key:
            may = {"read": "readOnly", "trade": "trade", "withdraw": "withdraw"}
            rows.append(
                {
                    "accessKey": account.key,
                    "note": account.name,
                    "permission": ",".join(may[name] for name in account.permissions if name in may),
                    "ipAddresses": ",".join(account.ips),
                    "validDays": -1 if account.expires_days is None else account.expires_days,
                    "status": "normal",
                    "createTime": call.milliseconds - 86_400_000,
                    "updateTime": call.milliseconds - 86_400_000,
                }
            )
        return Answer({"code": 200, "data": rows})

    def _tickers(self, call: Call) -> Answer:
        rows = [_ticker(pair, price) for pair, price in self.prices.items()]
        payload = {"status": "ok", "ts": call.milliseconds, "data": rows}
        return Answer(payload, rows=Rows(rows, "symbol", ("close", "bid", "ask")))

    def _symbols(self, call: Call) -> Answer:
        del call
        rows = []
        for pair in self.prices:
            base, _, quote = pair.lower().partition("/")
            rows.append(
                {
                    "base-currency": base,
                    "quote-currency": quote,
                    "symbol": base + quote,
                    "price-precision": 8,
                    "amount-precision": 8,
                    "value-precision": 8,
                    "symbol-partition": "main",
                    "state": "online",
                    "api-trading": "enabled",
                    "min-order-amt": Decimal("0.0001"),
                    "max-order-amt": 1_000_000,
                    "min-order-value": 1,
                }
            )
        return Answer({"status": "ok", "data": rows})

    def _time(self, call: Call) -> Answer:
        return Answer({"status": "ok", "data": call.milliseconds})


def _rows(coin: str, holding: Holding, *, borrows: bool) -> list[dict[str, Any]]:
    """Write a coin as several rows, with the word `invalid` where other paths have numbers."""
    amounts = {"trade": holding.available, "frozen": holding.frozen}
    if holding.locked:
        amounts["lock"] = holding.locked
    if holding.bank:
        amounts["bank"] = holding.bank
    if borrows:
        amounts["loan"] = EXACT.copy_negate(holding.debt) if holding.debt else holding.debt
        amounts["interest"] = EXACT.copy_negate(holding.interest) if holding.interest else holding.interest
        amounts["transfer-out-available"] = Decimal(-1)
        amounts["loan-available"] = Decimal(1000)
    return [
        {
            "currency": coin,
            "type": kind,
            "balance": plain(amount),
            "debt": "invalid",
            "available": "invalid",
            "seq-num": "17",
        }
        for kind, amount in amounts.items()
    ]


_MARGINS: Final = ("equity", "initial_margin", "maintenance_margin", "profit_unreal", "available_margin")


def _margins(holding: Holding) -> tuple[Decimal, ...]:
    """Work out the figures of cross margin, in the order of `_MARGINS`."""
    tied = holding.tied
    maintenance = EXACT.multiply(holding.locked, _MAINTENANCE)
    return holding.net, tied, maintenance, holding.pnl, EXACT.subtract(holding.net, tied)


def _written(margins: Sequence[Decimal]) -> dict[str, str]:
    """Write these figures, and the ratios that HTX rounds; without equity there are none."""
    equity, initial, maintenance, *_ = margins
    rates = {
        name: plain(EXACT.divide(part, equity).quantize(Decimal("0.0001"), context=EXACT)) if equity > 0 else ""
        for name, part in (("initial_margin_rate", initial), ("maintenance_margin_rate", maintenance))
    }
    return {**dict(zip(_MARGINS, map(plain, margins), strict=True)), **rates}


def _futures_row(coin: str, cross: Holding, isolated: Holding, moment: int) -> dict[str, Any]:
    """Write a coin's futures: `available` is the balance of the wallet, whatever of it is free."""
    margins = _written(_margins(cross))
    return {
        "currency": coin.upper(),
        **margins,
        "available": plain(cross.held),
        "isolated_equity": plain(isolated.net),
        "isolated_available": plain(isolated.locked),
        "isolated_profit_unreal": plain(isolated.pnl),
        "isolated_available_margin": margins["available_margin"],
        "withdraw_available": plain(cross.available),
        "cross_order_frozen": plain(cross.frozen),
        "isolated_order_frozen": plain(isolated.frozen),
        "voucher": "",
        "voucher_value": "",
        "created_time": 1_760_000_000_000,
        "updated_time": moment,
    }


def _ticker(pair: str, price: Decimal) -> dict[str, Any]:
    return {
        "symbol": pair.replace("/", "").lower(),
        **dict.fromkeys(("open", "high", "low", "close", "bid", "ask"), price),
        "amount": Decimal("1000.5"),
        "vol": Decimal("93000.1"),
        "count": 12345,
        "bidSize": Decimal("0.5"),
        "askSize": Decimal("0.25"),
    }


def _moment(text: str) -> int | None:
    """Read `2025-01-01T00:00:00`, in UTC; no other form."""
    try:
        return timegm(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").timetuple())  # noqa: DTZ007  UTC by rule
    except ValueError:
        return None


VENDOR = Htx
