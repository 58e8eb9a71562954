"""What the shared tests must know of the simulated OKX."""

import base64
from datetime import UTC, datetime

from tests.sandbox.facts import ModeFacts, SandboxFacts, Signed, Unsigned, mac


def sign(read: Unsigned) -> Signed:
    """Time, method, path and query; the time as OKX writes it."""
    moment = datetime.fromtimestamp(int(read.milliseconds) / 1000, UTC)
    stamp = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    text = f"{stamp}GET{read.path}" + (f"?{read.query}" if read.query else "")
    return Signed(
        read.query,
        {
            "OK-ACCESS-KEY": read.key,
            "OK-ACCESS-SIGN": base64.b64encode(mac(read.secret, text)).decode(),
            "OK-ACCESS-TIMESTAMP": stamp,
            "OK-ACCESS-PASSPHRASE": read.passphrase,
        },
    )


SANDBOX_FACTS = SandboxFacts(
    modes={
        "": ModeFacts(
            path="/api/v5/account/balance",
            keys=("data", 0, "details"),
            currency="ccy",
            amount="eq",
            sign=sign,
            success=("code", "0"),
            refusals={
                "key": (401, "50119"),
                "signature": (401, "50113"),
                "clock": (401, "50102"),
                "ip": (401, "50110"),
                "permission": (200, "50120"),
                "expired": (401, "50111"),
                "rate": (429, "50011"),
                "maintenance": (503, "50001"),
                "frozen": (200, "50007"),
            },
            window=30,
            without_header={
                "OK-ACCESS-KEY": (401, "50103"),
                "OK-ACCESS-PASSPHRASE": (401, "50104"),
                "OK-ACCESS-SIGN": (401, "50106"),
                "OK-ACCESS-TIMESTAMP": (401, "50107"),
            },
        )
    },
    unknown=(404, {"code": "404"}),
    left=None,
)
