"""What the shared tests must know of the simulated HTX."""

import base64
import time
from typing import Any
from urllib.parse import quote

from tests.sandbox.facts import ModeFacts, SandboxFacts, Signed, Unsigned, mac


def sign(read: Unsigned) -> Signed:
    """Method, host, path and the parameters in the order of their names."""
    fields = [
        f"AccessKeyId={read.key}",
        "SignatureMethod=HmacSHA256",
        "SignatureVersion=2",
        "Timestamp=" + quote(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(read.now)), safe=""),
    ]
    joined = "&".join(sorted(fields + read.query.split("&"))) if read.query else "&".join(fields)
    text = f"GET\n{read.own.get('host', '127.0.0.1')}\n{read.path}\n{joined}"
    return Signed(joined + "&Signature=" + quote(base64.b64encode(mac(read.secret, text)).decode(), safe=""), {})


def words(answer: Any) -> str:
    """The text of a refusal, as the code alone tells nothing: without its first words and its translation."""
    return str(answer["err-msg"]).removeprefix("Signature not valid: ").split(" [")[0]


SANDBOX_FACTS = SandboxFacts(
    modes={
        "": ModeFacts(
            path="/v1/account/accounts/{id}/balance",
            keys=("data", "list"),
            currency="currency",
            amount="balance",
            sign=sign,
            success=("status", "ok"),
            code=words,
            refusals={
                "key": (200, "Incorrect Access key"),
                "signature": (200, "Verification failure"),
                "clock": (200, "Invalid submission time or incorrect time format"),
                "ip": (200, "Incorrect IP address"),
                "permission": (200, "API key has no permission"),
                "expired": (200, "APIkey has expired"),
                "rate": (429, "request exceeds the frequency limit"),
                "maintenance": (200, "System is in maintenance!"),
                "frozen": (200, "The account is frozen"),
            },
            window=60,
            unfinished={
                "/v1/account/accounts?AccessKeyId=key-of-htx": (200, "Signature is missing"),
                "/v1/account/accounts?AccessKeyId=key-of-htx&Signature=x": (200, "Incorrect signature method"),
                "/v1/account/accounts?AccessKeyId=key-of-htx&Signature=x&SignatureMethod=HmacSHA256": (
                    200,
                    "Incorrect signature version",
                ),
            },
        )
    },
    unknown=(405, {"err-code": "method-not-allowed"}),
    left=("X-HB-RateLimit-Requests-Remain", "99"),
)
