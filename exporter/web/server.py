"""The web server: metrics for Prometheus, pages for people, health for whoever restarts things."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from exporter.core.errors import ExporterError
from exporter.exposition.filters import Filters
from exporter.exposition.packing import Scrape
from exporter.web import listening
from exporter.web.negotiation import wants_gzip, wants_openmetrics

SEND_SECONDS: Final = 60.0
"""How long a client may take to receive an answer before it is cut off: a slow one must not hold a scrape's place."""

_PATIENCE_AFTER_GRACE: Final = 0.1
_READ: Final = ("GET", "HEAD")
_HEADERS: Final = {
    "Server": "exchange-balance-exporter",  # instead of the library's name and version
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}

_log: Final = logging.getLogger("exporter.web")


class Scraped(Protocol):
    """Where metrics come from; `exposition.Exposition` in the running program."""

    async def scrape(self, *, openmetrics: bool, gzip: bool, filters: Filters | None = None) -> Scrape | None:
        """Everything, or what the filters choose; None when they match nothing."""


Handler = Callable[[web.BaseRequest], Awaitable[web.Response]]


class _Pieces(Payload):
    """A body that is sent piece by piece, without a copy that joins them."""

    def __init__(self, pieces: tuple[bytes, ...]) -> None:
        super().__init__(pieces)
        self._size = sum(map(len, pieces))

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text."""
        return b"".join(self._value).decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send every piece."""
        for piece in self._value:
            await writer.write(piece)


class _Route(NamedTuple):
    methods: tuple[str, ...]
    handle: Handler


