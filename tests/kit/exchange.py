"""A small exchange, a server that answers in its name with raw bytes, and a transport that counts its requests."""

import asyncio
import json
import ssl
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from exporter.core.credentials import Credentials, Secret
from exporter.core.errors import (
    AddressLimited,
    AuthError,
    Banned,
    ClockRefused,
    ExchangeRefused,
    Maintenance,
    PollError,
    RateLimited,
    UserLimited,
)
from exporter.core.runtime import Clock
from exporter.exchanges.base import Api, Endpoint, Exchange, Limit, Reader, Request, Scope, Signed, refusal
from exporter.exchanges.base import field as part
from exporter.exchanges.signing import hmac_hex, query_encoded
from exporter.transport.conversation import Caller, Transport
from exporter.transport.limits import Pacer


class FakeMeters:
    """Keeps what transport reports."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str]] = []
        self.durations: list[float] = []
        self.retries: Counter[str] = Counter()
        self.waits: dict[str, float] = defaultdict(float)

    def requested(self, exchange: str, endpoint: str, code: str, seconds: float) -> None:
        self.requests.append((exchange, endpoint, code))
        self.durations.append(seconds)

    def retried(self, exchange: str) -> None:
        self.retries[exchange] += 1

    def waited(self, exchange: str, seconds: float) -> None:
        self.waits[exchange] += seconds

    @property
    def codes(self) -> list[str]:
        """The code of each request, in order."""
        return [code for _, _, code in self.requests]


ALL: Final = Limit("ip", "all", 1000, 1.0)
BALANCE: Final = Endpoint("/balance", (Limit("uid", "balance", 20, 1.0), ALL))
ACCOUNT: Final = Endpoint("/accounts/{id}/balance", (ALL,))
TIME: Final = Endpoint("/time", (ALL,), signed=False)
TICKERS: Final = Endpoint("/tickers", (ALL,), signed=False)
WITHDRAW: Final = Endpoint("/withdraw", (ALL,))

ERRORS: Final[Mapping[str, type[PollError]]] = {
    "auth": AuthError,
    "clock": ClockRefused,
    "rate": RateLimited,
    "all": UserLimited,
    "address": AddressLimited,
    "ban": Banned,
    "maintenance": Maintenance,
}


def sign(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    query = query_encoded((*request.query, ("host", host), ("ts", str(now_ms))))
    signature = hmac_hex(credentials.secret, f"GET {request.path}?{query}")
    return Signed(f"{request.path}?{query}&sig={signature}", {"X-KEY": credentials.api_key.reveal()})


def unwrap(status: int, payload: Any) -> Any:
    if isinstance(payload, dict) and "code" not in payload and status != 200:
        raise refusal(status, "no code")
    code = part(payload, "code")
    if code == "ok":
        return payload.get("data")
    raise ERRORS.get(code, ExchangeRefused)(str(code))


def read_time() -> Reader[int]:
    return int((yield Request(TIME)))


def read_balance(*query: tuple[str, str]) -> Reader[Any]:
    return (yield Request(BALANCE, query))


def read_public() -> Reader[Any]:
    return (yield Request(TICKERS))


def read_nothing() -> Reader[Mapping[str, Any]]:
    yield Request(TICKERS)
    return {}


def remaining(headers: Mapping[str, str]) -> int | None:
    text = headers.get("X-Left")
    return int(text) if text else None


API: Final = Api(
    host="https://api.tiny.example",
    endpoints=(BALANCE, ACCOUNT, TIME, TICKERS),
    sign=sign,
    unwrap=unwrap,
    time=read_time,
    main="spot",
    wallets={},
    prices=read_nothing,
    price_endpoints=(TICKERS,),
    symbol=lambda base, quote: base + quote,
    remaining=remaining,
    page_hint="Perhaps a region is blocked.",
)


def caller(
    base_url: str | Mapping[str, str] | None, account: str = "a", ban_scope: Scope = "ip", **other: Any
) -> Caller:
    """An account whose key is named after it."""
    return Caller(
        exchange=Exchange(name="tiny", credentials=("api_key", "secret"), apis={"": API}, ban_scope=ban_scope),
        api=other.pop("api", API),
        account=account,
        credentials=other.pop("credentials", Credentials(Secret(f"key-{account}"), Secret("hush-hush"))),
        base_url=base_url,
        proxy=other.pop("proxy", None),
        rate_group=other.pop("rate_group", ""),
        **other,
    )


def changed(api: Api = API, **other: Any) -> Api:
    return replace(api, **other)


def answer(body: str | bytes, status: int = 200, **headers: str) -> bytes:
    """An HTTP answer as bytes; header names with `_` for `-`."""
    content = body.encode() if isinstance(body, str) else body
    lines = {"Content-Type": "application/json", "Content-Length": str(len(content))}
    lines.update({name.replace("_", "-"): value for name, value in headers.items()})
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"HTTP/1.1 {status} Some\r\n{head}\r\n".encode() + content


def good(data: Any = "fine", **headers: str) -> bytes:
    return answer(json.dumps({"code": "ok", "data": data}), 200, **headers)


def no(code: str, status: int = 200, **headers: str) -> bytes:
    return answer(json.dumps({"code": code}), status, **headers)


@dataclass
class Seen:
    """One request as it came in."""

    line: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


Respond = Callable[[Seen, asyncio.StreamWriter], Awaitable[bytes | None]]


@dataclass
class Server:
    """Answers each request with the next of its bytes (the last one for ever), or as a function says."""

    url: str
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    sending: int = 0

    @property
    def paths(self) -> list[str]:
        return [seen.path for seen in self.seen]

    def signed(self) -> list[Seen]:
        return [seen for seen in self.seen if "sig" in seen.query]

    async def sent(self) -> None:
        """Wait until no answer is under way: what a client does not read is kept here until we hear that it is gone."""
        while self.sending:  # noqa: ASYNC110 -- each turn reads what the kernel knows
            await asyncio.sleep(0)


def script(*answers: bytes, time: Callable[[], float] | None = None) -> Respond:
    """Give these answers in turn, the last one again and again; `/time` says the given time, or fails."""
    left = list(answers)

    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        if seen.path == "/time":
            return good(int(time() * 1000)) if time else no("no time")
        return left.pop(0) if len(left) > 1 else left[0]

    return respond


@asynccontextmanager
async def answering(
    respond: Respond, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Server]:
    """Serve on loopback; whatever still runs at the end is cut off."""
    running: set[asyncio.Task[Any]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        server.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *rest = head.decode().rstrip().split("\r\n")
                seen = Seen(line, dict(name.split(": ", 1) for name in rest))
                seen.body = await reader.readexactly(int(seen.headers.get("Content-Length", "0")))
                server.seen.append(seen)
                server.sending += 1
                try:
                    content = await respond(seen, writer)
                    if content is None:
                        break
                    writer.write(content)
                    await writer.drain()
                finally:
                    server.sending -= 1
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            running.discard(task)

    listener = await asyncio.start_server(connected, host, 0, ssl=tls)
    port = listener.sockets[0].getsockname()[1]
    server = Server(f"{'https' if tls else 'http'}://localhost:{port}" if tls else f"http://127.0.0.1:{port}")
    try:
        yield server
    finally:
        listener.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


@asynccontextmanager
async def transporting(
    clock: Clock,
    meters: FakeMeters | None = None,
    share: float = 0.5,
    tls: ssl.SSLContext | None = None,
    masked: Callable[[str], str] = str,
) -> AsyncIterator[Transport]:
    """A transport with its own pacer, closed at the end."""
    transport = Transport(clock, Pacer(clock, {"tiny": share}), meters or FakeMeters(), Random(1), tls, masked)
    try:
        yield transport
    finally:
        await transport.close()
        await asyncio.sleep(0)


def one(request: Request) -> Reader[Any]:
    return (yield request)


async def read(
    transport: Transport, who: Caller, reader: Reader[Any] | None = None, timeout: float = 10.0, patience: float = 30.0
) -> Any:
    """Read, by default the balance, waiting so many seconds for the limits."""
    now = transport._clock.now()
    return await transport.read(who, reader or read_balance(), timeout=timeout, give_up_at=now + patience)
