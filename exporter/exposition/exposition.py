"""The exposition: lines rendered when they change, kept as blocks, joined at a scrape into text or one gzip member.

Each block exists as plain bytes and as a piece of raw deflate that ends with a full flush, so that any blocks in any
order, one header, the CRC of the plain bytes and one trailer make an ordinary gzip member. Sample lines are the same
in text 0.0.4 and in OpenMetrics 1.0.0; only the lines about a family differ.
"""

import struct
import threading
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from exporter.core import runtime
from exporter.exposition.families import Family
from exporter.web.negotiation import wants_gzip, wants_openmetrics

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"

__all__ = [
    "OPENMETRICS",
    "TEXT",
    "Block",
    "Exposition",
    "Filters",
    "Owner",
    "Scrape",
    "Tail",
    "packed",
    "wants_gzip",
    "wants_openmetrics",
]

_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
_LAST_BLOCK: Final = b"\x03\x00"
_CHUNK_OWNERS: Final = 32

_compressobj: Callable[[], Any]
_crc32: Callable[[bytes, int], int]
try:
    # ISA-L deflates a block in a fifth of zlib's time and sums it in a seventh; a scrape is somewhat larger for it.
    from isal import isal_zlib

    _compressobj = partial(isal_zlib.compressobj, 0, zlib.DEFLATED, -zlib.MAX_WBITS)
    _crc32 = isal_zlib.crc32
except ImportError:  # a machine for which there is no build of it
    # Memory level 5: a full flush clears zlib's table, a smaller one faster; blocks of some kilobytes lose nothing.
    _compressobj = partial(zlib.compressobj, 1, zlib.DEFLATED, -zlib.MAX_WBITS, 5)
    _crc32 = zlib.crc32

_local = threading.local()


def packed(plain: bytes) -> bytes:
    """The bytes as raw deflate that neither needs what stands before nor ends the stream."""
    deflate = getattr(_local, "deflate", None)
    if deflate is None:
        deflate = _local.deflate = _compressobj()
    piece: bytes = deflate.compress(plain) + deflate.flush(zlib.Z_FULL_FLUSH)
    return piece


class Block(NamedTuple):
    """Lines of one family, plain and packed."""

    plain: bytes
    packed: bytes


Key = tuple["Owner", str]
"""Whose lines, and which of that owner's."""


class Owner:
    """Whose lines they are: what filters choose by, and what is dropped together.

    Attributes:
        exchange, account: the labels of those names in all its lines; None: they have no such label.
        chunk: with which other owners it shares the blocks of small families.
        lines: everything that is served of it, by family and key.
        dropped: nothing of it is served any more, whatever may still come.
        keys: what its lines are called in a chunk, by key; kept so that memory holds each but once.
    """

    __slots__ = ("account", "chunk", "dropped", "exchange", "keys", "lines")

    def __init__(self, exchange: str, account: str | None, chunk: int) -> None:
        self.exchange = exchange
        self.account = account
        self.chunk = chunk
        self.lines: dict[tuple[str, str], bytes] = {}
        self.dropped = False
        self.keys: dict[str, Key] = {}


class _Chunk:
    """Lines of some owners in one family, and the block made of them, good while its version is the chunk's."""

    __slots__ = ("lines", "made", "version")

    def __init__(self) -> None:
        self.lines: dict[Key, bytes] = {}
        self.version = 0
        self.made: tuple[int, Block | None] = (-1, None)


class _Unmade(NamedTuple):
    """Lines of a chunk as they were on the loop, to be made into a block in a thread."""

    chunk: _Chunk
    version: int
    lines: tuple[bytes, ...]

    def make(self) -> Block:
        plain = b"".join(self.lines)
        block = Block(plain, packed(plain))
        self.chunk.made = self.version, block
        return block


class Scrape(NamedTuple):
    """One finished answer.

    Attributes:
        pieces: of the body; the large one is shared by all answers until something changes.
        content_type: with its parameters.
        gzip: whether the body is one gzip member.
    """

    pieces: tuple[bytes, ...]
    content_type: str
    gzip: bool

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.pieces)


