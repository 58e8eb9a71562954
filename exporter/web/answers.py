"""Short answers, and the headers that every answer has."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from exporter.web.frame import STYLE_HASH

HEADERS: Final = {
    "Server": "exchange-balance-exporter",  # instead of the library's name and version
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PAGE_HEADERS: Final = {
    "Content-Security-Policy": f"default-src 'none'; style-src {STYLE_HASH}; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


def text(status: int, words: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer of a sentence or two."""
    body = (words if words.endswith("\n") else words + "\n").encode("utf-8", "backslashreplace")
    own = {"Content-Type": "text/plain; charset=utf-8"}
    return web.Response(status=status, body=body, headers={**HEADERS, **own, **(headers or {})})
