"""Whom the web server lets in and how it answers, as the web configuration file says: frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from exporter.core.credentials import Secret

ClientCertificates = Literal["none", "optional", "required"]
TlsVersion = Literal["TLS12", "TLS13"]

VERSIONS: Final[tuple[TlsVersion, ...]] = ("TLS12", "TLS13")
"""From the oldest to the newest."""

CIPHERS: Final[Mapping[str, str]] = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
}
"""Suites of TLS 1.2 that keep past connections secret when the key is lost: Go's name -> OpenSSL's."""

CIPHERS_OF_TLS13: Final = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
"""Suites of TLS 1.3, which nobody can choose from: neither Go nor Python lets one."""

CURVES: Final[Mapping[str, str]] = {
    "X25519": "X25519",
    "CurveP256": "prime256v1",
    "CurveP384": "secp384r1",
    "CurveP521": "secp521r1",
}
"""Go's name -> OpenSSL's."""

PLACES: Final = ("cert", "client_ca", "cipher_suites", "curve_preferences")
"""Keys whose mistakes may show only when they are put to use."""


@dataclass(frozen=True, slots=True)
class Tls:
    """How connections are encrypted, and which certificates clients need.

    Attributes:
        certificate: ours and those between it and its authority, as PEM.
        key: that of our certificate, as PEM.
        clients: whether clients show a certificate; one that is shown is always verified.
        client_ca: the authorities of clients' certificates, as PEM.
        allowed_sans: names (DNS, mail, IP, URI) of which a client's certificate must bear one; any will do if empty.
        oldest: the oldest version that is spoken.
        newest: the newest.
        ciphers: suites of TLS 1.2 by Go's names; empty for the usual ones.
        curves: by Go's names, the preferred one first; empty for the usual ones.
        server_chooses: whether our order of suites decides, and not the client's.
        places: each of `PLACES` -> where it stands in the file, as sentences about it begin.
    """

    certificate: str
    key: Secret
    clients: ClientCertificates = "none"
    client_ca: str = ""
    allowed_sans: tuple[str, ...] = ()
    oldest: TlsVersion = "TLS12"
    newest: TlsVersion = "TLS13"
    ciphers: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()
    server_chooses: bool = True
    places: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many requests are answered: `burst` at once, and one more after each `interval`, in seconds."""

    interval: float
    burst: int


@dataclass(frozen=True, slots=True)
class WebConfig:
    """What the file says; nothing in it means plain HTTP for everybody who can connect.

    Attributes:
        tls: None for plain HTTP.
        users: name -> bcrypt hash of the password; empty where no password is asked for.
        headers: what each answer has besides.
        rate: None where there is no limit.
        warnings: what an operator should know of a file that can be used.
    """

    tls: Tls | None = None
    users: Mapping[str, Secret] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    rate: RateLimit | None = None
    warnings: tuple[str, ...] = field(default=(), compare=False)


OPEN: Final = WebConfig()
"""Plain HTTP without a password."""
