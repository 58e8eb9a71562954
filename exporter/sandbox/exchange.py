"""One simulated exchange on the network: its ports, its log of requests, and the faults that it makes."""

import asyncio
import ssl as tls
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from email.utils import formatdate
from functools import partial
from typing import Any, Final, NamedTuple

from aiohttp import web

from exporter.sandbox import bad_wire, spoiling
from exporter.sandbox.accounts import SandboxAccount
from exporter.sandbox.faults import ROW_KINDS, WIRE_KINDS, Fault
from exporter.sandbox.limits import RateLimits
from exporter.sandbox.vendors.base import Answer, Call, Vendor

_LOGGED: Final = 2_000
_BACKLOG: Final = 1_024


class Received(NamedTuple):
    """A request as it came in: `target` is the raw request target, `time` that of the sandbox's clock.

    `host_name` tells at which of the exchange's hosts, where it has several.
    """

    method: str
    target: str
    path: str
    headers: dict[str, str]
    time: float
    key: str | None
    host_name: str = ""


class SimulatedExchange:
    """An exchange of its own ports, accounts, prices, faults and limits.

    Attributes:
        faults: what goes wrong; may change at any time. A request meets the first that matches it.
        limits: rate limits that are enforced; empty at first. `limits.peak(path)` tells the busiest window.
        requests: the last 2,000 requests.
        counts: how often which path was answered with which HTTP status; 0 where no whole answer was given.
        ports: where it listens, by `port_names`.
    """

    def __init__(self, vendor: Vendor, clock: Callable[[], float]) -> None:
        self.vendor = vendor
        self.faults: list[Fault] = []
        self.limits = RateLimits(vendor.published_limits)
        self.requests: deque[Received] = deque(maxlen=_LOGGED)
        self.counts: Counter[tuple[str, int]] = Counter()
        self.host = ""
        self.ports: dict[str, int] = dict.fromkeys(self.port_names, 0)
        self._clock = clock
        self._ssl: tls.SSLContext | None = None
        self._servers: list[web.Server] = []
        self._listeners: list[asyncio.Server] = []
        self._stopping = asyncio.Event()
        self._date = (0, "")

    @property
    def name(self) -> str:
        """The exchange's name, as in a configuration."""
        return self.vendor.name

    @property
    def prices(self) -> dict[str, Decimal]:
        """What its tickers say: `BTC/USDT` to a price."""
        return self.vendor.prices

    @property
    def accounts(self) -> dict[str, SandboxAccount]:
        """Its accounts by key; removing one makes its key unknown."""
        return self.vendor.accounts

    @property
    def port_names(self) -> tuple[str, ...]:
        """A name for each of its ports: its own, and that of each host that has one beside it."""
        return (self.name, *(group[0] for group in self.vendor.hosts[1:]))

    @property
    def port(self) -> int:
        """Where it listens, or the first of its hosts."""
        return self.ports[self.name]

    @property
    def url(self) -> str:
        """Where it answers, or the first of its hosts; what a client takes for the exchange's address."""
        return self.url_of(self.name)

    @property
    def base_url(self) -> str | Mapping[str, str]:
        """What a configuration says to have it asked here: one address, or one for each name of its hosts."""
        named = zip(self.port_names, self.vendor.hosts, strict=False)
        return {host: self.url_of(name) for name, group in named for host in group} or self.url

    def url_of(self, port_name: str) -> str:
        """The address of one of its ports."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._ssl else 'http'}://{host}:{self.ports[port_name]}"

    def peak(self, path: str, scope: str | None = None) -> int:
        """Give the most requests of one caller within the window of the limit on a path prefix."""
        return self.limits.peak(path, scope)

    async def start(self, host: str, ports: Mapping[str, int], ssl: tls.SSLContext | None) -> None:
        """Listen; a port that is not told, by its name, is any free one.

        Raises:
            OSError: a port is taken.
        """
        self.host, self._ssl = host, ssl
        self.ports = {name: ports.get(name, 0) for name in self.port_names}
        self._stopping = asyncio.Event()
        await self.open_port()

    async def open_port(self) -> None:
        """Listen again, on the ports of before.

        Raises:
            OSError: another program has taken one since.
        """
        if self._listeners:
            return
        self._stopping.clear()
        loop = asyncio.get_running_loop()
        hosts = [group[0] for group in self.vendor.hosts] or [""]
        for name, host in zip(self.port_names, hosts, strict=True):
            # 16 KiB for a line: a client's long query is refused by the exchange, not by the server
            server = web.Server(
                partial(self._handle, host),
                access_log=None,
                handler_cancellation=True,
                max_line_size=16_384,
                max_field_size=16_384,
            )
            listener = await loop.create_server(server, self.host, self.ports[name], ssl=self._ssl, backlog=_BACKLOG)
            self._servers.append(server)
            self._listeners.append(listener)
            self.ports[name] = listener.sockets[0].getsockname()[1]

    async def close_port(self) -> None:
        """Refuse new connections and drop those that stand."""
        if not self._listeners:
            return
        for listener in self._listeners:
            listener.close()
        self._stopping.set()
        for server in self._servers:
            await server.shutdown(0.1)
        self._listeners, self._servers = [], []

    async def _handle(self, host_name: str, request: web.BaseRequest) -> web.StreamResponse:
        target = request.raw_path
        raw = target
        if not raw.startswith("/"):  # a client that takes the sandbox for a proxy names the host as well
            raw = "/" + raw.partition("://")[2].partition("/")[2]
        path, _, query = raw.partition("?")
        now = self._clock()
        call = Call(
            method=request.method,
            path=path,
            query=query,
            headers=request.headers,
            remote=request.remote or "",
            host=request.headers.get("Host", ""),
            now=now,
            has_body=request.body_exists,
            host_name=host_name,
        )
        call.key = self.vendor.key_of(call)
        call.now += self._skew(call)
        self.requests.append(Received(request.method, target, path, dict(request.headers), now, call.key, host_name))
        try:
            response = await self._respond(request, call, now)
        except asyncio.CancelledError:
            self.counts[path, 0] += 1
            raise
        except ConnectionError:
            self.counts[path, 0] += 1
            return web.Response()  # the client is gone and will not get this one either
        broken = request.transport is None or request.transport.is_closing()
        self.counts[path, 0 if broken else response.status] += 1
        return response

    async def _respond(self, request: web.BaseRequest, call: Call, now: float) -> web.StreamResponse:
        fault = self._fault(call)
        headers = {"Date": self._dated(call.now)}
        if fault is not None:
            early = self._before_answer(fault, request, headers)
            if early is not None:
                fault.use()
                return await early
        weight = self.vendor.weights.get(call.path, 1)
        quota = self.limits.meet(call.path, call.host_name, call.remote, call.key, now, weight)
        if quota is not None:
            headers |= self.vendor.rate_headers(call, quota.limit, quota.used, quota.seconds)
        if quota is not None and quota.refused:
            answer = self.vendor.refuse(call, "rate")
        elif fault is not None and fault.kind == "vendor_error" and fault.situation is not None:
            fault.use()
            answer = self.vendor.refuse(call, fault.situation)
        else:
            answer = self.vendor.answer(call)
            if fault is not None:
                changed = await self._changed(fault, answer)
                if isinstance(changed, bytes):
                    return await bad_wire.send(changed, answer.status, headers)
        body = answer.encode()
        headers |= answer.headers
        headers["Content-Type"] = answer.content_type
        if fault is not None and fault.kind in WIRE_KINDS:
            fault.use()
            return await self._badly(fault, request, body, headers)
        return web.Response(body=body, status=answer.status, headers=headers)

    def _matching(self, call: Call) -> list[Fault]:
        if not self.faults:
            return []
        account = self.accounts.get(call.key or "")
        private = self.vendor.find(call.path) is not None
        name = account.name if account is not None else None
        return [
            fault for fault in self.faults if fault.hits(call.path, call.host_name, call.key, name, private=private)
        ]

    def _skew(self, call: Call) -> float:
        skews = [fault for fault in self._matching(call) if fault.kind == "clock_skew"]
        for fault in skews:
            fault.use()
        return sum(fault.seconds or 0 for fault in skews)

    def _fault(self, call: Call) -> Fault | None:
        return next((fault for fault in self._matching(call) if fault.kind != "clock_skew"), None)

    def _before_answer(
        self, fault: Fault, request: web.BaseRequest, headers: dict[str, str]
    ) -> Awaitable[web.StreamResponse] | None:
        """Make the faults that need no answer of the exchange."""
        match fault.kind:
            case "hang":
                return bad_wire.hang(request, self._stopping)
            case "gzip_bomb":
                return bad_wire.gzip_bomb(request, headers)
            case "huge_body":
                return bad_wire.huge(request, headers, fault.size)
            case "html":
                return bad_wire.send(bad_wire.PAGE, 200, headers)
            case "empty":
                return bad_wire.send(b"", 200, headers)
            case "deep_nesting":
                return bad_wire.send(bad_wire.DEEP, 200, headers)
            case "redirect":
                return bad_wire.send(b"", fault.status or 302, {**headers, "Location": fault.location or ""})
            case "http_status" | "body":
                body = fault.body or b""
                content = body.encode() if isinstance(body, str) else body
                return bad_wire.send(content, fault.status or 200, {**headers, **fault.headers})
        return None

    async def _changed(self, fault: Fault, answer: Answer) -> bytes | None:
        """Spoil an answer in place; a large one is given as bytes, made beside the event loop."""
        if fault.kind == "mutate" and fault.change is not None:
            fault.use()
            changed: Any = fault.change(answer.payload)
            if changed is not None:
                answer.payload = changed
        elif fault.kind in ROW_KINDS and answer.rows is not None:
            fault.use()
            if fault.kind == "many_rows":
                await asyncio.to_thread(spoiling.spoil, fault.kind, answer.rows, None)
                return await asyncio.to_thread(answer.encode)
            spoiling.spoil(fault.kind, answer.rows, fault.value)
        return None

    async def _badly(
        self, fault: Fault, request: web.BaseRequest, body: bytes, headers: dict[str, str]
    ) -> web.StreamResponse:
        if fault.kind == "hang_after_headers":
            return await bad_wire.hang_after_headers(request, body, headers, self._stopping)
        if fault.kind == "slow_drip":
            seconds = 1.0 if fault.seconds is None else fault.seconds
            return await bad_wire.drip(request, body, headers, seconds, self._stopping)
        if fault.kind == "truncated_gzip":
            return await bad_wire.truncated_gzip(request, body, headers)
        return await bad_wire.reset(request, body, headers)

    def _dated(self, now: float) -> str:
        second = int(now)
        if self._date[0] != second:
            self._date = (second, formatdate(second, usegmt=True))
        return self._date[1]
