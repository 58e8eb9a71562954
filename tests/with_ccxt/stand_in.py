"""An exchange on loopback that answers what it is told to, and writes down everything that it is asked."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiohttp import web


class Sent(NamedTuple):
    """One request, as it came."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """What every request, or one path, is answered with."""

    status: int
    body: str
    kind: str = "application/json"
    headers: Mapping[str, str] = {}


class StandIn:
    """One exchange.

    Attributes:
        url: where it is.
        answers: body by path, or by path with the beginning of the query.
        instead: what private requests are answered with, whatever they ask.
        sent: everything that was asked.
    """

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.url = ""
        self.answers = dict(answers)
        self.instead: Answer | None = None
        self.public = frozenset[str]()
        self.sent: list[Sent] = []

    async def _answer(self, request: web.Request) -> web.Response:
        self.sent.append(
            Sent(request.method, request.path, request.query_string, dict(request.headers), await request.read())
        )
        if self.instead is not None and request.path not in self.public:
            answer = self.instead
        else:
            found = self._found(request)
            answer = Answer(404, '{"nothing":"here"}') if found is None else Answer(200, found)
        return web.Response(
            status=answer.status, text=answer.body, content_type=answer.kind, headers=dict(answer.headers)
        )

    def _found(self, request: web.Request) -> str | None:
        whole = f"{request.path}?{request.query_string}"
        fitting = [key for key in self.answers if key == request.path or ("?" in key and whole.startswith(key))]
        return self.answers[max(fitting, key=len)] if fitting else None

    @asynccontextmanager
    async def running(self) -> AsyncIterator["StandIn"]:
        """Answer until the block is left."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()
