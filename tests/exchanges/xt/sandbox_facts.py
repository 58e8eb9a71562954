"""What the shared tests must know of the simulated XT, for both generations of its API."""

from tests.sandbox.facts import ModeFacts, SandboxFacts, Signed, Unsigned, mac


def sign_v4(read: Unsigned) -> Signed:
    """Four headers in the order of their names, then method, path and query."""
    prefix = read.own.get("prefix", "validate-")
    names = {
        "algorithms": "HmacSHA256",
        "appkey": read.key,
        "recvwindow": read.own.get("window", "5000"),
        "timestamp": read.milliseconds,
    }
    headers = {prefix + name: value for name, value in names.items()}
    text = "&".join(f"{name}={value}" for name, value in headers.items())
    text += f"#GET#{read.path}" + (f"#{read.query}" if read.query else "")
    headers[prefix + "signature"] = mac(read.secret, text).hex()
    return Signed(read.query, headers)


def sign_legacy(read: Unsigned) -> Signed:
    """The parameters in the order of their names."""
    query = f"accesskey={read.key}&nonce={read.milliseconds}"
    return Signed(f"{query}&signature={mac(read.secret, query).hex()}", {})


SANDBOX_FACTS = SandboxFacts(
    modes={
        "v4": ModeFacts(
            path="/v4/balances",
            keys=("result", "assets"),
            currency="currency",
            amount="availableAmount",
            sign=sign_v4,
            success=("rc", 0),
            code=lambda answer: answer["mc"],
            refusals={
                "key": (200, "AUTH_101"),
                "signature": (200, "AUTH_103"),
                "clock": (200, "AUTH_105"),
                "ip": (200, "AUTH_104"),
                "permission": (200, "AUTH_106"),
                "expired": (200, "AUTH_102"),
                "rate": (429, "COMMON_002"),
                "maintenance": (503, "COMMON_002"),
                "frozen": (200, "AUTH_102"),
            },
            window=5,
            own_window=True,
            without_header={
                "validate-appkey": (200, "AUTH_001"),
                "validate-timestamp": (200, "AUTH_002"),
                "validate-recvwindow": (200, "AUTH_003"),
                "validate-algorithms": (200, "AUTH_005"),
                "validate-signature": (200, "AUTH_007"),
            },
        ),
        "legacy": ModeFacts(
            path="/trade/api/v1/getBalance",
            keys=("data",),
            currency="",
            amount="available",
            sign=sign_legacy,
            success=("code", 200),
            refusals={
                "key": (200, 307),
                "signature": (200, 308),
                "clock": (200, 400),
                "ip": (200, 400),
                "permission": (200, 400),
                "expired": (200, 307),
                "rate": (429, 400),
                "maintenance": (503, 400),
                "frozen": (200, 400),
            },
            window=60,
            unfinished={
                "/trade/api/v1/getBalance": (200, 404),
                "/trade/api/v1/getBalance?accesskey=key-of-xt-legacy&nonce=1": (200, 308),
            },
        ),
    },
    unknown=(404, {"rc": 1}),
    left=None,
)
