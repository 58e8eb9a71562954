"""What all simulated exchanges have in common, without the network: a call comes in, an answer goes out."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Final, NamedTuple

from exporter.sandbox.accounts import Holding, SandboxAccount
from exporter.sandbox.prices import DEFAULT_PRICES, add, usdt_value
from exporter.sandbox.vendors.signing import decoded

SITUATIONS: Final = ("key", "signature", "clock", "ip", "permission", "rate", "maintenance", "frozen")
"""The refusals that every exchange has its own words for."""

ACCOUNT_SITUATIONS: Final = frozenset(SITUATIONS) - {"rate", "maintenance"}
"""Those that only a call with credentials can meet."""

Limits = Mapping[tuple[str, str], tuple[int, float]]
"""(`ip` or `key`, path prefix) to (requests, seconds); weight instead of requests where the exchange counts that."""


@dataclass(slots=True)
class Call:
    """One request as it came over the wire.

    `path` and `query` are raw. `now` is what this exchange believes the time is, in seconds since the epoch.
    `host` is what the caller writes, `host_name` the name of the vendor's host whose port it came to: the first of its
    group in `Vendor.hosts`, empty where there are none.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    remote: str
    host: str
    now: float
    key: str | None = None
    has_body: bool = False
    host_name: str = ""

    @property
    def milliseconds(self) -> int:
        """The time of the exchange as most of them state it."""
        return int(self.now * 1000)

    def fields(self) -> dict[str, str]:
        """The query, percent-decoded."""
        return decoded(self.query)


class Members(dict[str, Any]):
    """A JSON object whose members may be written more than once, as no dict could."""

    repeated = 1

    def items(self) -> Any:
        """Give the members as often as they are to be written."""
        return list(super().items()) * self.repeated


class Rows(NamedTuple):
    """Where the rows of an answer are: a part of its payload, which faults alter in place.

    In an object (`Members`) the names of the rows are its keys. `name` and `amounts` are keys or positions.
    """

    items: list[Any] | Members
    name: str | int
    amounts: tuple[str | int, ...]


@dataclass(slots=True)
class Answer:
    """What goes out: a JSON value made anew for each call, or text where an exchange sends no JSON."""

    payload: Any
    status: int = 200
    rows: Rows | None = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    def encode(self) -> bytes:
        """Write the payload; text is sent as it is."""
        if isinstance(self.payload, str):
            return self.payload.encode()
        return to_json(self.payload).encode()


class Refusal(Exception):
    """The exchange says no; `situation` is a key of its own list of refusals."""

    def __init__(self, situation: str) -> None:
        super().__init__(situation)
        self.situation = situation


class Held(NamedTuple):
    """How much of one coin a demo account holds when the demo begins."""

    available: str
    frozen: str = "0"
    locked: str = "0"
    debt: str = "0"
    interest: str = "0"
    pnl: str = "0"


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """One account of the demo, as it begins.

    Attributes:
        team: the value of its label `team`.
        wallets: wallet, then coin, to what is held.
        mode: one of its exchange's modes; empty where there are none.
        drains: whether its USDT run low, so that an alert fires; the demo sets their amount. Exactly one account does.
        fails: whether its exchange refuses it from time to time. Exactly one account fails.
        swings: whether its USDT in `futures` are behind a position, so that its margin ratio climbs and falls; the demo
            sets their profit, and what is available so that all of them stay as much without it.
        extra: further lines of its configuration.
    """

    name: str
    team: str
    wallets: Mapping[str, Mapping[str, Held]]
    mode: str = ""
    drains: bool = False
    fails: bool = False
    swings: bool = False
    extra: tuple[str, ...] = ()


NO_MODES: Final[Mapping[str, str]] = {"": "spot"}
"""The modes of an exchange whose accounts are all alike: one without a name, with spot as its main wallet."""

Public = Callable[[Call], Answer]
Private = Callable[[Call, SandboxAccount], Answer]


