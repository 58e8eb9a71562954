"""Finds secrets in text that leaves the process: known values in all their spellings, and anything that signs."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus, unquote, urlsplit

from exporter.config.model import Account
from exporter.core.credentials import MASK

SHORTEST: Final = 4
"""Characters. A shorter value stands by chance in ordinary words and numbers: masking it would make the log
unreadable, and each hole would tell what it hides. A three-character passphrase is no secret to begin with."""

_SHORTEST_PIECE: Final = 6
"""Characters of a base64 text that are told apart from chance, where only its inner part is known."""

_SIGNING: Final = re.compile(
    r"""(?ix)
    (
        (?: (?<=%[0-9a-f][0-9a-f]) | (?<![a-z]) ) (?: signature | accesskey(?:id)? | sign ) (?: = | %3d )  # in a query
      |
        (?: access-(?:key|sign|passphrase) | x-bm-(?:key|sign) | x-bx-apikey  # header names
          | (?:xt-)?validate-(?:appkey|signature) )
        (?: \\? ["'] )? \s* (?: [:=,] | %3d | %3a ) \s* (?: \\? ["'] )?
    )
    (?!<secret>)
    [^\s&"'\\,;)\]}]+
    """
)


class Masking:
    """Replaces secrets in text.

    Every spelling is filed under its first characters, so that a line costs one look-up per character, however many
    thousand secrets are known.
    """

    def __init__(self) -> None:
        self._spellings: dict[str, tuple[str, ...]] = {}

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

    def __call__(self, text: str) -> str:
        """The text with `<secret>` in the place of each."""
        return _SIGNING.sub(rf"\1{MASK}", self._known(text))

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
