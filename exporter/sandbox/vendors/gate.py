"""A simulated Gate: classic accounts by spot and contracts, unified ones by one wallet; a refusal is a label."""

import hashlib
import hmac
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final
from urllib.parse import unquote

from exporter.sandbox.accounts import Holding, SandboxAccount
from exporter.sandbox.prices import EXACT, add, plain, usdt_price, usdt_value
from exporter.sandbox.vendors.base import Answer, Call, DemoPlan, Held, Limits, Members, Private, Refusal, Rows, Vendor
from exporter.sandbox.vendors.signing import same

_ERRORS: Final[dict[str, tuple[int, str, str]]] = {
    "no header": (400, "MISSING_REQUIRED_HEADER", "Missing required header: {header}"),
    "key": (401, "INVALID_KEY", "Invalid key provided"),
    "expired": (401, "INVALID_KEY", "Invalid key provided"),
    "clock": (403, "REQUEST_EXPIRED", "gap between request Timestamp and server time exceeds 60"),
    "bad timestamp": (400, "INVALID_PARAM_VALUE", "Invalid Timestamp"),
    "signature": (401, "INVALID_SIGNATURE", "Signature mismatch"),
    "ip": (403, "FORBIDDEN", "Request IP not in whitelist: {remote}"),
    "permission": (403, "FORBIDDEN", "Request API key does not have {right} permission"),
    "frozen": (403, "ACCOUNT_LOCKED", "Account is locked"),
    "classic": (400, "INVALID_UNIFIED_ACCOUNT", "Please open the Unified Account"),
    "not opened": (400, "USER_NOT_FOUND", "please transfer funds first to create the account"),
    "parameter": (400, "INVALID_PARAM_VALUE", "Invalid request parameter value"),
    "rate": (429, "TOO_MANY_REQUESTS", "Request Rate Limit Exceeded"),
    "maintenance": (503, "SERVER_ERROR", "Service temporarily unavailable"),
}

_VALUED: Final = {
    "spot": ("spot", "unified"),
    "margin": (),
    "cross_margin": (),
    "futures": ("futures", "coin_futures"),
    "delivery": ("delivery",),
    "finance": ("earn",),
    "quant": (),
    "options": ("options",),
}
"""What the overview counts as each kind; margin is every pair."""

_PAIR: Final = "isolated_margin/"
_WINDOW: Final = 60
_MAINTENANCE: Final = Decimal("0.4")
"""Maintenance margin as a share of the margin of positions."""

_IDLE: Final = (
    *("negative_liab", "futures_pos_liab", "total_freeze", "spot_in_use", "funding", "cross_balance", "iso_balance"),
    *("im", "mm", "imr", "mmr", "margin_balance", "available_margin"),
)
_PERMS: Final = ("spot", "wallet", "margin", "futures", "delivery", "options", "unified", "earn", "account")


def fits(secret: str, given: str, stamp: str, method: str, path: str, query: str, body: bytes = b"") -> bool:
    """Check a signed request: five lines, of which the query is percent-decoded and in the order it came."""
    text = f"{method}\n{path}\n{unquote(query)}\n{hashlib.sha512(body).hexdigest()}\n{stamp}"
    signature = hmac.new(secret.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha512).hexdigest()
    return same(given, signature)


