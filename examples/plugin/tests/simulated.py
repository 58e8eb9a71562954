"""A tiny Acme on loopback. It checks signatures by code of its own, so that each proves the other."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from answers import ANSWERS

KEY: Final = "made-up-key-1"
SECRET: Final = "made-up-secret-2"
PUBLIC: Final = ("/v1/time", "/v1/tickers")


class Acme(ThreadingHTTPServer):
    """Every request that came is in `asked`, by method and path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Acme
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append(f"GET {self.path}")
        path = self.path.partition("?")[0]
        now = int(datetime.now(UTC).timestamp() * 1000)
        if path == "/v1/time":
            self._answer(200, json.dumps({"ok": True, "result": {"now": now}}))
        elif path not in ANSWERS:
            self._refuse(404, "PATH")
        elif path in PUBLIC:
            self._answer(200, ANSWERS[path])
        elif self.headers.get("Acme-Key") != KEY:
            self._refuse(401, "KEY_UNKNOWN")
        elif abs(now - int(self.headers.get("Acme-Time", "0"))) > 5000:
            self._refuse(400, "TIME")
        elif not hmac.compare_digest(self.headers.get("Acme-Sign", ""), self._signature()):
            self._refuse(401, "SIGNATURE")
        else:
            self._answer(200, ANSWERS[path])

    def _signature(self) -> str:
        text = self.headers.get("Acme-Time", "") + self.path
        return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, json.dumps({"ok": False, "code": code, "text": "no"}))

    def _answer(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@contextmanager
def acme() -> Iterator[Acme]:
    """A running one."""
    with Acme() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
