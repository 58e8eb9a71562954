"""The words in which an exchange is described: endpoints with their limits, requests, readers, wallets, refusals."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeVar
from urllib.parse import urlsplit

from exporter.core.credentials import Credentials
from exporter.core.errors import PollError
from exporter.core.model import Balance, KeyInfo, Reading
from exporter.exchanges.refusals import address_in, ending, refusal, refused
from exporter.exchanges.signing import query_encoded
from exporter.exchanges.values import (
    A_HANDFUL,
    MAX_ROWS,
    ZEROS,
    cut,
    decimal,
    field,
    header_count,
    listing,
    moment,
    name_of,
    optional,
    rest,
    shown,
    text_of,
    total,
)

Scope = Literal["ip", "uid", "key"]

AUTO: Final = "auto"
"""The value of an exchange's option that leaves the choice of the API to the answers."""


class Limit(NamedTuple):
    """A published limit: so many requests in so many seconds, for all requests of one scope and name.

    Where the exchange counts weights, `requests` is how much weight.
    """

    scope: Scope
    name: str
    requests: int
    seconds: float


A_FEW: Final = 256 * 1024
"""Bytes of an answer that lists a few things at most: a time, a key, the value of each wallet."""

A_WALLET: Final = 4 * 1024 * 1024
"""Bytes of 20,000 rows of the longest kind."""

A_MARKET: Final = 8 * 1024 * 1024
"""Bytes of a list of all that is traded; no answer may be larger."""


class Endpoint(NamedTuple):
    """One path that may be requested, by GET. Nothing that is not an `Endpoint` of its API is ever sent.

    Attributes:
        path: the fixed template, `{id}` where a value goes; also the metric's `endpoint` label.
        limits: every published limit that a request counts against.
        signed: whether the request carries credentials.
        most: bytes of the largest answer that is taken, packed and unpacked.
        forbids: what to do when a key that may not ask this path is answered with a 403 page; empty where a page is
            never the exchange's own no.
        host: scheme and host where this path is not at the API's; the request, the limits by address and what a
            signature says of the host go by it. The exchange's time is still that of the API's host.
        unwrap: in place of the API's, where this path answers in an envelope of its own.
        post: whether it is asked by POST. Only where the path alone decides that it reads, whatever the body says, and
            where the exchange knows no GET for it.
        weight: how much one request counts against each of the limits.
    """

    path: str
    limits: tuple[Limit, ...]
    signed: bool = True
    most: int = A_WALLET
    forbids: str = ""
    host: str = ""
    unwrap: Callable[[int, Any], Any] | None = None
    post: bool = False
    weight: int = 1


class Request(NamedTuple):
    """What a reader asks: an endpoint, its own query in the order that it goes out, and the value for `{id}`."""

    endpoint: Endpoint
    query: tuple[tuple[str, str], ...] = ()
    id: str = ""

    @property
    def path(self) -> str:
        """The path with its value in place."""
        return self.endpoint.path.replace("{id}", self.id) if self.id else self.endpoint.path


class Signed(NamedTuple):
    """What goes on the wire, byte for byte: path with finished query, headers that carry credentials, a POST's body."""

    target: str
    headers: Mapping[str, str] = {}
    body: bytes = b""

    def __repr__(self) -> str:
        """The path alone: query and headers carry key, passphrase and signature."""
        return f"Signed({self.target.partition('?')[0]!r})"


class Pause:
    """Yielded by a reader in the middle of a large answer, so that the loop gets a turn."""


PAUSE: Final = Pause()


class Work(NamedTuple):
    """Yielded by a reader that has something to do which takes long where an answer was large.

    Attributes:
        size: about how many values are worked on; what is large is done beside the loop.
        run: does it; what it returns is sent to the reader.
    """

    size: int
    run: Callable[[], Any]


Pair = tuple[str, str]
"""Base and quote of a market, ASCII upper case."""

T = TypeVar("T")
Reader = Generator[Request | Pause | Work, Any, T]
"""A conversation without I/O: yields requests, receives unwrapped answers, returns what it read."""


RowMemory = dict[tuple[Any, ...], Balance]
"""A wallet's last good answer, from a row's texts to what was made of them: an unchanged row is not parsed again."""


@dataclass(frozen=True, slots=True)
class WalletSource:
    """How one wallet of an API is read.

    Attributes:
        read: makes a reader for one read; the memory belongs to this wallet of this account.
        endpoints: what one read asks, in this order; an endpoint that is asked four times stands here four times.
        default: read unless the configuration names its wallets (the main wallet always is).
        overview: the exchange's own value per wallet; holds no balance.
        lists_zeros: whether a healthy answer lists emptied currencies, so that an empty list is no answer.
        borrows: whether amounts can be owed here.
        every: seconds between two reads at least.
        rare: tried once a day until it has answered once.
        many: one answer tells of several wallets: the reading has `parts`, each named after this one, as in
            `isolated_margin/BTCUSDT`.
    """

    read: Callable[[RowMemory], Reader[Reading]]
    endpoints: tuple[Endpoint, ...]
    default: bool = False
    overview: bool = False
    lists_zeros: bool = False
    borrows: bool = False
    every: float = 0.0
    rare: bool = False
    many: bool = False


def _never_absent(wallet: str) -> bool:
    del wallet
    return False


def _no_remaining(headers: Mapping[str, str]) -> int | None:
    del headers
    return None


def _nothing_used(endpoint: Endpoint, headers: Mapping[str, str]) -> Mapping[str, int]:
    del endpoint, headers
    return {}


def _no_refusal(body: str) -> None:
    del body