class Gate(Vendor):
    """`api.gateio.ws` as far as balances, prices and keys go."""

    name = "gate"
    published_limits: ClassVar[Limits] = {
        ("key", "/api/v4/spot/accounts"): (200, 10),
        ("key", "/api/v4/unified/accounts"): (150, 10),
        ("key", "/api/v4/wallet/total_balance"): (80, 10),
        ("key", "/api/v4/margin/accounts"): (150, 10),
        ("key", "/api/v4/futures/usdt/accounts"): (200, 10),
        ("key", "/api/v4/futures/btc/accounts"): (200, 10),
        ("key", "/api/v4/delivery/usdt/accounts"): (150, 10),
        ("key", "/api/v4/options/accounts"): (150, 10),
        ("key", "/api/v4/earn/uni/lends"): (150, 10),
        ("key", "/api/v4/account/detail"): (150, 10),
        ("key", "/api/v4/account/main_keys"): (150, 10),
        ("ip", "/api/v4/spot/time"): (200, 10),
        ("ip", "/api/v4/spot/tickers"): (200, 10),
    }
    modes: ClassVar[Mapping[str, str]] = {"unified": "unified", "classic": "spot"}
    mode_option = "mode"
    needs = ("api_key", "secret")
    demo = (
        DemoPlan(
            "alt-desk",
            "market-making",
            {
                "unified": {
                    "USDT": Held("5200", "800"),
                    "ETH": Held("4.5"),
                    "SOL": Held("60", debt="15", interest="0.02"),
                },
                "earn": {"USDC": Held("0", "0", "2000")},
            },
            mode="unified",
        ),
        DemoPlan(
            "carry-desk",
            "derivatives",
            {
                "spot": {"USDT": Held("2400", "350"), "BTC": Held("0.12"), "LTC": Held("25")},
                "futures": {"USDT": Held("1800", "100", "600", pnl="45")},
            },
            mode="classic",
            extra=("wallets: [main, overview, futures]",),
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.public = {"/api/v4/spot/time": self._time, "/api/v4/spot/tickers": self._tickers}
        self.private = {
            "/api/v4/spot/accounts": self._spot,
            "/api/v4/unified/accounts": self._unified,
            "/api/v4/wallet/total_balance": self._overview,
            "/api/v4/margin/accounts": self._isolated,
            "/api/v4/futures/usdt/accounts": _contracts("futures", "USDT"),
            "/api/v4/futures/btc/accounts": _contracts("coin_futures", "BTC"),
            "/api/v4/delivery/usdt/accounts": _contracts("delivery", "USDT"),
            "/api/v4/options/accounts": self._options,
            "/api/v4/earn/uni/lends": self._lends,
            "/api/v4/account/detail": self._detail,
            "/api/v4/account/main_keys": self._keys,
        }

    def key_of(self, call: Call) -> str | None:
        """Read the key's header."""
        return call.headers.get("KEY") or None

    def identify(self, call: Call) -> SandboxAccount:
        """Check that all three headers are there, then the time, and only then the key."""
        if any(not call.headers.get(name) for name in ("KEY", "Timestamp", "SIGN")):
            raise Refusal("no header")
        try:
            stamp = Decimal(call.headers["Timestamp"])
        except ArithmeticError:
            raise Refusal("bad timestamp") from None
        if not stamp.is_finite():
            raise Refusal("bad timestamp")
        if abs(Decimal(int(call.now)) - stamp) > _WINDOW:
            raise Refusal("clock")
        return self.account_of(call)

    def signature_fits(self, call: Call, account: SandboxAccount) -> bool:
        """Check the signature's header."""
        given, stamp = call.headers["SIGN"], call.headers["Timestamp"]
        return fits(account.secret, given, stamp, call.method, call.path, call.query)

    def refuse(self, call: Call, situation: str) -> Answer:
        """Answer with Gate's label; an address that is not known is told under the label of a missing right."""
        status, label, message = _ERRORS[situation]
        lacking = next((name for name in ("KEY", "Timestamp", "SIGN") if not call.headers.get(name)), "")
        right = call.path.removeprefix("/api/v4/").partition("/")[0]
        words = message.format(remote=call.remote, header=lacking, right=right)
        return Answer({"message": words, "label": label}, status)

    def unknown(self, call: Call) -> Answer:
        """Answer NOT_FOUND."""
        del call
        return Answer({"label": "NOT_FOUND", "message": "Path not found"}, 404)

    def rate_headers(self, call: Call, limit: int, used: int, seconds: float) -> dict[str, str]:
        """Tell the calls that are left, and when the window ends."""
        return {
            "X-Gate-RateLimit-Requests-Remain": str(max(limit - used, 0)),
            "X-Gate-RateLimit-Limit": str(limit),
            "X-Gate-RateLimit-Reset-Timestamp": str(int(call.now + seconds)),
        }

    def _spot(self, call: Call, account: SandboxAccount) -> Answer:
        """A classic account's coins; of a unified one what is available, and nothing that says so."""
        wanted = call.fields().get("currency", "").upper()
        is_unified = account.mode == "unified"
        rows = [
            {
                "currency": coin,
                "available": plain(one.available),
                "locked": "0" if is_unified else plain(one.tied),
                "update_id": number,
            }
            for number, (coin, one) in enumerate(account.wallet(account.main).items(), 1)
            if wanted in {"", coin.upper()}
        ]
        return Answer(rows, rows=Rows(rows, "currency", ("available", "locked")))

    def _unified(self, call: Call, account: SandboxAccount) -> Answer:
        if account.mode != "unified":
            raise Refusal("classic")
        wanted = call.fields().get("currency", "").upper()
        held = account.wallet("unified")
        members = Members((coin, _coin(one)) for coin, one in held.items() if wanted in {"", coin.upper()})
        whole = self._sum(held, "net")
        owed = add(self._sum(held, "debt"), self._sum(held, "interest"))
        at_risk = bool(self._sum(held, "locked"))
        payload = {
            "mode": "multi_currency",
            "user_id": account.uid,
            "refresh_time": int(call.now),
            "locked": False,
            "balances": members,
            **dict.fromkeys(("total", "unified_account_total_equity"), plain(whole)),
            **dict.fromkeys(("borrowed", "unified_account_total_liab"), plain(owed)),
            "unified_account_total": plain(add(whole, owed)),
            "total_initial_margin": plain(self._sum(held, "locked")),
            "total_margin_balance": plain(whole) if at_risk else "0",
            "total_maintenance_margin": plain(EXACT.multiply(self._sum(held, "locked"), _MAINTENANCE)),
            **dict.fromkeys(("total_initial_margin_rate", "total_maintenance_margin_rate"), "0"),
            **dict.fromkeys(("total_available_margin", "spot_order_loss", "options_order_loss"), "0"),
            "leverage": "2",
            "spot_hedge": False,
            "use_funding": False,
            "is_all_collateral": True,
        }
        return Answer(
            payload, rows=Rows(members, "currency", ("available", "freeze", "borrowed", "equity", "total_liab"))
        )

    def _sum(self, held: Mapping[str, Holding], what: str) -> Decimal:
        return add(*(usdt_value(self.prices, coin, getattr(one, what)) or Decimal(0) for coin, one in held.items()))

    def _overview(self, call: Call, account: SandboxAccount) -> Answer:
        unit = call.fields().get("currency", "USDT").upper()
        price = usdt_price(self.prices, unit) if unit in {"USD", "USDT", "BTC"} else None
        if not price:
            raise Refusal("parameter")
        pairs = [name for name in account.balances if name.startswith(_PAIR)]
        worth = {
            kind: round(
                EXACT.divide(self._worth_of(account, (*wallets, *(pairs if kind == "margin" else ()))), price), 8
            )
            for kind, wallets in _VALUED.items()
        }
        details = {kind: {"amount": plain(value), "currency": unit} for kind, value in worth.items()}
        return Answer({"total": {"amount": plain(add(*worth.values())), "currency": unit}, "details": details})

    def _worth_of(self, account: SandboxAccount, wallets: tuple[str, ...]) -> Decimal:
        held = (account.balances.get(name, {}) for name in wallets)
        return add(*map(self.worth, held))

    def _isolated(self, call: Call, account: SandboxAccount) -> Answer:
        """Both coins of every pair that was opened."""
        wanted = call.fields().get("currency_pair", "").upper()
        rows, coins = [], []
        for pair in self.prices:
            base, _, quote = pair.upper().partition("/")
            held = account.balances.get(f"{_PAIR}{base}{quote}")
            if held is None or wanted not in {"", f"{base}_{quote}"}:
                continue
            sides = [_side(coin, held.get(coin, Holding())) for coin in (base, quote)]
            coins += sides
            rows.append(
                {
                    "currency_pair": f"{base}_{quote}",
                    "account_type": "mmr",
                    "leverage": "10",
                    "locked": False,
                    "risk": "1.5",
                    "mmr": "16.59",
                    "base": sides[0],
                    "quote": sides[1],
                }
            )
        return Answer(rows, rows=Rows(coins, "currency", ("available", "locked", "borrowed", "interest")))

    def _options(self, call: Call, account: SandboxAccount) -> Answer:
        del call
        one = _opened(account, "options", "USDT")
        return Answer(
            {
                "user": account.uid,
                "currency": "USDT",
                "short_enabled": False,
                "total": plain(EXACT.subtract(one.net, one.pnl)),
                "position_value": plain(one.pnl),
                "equity": plain(one.net),
                "unrealised_pnl": plain(one.pnl),
                "available": plain(one.available),
                "order_margin": plain(one.frozen),
                "init_margin": plain(one.locked),
                "maint_margin": plain(EXACT.multiply(one.locked, _MAINTENANCE)),
                **dict.fromkeys(("ask_order_margin", "bid_order_margin", "point"), "0"),
            }
        )

    def _lends(self, call: Call, account: SandboxAccount) -> Answer:
        fields = call.fields()
        page, limit = fields.get("page", "1"), fields.get("limit", "100")
        if not (page.isdigit() and limit.isdigit() and int(page) > 0 and 0 < int(limit) <= 100):
            raise Refusal("parameter")
        wanted, moment = fields.get("currency", "").upper(), call.milliseconds
        rows = [
            {
                "currency": coin,
                **dict.fromkeys(("current_amount", "amount"), plain(one.net)),
                **dict.fromkeys(("lent_amount", "frozen_amount"), "0"),
                "min_rate": "0.1",
                "interest_status": "interest_dividend",
                "reinvest_left_amount": 0,
                "create_time": moment,
                "update_time": moment,
            }
            for coin, one in account.wallet("earn").items()
            if not one.is_zero and wanted in {"", coin.upper()}
        ]
        start = (int(page) - 1) * int(limit)
        shown = rows[start : start + int(limit)]
        return Answer(shown, rows=Rows(shown, "currency", ("current_amount", "amount")))

    def _detail(self, call: Call, account: SandboxAccount) -> Answer:
        del call
        return Answer(
            {
                "user_id": account.uid,
                "ip_whitelist": list(account.ips),
                "currency_pairs": [],
                "key": {"mode": _mode(account)},
                "tier": 2,
                "tier_expire_time": "0001-01-01T00:00:00Z",
                "copy_trading_role": 0,
            }
        )

    def _keys(self, call: Call, account: SandboxAccount) -> Answer:
        """The one key of the account, of which the beginning is shown."""
        writes = {"trade": set(_PERMS) - {"wallet"}, "transfer": {"wallet"}}
        may_write = set().union(*(writes.get(right, set()) for right in account.permissions))
        perms = [{"name": name, "read_only": name not in may_write} for name in _PERMS]
        if "withdraw" in account.permissions:
            perms.append({"name": "withdraw", "read_only": False})
        moment = int(call.now)
        key = {
            "state": 1,
            "mode": _mode(account),
            "name": "monitor",
            "user_id": account.uid,
            "perms": perms,
            "ip_whitelist": list(account.ips),
            "currency_pairs": [],
            "key": account.key[:12] + "*****",
            **dict.fromkeys(("created_at", "update_at", "last_access"), moment),
        }
        return Answer([key])

    def _time(self, call: Call) -> Answer:
        return Answer({"server_time": call.milliseconds})

    def _tickers(self, call: Call) -> Answer:
        wanted = call.fields().get("currency_pair", "").upper()
        rows = []
        for pair, price in self.prices.items():
            name, text = pair.replace("/", "_").upper(), plain(price)
            if wanted in {"", name}:
                rows.append(
                    {
                        "currency_pair": name,
                        **dict.fromkeys(("last", "lowest_ask", "highest_bid", "high_24h", "low_24h"), text),
                        **dict.fromkeys(("base_volume", "quote_volume"), "1"),
                        "change_percentage": "0",
                        "etf_net_value": None,
                    }
                )
        return Answer(rows, rows=Rows(rows, "currency_pair", ("last", "lowest_ask", "highest_bid")))


def _coin(one: Holding) -> dict[str, Any]:
    """One coin of a unified account; `available` has what was borrowed in it."""
    return {
        "available": plain(one.available),
        "freeze": plain(one.frozen),
        "borrowed": plain(one.debt),
        "equity": plain(one.net),
        "total_liab": plain(add(one.debt, one.interest)),
        **dict.fromkeys(_IDLE, "0"),
        "funding_version": "1",
        "enabled_collateral": True,
        "balance_version": 1,
    }


def _side(coin: str, one: Holding) -> dict[str, Any]:
    return {
        "currency": coin,
        "available": plain(one.available),
        "locked": plain(one.tied),
        "borrowed": plain(one.debt),
        "interest": plain(one.interest),
    }


def _opened(account: SandboxAccount, wallet: str, coin: str) -> Holding:
    """What a wallet holds of its only coin.

    Raises:
        Refusal: nothing was ever put into it.
    """
    if wallet not in account.balances:
        raise Refusal("not opened")
    return account.wallet(wallet).get(coin, Holding())


def _contracts(wallet: str, coin: str) -> Private:
    """The account of perpetuals or delivery that are settled in one coin; `total` leaves the profit out."""

    def read(call: Call, account: SandboxAccount) -> Answer:
        del call
        one = _opened(account, wallet, coin)
        payload = {
            "user": account.uid,
            "currency": coin,
            "total": plain(EXACT.subtract(one.net, one.pnl)),
            "unrealised_pnl": plain(one.pnl),
            "available": plain(one.available),
            "order_margin": plain(one.frozen),
            **dict.fromkeys(("position_margin", "position_initial_margin"), plain(one.locked)),
            "maintenance_margin": plain(EXACT.multiply(one.locked, _MAINTENANCE)),
            **dict.fromkeys(("point", "bonus", "isolated_position_margin"), "0"),
            "in_dual_mode": False,
            "position_mode": "single",
            "enable_credit": False,
            "enable_evolved_classic": False,
            "margin_mode": 0 if account.mode == "classic" else 1,
            "margin_mode_name": "classic" if account.mode == "classic" else "multi_currency",
        }
        return Answer(payload)

    return read


def _mode(account: SandboxAccount) -> int:
    return 1 if account.mode == "classic" else 2


VENDOR = Gate
