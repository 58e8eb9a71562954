"""What the flags say: the settings of one running exporter, and how their texts are read."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

CONFIG_VARIABLE: Final = "EXCHANGE_BALANCE_EXPORTER_CONFIG"
LISTEN_VARIABLE: Final = "EXCHANGE_BALANCE_EXPORTER_LISTEN_ADDRESS"
LISTEN_ADDRESS: Final = "127.0.0.1:10118"
OWN_PATHS: Final = ("/-/healthy", "/-/ready", "/-/reload", "/config")
"""Paths that metrics cannot be served under, since they serve something else."""

ACCOUNT_PATH: Final = "/account/"
"""Before the name of an account, percent-encoded: the path of its page."""

_PORT: Final = re.compile(r"[0-9]{1,5}")
_POD: Final = re.compile(r"(?:.*-)?([0-9]{1,9})")
_EXTERNAL_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_EXTERNAL_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~%-]+)*/?")


class ExternalUrl(NamedTuple):
    """An address under which people and Prometheus reach this exporter, such as that of a reverse proxy.

    Attributes:
        origin: scheme, host and port as a browser's `Origin` header has them.
        host: name or address, in lower case and without brackets.
        path: what stands before every path; empty, or with a slash before and none behind.
    """

    origin: str
    host: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The flags of a running exporter.

    Attributes:
        config_file: the configuration.
        listen_addresses: `host:port`, `:port` for all interfaces, `[v6]:port`.
        telemetry_path: where metrics are served.
        enable_lifecycle: whether `POST /-/reload` is allowed.
        max_requests: parallel scrapes; more get 503.
        external_urls: where it is reached besides.
        shard_ordinal: zero-based index of this shard.
        shard_total: number of shards.
        log_level: `debug`, `info`, `warn` or `error`.
        log_format: `logfmt` or `json`.
    """

    config_file: Path
    listen_addresses: tuple[str, ...] = (LISTEN_ADDRESS,)
    telemetry_path: str = "/metrics"
    enable_lifecycle: bool = False
    max_requests: int = 40
    external_urls: tuple[ExternalUrl, ...] = ()
    shard_ordinal: int = 0
    shard_total: int = 1
    log_level: str = "info"
    log_format: str = "logfmt"


class Address(NamedTuple):
    """Where to listen; no host means all interfaces, IPv4 and IPv6."""

    host: str
    port: int


def listen_address(text: str) -> Address:
    """Read `host:port`, `:port` or `[v6]:port`.

    Raises:
        ValueError: it is none of these; says what is wrong.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not _PORT.fullmatch(port) or int(port) > 65535:
        raise ValueError(f"listen address {text!r} does not end in a port, like 127.0.0.1:10118 or :10118")
    if host.startswith("[") and host.endswith("]") and ":" in host:
        host = host[1:-1]
    elif ":" in host or "[" in host or "]" in host:
        raise ValueError(f"listen address {text!r}: an IPv6 address stands in brackets, like [::1]:10118")
    if any(character.isspace() or not character.isprintable() for character in host):
        raise ValueError(f"listen address {text!r} holds a character that a host name cannot have")
    return Address(host, int(port))


def telemetry_path(text: str) -> str:
    """Read the path that metrics are served under.

    Raises:
        ValueError: it is not a path, or one that serves something else.
    """
    if not re.fullmatch(r"/[A-Za-z0-9._~/-]*", text) or text == "/":
        raise ValueError(f"telemetry path {text!r} is not a path like /metrics")
    if text in OWN_PATHS or text.startswith(ACCOUNT_PATH):
        raise ValueError(f"telemetry path {text!r} already serves something else")
    return text


def external_url(text: str) -> ExternalUrl:
    """Read an address under which the exporter is reached: `https://host`, with port and path where there are any.

    Raises:
        ValueError: it is none; says what is wrong.
    """
    wrong = ValueError(f"external URL {text!r} is not an address like https://ops.example.com/balances")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise wrong from None
    host = parts.netloc.removesuffix(f":{port}")
    if parts.scheme not in ("http", "https") or not _EXTERNAL_HOST.fullmatch(host):
        raise wrong
    if parts.query or parts.fragment or not _EXTERNAL_PATH.fullmatch(parts.path):
        raise wrong
    usual = {"http": 80, "https": 443}[parts.scheme]
    ending = "" if port in (None, usual) else f":{port}"
    origin = f"{parts.scheme}://{host.lower()}{ending}"
    return ExternalUrl(origin, host.lower().strip("[]").removesuffix("."), parts.path.rstrip("/"))


def shard_ordinal(text: str) -> int:
    """Read a shard's ordinal: a number, or the name of a StatefulSet's pod, which ends in it (`exporter-3`).

    Raises:
        ValueError: it is neither.
    """
    found = _POD.fullmatch(text)
    if found is None:
        raise ValueError(f"shard ordinal {text!r} is neither a number nor a pod name that ends in one, like exporter-3")
    return int(found[1])
