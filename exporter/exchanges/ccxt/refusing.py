"""From what ccxt raises to the error that names it: its words first, since its classes are not always what was meant.

MEXC's refusal of an address is a `BadRequest` of ccxt, KuCoin's an `AuthenticationError`, Kraken's lockout a
`DDoSProtection`.
"""

import re
from typing import Final

from exporter.core.errors import (
    AuthError,
    BadPayload,
    Banned,
    ClockRefused,
    ExchangeRefused,
    IpRefused,
    Maintenance,
    PermissionMissing,
    PollError,
    RateLimited,
)
from exporter.exchanges.base import cut, refusal

_WORDS: Final[tuple[tuple[re.Pattern[str], type[PollError]], ...]] = tuple(
    (re.compile(pattern, re.ASCII | re.IGNORECASE), kind)
    for pattern, kind in (
        (r"temporary.?lockout|\bbanned\b|ip.{0,20}\bblocked\b", Banned),
        (r"(?<![a-z])ip(?![a-z]).{0,60}(?:white|allow|bind|bound|restrict|invalid|trusted|not in|forbid)", IpRefused),
        (r"(?:white|allow)[ -]?list.{0,40}(?<![a-z])ip(?![a-z])|(?:invalid|unauthori[sz]ed) ip(?![a-z])", IpRefused),
        (r"permission|\bscopes?\b|out_of_scope|not authori[sz]ed (?:for|to)|insufficient privilege", PermissionMissing),
        (r"nonce|timestamp|recv_?window|request (?:has )?expired|expired request|jwt.{0,12}expired", ClockRefused),
        (r"maintenance|upgrad(?:e|ing)", Maintenance),
        (r"too many|rate.?limit|too frequent|throttl", RateLimited),
        (r"signature|api.?key|invalid.?key|access.?key|passphrase|invalid_jwt", AuthError),
    )
)

_CLASSES: Final[tuple[tuple[str, type[PollError]], ...]] = (
    ("PermissionDenied", PermissionMissing),
    ("AccountSuspended", ExchangeRefused),
    ("AuthenticationError", AuthError),
    ("InvalidNonce", ClockRefused),
    ("RateLimitExceeded", RateLimited),
    ("DDoSProtection", RateLimited),
    ("OnMaintenance", Maintenance),
    ("ArgumentsRequired", ExchangeRefused),
    ("BadResponse", BadPayload),
    ("ExchangeError", ExchangeRefused),
)
"""The first class that the error is one of."""


def refused(error: Exception, status: int = 200) -> PollError:
    """The failure that an exception out of ccxt means.

    Args:
        error: what was raised; anything but ccxt's own errors came of an answer of another shape.
        status: of HTTP.
    """
    names = {each.__name__ for each in type(error).__mro__}
    if "BaseError" not in names:
        return BadPayload(f"ccxt cannot read the answer: {type(error).__name__}")
    text = cut(str(error), 200)
    if status == 418:
        return Banned(f"HTTP 418: {text}")
    for pattern, kind in _WORDS:
        if pattern.search(str(error)[:2000]):
            return kind(text)
    for name, kind in _CLASSES:
        if name in names and not (kind is ExchangeRefused and status in {401, 429}):
            return kind(text)
    if status >= 400:
        return refusal(status, text)
    return ExchangeRefused(text, repeat="OperationFailed" in names)


def misused(error: Exception) -> PollError:
    """The failure of a signature: what the operator gave as key or secret is none of this exchange."""
    del error  # its text may quote the secret
    return AuthError(
        "no request can be signed with this key and secret",
        advice="They are of another kind than this exchange gives out: see that nothing was cut off or swapped.",
    )
