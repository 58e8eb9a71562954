"""Finds secrets in text that leaves the process: known values in all their spellings, and anything that signs."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote, quote_plus, unquote, urlsplit

from exporter.config.model import Account
from exporter.core.credentials import MASK
from exporter.exchanges.base import Exchange

SHORTEST: Final = 4
"""Characters. A shorter value stands by chance in ordinary words and numbers: masking it would make the log
unreadable, and each hole would tell what it hides. A three-character passphrase is no secret to begin with."""

_SHORTEST_PIECE: Final = 6
"""Characters of a base64 text that are told apart from chance, where only its inner part is known."""

_LIKELY: Final = r"(?=[^\s&\"'\\,;)\]}]*[0-9])(?=[^\s&\"'\\,;)\]}]{8})"
"""Looks ahead for what may be a key or a signature, and is no word: eight characters at least, and a digit."""

_QUERY_WORDS: Final = r"signature | sign | access_?key(?:_?id)? | api_?key | app_?key | passphrase"
_HEADER_WORDS: Final = r"(?:[a-z0-9]+-)+ (?: api-?key | app-?key | access-?key | key | sign | signature | passphrase )"
"""What exchanges call them: behind such a name stands a secret, whichever exchange it is."""

_IN_NAMES: Final = frozenset({"sign", "key", "passphrase"})
"""One of these stands in each of those words; a text without any of them need not be searched."""

_START: Final = r"(?: (?<=%[0-9a-f][0-9a-f]) | (?<![a-z]) )"
_EQUALS: Final = r"(?: = | %3d )"
_COLON: Final = r"""(?: \\* ["'] )? \s* (?: [:=,] | %3d | %3a ) \s* (?: \\* ["'] )?"""
_QUOTED: Final = r"""\\* ["'] \s* [:,] \s* \\* ["']"""
_VALUE: Final = r"(?!<secret>) [^\s&\"'\\,;)\]}]+"


def _behind(names: Iterable[str]) -> re.Pattern[str]:
    """Finds what stands behind a name that carries a secret.

    What stands behind one of these names goes, whatever it is: in a header, as `name: value`, or in a query, as
    `name=value`, percent-encoded or quoted. A name that is one word may begin a sentence ("Signature: not valid"), so
    behind it and a bare colon only what looks like a secret goes. The same holds behind names that are only likely.
    """
    spelled = sorted({re.escape(name.lower()) for name in names}, key=len, reverse=True)
    headers = [name for name in spelled if "-" in name]
    fields = [name for name in spelled if "-" not in name]
    forms = [f"{_START} (?: {_QUERY_WORDS} ) {_EQUALS}", rf"(?<![\w/.-]) (?: {_HEADER_WORDS} ) {_COLON} {_LIKELY}"]
    if headers:
        forms.append(f"{_START} (?: {'|'.join(headers)} ) {_COLON}")
    if fields:
        anyone = "|".join(fields)
        forms += [
            f"{_START} (?: {anyone} ) (?: {_EQUALS} | {_QUOTED} )",
            rf"(?<![\w/.-]) (?: {anyone} ) \s* : \s* {_LIKELY}",
        ]
    return re.compile(f"(?ix) ( {' | '.join(forms)} ) {_VALUE}")


class Masking:
    """Replaces secrets in text: known texts, and what stands behind the names of headers and query fields.

    Every spelling is filed under its first characters, so that a line costs one look-up per character, however many
    thousand secrets are known.
    """

    def __init__(self) -> None:
        self._spellings: dict[str, tuple[str, ...]] = {}
        self._names: frozenset[str] = frozenset()
        self._in_names = _IN_NAMES
        self._behind = _behind(())

    def add(self, secrets: Iterable[str]) -> None:
        """Know these, too; those shorter than `SHORTEST` are skipped."""
        known = {start: set(spellings) for start, spellings in self._spellings.items()}
        for secret in secrets:
            if len(secret) >= SHORTEST:
                for spelling in spellings_of(secret):
                    known.setdefault(spelling[:SHORTEST], set()).add(spelling)
        # The longest first: a secret may be the beginning of another.
        self._spellings = {start: tuple(sorted(found, key=len, reverse=True)) for start, found in known.items()}

    def replace(self, secrets: Iterable[str]) -> None:
        """Know these and no others."""
        self._spellings = {}
        self.add(secrets)

    def add_names(self, names: Iterable[str]) -> None:
        """Mask what stands behind these names of headers and query fields, too."""
        known = self._names | {*names}
        if known != self._names:
            self._names, self._behind = known, _behind(known)
            odd = {name.lower() for name in known if not any(part in name.lower() for part in _IN_NAMES)}
            self._in_names = _IN_NAMES | odd

    def __call__(self, text: str) -> str:
        """The text with `<secret>` in the place of each."""
        masked = self._known(text)
        lower = masked.lower()
        if not any(part in lower for part in self._in_names):
            return masked
        return self._behind.sub(rf"\1{MASK}", masked)

    def _known(self, text: str) -> str:
        spellings = self._spellings
        if not spellings:
            return text
        pieces: list[str] = []
        done = at = 0
        end = len(text) - SHORTEST
        while at <= end:
            for spelling in spellings.get(text[at : at + SHORTEST], ()):
                if text.startswith(spelling, at):
                    pieces += (text[done:at], MASK)
                    done = at = at + len(spelling)
                    break
            else:
                at += 1
        if not pieces:
            return text
        pieces.append(text[done:])
        return "".join(pieces)


def spellings_of(secret: str) -> set[str]:
    """The text as it may show itself: plain, as Python and JSON write it, percent-encoded, in hex and in base64.

    In base64 also as a part of a longer text, wherever in it the secret begins.
    """
    raw = secret.encode("utf-8", "surrogatepass")
    found = {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    for encoded in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        found |= {encoded, re.sub("%..", lambda code: code[0].lower(), encoded)}
    found |= {raw.hex(), raw.hex().upper()}
    for encode in (b64encode, urlsafe_b64encode):
        whole = encode(raw).decode()
        found |= {whole, whole.rstrip("="), quote(whole, safe="")}
        for before in range(3):
            # Characters that depend on what stands before or behind are not the secret's own.
            text = encode(b"\0" * before + raw).decode()
            own = text[(0, 2, 3)[before] : (before + len(raw)) // 3 * 4]
            if len(own) >= _SHORTEST_PIECE:
                found.add(own)
    return {spelling for spelling in found if len(spelling) >= SHORTEST}


def secret_names(exchanges: Mapping[str, Exchange], accounts: Iterable[Account]) -> set[str]:
    """The headers and query fields in which the exchanges of these accounts are sent what came of a secret."""
    configured = {account.exchange for account in accounts}
    return {name for each in configured for api in exchanges[each].apis.values() for name in api.secret_names}


def secrets_of(accounts: Iterable[Account]) -> Iterator[str]:
    """Every secret text that a configuration holds: credentials, and the passwords of proxies."""
    for account in accounts:
        credentials = account.credentials
        for secret in (credentials.api_key, credentials.secret, credentials.passphrase):
            if secret:
                yield secret.reveal()
        password = urlsplit(account.proxy).password if account.proxy is not None else None
        if password:
            yield password
            yield unquote(password)
