"""Finds secrets in text that leaves the process: known values in all their spellings, and anything that signs."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from math import inf
from threading import Lock
from typing import Final
from urllib.parse import quote, quote_plus, unquote

from exporter.app.escapes import CUT, layers
from exporter.config.model import Account
from exporter.core.credentials import MASK
from exporter.exchanges.base import Exchange

SHORTEST: Final = 4
"""Characters. A shorter value stands by chance in ordinary words and numbers: masking it would make the log
unreadable, and each hole would tell what it hides. A three-character passphrase is no secret to begin with."""

SHORTEST_IN_NAMES: Final = 8
"""Characters of a secret that is looked for in the name of a coin or wallet. Keys, secrets and the passphrases that
exchanges accept are longer; a shorter word may well be a coin's own name, and its amounts must stay findable."""

FORMER_SECONDS: Final = 3600.0
"""How long a secret that is no longer in use is still masked: a late error, or a text that waits, may hold it."""

_SHORTEST_PIECE: Final = 6
"""Characters of a base64 text that are told apart from chance, where only its inner part is known."""

_LIKELY: Final = r"(?=[^\s&\"'\\,;)\]}]*[0-9])(?=[^\s&\"'\\,;)\]}]{8})"
"""Looks ahead for what may be a key or a signature, and is no word: eight characters at least, and a digit."""

_QUERY_WORDS: Final = r"signature | sign | access_?key(?:_?id)? | api_?key | app_?key | passphrase"
_HEADER_WORDS: Final = r"(?:[a-z0-9]+-)+ (?: api-?key | app-?key | access-?key | key | sign | signature | passphrase )"
"""What exchanges call them: behind such a name stands a secret, whichever exchange it is."""

_LOWER: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")

_IN_NAMES: Final = frozenset({"sign", "key", "passphrase", "authorization"})
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
    forms = [
        f"{_START} (?: {_QUERY_WORDS} ) {_EQUALS}",
        rf"(?<![\w/.-]) (?: {_HEADER_WORDS} ) {_COLON} {_LIKELY}",
        rf"(?<![\w/.-]) (?:proxy-)? authorization {_COLON} (?: (?:basic|bearer) (?: \s+ | %20 | \+ ) )",
    ]
    if headers:
        forms.append(f"{_START} (?: {'|'.join(headers)} ) {_COLON}")
    if fields:
        anyone = "|".join(fields)
        forms += [
            f"{_START} (?: {anyone} ) (?: {_EQUALS} | {_QUOTED} )",
            rf"(?: (?<![\w/.-]) | (?<=\\[nrt]) ) (?: {anyone} ) \s* : \s* {_LIKELY}",  # or behind an escaped line end
        ]
    return re.compile(f"(?ix) ( {' | '.join(forms)} ) {_VALUE}")


class Masking:
    """Replaces secrets in text: known texts, and what stands behind the names of headers and query fields.

    Every spelling is filed under its first characters, so that a line costs one look-up per character, however many
    thousand secrets are known. A text with escapes is searched once more for each layer of them. Where a text was cut,
    the beginning of a secret is masked like the whole of it.

    Secrets may be learnt and forgotten in one thread while another masks.
    """

    def __init__(self) -> None:
        self._known: dict[str, float] = {}
        """Secret -> the moment until which it is masked."""
        self._spellings: dict[str, tuple[str, ...]] = {}
        self._learning = Lock()
        self._names: frozenset[str] = frozenset()
        self._in_names = _IN_NAMES
        self._behind = _behind(())

    def add(self, secrets: Iterable[str]) -> None:
        """Know these, too; those shorter than `SHORTEST` are skipped."""
        with self._learning:
            for secret in secrets:
                self._learn(secret)

    def keep(self, secrets: Iterable[str], now: float) -> None:
        """Know these; any other is forgotten `FORMER_SECONDS` after it was first missing.

        Args:
            secrets: all that are in use.
            now: the moment, in seconds of a clock that never goes back.
        """
        used = frozenset(secrets)
        with self._learning:
            for secret in used:
                self._learn(secret)
            for secret, until in tuple(self._known.items()):
                if secret in used:
                    continue
                if until == inf:
                    self._known[secret] = now + FORMER_SECONDS
                elif until <= now:
                    self._forget(secret)

    def replace(self, secrets: Iterable[str]) -> None:
        """Know these and no others."""
        with self._learning:
            self._known, self._spellings = {}, {}
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
        masked = self._without_known(text, SHORTEST)
        lower = masked.lower()
        if not any(part in lower for part in self._in_names):
            return masked
        return self._behind.sub(rf"\1{MASK}", masked)

    def name(self, text: str) -> str:
        """A name that an exchange gave to a coin or wallet, masked where it holds a secret that is no short word."""
        return self._without_known(text, SHORTEST_IN_NAMES)

    def _learn(self, secret: str) -> None:
        if len(secret) < SHORTEST:
            return
        if secret not in self._known:
            for spelling in spellings_of(secret):
                start = spelling[:SHORTEST]
                # The longest first: a secret may be the beginning of another.
                filed = (*self._spellings.get(start, ()), spelling)
                self._spellings[start] = tuple(sorted(filed, key=len, reverse=True))
        self._known[secret] = inf

    def _forget(self, secret: str) -> None:
        del self._known[secret]
        for spelling in spellings_of(secret):
            start = spelling[:SHORTEST]
            filed = list(self._spellings[start])
            filed.remove(spelling)  # once: another secret may be spelled like that, too
            if filed:
                self._spellings[start] = tuple(filed)
            else:
                del self._spellings[start]

    def _without_known(self, text: str, shortest: int) -> str:
        if not self._spellings:
            return text
        spans = self._found(text, shortest)
        for plain, places in layers(text):
            spans += [(places[start], places[end]) for start, end in self._found(plain, shortest)]
        return _replaced(text, spans) if spans else text

    def _found(self, text: str, shortest: int) -> list[tuple[int, int]]:
        """Where secrets stand, as pairs of start and end."""
        spellings = self._spellings
        text = _folded(text)
        starts = [at for at in range(len(text) - SHORTEST + 1) if text[at : at + SHORTEST] in spellings]
        spans = []
        for at in starts:
            for spelling in spellings.get(text[at : at + SHORTEST], ()):
                if len(spelling) >= shortest and (length := _length(text, at, spelling)):
                    spans.append((at, at + length))
                    break
        return spans