class Web:
    """Serves the paths of the README's section "HTTP".

    Attributes:
        addresses: `host:port` of every socket that listens, with the ports that were given where 0 was asked for.
    """

    def __init__(
        self,
        exposition: Scraped,
        *,
        before_scrape: Callable[[], None],
        page: Callable[[], str],
        healthy: Callable[[], str | None],
        ready: Callable[[], str | None],
        config_text: Callable[[], str],
        reload: Callable[[], Awaitable[str | None]] | None,
        telemetry_path: str = "/metrics",
        max_requests: int = 40,
    ) -> None:
        """Args:
        exposition: the metrics.
        before_scrape: withdraws what is too old, by the clock.
        page: the status page, as HTML.
        healthy: why the process should be restarted, or None.
        ready: why no traffic should come yet, or None.
        config_text: the effective configuration, secrets masked.
        reload: reads the configuration again and returns the problem, if any; None where reloading is not allowed.
        telemetry_path: where metrics are served.
        max_requests: parallel scrapes; more get 503.
        """
        self._exposition = exposition
        self._before_scrape = before_scrape
        self._page = page
        self._config_text = config_text
        self._reload = reload
        self._max_requests = max_requests
        self._scrapes = 0
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self._runner: web.ServerRunner | None = None
        self._listening: list[asyncio.Server] = []
        self.addresses: tuple[str, ...] = ()
        self._routes: Mapping[str, _Route] = {
            "/": _Route(_READ, self._status),
            "/-/healthy": _Route(_READ, _probe(healthy, "Healthy.")),
            "/-/ready": _Route(_READ, _probe(ready, "Ready.")),
            "/-/reload": _Route(("POST",), self._reloaded),
            "/config": _Route(_READ, self._config),
            telemetry_path: _Route(_READ, self._metrics),
        }

    async def start(self, addresses: Sequence[str]) -> None:
        """Listen on these addresses: `host:port`, `:port` for all interfaces, `[v6]:port`.

        Raises:
            ExporterError: one is malformed, unknown or in use; names it. Then none stays open.
        """
        server = _Server(self._answer, access_log=None)
        runner = self._runner = web.ServerRunner(server, shutdown_timeout=_PATIENCE_AFTER_GRACE)
        await runner.setup()
        try:
            for address in addresses:
                self._listening.append(await listening.listen(server, address))
        except ExporterError:
            await self.close(0)
            raise
        self.addresses = tuple(listening.host_and_port(each) for one in self._listening for each in one.sockets)

    async def close(self, grace: float) -> None:
        """Accept nothing more, let running requests end for up to `grace` seconds, then drop what is left."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        self._closing = True
        for each in self._listening:
            each.close()
        try:
            async with asyncio.timeout(grace):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("requests were still running and are dropped", extra={"requests": self._running})
        await runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request of any kind; the answer is sent completely when this returns."""
        self._running += 1
        self._idle.clear()
        scrape = False
        try:
            route = self._routes.get(request.path)
            if route is None:
                response = _text(404, f"Nothing is served here. Try one of: {' '.join(self._routes)}")
            elif request.method not in route.methods:
                response = _text(405, f"Only {' and '.join(route.methods)} here.", {"Allow": ", ".join(route.methods)})
            elif route.handle == self._metrics and self._scrapes >= self._max_requests:
                response = _text(503, f"More than {self._max_requests} scrapes at once; see --web.max-requests.")
            else:
                scrape = route.handle == self._metrics
                self._scrapes += scrape
                response = await route.handle(request)
            await self._send(request, response)
            return response
        finally:
            self._scrapes -= scrape
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def _send(self, request: web.BaseRequest, response: web.Response) -> None:
        if self._closing:
            response.force_close()
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await response.prepare(request)
                await response.write_eof()
        except ConnectionError:
            return  # the client is gone
        except TimeoutError:
            _log.warning("a client was too slow to receive its answer and is cut off", extra={"client": request.remote})
            if request.transport is not None:
                request.transport.abort()

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
            return _text(404, "No account that is served here matches these filters.", varies)
        headers = {**_HEADERS, **varies, "Content-Type": scrape.content_type}
        if scrape.gzip:
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=_Pieces(scrape.pieces), headers=headers)

    async def _status(self, request: web.BaseRequest) -> web.Response:
        del request
        return _text(200, self._page(), _PAGE_HEADERS, kind="text/html")

    async def _config(self, request: web.BaseRequest) -> web.Response:
        del request
        return _text(200, self._config_text(), _PAGE_HEADERS)

    async def _reloaded(self, request: web.BaseRequest) -> web.Response:
        del request
        if self._reload is None:
            return _text(403, "Reloading over HTTP is off; start with --web.enable-lifecycle, or send SIGHUP.")
        problem = await self._reload()
        if problem is not None:
            return _text(500, f"The configuration was not changed:\n{problem}")
        return _text(200, "Reloaded.")


class _Connection(web.RequestHandler):
    """Answers what never becomes a request, and bugs of ours, without the library's name and without a traceback."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status >= 500:
            _log.error("a request could not be answered", extra={"path": request.path}, exc_info=exc)
        else:
            _log.debug("a request could not be understood", extra={"client": request.remote, "error": message})
        if request.writer.output_size > 0:
            raise ConnectionError("half of another answer is sent already")
        sentence = "This is a bug; the log has its traceback." if status >= 500 else "This is not an HTTP request."
        response = _text(status, sentence)
        response.force_close()
        return response


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


def _probe(problem: Callable[[], str | None], good: str) -> Handler:
    async def handle(request: web.BaseRequest) -> web.Response:
        del request
        found = problem()
        return _text(200, good) if found is None else _text(503, found)

    return handle


def _text(
    status: int, text: str, headers: Mapping[str, str] | None = None, *, kind: str = "text/plain"
) -> web.Response:
    body = (text if text.endswith("\n") else text + "\n").encode("utf-8", "backslashreplace")
    own = {"Content-Type": f"{kind}; charset=utf-8"}
    return web.Response(status=status, body=body, headers={**_HEADERS, **own, **(headers or {})})


def _header(request: web.BaseRequest, name: str) -> str:
    return ",".join(request.headers.getall(name, ()))
