"""What the shared tests must know of the simulated BingX."""

from tests.sandbox.facts import ModeFacts, SandboxFacts, Signed, Unsigned, mac


def sign(read: Unsigned) -> Signed:
    """The query as it stands, window and time included."""
    window = f"recvWindow={read.own.get('window', '5000')}"
    query = "&".join(part for part in (read.query, window, f"timestamp={read.milliseconds}") if part)
    return Signed(f"{query}&signature={mac(read.secret, query).hex()}", {"X-BX-APIKEY": read.key})


SANDBOX_FACTS = SandboxFacts(
    modes={
        "": ModeFacts(
            path="/openApi/spot/v1/account/balance",
            keys=("data", "balances"),
            currency="asset",
            amount="free",
            sign=sign,
            success=("code", 0),
            refusals={
                "key": (200, 100413),
                "signature": (200, 100001),
                "clock": (200, 100421),
                "ip": (200, 100419),
                "permission": (200, 100004),
                "expired": (200, 100413),
                "rate": (200, 100410),
                "maintenance": (503, 100503),
                "frozen": (200, 100414),
            },
            window=5,
            own_window=True,
            without_header={"X-BX-APIKEY": (200, 100413)},
        )
    },
    unknown=(200, {"code": 100400}),
    left=("X-RateLimit-Requests-Remain", "4"),
)
