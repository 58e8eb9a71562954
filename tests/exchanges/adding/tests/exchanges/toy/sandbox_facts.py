"""What the shared tests must know of the simulated Toy."""

from tests.sandbox.facts import ModeFacts, SandboxFacts, Signed, Unsigned, mac


def sign(read: Unsigned) -> Signed:
    """Time, then path with its query."""
    target = f"{read.path}?{read.query}" if read.query else read.path
    signature = mac(read.secret, f"{read.milliseconds}{target}").hex()
    return Signed(read.query, {"X-TOY-APIKEY": read.key, "X-TOY-TIME": read.milliseconds, "X-TOY-SIGN": signature})


SANDBOX_FACTS = SandboxFacts(
    modes={
        "": ModeFacts(
            path="/api/balances",
            keys=("data",),
            currency="coin",
            amount="free",
            sign=sign,
            success=("code", 0),
            refusals={
                "key": (401, 1001),
                "expired": (401, 1001),
                "signature": (401, 1002),
                "clock": (401, 1003),
                "ip": (403, 1004),
                "permission": (403, 1005),
                "rate": (429, 1006),
                "maintenance": (503, 1007),
                "frozen": (403, 1008),
            },
            window=5,
            without_header={
                "X-TOY-APIKEY": (401, 1001),
                "X-TOY-TIME": (401, 1003),
                "X-TOY-SIGN": (401, 1002),
            },
        )
    },
    unknown=(404, {"code": 1000}),
    left=None,
)
