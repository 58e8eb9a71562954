"""The web server: metrics for Prometheus, pages for people, health for whoever restarts things."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol
from urllib.parse import unquote

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from exporter.core import runtime
from exporter.core.errors import ExporterError
from exporter.core.settings import ACCOUNT_PATH, ExternalUrl
from exporter.exposition.filters import Filters
from exporter.exposition.packing import Scrape
from exporter.web import listening
from exporter.web.access import Access, Rules
from exporter.web.answers import HEADERS, PAGE_HEADERS, text
from exporter.web.chosen import Chosen, chosen_by
from exporter.web.connections import KEEP_ALIVE_SECONDS, Connection, Connections
from exporter.web.negotiation import wants_gzip, wants_openmetrics
from exporter.web.origin import Origins, only_loopback
from exporter.web.pages import Page
from exporter.web.places import Place, Places
from exporter.web.telling import Rarely

SEND_SECONDS: Final = 60.0
"""How long a client may take to receive an answer before it is cut off: a slow one must not hold a scrape's place."""

CONNECTIONS: Final = 240
"""How many connections there may be, unless the limit of open files says otherwise."""

PAGES: Final = 10
"""How many pages for people are written or sent at once."""

PAGE_SECONDS: Final = 0.1
"""How long a page holds its place at least: a hundred pages a second, whoever asks and however fast."""

_PATIENCE_AFTER_GRACE: Final = 0.1
_READ: Final = ("GET", "HEAD")
_SLICE: Final = 128 * 1024
"""Bytes that are sent at once. Each time the loop gives the interpreter away, and waits up to a millisecond for it
while a page is written: with 32 KiB a scrape beside twenty readers of large pages took 200 ms, with this 120."""

_log: Final = logging.getLogger("exporter.web")


class Scraped(Protocol):
    """Where metrics come from; `exposition.Exposition` in the running program."""

    async def scrape(self, *, openmetrics: bool, gzip: bool, filters: Filters | None = None) -> Scrape | None:
        """Everything, or what the filters choose; None when they match nothing."""


Handler = Callable[[web.BaseRequest], Awaitable[web.Response]]


