"""What the shared tests must know of the simulated Gate, for unified and classic accounts."""

import hashlib
import hmac
from dataclasses import replace
from urllib.parse import unquote

from tests.sandbox.facts import ModeFacts, SandboxFacts, Signed, Unsigned


def sign(read: Unsigned) -> Signed:
    """Five lines: method, path, query, hash of no body, and seconds."""
    stamp = str(int(read.now))
    lines = ("GET", read.path, unquote(read.query), hashlib.sha512().hexdigest(), stamp)
    mac = hmac.new(read.secret.encode(), "\n".join(lines).encode(), hashlib.sha512)
    return Signed(read.query, {"KEY": read.key, "Timestamp": stamp, "SIGN": mac.hexdigest()})


UNIFIED = ModeFacts(
    path="/api/v4/unified/accounts",
    keys=("balances",),
    currency="",
    amount="equity",
    sign=sign,
    success=None,
    refusals={
        "key": (401, "INVALID_KEY"),
        "signature": (401, "INVALID_SIGNATURE"),
        "clock": (403, "REQUEST_EXPIRED"),
        "ip": (403, "FORBIDDEN"),
        "permission": (403, "FORBIDDEN"),
        "expired": (401, "INVALID_KEY"),
        "rate": (429, "TOO_MANY_REQUESTS"),
        "maintenance": (503, "SERVER_ERROR"),
        "frozen": (403, "ACCOUNT_LOCKED"),
    },
    code=lambda answer: answer["label"],
    window=60,
    without_header={
        "KEY": (400, "MISSING_REQUIRED_HEADER"),
        "Timestamp": (400, "MISSING_REQUIRED_HEADER"),
        "SIGN": (400, "MISSING_REQUIRED_HEADER"),
    },
)

SANDBOX_FACTS = SandboxFacts(
    modes={
        "unified": UNIFIED,
        "classic": replace(UNIFIED, path="/api/v4/spot/accounts", keys=(), currency="currency", amount="available"),
    },
    unknown=(404, {"label": "NOT_FOUND"}),
    left=("X-Gate-RateLimit-Requests-Remain", "149"),
)
