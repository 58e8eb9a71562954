"""What the shared tests must know of the simulated BitMart."""

from tests.sandbox.facts import ModeFacts, SandboxFacts, Signed, Unsigned


def sign(read: Unsigned) -> Signed:
    """Reads are keyed and not signed."""
    return Signed(read.query, {"X-BM-KEY": read.key})


SANDBOX_FACTS = SandboxFacts(
    modes={
        "": ModeFacts(
            path="/account/v1/wallet",
            keys=("data", "wallet"),
            currency="currency",
            amount="available",
            sign=sign,
            success=("code", 1000),
            refusals={
                "key": (401, 30002),
                "signature": (401, 30005),
                "clock": (401, 30007),
                "ip": (403, 30010),
                "permission": (403, 30012),
                "expired": (403, 30011),
                "rate": (429, 30013),
                "maintenance": (200, 30016),
                "frozen": (403, 53000),
            },
            window=None,
            without_header={"X-BM-KEY": (401, 30001)},
        )
    },
    unknown=(404, {"code": 30000}),
    left=("X-BM-RateLimit-Remaining", "1"),  # counts the used ones, against its name
)
