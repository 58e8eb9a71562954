"""Asks a Prometheus server for what a panel shows."""

import http.client
import json
import math
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer: its labels and its values by time, in seconds since the epoch."""

    labels: dict[str, str]
    points: list[tuple[float, float]]

    @property
    def last(self) -> float:
        """The newest value."""
        return self.points[-1][1] if self.points else math.nan


class Server:
    """A Prometheus server under its base URL, such as http://127.0.0.1:9090."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is not the URL of a Prometheus server")
        self._secure = parts.scheme == "https"
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path.rstrip("/")

    def now(self) -> float:
        """The server's clock."""
        return self.instant("vector(time())")[0].last

    def instant(self, expr: str, at: float | None = None) -> list[Series]:
        """Evaluate an expression at a moment, or at the present one.

        Raises:
            RuntimeError: the server refuses the expression.
        """
        answer = self._get("query", {"query": expr} if at is None else {"query": expr, "time": at})
        return [Series(item["metric"], [_point(item["value"])]) for item in answer["result"]]

    def range(self, expr: str, start: float, end: float, step: float) -> list[Series]:
        """Evaluate an expression from start to end.

        Raises:
            RuntimeError: the server refuses the expression.
        """
        query = {"query": expr, "start": start, "end": end, "step": step}
        answer = self._get("query_range", query)
        return [Series(item["metric"], [_point(pair) for pair in item["values"]]) for item in answer["result"]]

    def _get(self, path: str, query: dict[str, Any]) -> Any:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=60)
        try:
            connection.request("GET", f"{self._path}/api/v1/{path}?{urlencode(query)}")
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        if answer["status"] != "success":
            raise RuntimeError(f"{answer['error']}: {query['query']}")
        return answer["data"]


def _point(pair: list[Any]) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])
