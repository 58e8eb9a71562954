"""The report of everything that is wrong with a configuration: one sentence each, with file, line and path."""

import re
from collections.abc import Iterable
from dataclasses import fields
from difflib import get_close_matches
from typing import Final

from exporter.core.credentials import Credentials

KeyPath = tuple[str | int, ...]

SECRET_NAMES: Final = tuple(each.name for each in fields(Credentials))
CREDENTIAL_KEYS: Final = (*(name + kind for name in SECRET_NAMES for kind in ("", "_env", "_file")), "expires")

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][\w.-]{0,39}", re.ASCII).fullmatch


class Mistakes:
    """Collects sentences, each once; files in the order in which they were met, lines ascending."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, int]] = {}
        self._files: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, file: str, line: int, path: KeyPath, text: str) -> None:
        """Add what is wrong at a place; line 0 means the file as a whole."""
        self._found.setdefault(sentence(file, line, path, text), (self._files.setdefault(file, len(self._files)), line))

    def sentences(self) -> tuple[str, ...]:
        """Every sentence in the order of files and lines."""
        return tuple(sorted(self._found, key=self._found.__getitem__))


def sentence(file: str, line: int, path: KeyPath, text: str) -> str:
    """`config.yaml:12: accounts[2].interva: unknown key`."""
    place = f"{file}:{line}" if line else file
    where = dotted(path)
    return f"{place}: {where}: {text}" if where else f"{place}: {text}"


def dotted(path: KeyPath) -> str:
    """A path as people write it; below `credentials` only the keys that we know, since others may be secrets."""
    shown = ""
    for before, step in zip((None, *path), path, strict=False):
        if before == "credentials" and step not in CREDENTIAL_KEYS:
            break
        if isinstance(step, str) and "@" in step:
            break  # a URL as a key may hold a password
        if isinstance(step, str) and step.startswith("$"):
            break  # the hash of a password where its user should stand
        if isinstance(step, int):
            shown += f"[{step}]"
        else:
            shown += ("." if shown else "") + (step if _PLAIN_KEY(step) else quoted(step))
    return shown


def quoted(text: str) -> str:
    """A text of the operator in a sentence: on one line, and short."""
    printable = "".join(letter if letter.isprintable() else "?" for letter in text[:41])
    return f'"{printable[:37]}..."' if len(text) > 40 else f'"{printable}"'


def nearest(word: str, known: Iterable[str]) -> str:
    """` did you mean "interval"?` with its semicolon, or nothing when no known word is near."""
    close = get_close_matches(word[:60], sorted(known), n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def listed(words: Iterable[str], last: str = "or") -> str:
    """`a, b or c`."""
    *head, tail = words
    return f"{', '.join(head)} {last} {tail}" if head else tail