class Filters(NamedTuple):
    """What `?exchange=` and `?account=` ask for: OR within a key, AND between keys; empty means all."""

    exchanges: Collection[str] = ()
    accounts: Collection[str] = ()

    def labels(self) -> list[str]:
        """The labels that a family must carry to be served."""
        return [name for name, asked in (("exchange", self.exchanges), ("account", self.accounts)) if asked]

    def match(self, exchange: str | None, account: str | None) -> bool:
        """Whether a sample with these labels is asked for."""
        return (not self.exchanges or exchange in self.exchanges) and (not self.accounts or account in self.accounts)


Tail = Callable[[bool, Filters], bytes]
"""Renders what is worked out per scrape (process, API counters): OpenMetrics or not, filters -> lines without EOF."""


class Exposition:
    """Every line that is served, by family and owner.

    All methods but `scrape` are called on the event loop; `scrape` copies references there and joins in a thread.
    """

    def __init__(self, families: Iterable[Family], tail: Tail) -> None:
        self._families = {family.name: family for family in families}
        # Each family is kept in one of two ways, as its `own_blocks` says: by entry, or by chunk of owners.
        self._blocks: dict[str, dict[Key, Block]] = {name: {} for name in self._families}
        self._chunks: dict[str, dict[int, _Chunk]] = {name: {} for name in self._families}
        self._headers = {
            (name, openmetrics): Block(head, packed(head))
            for name, family in self._families.items()
            for openmetrics in (False, True)
            for head in (family.head(openmetrics=openmetrics),)
        }
        self._tail = tail
        self._names: dict[tuple[str, str], tuple[str, str]] = {}  # each once in memory, however many accounts
        self._owners: dict[Owner, None] = {}
        self._owners_made = 0
        self._version = 0
        self._joined: dict[bool, tuple[int, bytes, int, int]] = {}

    def owner(self, exchange: str, account: str | None = None) -> Owner:
        """A new owner of lines."""
        self._owners_made += 1
        return Owner(exchange, account, self._owners_made // _CHUNK_OWNERS)

    def put(self, family: str, owner: Owner, key: str, lines: bytes) -> None:
        """Serve these lines of one owner from now on, instead of what stood under the same key.

        Args:
            family: its name.
            owner: whose they are.
            key: tells an owner's several entries in one family apart (the wallet, mostly).
            lines: finished sample lines; empty means none.
        """
        if not lines:
            self.remove(family, owner, key)
            return
        name = family, key
        if owner.dropped or owner.lines.get(name) == lines:
            return
        owner.lines[self._names.setdefault(name, name)] = lines
        self._owners[owner] = None
        owned = owner.keys.setdefault(key, (owner, key))
        if self._families[family].own_blocks:
            self._blocks[family][owned] = Block(lines, packed(lines))
        else:
            chunks = self._chunks[family]
            chunk = chunks.get(owner.chunk)
            if chunk is None:
                chunk = chunks[owner.chunk] = _Chunk()
            chunk.lines[owned] = lines
            chunk.version += 1
        self._version += 1

    def lines(self, family: str, owner: Owner, key: str) -> bytes:
        """What is served of one owner in a family under this key; empty when nothing is."""
        return owner.lines.get((family, key), b"")

    def remove(self, family: str, owner: Owner, key: str) -> None:
        """Serve one owner's lines of a family under this key no longer."""
        if (family, key) not in owner.lines:
            return
        del owner.lines[family, key]
        if self._families[family].own_blocks:
            del self._blocks[family][owner, key]
        else:
            chunks = self._chunks[family]
            chunk = chunks[owner.chunk]
            del chunk.lines[owner, key]
            chunk.version += 1
            if not chunk.lines:
                del chunks[owner.chunk]
        self._version += 1

    def drop(self, owner: Owner) -> None:
        """Serve nothing of this owner any more; what a poll that is still ending puts is ignored."""
        owner.dropped = True
        for family, key in tuple(owner.lines):
            self.remove(family, owner, key)
        self._owners.pop(owner, None)

    async def scrape(self, *, openmetrics: bool, gzip: bool, filters: Filters | None = None) -> Scrape | None:
        """Everything, or what the filters choose, as one answer; None when the filters match nothing."""
        if filters is not None and filters.labels():
            owned = [owner.lines.copy() for owner in self._owners if filters.match(owner.exchange, owner.account)]
            return await runtime.scraped(self._filtered, owned, filters, openmetrics, gzip)
        joined = self._joined.get(openmetrics) if gzip else None
        version = self._version
        if joined is not None and joined[0] == version:
            return await runtime.scraped(self._finished, joined, openmetrics)
        parts = self._parts(openmetrics)
        if not gzip:
            return await runtime.scraped(self._plain, parts, openmetrics)
        return await runtime.scraped(self._gzip, parts, version, openmetrics)

    def _parts(self, openmetrics: bool) -> list[Block | _Unmade]:
        parts: list[Block | _Unmade] = []
        for name, blocks in self._blocks.items():
            chunks = self._chunks[name]
            if not blocks and not chunks:
                continue
            parts.append(self._headers[name, openmetrics])
            parts.extend(blocks.values())
            for chunk in chunks.values():
                version, block = chunk.made
                if block is None or version != chunk.version:
                    parts.append(_Unmade(chunk, chunk.version, tuple(chunk.lines.values())))
                else:
                    parts.append(block)
        return parts

    def _filtered(
        self, owned: Sequence[Mapping[tuple[str, str], bytes]], filters: Filters, openmetrics: bool, gzip: bool
    ) -> Scrape | None:
        wanted = filters.labels()
        lines: dict[str, list[bytes]] = {
            name: [] for name, family in self._families.items() if all(label in family.labels for label in wanted)
        }
        for entries in owned:
            for (family, _), text in entries.items():
                if family in lines:
                    lines[family].append(text)
        pieces = []
        for family, found in lines.items():
            if found:
                pieces += [self._headers[family, openmetrics].plain, *found]
        tail = self._tail(openmetrics, filters)
        if not pieces and not tail:
            return None
        body = b"".join((*pieces, tail, b"# EOF\n" if openmetrics else b""))
        if not gzip:
            return Scrape((body,), _content_type(openmetrics), gzip=False)
        return _member(_GZIP_HEADER, body, 0, 0, openmetrics)

    def _plain(self, parts: Sequence[Block | _Unmade], openmetrics: bool) -> Scrape:
        pieces = [part.plain if isinstance(part, Block) else part.make().plain for part in parts]
        pieces += (self._tail(openmetrics, Filters()), b"# EOF\n" if openmetrics else b"")
        return Scrape((b"".join(pieces),), _content_type(openmetrics), gzip=False)

    def _gzip(self, parts: Sequence[Block | _Unmade], version: int, openmetrics: bool) -> Scrape:
        crc = size = 0
        pieces = [_GZIP_HEADER]
        for part in parts:
            plain, piece = part if isinstance(part, Block) else part.make()
            crc = _crc32(plain, crc)
            size += len(plain)
            pieces.append(piece)
        joined = self._joined[openmetrics] = version, b"".join(pieces), crc, size
        return self._finished(joined, openmetrics)

    def _finished(self, joined: tuple[int, bytes, int, int], openmetrics: bool) -> Scrape:
        _, pieces, crc, size = joined
        tail = self._tail(openmetrics, Filters()) + (b"# EOF\n" if openmetrics else b"")
        return _member(pieces, tail, crc, size, openmetrics)


def _member(begun: bytes, rest: bytes, crc: int, size: int, openmetrics: bool) -> Scrape:
    """End a gzip member: what is begun holds so many plain bytes of that CRC, the rest is still plain."""
    trailer = struct.pack("<II", _crc32(rest, crc), (size + len(rest)) & 0xFFFFFFFF)
    end = b"".join((packed(rest), _LAST_BLOCK, trailer))
    return Scrape((begun, end), _content_type(openmetrics), gzip=True)


def _content_type(openmetrics: bool) -> str:
    return OPENMETRICS if openmetrics else TEXT