class _Pieces(Payload):
    """A body that is sent slice by slice, so that a client that is slow costs a slice and not a copy of all."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        super().__init__(pieces)
        self._size = sum(map(len, pieces))

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text."""
        return b"".join(self._value).decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send everything; each slice waits until the client has taken most of the one before.

        The system may take megabytes at once, for many clients that come together: others get a turn after each slice.
        """
        for part in _slices(self._value):
            await writer.write(part)
            await asyncio.sleep(0)


def _slices(pieces: Sequence[bytes]) -> Iterator[bytes | memoryview]:
    """The bytes of the pieces, in parts that are neither small nor large: small pieces together, large ones cut."""
    small: list[bytes] = []
    size = 0
    for piece in pieces:
        if size + len(piece) > _SLICE and small:
            yield b"".join(small)
            small, size = [], 0
        if len(piece) > _SLICE:
            view = memoryview(piece)
            for start in range(0, len(piece), _SLICE):
                yield view[start : start + _SLICE]
        else:
            small.append(piece)
            size += len(piece)
    if small:
        yield b"".join(small)


class Asked(NamedTuple):
    """A page for people that somebody asks for.

    Attributes:
        links: stands before the paths of its links; by nothing they are relative to the status page.
        account: whose page; None for the status page.
        chosen: what its address says.
    """

    links: str
    account: str | None
    chosen: Chosen


class _Route(NamedTuple):
    methods: tuple[str, ...]
    handle: Handler
    places: Places | None = None


class Web:
    """Serves the paths of the README's section "HTTP".

    Attributes:
        addresses: `host:port` of every socket that listens, with the ports that were given where 0 was asked for.
        connections: those of clients.
        access: who is let in.
    """

    def __init__(
        self,
        exposition: Scraped,
        *,
        before_scrape: Callable[[], None],
        page: Callable[[Asked], Awaitable[str | None]],
        healthy: Callable[[], str | None],
        ready: Callable[[], str | None],
        config_text: Callable[[], str],
        reload: Callable[[], Awaitable[str | None]] | None,
        telemetry_path: str = "/metrics",
        max_requests: int = 40,
        external: Sequence[ExternalUrl] = (),
        connections: int = CONNECTIONS,
        rules: Rules | None = None,
    ) -> None:
        """Args:
        exposition: the metrics.
        before_scrape: withdraws what is too old, by the clock.
        page: the status page, or that of an account, as HTML; None where there is no such account.
        healthy: why the process should be restarted, or None.
        ready: why no traffic should come yet, or None.
        config_text: the effective configuration, secrets masked; called in a thread.
        reload: reads the configuration again and returns the problem, if any; None where reloading is not allowed.
        telemetry_path: where metrics are served.
        max_requests: parallel scrapes; more get 503.
        external: where the exporter is reached besides.
        connections: how many there may be.
        rules: TLS, users and the like; none of them unless given.
        """
        self._exposition = exposition
        self._before_scrape = before_scrape
        self._page = Page(page)
        self._config_text: Page[str] = Page(lambda _: runtime.paged(config_text))
        self._reload = reload
        self._rarely = Rarely()
        self._origins = Origins(external)
        self.connections = Connections(connections, self._rarely)
        self.access = Access(rules or Rules(), self._rarely)
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self._runner: web.ServerRunner | None = None
        self._listening: list[listening.Listener] = []
        self.addresses: tuple[str, ...] = ()
        scrapes = Places(max_requests, "scrapes at once; see --web.max-requests", self._too_slow)
        pages = Places(PAGES, "pages at once", self._too_slow, least=PAGE_SECONDS)
        self._routes: Mapping[str, _Route] = {
            "/": _Route(_READ, self._status, pages),
            "/-/healthy": _Route(_READ, _probe(healthy, "Healthy.")),
            "/-/ready": _Route(_READ, _probe(ready, "Ready.")),
            "/-/reload": _Route(("POST",), self._reloaded),
            "/config": _Route(_READ, self._config, pages),
            telemetry_path: _Route(_READ, self._metrics, scrapes),
        }
        self._account_route = _Route(_READ, self._account, pages)

    async def start(self, addresses: Sequence[str], handed: Sequence[socket.socket] = ()) -> None:
        """Listen on these addresses: `host:port`, `:port` for all interfaces, `[v6]:port`.

        Args:
            addresses: where to listen.
            handed: sockets that listen already; where there are any, they are used instead.

        Raises:
            ExporterError: one is malformed, unknown or in use; names it. Then none stays open.
        """
        server = _Server(self._answer, self.connections)
        runner = self._runner = web.ServerRunner(server, shutdown_timeout=_PATIENCE_AFTER_GRACE)
        await runner.setup()
        if handed:
            self._listening.append(listening.taken_over(handed, server, self._no_file, self.access.tls, self._rarely))
        try:
            for address in () if handed else addresses:
                self._listening.append(
                    await listening.listen(server, address, self._no_file, self.access.tls, self._rarely)
                )
        except ExporterError:
            await self.close(0)
            raise
        sockets = [each for one in self._listening for each in one.sockets]
        self._origins.any_name = not only_loopback(each.getsockname()[0] for each in sockets)
        self.addresses = tuple(map(listening.host_and_port, sockets))

    def replace(self, rules: Rules) -> None:
        """Let others in from now on, or otherwise; where TLS changes, clients have to connect anew."""
        if self.access.replace(rules):
            self.connections.renew()

    async def close(self, grace: float) -> None:
        """Accept nothing more, let running requests end for up to `grace` seconds, then drop what is left."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        self._closing = True
        for each in self._listening:
            each.close()
            await each.settled()
        try:
            async with asyncio.timeout(grace):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("requests were still running and are dropped", extra={"requests": self._running})
        self._page.close()
        self._config_text.close()
        await runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request of any kind; the answer is sent completely when this returns."""
        connection = request.protocol
        assert isinstance(connection, Connection)
        self._running += 1
        self._idle.clear()
        try:
            with connection.answers():
                return await self._answered(request, connection)
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def _answered(self, request: web.BaseRequest, connection: Connection) -> web.Response:
        route = self._account_route if request.path.startswith(ACCOUNT_PATH) else self._routes.get(request.path)
        refused = await self._kept_out(request, connection) or self._refused(request, route)
        place: Place | None = None
        if refused is None and route is not None and route.places is not None:
            taken = await route.places.take(connection.client)
            if isinstance(taken, str):
                refused = text(503, taken)
            else:
                place = taken
        try:
            if refused is not None:
                response = refused
            else:
                assert route is not None
                response = await route.handle(request)
            await self._send(request, response, connection, place)
            return response
        finally:
            if place is not None:
                place.leave()

    async def _kept_out(self, request: web.BaseRequest, connection: Connection) -> web.Response | None:
        """The answer to who is not let in, whatever it asks for, or None."""
        limited = self.access.limited()
        if limited is not None:
            return limited
        host = _header(request, "Host")
        # Who asks without a name is no browser, which always gives one.
        if "Host" in request.headers and not self._origins.known(host):
            self._rarely.warn(
                "a request by a name that is not known here is refused; see --web.external-url", host=host[:100]
            )
            return text(403, "This exporter is not known by this name; see --web.external-url, or ask by address.")
        return await self.access.refusal(request, connection.client)

    def _refused(self, request: web.BaseRequest, route: _Route | None) -> web.Response | None:
        """The answer to a request for what there is not, or must not be asked for so, or None."""
        if route is None:
            return text(404, f"Nothing is served here. Try one of: {' '.join(self._routes)} {ACCOUNT_PATH}NAME")
        if request.method not in route.methods:
            return text(405, f"Only {' and '.join(route.methods)} here.", {"Allow": ", ".join(route.methods)})
        if request.method not in _READ and self._origins.foreign(request.headers):
            return text(403, "A page of another origin may not do this; see --web.external-url if it is this one's.")
        return None

    async def _send(
        self, request: web.BaseRequest, response: web.Response, connection: Connection, place: Place | None
    ) -> None:
        if self._closing or connection.last:
            response.force_close()
        response.headers.update(self.access.headers)
        if place is not None:
            place.sends(request)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await response.prepare(request)
                await response.write_eof()
        except ConnectionError:
            return  # the client is gone
        except TimeoutError:
            self._too_slow(connection.client)
            connection.cut_off()

    def _too_slow(self, client: str) -> None:
        self._rarely.warn("a client was too slow to receive its answer and is cut off", client=client)

    def _no_file(self, error: OSError) -> None:
        """Nobody can be accepted: say so, and close what can be closed."""
        self._rarely.warn("no connection can be accepted: too many open files", error=error.strerror)
        self.connections.make_room()

    async def _metrics(self, request: web.BaseRequest) -> web.Response:
        self._before_scrape()
        query = request.query
        filters = Filters(frozenset(query.getall("exchange", ())), frozenset(query.getall("account", ())))
        scrape = await self._exposition.scrape(
            openmetrics=wants_openmetrics(_header(request, "Accept")),
            gzip=wants_gzip(_header(request, "Accept-Encoding")),
            filters=filters,
        )
        varies = {"Vary": "Accept, Accept-Encoding"}
        if scrape is None:
            return text(404, "No account that is served here matches these filters.", varies)
        headers = {**HEADERS, **varies, "Content-Type": scrape.content_type}
        if scrape.gzip:
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=_Pieces(scrape.pieces), headers=headers)

    async def _status(self, request: web.BaseRequest) -> web.Response:
        links = self._origins.links(request.headers.get("Host"))
        return await self._page_of(Asked(links, None, _chosen(request)))

    async def _account(self, request: web.BaseRequest) -> web.Response:
        links = self._origins.links(request.headers.get("Host")) or "../"
        name = unquote(request.rel_url.raw_path.removeprefix(ACCOUNT_PATH), errors="surrogateescape")
        # Of how the page is chosen by, only this matters to that of one account.
        return await self._page_of(Asked(links, name, Chosen(refresh=_chosen(request).refresh)))

    async def _page_of(self, asked: Asked) -> web.Response:
        page = await self._page.get(asked)
        if page is None:
            return text(404, "No such account is polled here.")
        return _page(page, "text/html")

    async def _config(self, request: web.BaseRequest) -> web.Response:
        del request
        page = await self._config_text.get("")
        assert page is not None
        return _page(page, "text/plain")

    async def _reloaded(self, request: web.BaseRequest) -> web.Response:
        del request
        if self._reload is None:
            return text(403, "Reloading over HTTP is off; start with --web.enable-lifecycle, or send SIGHUP.")
        problem = await self._reload()
        if problem is not None:
            return text(500, f"The configuration was not changed:\n{problem}")
        return text(200, "Reloaded.")


class _Server(web.Server):
    def __init__(
        self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], connections: Connections
    ) -> None:
        super().__init__(handler)
        self._connections_kept = connections

    def __call__(self) -> web.RequestHandler:
        return Connection(
            self, self._connections_kept, loop=self._loop, access_log=None, keepalive_timeout=KEEP_ALIVE_SECONDS
        )


def _probe(problem: Callable[[], str | None], good: str) -> Handler:
    async def handle(request: web.BaseRequest) -> web.Response:
        del request
        found = problem()
        return text(200, good) if found is None else text(503, found)

    return handle


def _page(page: bytes, kind: str) -> web.Response:
    return web.Response(
        body=_Pieces((page,)), headers={**HEADERS, **PAGE_HEADERS, "Content-Type": f"{kind}; charset=utf-8"}
    )


def _chosen(request: web.BaseRequest) -> Chosen:
    return chosen_by({name: request.query.getall(name) for name in request.query})


def _header(request: web.BaseRequest, name: str) -> str:
    return ",".join(request.headers.getall(name, ()))
