"""What a client accepts, from its request headers: which format, and whether packed."""

from collections.abc import Iterable, Mapping


def wants_openmetrics(accept: str) -> bool:
    """Whether OpenMetrics 1.0.0 is preferred by this `Accept` header over text 0.0.4, which is the fallback.

    A media range of another version is not what we have; `q=0` means never; equal weights prefer the more specific.
    """
    best = {True: 0.0, False: 0.0}
    for media, parameters, weight in _ranges(accept):
        if media == "application/openmetrics-text" and parameters.get("version", "1.0.0") == "1.0.0":
            best[True] = max(best[True], weight)
        elif (media == "text/plain" and parameters.get("version", "0.0.4") == "0.0.4") or media in ("text/*", "*/*"):
            best[False] = max(best[False], weight)
    return best[True] > 0 and best[True] >= best[False]


def wants_gzip(accept_encoding: str) -> bool:
    """Whether this `Accept-Encoding` header allows gzip."""
    weights = {coding: weight for coding, _, weight in _ranges(accept_encoding)}
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _ranges(header: str) -> Iterable[tuple[str, Mapping[str, str], float]]:
    for item in header.split(","):
        name, *rest = (part.strip() for part in item.split(";"))
        parameters = {
            key.strip().lower(): text.strip().strip('"')
            for key, mark, text in (part.partition("=") for part in rest)
            if mark
        }
        try:
            weight = float(parameters.pop("q", "1"))
        except ValueError:
            weight = 0.0
        if name and 0.0 <= weight <= 1.0:
            yield name.lower(), parameters, weight
