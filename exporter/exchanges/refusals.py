"""From an exchange's own no, or from an HTTP status that says it all, to the error that names it."""

from collections.abc import Mapping
from typing import Any

from exporter.core.errors import AuthError, BadPayload, BadStatus, Banned, ExchangeRefused, PollError, RateLimited
from exporter.exchanges.values import cut, shown


def refused(
    status: int,
    code: Any,
    message: Any,
    *,
    errors: Mapping[str, type[PollError]],
    temporary: frozenset[str] = frozenset(),
    advice: Mapping[str, str] = {},
) -> PollError:
    """The error for an answer whose own code says no; what can be no code makes it an answer of another shape.

    Args:
        status: of HTTP; decides where the code says nothing to us.
        code: as it stands in the answer.
        message: the exchange's words, for the log.
        errors: codes of one meaning.
        temporary: codes that a repeat may change.
        advice: where a code deserves better advice than its class gives.
    """
    if not isinstance(code, str | int | None) and status < 400:
        return BadPayload(f"{shown(code)} where a code belongs")
    key = code if isinstance(code, str) else shown(code)
    words = cut(message, 200) if isinstance(message, str) else shown(message)
    text = f"{cut(key, 60)}: {words}" if message else cut(key, 60)
    if status == 418:  # says that we are banned, also with a code that elsewhere means no more than being too fast
        return Banned(f"HTTP 418: {text}")
    if kind := errors.get(key):
        return kind(text, advice=advice.get(key))
    if status in {401, 429} or (status >= 500 and key not in temporary):
        return refusal(status, text)
    if key in temporary:
        return ExchangeRefused(text, repeat=True, advice="Wait: the exchange calls this temporary.")
    return ExchangeRefused(text, advice=advice.get(key))


def refusal(status: int, text: str) -> PollError:
    """The error for an HTTP status that says it all, when the answer's own code does not."""
    if status == 429:
        return RateLimited(f"HTTP 429: {text}")
    if status == 418:
        return Banned(f"HTTP 418: {text}")
    if status == 401:
        return AuthError(f"HTTP 401: {text}")
    if status >= 400:
        return BadStatus(f"HTTP {status}: {text}", repeat=status >= 500)
    return ExchangeRefused(text)
