"""What the shared tests must know of the simulated Bybit."""

from tests.sandbox.facts import ModeFacts, SandboxFacts, Signed, Unsigned, mac


def sign(read: Unsigned) -> Signed:
    """Time, key, window and query; the main wallet says which account it means."""
    query = read.query or ("accountType=UNIFIED" if read.path.endswith("/wallet-balance") else "")
    window = read.own.get("window", "5000")
    signature = mac(read.secret, f"{read.milliseconds}{read.key}{window}{query}").hex()
    headers = {
        "X-BAPI-API-KEY": read.key,
        "X-BAPI-TIMESTAMP": read.milliseconds,
        "X-BAPI-RECV-WINDOW": window,
        "X-BAPI-SIGN": signature,
    }
    return Signed(query, headers)


SANDBOX_FACTS = SandboxFacts(
    modes={
        "": ModeFacts(
            path="/v5/account/wallet-balance",
            keys=("result", "list", 0, "coin"),
            currency="coin",
            amount="walletBalance",
            sign=sign,
            success=("retCode", 0),
            refusals={
                "key": (200, 10003),
                "signature": (200, 10004),
                "clock": (200, 10002),
                "ip": (200, 10010),
                "permission": (200, 10005),
                "expired": (200, 33004),
                "rate": (200, 10006),
                "maintenance": (200, 10016),
                "frozen": (200, 10008),
            },
            code=lambda answer: answer["retCode"],
            window=5,
            own_window=True,
            without_header={
                "X-BAPI-API-KEY": (200, 10001),
                "X-BAPI-TIMESTAMP": (200, 10001),
                "X-BAPI-SIGN": (200, 10001),
            },
        )
    },
    unknown=(404, {"retCode": 10017}),
    left=("X-Bapi-Limit-Status", "49"),
)
