"""A simulated Toy: a spot wallet, which lists only what is above zero, and pairs of margin, which lists all of them."""

from typing import Any, ClassVar, Final

from exporter.sandbox.accounts import SandboxAccount
from exporter.sandbox.prices import plain
from exporter.sandbox.vendors.base import NO_MODES, Answer, Call, DemoPlan, Held, Limits, Refusal, Rows, Vendor
from exporter.sandbox.vendors.signing import digest, same

_ERRORS: Final[dict[str, tuple[int, int, str]]] = {
    "path": (404, 1000, "No such path"),
    "no key": (401, 1001, "X-TOY-APIKEY is missing"),
    "key": (401, 1001, "X-TOY-APIKEY is unknown"),
    "expired": (401, 1001, "X-TOY-APIKEY has expired"),
    "signature": (401, 1002, "X-TOY-SIGN is wrong"),
    "clock": (401, 1003, "X-TOY-TIME is not within 5 s"),
    "ip": (403, 1004, "This address is not on the list of the key"),
    "permission": (403, 1005, "The key may not read"),
    "rate": (429, 1006, "Too many requests"),
    "maintenance": (503, 1007, "Maintenance"),
    "frozen": (403, 1008, "The account is frozen"),
    "not open": (400, 1009, "Margin was never opened"),
}
_WINDOW: Final = 5_000


class Toy(Vendor):
    """`api.toy.example`, as far as balances and prices go."""

    name = "toy"
    published_limits: ClassVar[Limits] = {
        ("key", "/api/balances"): (10, 1),
        ("key", "/api/pairs"): (10, 1),
        ("ip", "/api/time"): (10, 1),
        ("ip", "/api/tickers"): (10, 1),
    }
    modes = NO_MODES
    needs = ("api_key", "secret")
    demo = (DemoPlan("toy-desk", "toys", {"spot": {"USDT": Held("100", "7.5"), "BTC": Held("0.5")}}),)

    def __init__(self) -> None:
        super().__init__()
        self.public = {"/api/time": self._time, "/api/tickers": self._tickers}
        self.private = {"/api/balances": self._balances, "/api/pairs": self._pairs}

    def key_of(self, call: Call) -> str | None:
        """Read the key's header."""
        return call.headers.get("X-TOY-APIKEY") or None

    def identify(self, call: Call) -> SandboxAccount:
        """Check key and time."""
        account = self.account_of(call)
        stamp = call.headers.get("X-TOY-TIME", "")
        if not stamp.isdigit() or abs(call.milliseconds - int(stamp)) > _WINDOW:
            raise Refusal("clock")
        return account

    def signature_fits(self, call: Call, account: SandboxAccount) -> bool:
        """Check the signature over time, path and query as they came."""
        target = f"{call.path}?{call.query}" if call.query else call.path
        expected = digest(account.secret, call.headers.get("X-TOY-TIME", "") + target).hex()
        return same(call.headers.get("X-TOY-SIGN", ""), expected)

    def refuse(self, call: Call, situation: str) -> Answer:
        """Answer with Toy's code."""
        del call
        status, code, words = _ERRORS[situation]
        return Answer({"code": code, "words": words, "data": None}, status)

    def unknown(self, call: Call) -> Answer:
        """Answer 404 with 1000."""
        return self.refuse(call, "path")

    def _balances(self, call: Call, account: SandboxAccount) -> Answer:
        del call
        items = [
            {"coin": coin, "free": plain(held.available), "used": plain(held.tied)}
            for coin, held in account.wallet("spot").items()
            if held.held > 0
        ]
        return _good(items, Rows(items, "coin", ("free", "used")))

    def _pairs(self, call: Call, account: SandboxAccount) -> Answer:
        del call
        if not any(wallet.startswith("isolated_margin/") for wallet in account.balances):
            raise Refusal("not open")
        items = []
        for pair in self.prices:
            held = account.wallet(f"isolated_margin/{pair.replace('/', '')}")
            items += [
                {
                    "pair": pair.replace("/", "_"),
                    "coin": coin,
                    "free": plain(held[coin].available) if coin in held else "0",
                    "used": plain(held[coin].tied) if coin in held else "0",
                }
                for coin in pair.split("/")
            ]
        return _good(items, Rows(items, "coin", ("free", "used")))

    def _tickers(self, call: Call) -> Answer:
        del call
        items = [{"pair": pair.replace("/", "_"), "last": plain(price)} for pair, price in self.prices.items()]
        return _good(items, Rows(items, "pair", ("last",)))

    def _time(self, call: Call) -> Answer:
        return _good({"now": call.milliseconds})


def _good(data: Any, rows: Rows | None = None) -> Answer:
    return Answer({"code": 0, "words": "", "data": data}, rows=rows)


VENDOR = Toy
