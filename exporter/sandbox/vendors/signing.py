"""What every check of a signature needs: the digest, a comparison, and the query in its parts.

What is signed stands in each exchange's own file, written from its vendor's rules. Nothing is shared with the
code that signs, so that the one proves the other.
"""

import hashlib
import hmac
from urllib.parse import unquote


def digest(secret: str, text: str) -> bytes:
    """Give the HMAC-SHA256 of a text."""
    return hmac.new(secret.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()


def same(given: str, expected: str) -> bool:
    """Compare two signatures in a time that does not tell where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def pairs(query: str) -> list[tuple[str, str]]:
    """Split a raw query into its raw names and values, in the order they came."""
    items: list[tuple[str, str]] = []
    for item in query.split("&"):
        if item:
            name, _, value = item.partition("=")
            items.append((name, value))
    return items


def decoded(query: str) -> dict[str, str]:
    """Read a raw query; the first of several equal names stands."""
    fields: dict[str, str] = {}
    for name, value in pairs(query):
        fields.setdefault(unquote(name), unquote(value))
    return fields
