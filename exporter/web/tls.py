"""TLS as the web configuration file asks for it: contexts of Python's ssl, and the names in clients' certificates."""

import ipaddress
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from tempfile import NamedTemporaryFile
from typing import Any, Final, NoReturn

from exporter.core.errors import ConfigError
from exporter.core.web_config import CIPHERS, CURVES, PLACES, Tls

_VERSIONS: Final = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENTS: Final = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}
_NAMES: Final = frozenset({"DNS", "email", "URI"})


def context(tls: Tls) -> ssl.SSLContext:
    """What connections are encrypted with.

    Raises:
        ConfigError: certificates or key cannot be used, or do not belong together; names file, line and key.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version, made.maximum_version = _VERSIONS[tls.oldest], _VERSIONS[tls.newest]
    # A client that negotiates again and again costs much and gains nothing.
    made.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_SINGLE_ECDH_USE
    if tls.server_chooses:
        made.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    else:
        made.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    made.set_alpn_protocols(["http/1.1"])
    found = (_certified(made, tls), _trusting(made, tls), _ciphered(made, tls), _curved(made, tls))
    mistakes = [f"{tls.places[key]} {text}" for key, text in zip(PLACES, found, strict=True) if text is not None]
    if mistakes:
        raise ConfigError(mistakes)
    made.verify_mode = _CLIENTS[tls.clients]
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as in Go: what is listed is trusted, also if it is no root
    return made


def names(certificate: Mapping[str, Any] | None) -> frozenset[str]:
    """The names that a client's certificate bears: DNS, mail, IP and URI; none where the client showed no certificate.

    Addresses are written as Go writes them, and people: OpenSSL's `0:0:0:0:0:0:0:1` is `::1`.
    """
    found = set()
    for kind, name in (certificate or {}).get("subjectAltName", ()):
        if kind == "IP Address":
            found.add(str(ipaddress.ip_address(name.strip())))
        elif kind in _NAMES:
            found.add(name)
    return frozenset(found)


def _certified(made: ssl.SSLContext, tls: Tls) -> str | None:
    def refuse() -> NoReturn:
        raise ValueError("the key is encrypted")

    try:
        with _named(tls.certificate) as certificate, _named(tls.key.reveal()) as key:
            made.load_cert_chain(certificate, key, refuse)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return "the certificate and the key do not belong together"
        return f"the certificate, or its key, cannot be used: {_said(error)}"
    except ValueError as error:
        return str(error)
    return None


def _trusting(made: ssl.SSLContext, tls: Tls) -> str | None:
    if not tls.client_ca:
        return None
    try:
        made.load_verify_locations(cadata=tls.client_ca.encode("ascii", "replace").decode())  # names stand between them
    except (ssl.SSLError, ValueError) as error:
        return f"the authorities of clients cannot be used: {_said(error)}"
    return None


def _ciphered(made: ssl.SSLContext, tls: Tls) -> str | None:
    if not tls.ciphers:
        return None
    try:
        made.set_ciphers(":".join(CIPHERS[name] for name in tls.ciphers))
    except ssl.SSLError:
        return "the OpenSSL of this machine offers none of these suites"
    return None


def _curved(made: ssl.SSLContext, tls: Tls) -> str | None:
    several = getattr(made, "set_groups", None)  # Python 3.15
    if several is not None and tls.curves:
        several(":".join(CURVES[name] for name in tls.curves))
    elif len(tls.curves) > 1:
        return "only one curve can be chosen before Python 3.15; keep one, or take the key out for the usual ones"
    elif tls.curves:
        made.set_ecdh_curve(CURVES[tls.curves[0]])
    return None


def _said(error: Exception) -> str:
    reason = error.reason if isinstance(error, ssl.SSLError) else None
    return (reason or "it is malformed").lower().replace("_", " ")


@contextmanager
def _named(text: str) -> Iterator[str]:
    """A name under which ssl, which takes nothing else, can read this text; it stays in memory where that goes."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("pem", os.MFD_CLOEXEC)
        try:
            os.write(descriptor, text.encode())
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
    else:
        with NamedTemporaryFile("w", encoding="utf-8") as file:  # only its owner can read it
            file.write(text)
            file.flush()
            yield file.name
