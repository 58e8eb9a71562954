"""The keys of the web configuration file (exporter-toolkit's format) and what may stand under them."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from exporter.config import scalars
from exporter.config.mistakes import listed, nearest, quoted
from exporter.config.scalars import mistake
from exporter.core.credentials import Secret
from exporter.core.web_config import CIPHERS, CIPHERS_OF_TLS13, CURVES, VERSIONS, ClientCertificates, TlsVersion

MOST_COST: Final = 16
"""Checking one password takes 5 s of a core at this cost, and twice as long at the next."""

_CLIENTS: Final[Mapping[str, ClientCertificates]] = {
    "NoClientCert": "none",
    "VerifyClientCertIfGiven": "optional",
    "RequireAndVerifyClientCert": "required",
}
_UNVERIFIED: Final = ("RequestClientCert", "RequireAnyClientCert", "RequireClientCert")
_BROKEN_VERSIONS: Final = ("TLS10", "TLS11")
_HASH: Final = re.compile(r"\$2[abxy]\$(\d\d)\$[./A-Za-z0-9]{53}", re.ASCII).fullmatch
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]*").fullmatch
_DURATION: Final = re.compile(r"(?:\d{1,12}(?:\.\d{0,12})?(?:ns|us|µs|ms|s|m|h))+", re.ASCII).fullmatch
_DURATION_PART: Final = re.compile(r"(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)", re.ASCII).findall
_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST_INTERVAL: Final = 3600.0


def _one_of(words: Mapping[str, Any], what: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        text = scalars.word(value)
        if text not in words:
            raise mistake(f"{quoted(text)} is no {what}{nearest(text, words) or '; there are ' + listed(words, 'and')}")
        return words[text]

    return read


def _clients(value: Any) -> ClientCertificates:
    text = scalars.word(value)
    if text in _UNVERIFIED:
        raise mistake(
            f"{text} takes any certificate without verifying it, which proves nothing and is not offered here; "
            "use VerifyClientCertIfGiven or RequireAndVerifyClientCert"
        )
    known: ClientCertificates = _one_of(_CLIENTS, "client_auth_type")(value) if text else "none"
    return known


def _version(value: Any) -> TlsVersion:
    text = scalars.word(value)
    if text in _BROKEN_VERSIONS:
        raise mistake(f"{text} is broken (RFC 8996) and not spoken here; use TLS12 or TLS13")
    read: TlsVersion = _one_of(dict(zip(VERSIONS, VERSIONS, strict=True)), "version of TLS")(value)
    return read


def _cipher(value: Any) -> str:
    names = (*CIPHERS, *CIPHERS_OF_TLS13)
    text = scalars.word(value)
    if text.startswith("TLS_RSA_WITH_"):
        raise mistake(f"{quoted(text)} gives past connections away with the key (no forward secrecy); take ECDHE ones")
    if text not in names:
        known = nearest(text, names) or "; names are Go's, such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
        raise mistake(f"{quoted(text)} is no suite that is spoken here{known}")
    return text


def _pem(value: Any) -> str:
    if not isinstance(value, str):
        raise mistake("must be a single text, in PEM" if value is not None else "has no value")
    return value


def _key(value: Any) -> Secret:
    return Secret(_pem(value))


def _not_empty(items: tuple[str, ...]) -> tuple[str, ...]:
    if not items:
        raise mistake("is an empty list; take the key out")
    for index, item in enumerate(items):
        if item in items[:index]:
            raise mistake(f"{quoted(item)} is listed twice; keep one")
    return items


def _user(value: Any) -> str:
    text = scalars.word(value)
    if not text:
        raise mistake("a user has no name")
    if ":" in text:
        raise mistake("the name of a user cannot hold a colon, which ends the name where it is sent")
    return text


def _password_hash(value: Any) -> Secret:
    """The hash is not quoted, whatever it is: it may be the password itself."""
    found = _HASH(value) if isinstance(value, str) else None
    if found is None:
        raise mistake("is no bcrypt hash; `htpasswd -nBC 10 NAME` asks for a password and prints one")
    if not 4 <= int(found[1]) <= MOST_COST:
        raise mistake(f"has a cost of {int(found[1])}; it may be 4 to {MOST_COST}, and 10 to 12 is usual")
    return Secret(found[0])


def _header(*allowed: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        text = scalars.word(value)
        if allowed and text not in allowed:
            raise mistake(f"{quoted(text)} is not allowed here; it may be {listed(allowed)}")
        if not _HEADER_VALUE(text):
            raise mistake("holds a letter that a header cannot have")
        return text

    return read


def _interval(value: Any) -> float:
    text = scalars.word(value)
    if text == "0":
        return 0.0
    if not _DURATION(text):
        raise mistake(f"{quoted(text)} is no duration; write one like 100ms, 1s or 1m30s")
    seconds = sum(float(count) * _UNITS[unit] for count, unit in _DURATION_PART(text))
    if seconds > _LONGEST_INTERVAL:
        raise mistake(f"{quoted(text)} is out of range; it may be up to {scalars.spelled(_LONGEST_INTERVAL)}")
    return seconds


Header = Annotated[str, BeforeValidator(_header())]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True)


class TlsKeys(_Strict):
    """`tls_server_config`."""

    cert: Annotated[str, BeforeValidator(_pem)] | None = None
    key: Annotated[Secret, PlainValidator(_key)] | None = None
    client_ca: Annotated[str, BeforeValidator(_pem)] | None = None
    cert_file: Annotated[str, BeforeValidator(scalars.name)] | None = None
    key_file: Annotated[str, BeforeValidator(scalars.name)] | None = None
    client_ca_file: Annotated[str, BeforeValidator(scalars.name)] | None = None
    client_auth_type: Annotated[ClientCertificates, BeforeValidator(_clients)] | None = None
    client_allowed_sans: (
        Annotated[tuple[Annotated[str, BeforeValidator(scalars.name)], ...], AfterValidator(_not_empty)] | None
    ) = None
    min_version: Annotated[TlsVersion, BeforeValidator(_version)] | None = None
    max_version: Annotated[TlsVersion, BeforeValidator(_version)] | None = None
    cipher_suites: (
        Annotated[tuple[Annotated[str, BeforeValidator(_cipher)], ...], AfterValidator(_not_empty)] | None
    ) = None
    prefer_server_cipher_suites: Annotated[bool, BeforeValidator(scalars.boolean)] | None = None
    curve_preferences: (
        Annotated[
            tuple[Annotated[str, BeforeValidator(_one_of(dict(zip(CURVES, CURVES, strict=True)), "curve"))], ...],
            AfterValidator(_not_empty),
        ]
        | None
    ) = None


class HeaderKeys(_Strict):
    """`headers`: those that the format allows."""

    csp: Header | None = Field(None, alias="Content-Security-Policy")
    frames: Annotated[str, BeforeValidator(_header("deny", "sameorigin"))] | None = Field(None, alias="X-Frame-Options")
    sniffing: Annotated[str, BeforeValidator(_header("nosniff"))] | None = Field(None, alias="X-Content-Type-Options")
    xss: Header | None = Field(None, alias="X-XSS-Protection")
    hsts: Header | None = Field(None, alias="Strict-Transport-Security")


class HttpKeys(_Strict):
    """`http_server_config`."""

    http2: Annotated[bool, BeforeValidator(scalars.boolean)] | None = None
    headers: Any = None


class RateKeys(_Strict):
    """`rate_limit`."""

    interval: Annotated[float, BeforeValidator(_interval)] | None = None
    burst: Annotated[int, BeforeValidator(scalars.count)] | None = None


class WebDocument(_Strict):
    """The keys of the file; what stands under most of them is validated piece by piece."""

    tls_server_config: Any = None
    http_server_config: Any = None
    basic_auth_users: (
        dict[Annotated[str, BeforeValidator(_user)], Annotated[Secret, PlainValidator(_password_hash)]] | None
    ) = None
    rate_limit: Any = None
