"""Reads the web configuration file, in exporter-toolkit's format, and the certificates that it names."""

import re
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar

from pydantic import BaseModel

from exporter.config.files import read_text
from exporter.config.mistakes import KeyPath, Mistakes, listed, sentence
from exporter.config.text import Node, Scalar, Table, line_of, read
from exporter.config.validate import Piece, validate
from exporter.config.web_keys import HeaderKeys, HttpKeys, RateKeys, TlsKeys, WebDocument
from exporter.core.credentials import Secret
from exporter.core.errors import ConfigError
from exporter.core.plain_files import Content, PlainFiles
from exporter.core.web_config import (
    CIPHERS,
    CIPHERS_OF_TLS13,
    OPEN,
    PLACES,
    VERSIONS,
    RateLimit,
    Tls,
    TlsVersion,
    WebConfig,
)

MAX_PEM: Final = 1024 * 1024
"""Bytes of a file of certificates: the authorities of all the world's browsers take a fifth of that."""

_CERTIFICATE: Final = re.compile(r"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----").search
_PRIVATE_KEY: Final = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----").search
_ENCRYPTED: Final = re.compile(r"-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: *4,ENCRYPTED", re.MULTILINE).search

_TLS: Final = "tls_server_config"
_HTTP: Final = "http_server_config"

M = TypeVar("M", bound=BaseModel)


def load_web(path: Path) -> WebConfig:
    """Read the file; an empty one is good, and changes nothing.

    Args: `path` is the file, and sentences name it as it is given here. Relative paths in it start at its folder.

    Raises:
        ConfigError: it cannot be used; carries every mistake in it that shows before its certificates are put to use.
    """
    mistakes, plain_files = Mistakes(), PlainFiles()
    found = read_text(path, "--web.config.file", plain_files, mistakes)
    root = None if found is None else read(str(path), found.text, mistakes)
    config = None
    if found is not None and root is not None:
        config = _Reading(path, root, plain_files, mistakes, found.mode, fixed=found.fixed).config()
    if mistakes:
        raise ConfigError(mistakes.sentences())
    return config or OPEN


class _Pem(NamedTuple):
    """A text in PEM, and under which key it, or its file, stands."""

    text: str
    key: str


