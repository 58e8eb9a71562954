"""Digests that several exchanges may ask for, by what others have published of them."""

from exporter.core.credentials import Secret
from exporter.exchanges.signing import hmac_sha512_hex


def test_hmac_sha512_is_that_of_rfc_4231() -> None:
    assert hmac_sha512_hex(Secret("Jefe"), "what do ya want for nothing?") == (
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
    )