def unsigned(request: Request, now_ms: int) -> Signed:
    """A public request: the path and its query, nothing else."""
    del now_ms
    return Signed(f"{request.path}?{query_encoded(request.query)}" if request.query else request.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One API of an exchange: a host, a way to sign, an envelope, and what can be read there.

    Attributes:
        host: scheme and host, no path; an endpoint may name another.
        endpoints: every path that may be requested.
        sign: pure; request, credentials, host name as on the wire, exchange time in milliseconds -> wire form.
        unwrap: pure; HTTP status and parsed JSON -> the content, or a `PollError`.
        time: reads the exchange's clock, in milliseconds since the epoch; None where it has no such call.
        main: name of the main wallet.
        wallets: what can be read, by our wallet names; with `discover`, what is known before it has run.
        prices: reads every ticker: symbol as the exchange spells it -> price as it stands in the answer.
        price_endpoints: what one read of `prices` asks.
        symbol: base and quote, upper case -> the symbol under which `prices` knows them; None where symbols are written
            without a separator, so that only the exchange's own list tells base and quote.
        markets: reads that list: base and quote, upper case -> symbol. None where `symbol` is given.
        market_endpoints: what one read of `markets` asks.
        discover: lists the wallets of an account where the exchange has a list.
        list_endpoints: what one read of `discover` asks.
        may_be_absent: wallets that the exchange opens on first use: not listed means nothing is there.
        key_info: what the exchange tells about the key; None where it tells nothing.
        address: reads the address that the exchange sees us at; None where it has no such call.
        public: pure; the wire form of an unsigned request.
        remaining: pure; response headers -> requests left in the window, None where not told.
        used: pure; endpoint and response headers -> by the name of a limit of that endpoint, how much of it the
            exchange has counted in its present window, by whomever it was used.
        page_hint: added to the advice when this API answers with a page, or with nothing, instead of JSON.
        secret_names: headers and query fields in which `sign` puts what it makes of a secret; masked everywhere.
        nonce: whether `sign` is to get a number that never falls, by our own clock, instead of the exchange's time.
        no_json: pure; a whole body that is no JSON -> the error, where it is this API's own refusal and no page.
    """

    host: str
    endpoints: tuple[Endpoint, ...]
    sign: Callable[[Request, Credentials, str, int], Signed]
    unwrap: Callable[[int, Any], Any]
    time: Callable[[], Reader[int]] | None
    main: str
    wallets: Mapping[str, WalletSource]
    prices: Callable[[], Reader[Mapping[str, Any]]]
    price_endpoints: tuple[Endpoint, ...]
    symbol: Callable[[str, str], str] | None = None
    markets: Callable[[], Reader[Mapping[Pair, str]]] | None = None
    market_endpoints: tuple[Endpoint, ...] = ()
    discover: Callable[[], Reader[Mapping[str, WalletSource]]] | None = None
    list_endpoints: tuple[Endpoint, ...] = ()
    may_be_absent: Callable[[str], bool] = _never_absent
    key_info: Callable[[], Reader[KeyInfo]] | None = None
    address: Callable[[], Reader[str]] | None = None
    public: Callable[[Request, int], Signed] = unsigned
    remaining: Callable[[Mapping[str, str]], int | None] = _no_remaining
    used: Callable[[Endpoint, Mapping[str, str]], Mapping[str, int]] = _nothing_used
    page_hint: str = ""
    secret_names: tuple[str, ...] = ()
    nonce: bool = False
    no_json: Callable[[str], PollError | None] = _no_refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One exchange.

    Attributes:
        name: the `exchange` label.
        credentials: fields of `Credentials` that a request needs.
        apis: by the value of the option that chooses between them; one entry named `""` where there is no choice.
        option: the key under `options` that chooses; empty where there is no choice.
        first: the API that is used, or with `probes` tried first.
        probes: whether `auto` is allowed (and the default): the answers prove which API serves the account.
        ban_seconds: how long a ban lasts unless told.
        ban_scope: what a ban pauses: every request from our address, or those of one user or key.
        notice: said once in the log for a configured account; empty where there is nothing to say.
    """

    name: str
    credentials: tuple[str, ...]
    apis: Mapping[str, Api]
    option: str = ""
    first: str = ""
    probes: bool = False
    ban_seconds: float = 300.0
    ban_scope: Scope = "ip"
    notice: str = ""

    @property
    def hosts(self) -> frozenset[str]:
        """Host (and port) of every address that an account may be asked at."""
        urls = (endpoint.host or api.host for api in self.apis.values() for endpoint in api.endpoints)
        return frozenset(urlsplit(url).netloc for url in urls)

    def apis_for(self, options: Mapping[str, str]) -> tuple[Api, ...]:
        """Every API that may serve an account with these options, the one to ask first in front.

        One where it is chosen or there is no choice; all of them where the answers decide.
        """
        chosen = options.get(self.option, AUTO if self.probes else self.first)
        if chosen != AUTO:
            return (self.apis[chosen],)
        return (self.apis[self.first], *(api for name, api in self.apis.items() if name != self.first))

    def api_for(self, options: Mapping[str, str]) -> Api:
        """The API that is asked first for an account with these options."""
        return self.apis_for(options)[0]


__all__ = [
    "AUTO",
    "A_FEW",
    "A_HANDFUL",
    "A_MARKET",
    "A_WALLET",
    "MAX_ROWS",
    "PAUSE",
    "ZEROS",
    "Api",
    "Endpoint",
    "Exchange",
    "Limit",
    "Pause",
    "Reader",
    "Request",
    "RowMemory",
    "Scope",
    "Signed",
    "WalletSource",
    "Work",
    "address_in",
    "cut",
    "decimal",
    "ending",
    "field",
    "header_count",
    "listing",
    "moment",
    "name_of",
    "optional",
    "refusal",
    "refused",
    "rest",
    "shown",
    "text_of",
    "total",
    "unsigned",
]
