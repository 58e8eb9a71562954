"""HMAC signatures, their encodings, and timestamps as the exchanges write them: pure functions."""

import base64
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote

from exporter.core.credentials import Secret


def hmac_hex(secret: Secret, text: str) -> str:
    """HMAC-SHA256 of the text, lower-case hexadecimal."""
    return hmac.digest(secret.reveal().encode(), text.encode(), "sha256").hex()


def hmac_sha512_hex(secret: Secret, text: str) -> str:
    """HMAC-SHA512 of the text, lower-case hexadecimal."""
    return hmac.digest(secret.reveal().encode(), text.encode(), "sha512").hex()


def hmac_base64(secret: Secret, text: str) -> str:
    """HMAC-SHA256 of the text, base64 with padding."""
    return base64.b64encode(hmac.digest(secret.reveal().encode(), text.encode(), "sha256")).decode()


def query_raw(pairs: Iterable[tuple[str, str]]) -> str:
    """`k=v` joined by `&`, in the given order, values as they are."""
    return "&".join(f"{name}={value}" for name, value in pairs)


def query_encoded(pairs: Iterable[tuple[str, str]]) -> str:
    """`k=v` joined by `&`, in the given order, values percent-encoded but for RFC 3986's unreserved characters."""
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)


def utc_seconds(now_ms: int) -> str:
    """`YYYY-MM-DDTHH:MM:SS` in UTC, without fraction and without zone letter."""
    return datetime.fromtimestamp(now_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def utc_milliseconds(now_ms: int) -> str:
    """`YYYY-MM-DDTHH:MM:SS.mmmZ` in UTC."""
    return f"{utc_seconds(now_ms)}.{now_ms % 1000:03}Z"