class _Reading:
    """One reading of a file that is YAML."""

    def __init__(
        self, path: Path, root: Node, plain_files: PlainFiles, mistakes: Mistakes, mode: int, *, fixed: bool
    ) -> None:
        self._path = path
        self._root = root
        self._plain_files = plain_files
        self._mistakes = mistakes
        self._mode = mode
        self._fixed = fixed
        self._warnings: list[str] = []

    def config(self) -> WebConfig | None:
        piece = validate(WebDocument, str(self._path), self._root, (), self._root, self._mistakes)
        if piece is None:
            return None
        tls = self._section((_TLS,), TlsKeys)
        http = self._section((_HTTP,), HttpKeys)
        rate = self._section(("rate_limit",), RateKeys)
        users = piece.value.basic_auth_users or {}
        if users and self._mode & stat.S_IROTH and not self._fixed:
            text = "others can read this file, and guess at its hashes at leisure; take it from them with chmod 640"
            self._warn(("basic_auth_users",), text)
        if not users and "basic_auth_users" in piece.value.model_fields_set and not piece.broken:
            self._warn(("basic_auth_users",), "names nobody, so no password is asked for")
        return WebConfig(
            tls=None if tls is None else self._tls(tls),
            users=MappingProxyType(users),
            headers=MappingProxyType({}) if http is None else self._headers(http.value),
            rate=None if rate is None else self._rate(rate),
            warnings=tuple(self._warnings),
        )

    def _section(self, path: tuple[str, ...], model: type[M]) -> Piece[M] | None:
        """What stands under one key; None where that is nothing."""
        node = self._root
        for key in path:
            if not isinstance(node, Table) or key not in node.entries:
                return None
            _, node = node.entries[key]
        if isinstance(node, Scalar) and node.text is None:
            return None
        return validate(model, str(self._path), self._root, path, node, self._mistakes)

    def _headers(self, keys: HttpKeys) -> Mapping[str, str]:
        if keys.http2:
            self._warn((_HTTP, "http2"), "HTTP/2 is not spoken here; clients are answered by HTTP/1.1")
        piece = self._section((_HTTP, "headers"), HeaderKeys)
        return MappingProxyType({} if piece is None else piece.value.model_dump(by_alias=True, exclude_none=True))

    def _rate(self, piece: Piece[RateKeys]) -> RateLimit | None:
        keys = piece.value
        if piece.broken:
            return None
        if keys.interval is None and keys.burst is not None:
            self._add(("rate_limit",), "interval is missing; without it burst would limit nothing")
        elif keys.interval and keys.burst is None:
            self._add(("rate_limit",), "burst is missing; without it every request would be refused")
        elif keys.interval and keys.burst:
            return RateLimit(keys.interval, keys.burst)
        return None

    def _tls(self, piece: Piece[TlsKeys]) -> Tls | None:
        """The section, where it is good; keys with mistakes are left out, and what depends on them unchecked."""
        keys = piece.value
        if not keys.model_fields_set and not piece.broken:
            return None
        certificate = self._certificate(piece)
        key = self._key(piece)
        oldest, newest = self._versions(keys)
        ciphers, oldest = self._ciphers(keys, oldest, newest)
        client_ca = self._client_ca(piece)
        if self._mistakes or certificate is None or key is None:
            return None
        return Tls(
            certificate=certificate,
            key=key,
            clients=keys.client_auth_type or "none",
            client_ca=client_ca,
            allowed_sans=keys.client_allowed_sans or (),
            oldest=oldest,
            newest=newest,
            ciphers=ciphers,
            curves=keys.curve_preferences or (),
            server_chooses=keys.prefer_server_cipher_suites is not False,
            places=MappingProxyType({name: self._place(name, keys) for name in PLACES}),
        )

    def _certificate(self, piece: Piece[TlsKeys]) -> str | None:
        found = self._pem(piece, "cert", piece.value.cert, piece.value.cert_file)
        if found is not None and not _CERTIFICATE(found.text):
            self._add((_TLS, found.key), "holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")
        return None if found is None else found.text

    def _key(self, piece: Piece[TlsKeys]) -> Secret | None:
        keys = piece.value
        inline = keys.key.reveal() if keys.key is not None else None
        if inline is not None and stat.S_IMODE(self._mode) & 0o077:
            text = "a private key stands in a file that group or others can read; chmod 600 the file, or use key_file"
            self._add((_TLS, "key"), text)
        found = self._pem(piece, "key", inline, keys.key_file, private=True)
        if found is None:
            return None
        if _ENCRYPTED(found.text):
            text = "the key is encrypted, and nobody is there to type its password; keep it without one, by chmod 600"
            self._add((_TLS, found.key), text)
        elif not _PRIVATE_KEY(found.text):
            self._add((_TLS, found.key), "holds no private key in PEM (-----BEGIN PRIVATE KEY-----)")
        return Secret(found.text)

    def _client_ca(self, piece: Piece[TlsKeys]) -> str:
        keys = piece.value
        clients = keys.client_auth_type or "none"
        if "client_auth_type" in piece.broken:
            return ""
        if keys.client_allowed_sans and clients != "required":
            text = "needs client_auth_type: RequireAndVerifyClientCert; else a client may show no certificate at all"
            self._add((_TLS, "client_allowed_sans"), text)
        if keys.client_ca is None and keys.client_ca_file is None:
            if clients != "none" and not piece.broken & {"client_ca", "client_ca_file"}:
                text = "needs client_ca_file; else every authority that this machine trusts could name a client"
                self._add((_TLS, "client_auth_type"), text)
            return ""
        found = self._pem(piece, "client_ca", keys.client_ca, keys.client_ca_file)
        if found is None:
            return ""
        if clients == "none" and keys.client_auth_type is not None:
            self._add((_TLS, found.key), "does nothing under client_auth_type: NoClientCert; take one of the two out")
        elif clients == "none":
            text = "does nothing without client_auth_type; set RequireAndVerifyClientCert, or VerifyClientCertIfGiven"
            self._add((_TLS, found.key), text)
        if not _CERTIFICATE(found.text):
            self._add((_TLS, found.key), "holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")
        return found.text

    def _versions(self, keys: TlsKeys) -> tuple[TlsVersion, TlsVersion]:
        oldest, newest = keys.min_version or VERSIONS[0], keys.max_version or VERSIONS[-1]
        if VERSIONS.index(oldest) > VERSIONS.index(newest):
            self._add((_TLS, "min_version"), f"{oldest} is newer than max_version, {newest}")
        return oldest, newest

    def _ciphers(self, keys: TlsKeys, oldest: TlsVersion, newest: TlsVersion) -> tuple[tuple[str, ...], TlsVersion]:
        """The suites of TLS 1.2; where only suites of 1.3 are listed, 1.2 is not spoken, as in Go."""
        listed_ones = keys.cipher_suites or ()
        place = (_TLS, "cipher_suites")
        ours = tuple(name for name in listed_ones if name in CIPHERS)
        idle = [name for name in listed_ones if name in CIPHERS_OF_TLS13]
        if idle:
            self._warn(place, f"{listed(idle, 'and')}: suites of TLS 1.3 cannot be chosen, and all of them are offered")
        if listed_ones and not ours:
            if newest == "TLS12":
                self._add(place, "lists no suite of TLS 1.2, and max_version is TLS12, so that no client could connect")
            return (), "TLS13"
        if ours and oldest == "TLS13":
            self._warn(place, "does nothing under min_version: TLS13, whose suites cannot be chosen")
        return ours, oldest

    def _pem(
        self, piece: Piece[TlsKeys], name: str, inline: str | None, file: str | None, *, private: bool = False
    ) -> _Pem | None:
        """What stands under `name`, or in the file under `name_file`: exactly one of the two is needed."""
        other = f"{name}_file"
        if piece.broken & {name, other}:
            return None
        if inline is not None and file is not None:
            self._add((_TLS, other), f"{name} and {other} stand side by side; keep exactly one of them")
            return None
        if inline is not None:
            return _Pem(inline, name)
        if file is None:
            self._add((_TLS,), f"{other} is missing, so there is nothing to serve HTTPS with")
            return None
        content = self._content(other, file)
        if content is None:
            return None
        if private and content.mode & stat.S_IROTH and not content.fixed:
            self._warn((_TLS, other), "others can read the file that this names; take it from them with chmod 600")
        try:
            return _Pem(content.data.decode("utf-8-sig"), other)
        except UnicodeDecodeError:
            self._add(
                (_TLS, other), "the file that this names is not PEM; `openssl x509` or `openssl pkey` converts it"
            )
            return None

    def _content(self, key: str, file: str) -> Content | None:
        try:
            content = self._plain_files.read(self._path.parent / file, MAX_PEM + 1)
        except OSError as error:
            self._add((_TLS, key), f"the file that this names cannot be read: {error.strerror}")
            return None
        except ValueError:
            self._add((_TLS, key), "this is no name of a file")
            return None
        if len(content.data) > MAX_PEM:
            self._add((_TLS, key), "the file that this names is too large to hold certificates")
            return None
        return content

    def _place(self, name: str, keys: TlsKeys) -> str:
        """Where a key stands, or the one that names its file, as the beginning of a sentence."""
        path = (_TLS, f"{name}_file" if f"{name}_file" in keys.model_fields_set else name)
        return sentence(str(self._path), line_of(self._root, path), path, "").rstrip()

    def _add(self, path: KeyPath, text: str) -> None:
        self._mistakes.add(str(self._path), line_of(self._root, path), path, text)

    def _warn(self, path: KeyPath, text: str) -> None:
        self._warnings.append(sentence(str(self._path), line_of(self._root, path), path, text))