def _folded(text: str) -> str:
    """The text with its ASCII letters in lower case; as long as before."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def _length(text: str, at: int, spelling: str) -> int:
    """How many letters of a spelling stand at this place: all of them, or as many as a cut left, or 0."""
    if text.startswith(spelling, at):
        return len(spelling)
    for mark in CUT:
        end = at + SHORTEST
        while (end := text.find(mark, end, at + len(spelling) + len(mark))) >= 0:
            if spelling.startswith(text[at:end]):
                return end - at
            end += 1
    return 0


def _replaced(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with a mask for each span, one for those that overlap; a mask that stands there already is no secret."""
    pieces: list[str] = []
    done, end = 0, -1
    for start, until in sorted(spans):
        if start < end:
            end = max(end, until)
            continue
        before = text.rfind(MASK, max(0, start - len(MASK) + 1), start + len(MASK))
        if 0 <= before <= start and until <= before + len(MASK):
            continue
        if end >= 0:
            pieces.append(MASK)
            done = end
        pieces.append(text[done:start])
        end = until
    if end < 0:
        return text
    return "".join((*pieces, MASK, text[end:]))


def spellings_of(secret: str) -> set[str]:
    """The text as it may show itself, in lower case: plain, escaped, percent-encoded, in hex and in base64.

    In base64 also as a part of a longer text, wherever in it the secret begins. Escapes are undone before anything is
    looked for; those here are for a secret that itself looks like one.
    """
    raw = secret.encode("utf-8", "surrogatepass")
    found = {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    found |= {quote(raw, safe=""), quote(raw), quote_plus(raw), secret.replace(" ", "+")}
    found |= {plain for plain, _ in layers(secret)}
    found.add(raw.hex())
    for encode in (b64encode, urlsafe_b64encode):
        whole = encode(raw).decode()
        found |= {whole, whole.rstrip("="), quote(whole, safe="")}
        for before in range(3):
            # Characters that depend on what stands before or behind are not the secret's own.
            text = encode(b"\0" * before + raw).decode()
            own = text[(0, 2, 3)[before] : (before + len(raw)) // 3 * 4]
            if len(own) >= _SHORTEST_PIECE:
                found.add(own)
    return {_folded(spelling) for spelling in found if len(spelling) >= SHORTEST}


def secret_names(exchanges: Mapping[str, Exchange], accounts: Iterable[Account]) -> set[str]:
    """The headers and query fields in which the exchanges of these accounts are sent what came of a secret."""
    configured = {account.exchange for account in accounts}
    return {name for each in configured for api in exchanges[each].apis.values() for name in api.secret_names}


def secrets_of(accounts: Iterable[Account]) -> Iterator[str]:
    """Every secret text that a configuration holds: credentials, and the logins of proxies."""
    for account in accounts:
        credentials = account.credentials
        for secret in (credentials.api_key, credentials.secret, credentials.passphrase):
            if secret:
                yield secret.reveal()
        if account.proxy is not None:
            yield from _login(account.proxy)


def proxy_logins(environ: Mapping[str, str]) -> Iterator[str]:
    """The logins in the environment's proxy variables, such as `HTTPS_PROXY=http://user:password@host:3128`."""
    for name, value in environ.items():
        if name.lower().endswith("_proxy"):
            yield from _login(value)


def _login(proxy: str) -> Iterator[str]:
    """The password of a proxy's URL, or its user where that is all there is, as it stands there and as it is sent."""
    netloc = proxy.partition("://")[2] or proxy
    login, at, _ = netloc.rpartition("@")
    if not at:
        return
    user, colon, password = login.partition(":")
    secret = password if colon else user
    yield from {secret, unquote(secret)}
    yield b64encode(unquote(login).encode()).decode()
