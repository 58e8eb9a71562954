"""What the shared tests must know of the simulated Bitget, for classic and unified accounts."""

import base64
from dataclasses import replace

from tests.sandbox.facts import ModeFacts, SandboxFacts, Signed, Unsigned, mac


def sign(read: Unsigned) -> Signed:
    """Time, method, path and query."""
    text = f"{read.milliseconds}GET{read.path}" + (f"?{read.query}" if read.query else "")
    return Signed(
        read.query,
        {
            "ACCESS-KEY": read.key,
            "ACCESS-SIGN": base64.b64encode(mac(read.secret, text)).decode(),
            "ACCESS-TIMESTAMP": read.milliseconds,
            "ACCESS-PASSPHRASE": read.passphrase,
        },
    )


CLASSIC = ModeFacts(
    path="/api/v2/spot/account/assets",
    keys=("data",),
    currency="coin",
    amount="frozen",
    sign=sign,
    success=("code", "00000"),
    refusals={
        "key": (400, "40037"),
        "signature": (400, "40009"),
        "clock": (400, "40008"),
        "ip": (400, "40018"),
        "permission": (400, "40014"),
        "expired": (400, "40041"),
        "rate": (429, "429"),
        "maintenance": (200, "40200"),
        "frozen": (400, "40024"),
    },
    window=30,
    without_header={
        "ACCESS-KEY": (400, "40001"),
        "ACCESS-SIGN": (400, "40003"),
        "ACCESS-TIMESTAMP": (400, "40005"),
        "ACCESS-PASSPHRASE": (400, "40011"),
    },
)

SANDBOX_FACTS = SandboxFacts(
    modes={
        "classic": CLASSIC,
        "unified": replace(CLASSIC, path="/api/v3/account/assets", keys=("data", "assets"), amount="equity"),
    },
    unknown=(404, {"code": "40404"}),
    left=("x-mbx-used-remain-limit", "9"),
)