class Vendor(ABC):
    """One exchange's rules: who may ask, what is answered and how it says no.

    Attributes:
        name: as in a configuration; its file is called the same.
        published_limits: the rate limits that its pages state.
        modes: the modes that an account may be in, the usual one first, each with the name of its main wallet;
            `NO_MODES` where all accounts are alike.
        needs: the credentials that its reads need, as a configuration names them.
        demo: the accounts that the demo has here, at least one of each mode.
        mode_option: the option of a configuration that tells the mode; empty where there is none.
        weights: how much a request of a path counts against the limits; 1 where it is not said.
        hosts: names of the exchange's hosts, where it answers differently at them; each group has a port of its own,
            the first that of the exchange. Empty: one port plays them all.

    Raises:
        TypeError: a class lacks one of these, or a method that only the exchange can write.
    """

    name: ClassVar[str]
    published_limits: ClassVar[Limits]
    modes: ClassVar[Mapping[str, str]]
    needs: ClassVar[tuple[str, ...]]
    demo: ClassVar[tuple[DemoPlan, ...]]
    mode_option: ClassVar[str] = ""
    weights: ClassVar[Mapping[str, int]] = {}
    hosts: ClassVar[tuple[tuple[str, ...], ...]] = ()

    def __init_subclass__(cls) -> None:
        """Refuse a class that is not whole when it is imported, not when it is first asked."""
        super().__init_subclass__()
        wanted = (*Vendor.__annotations__, *sorted(Vendor.__abstractmethods__))
        lacking = [
            name
            for name in wanted
            if not hasattr(cls, name) or getattr(getattr(cls, name), "__isabstractmethod__", False)
        ]
        if lacking:
            raise TypeError(f"the simulated exchange {cls.__name__} lacks {', '.join(lacking)}; see vendors/base.py")

    def __init__(self) -> None:
        self.accounts: dict[str, SandboxAccount] = {}
        self.prices: dict[str, Decimal] = dict(DEFAULT_PRICES)
        self.public: dict[str, Public] = {}
        self.private: dict[str, Private] = {}

    def answer(self, call: Call) -> Answer:
        """Answer a call as this exchange would."""
        try:
            public = self.public.get(call.path)
            if public is not None and call.method == "GET":
                return public(call)
            private = self.find(call.path)
            if private is None or call.method != "GET":
                return self.unknown(call)
            return private(call, self.authorise(call))
        except Refusal as refusal:
            return self.refuse(call, refusal.situation)

    def find(self, path: str) -> Private | None:
        """Find what answers a path that needs a key."""
        return self.private.get(path)

    def authorise(self, call: Call) -> SandboxAccount:
        """Check a call's credentials.

        Raises:
            Refusal: they are not good enough.
        """
        account = self.identify(call)
        if not self.signature_fits(call, account):
            raise Refusal("signature")
        return self.admit(call, account)

    def account_of(self, call: Call) -> SandboxAccount:
        """Find the account by its key.

        Raises:
            Refusal: no such key, or it has expired.
        """
        account = self.accounts.get(call.key or "")
        if account is None:
            raise Refusal("key" if call.key else "no key")
        if account.expires_days is not None and account.expires_days <= 0:
            raise Refusal("expired")
        return account

    def admit(self, call: Call, account: SandboxAccount) -> SandboxAccount:
        """Let a reader in whose signature is good.

        Raises:
            Refusal: the key is bound to other addresses or may not read.
        """
        if account.ips and call.remote not in account.ips:
            raise Refusal("ip")
        if "read" not in account.permissions:
            raise Refusal("permission")
        return account

    @abstractmethod
    def key_of(self, call: Call) -> str | None:
        """Find the API key that a call claims."""

    @abstractmethod
    def identify(self, call: Call) -> SandboxAccount:
        """Find the account that calls, and check all that comes before the signature: key, time, passphrase.

        Raises:
            Refusal: one of them is missing or wrong.
        """

    @abstractmethod
    def signature_fits(self, call: Call, account: SandboxAccount) -> bool:
        """Say whether a call is signed by this exchange's rules with the account's secret.

        Written from the vendor's pages alone: no code is shared with the reader of the real exchange.
        """

    @abstractmethod
    def refuse(self, call: Call, situation: str) -> Answer:
        """Say no in this exchange's own words."""

    @abstractmethod
    def unknown(self, call: Call) -> Answer:
        """Answer a path or method that this exchange does not have."""

    def rate_headers(self, call: Call, limit: int, used: int, seconds: float) -> dict[str, str]:
        """Tell the caller what is left of the tightest limit, where this exchange does."""
        del call, limit, used, seconds
        return {}

    def worth(self, wallet: Mapping[str, Holding]) -> Decimal:
        """Value a wallet in USDT; coins without a price count nothing."""
        values = (usdt_value(self.prices, coin, holding.net) for coin, holding in wallet.items())
        return add(*(value for value in values if value is not None))


def to_json(value: Any) -> str:
    """Write JSON; a Decimal becomes a number with exactly its digits."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except TypeError:
        return _written(value)


def _written(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        members = (f"{json.dumps(str(name), ensure_ascii=False)}:{_written(item)}" for name, item in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_written(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
