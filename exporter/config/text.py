"""YAML as text with positions: mappings, lists and scalars that stay what was written (`NO`, `on`, `1e3`, `12:30`).

YAML 1.1 would turn a currency called NO into false and 0777 into 511, and let the last of two equal keys win in
silence. So the parser's events are read here, and every scalar is typed later by the key under which it stands.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from exporter.config.mistakes import CREDENTIAL_KEYS, KeyPath, Mistakes, quoted

MAX_DEPTH: Final = 20
MAX_ALIASED: Final = 100_000
"""Nodes that aliases may add; a few nested lists of aliases would otherwise grow without an end."""

_C_LOADER: Final = getattr(yaml, "CSafeLoader", None)
_NOT_TEXT: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NULLS: Final = frozenset({"", "~", "null"})
_TEXT_TAG: Final = "tag:yaml.org,2002:str"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as written; `text` is None for null (`null`, `~` or nothing, unquoted)."""

    text: str | None = field(repr=False)  # it may be a secret
    line: int
    size: int = 1
    height: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    items: tuple["Node", ...]
    line: int
    size: int
    height: int


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping: key -> line of the key, and value."""

    entries: dict[str, tuple[int, "Node"]]
    line: int
    size: int
    height: int


Node = Scalar | Listing | Table


class _UnusableError(Exception):
    """Reading on makes no sense; the mistake is already in the report."""


def read(file: str, text: str, mistakes: Mistakes) -> Node | None:
    """Read one YAML document; what is wrong goes into the report, without a piece of the source.

    Returns:
        The root, or None when the document is empty or cannot be read to its end.
    """
    if bad := _NOT_TEXT.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        mistakes.add(file, line, (), "a control character stands here; save the file as plain UTF-8 text")
        return None
    try:
        return _Reader(file, text, mistakes).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # libyaml's words are fixed sentences; the parser in Python puts pieces of the source into some of its own.
        what = f": {error.problem}" if _C_LOADER and error.problem else ""
        hint = "look here and just above for wrong indentation, a tab, or a missing quote, bracket or colon"
        if mark is None:
            mistakes.add(file, 0, (), f"not valid YAML{what}")
        else:
            mistakes.add(file, mark.line + 1, (), f"not valid YAML at column {mark.column + 1}{what}; {hint}")
    except (yaml.YAMLError, RecursionError):
        mistakes.add(file, 0, (), "not valid YAML; save the file as plain UTF-8 text")
    except _UnusableError:
        pass
    return None


class _Reader:
    """Builds nodes from the parser's events."""

    def __init__(self, file: str, text: str, mistakes: Mistakes) -> None:
        self._file, self._mistakes = file, mistakes
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=_C_LOADER or yaml.SafeLoader))
        self._anchors: dict[str, Node] = {}
        self._aliased = 0

    def document(self) -> Node | None:
        root = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self._unusable(event, (), "a second document starts here; keep everything in one")
                root = self._node(next(self._events), ())
        return None if isinstance(root, Scalar) and root.text is None else root

    def _node(self, event: Any, path: KeyPath) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        if len(path) > MAX_DEPTH:
            raise self._unusable(event, path[:2], "nested too deeply to be a configuration")
        if event.tag not in (None, _TEXT_TAG):
            self._add(event, path, "tags (words that start with !) mean nothing here; write the value alone")
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            null = event.implicit[0] and event.value in _NULLS  # implicit: neither quoted nor tagged
            node = Scalar(None if null else event.value, _line(event))
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._listing(event, path)
        else:
            node = self._table(event, path)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: Any, path: KeyPath) -> Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            raise self._unusable(event, path, "this alias refers to no anchor above it")
        self._aliased += node.size
        if len(path) + node.height > MAX_DEPTH:
            raise self._unusable(event, path[:2], "nested too deeply to be a configuration")
        if self._aliased > MAX_ALIASED:
            raise self._unusable(event, path, "the aliases of this file grow beyond reason; write the values out")
        return node

    def _listing(self, start: Any, path: KeyPath) -> Listing:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        height = 1 + max((item.height for item in items), default=0)
        return Listing(tuple(items), _line(start), 1 + sum(item.size for item in items), height)

    def _table(self, start: Any, path: KeyPath) -> Table:
        entries: dict[str, tuple[int, Node]] = {}
        size = 1
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, path)
            if not isinstance(key, Scalar):
                raise self._unusable(event, path, "a key must be a single word")
            name = key.text or ""
            value = self._node(next(self._events), (*path, name))
            size += 1 + value.size
            if name == "<<":
                self._add(event, path, 'merge keys ("<<") are not read; say it once in `defaults` or `rules`')
            elif name in entries:
                self._duplicate(event, path, name, entries[name][0])
            else:
                entries[name] = (_line(event), value)
        height = 1 + max((value.height for _, value in entries.values()), default=0)
        return Table(entries, _line(start), size, height)

    def _duplicate(self, event: Any, path: KeyPath, name: str, first: int) -> None:
        hidden = "credentials" in path and name not in CREDENTIAL_KEYS
        named = "a key" if hidden else f"the key {quoted(name)}"
        self._add(event, path, f"{named} stands here twice, first in line {first}; keep one of the two")

    def _add(self, event: Any, path: KeyPath, text: str) -> None:
        self._mistakes.add(self._file, _line(event), path, text)

    def _unusable(self, event: Any, path: KeyPath, text: str) -> _UnusableError:
        self._add(event, path, text)
        return _UnusableError()


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def plain(node: Node) -> Any:
    """The node as dicts, lists, texts and None."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Listing):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, (_, value) in node.entries.items()}


def line_of(node: Node, path: KeyPath) -> int:
    """The line of the key or item at a path, or of the last step towards it that exists."""
    line = node.line
    for step in path:
        if isinstance(node, Table) and isinstance(step, str) and step in node.entries:
            line, node = node.entries[step]
        elif isinstance(node, Listing) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            line = node.line
        else:
            break
    return line
