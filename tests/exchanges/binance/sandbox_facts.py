"""What the shared tests must know of the simulated Binance."""

from tests.sandbox.facts import ModeFacts, SandboxFacts, Signed, Unsigned, mac


def sign(read: Unsigned) -> Signed:
    """The whole query, with the window if one is asked for, and the signature behind it."""
    window = read.own.get("window")
    parts = [read.query, f"recvWindow={window}" if window else "", f"timestamp={read.milliseconds}"]
    query = "&".join(part for part in parts if part)
    return Signed(f"{query}&signature={mac(read.secret, query).hex()}", {"X-MBX-APIKEY": read.key})


SANDBOX_FACTS = SandboxFacts(
    modes={
        "": ModeFacts(
            path="/api/v3/account",
            keys=("balances",),
            currency="asset",
            amount="free",
            sign=sign,
            success=None,
            refusals={
                "key": (400, -2008),
                "signature": (400, -1022),
                "clock": (400, -1021),
                "ip": (401, -2015),
                "permission": (401, -2015),
                "expired": (400, -2008),
                "rate": (429, -1003),
                "maintenance": (503, -1016),
                "frozen": (401, -2017),
            },
            window=5,
            own_window=True,
            without_header={"X-MBX-APIKEY": (401, -2014)},
        )
    },
    unknown=(404, {"status": 404}),
    left=("X-MBX-USED-WEIGHT-1M", "20"),
)
