"""Undoes what JSON, Python, HTML and URLs do to letters, and keeps where in the text each letter stood."""

import html
import re
from collections.abc import Iterator, Sequence
from typing import Final

LAYERS: Final = 4
"""Escapes within escapes that are undone: a percent-encoded JSON text within a JSON text has three."""

CUT: Final = ("...", "…")
"""What stands where a long text was cut."""

_SHORT: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_MAY_HOLD: Final = re.compile(r"[\\%&]").search
_ESCAPE: Final = re.compile(
    r"""
    \\(?-i:u)(?P<high>d[89ab][0-9a-f]{2})\\(?-i:u)(?P<low>d[c-f][0-9a-f]{2})    # JSON, beyond 65,535
  | \\(?:(?-i:u)(?P<four>[0-9a-f]{4})|(?-i:U)(?P<eight>[0-9a-f]{8})|x(?P<two>[0-9a-f]{2})|(?P<short>[nrtbf"'/\\]))
  | (?P<octets>(?:%[0-9a-f]{2})+)
  | (?P<entity>&(?:\#[0-9]{1,7}|\#x[0-9a-f]{1,6}|[a-z]{2,8});)
  | (?P<half>(?:\\+(?:u[0-9a-f]{0,7}|x[0-9a-f]?)?|%(?:25)*[0-9a-f]?|&\#?[0-9a-z]{0,7})(?=\.\.\.|…))
    """,
    re.VERBOSE | re.IGNORECASE,
)


def layers(text: str) -> Iterator[tuple[str, Sequence[int]]]:
    """The text with its escapes undone, then with the escapes undone that came out of that, and so on.

    Each comes with the place in the first text at which each of its letters began; behind the last letter, and so one
    more, the end of the text. An escape that a cut left incomplete is taken away.
    """
    places: Sequence[int] = range(len(text) + 1)
    for _ in range(LAYERS):
        if not _MAY_HOLD(text):
            return
        pieces: list[str] = []
        moved: list[int] = []
        done = 0
        for match in _ESCAPE.finditer(text):
            letters = _letters(match)
            if letters is None:
                continue
            start = match.start()
            pieces.append(text[done:start])
            moved += places[done:start]
            for letter, length in letters:
                pieces.append(letter)
                moved.append(places[start])
                start += length
            done = match.end()
        if not done:
            return
        pieces.append(text[done:])
        moved += places[done:]
        text, places = "".join(pieces), moved
        yield text, places


def _letters(match: re.Match[str]) -> list[tuple[str, int]] | None:
    """What an escape stands for, letter by letter, each with the length of its escape; None: it stands for itself."""
    kind, whole = match.lastgroup, match.group()
    assert kind is not None
    text = match.group(kind)
    if kind == "half":
        return []
    if kind == "octets":
        octets = bytes.fromhex(text.replace("%", "")).decode("utf-8", "surrogateescape")
        return [(letter, 3 * len(letter.encode("utf-8", "surrogateescape"))) for letter in octets]
    if kind == "entity":
        letter = html.unescape(text)
        return None if len(letter) != 1 else [(letter, len(whole))]
    if kind == "short":
        letter = _SHORT.get(text, text)
    elif kind == "low":
        letter = chr(0x10000 + (int(match.group("high"), 16) - 0xD800) * 0x400 + int(text, 16) - 0xDC00)
    else:
        code = int(text, 16)
        if code > 0x10FFFF:
            return None
        letter = chr(code)
    return [(letter, len(whole))]
