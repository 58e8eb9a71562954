"""The exposition: lines rendered when they change, kept as blocks, joined at a scrape into text or one gzip member.

Sample lines are the same in text 0.0.4 and in OpenMetrics 1.0.0; only the lines about a family differ.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from exporter.core import runtime
from exporter.exposition.families import ONCE, Family
from exporter.exposition.filters import Filters
from exporter.exposition.packing import NOTHING, Block, Member, Scrape, as_gzip, as_text, joined, packed

_CHUNK_OWNERS: Final = 32

_EOF: Final = {True: b"# EOF\n", False: b""}
"""How an exposition ends: OpenMetrics or not."""

Key = tuple["Owner", str]
"""Whose lines, and which of that owner's."""

T = TypeVar("T")


class _Once(Generic[T]):
    """Keeps equal things as one object in memory, for as long as anybody uses it."""

    __slots__ = ("_used",)

    def __init__(self) -> None:
        self._used: dict[T, tuple[T, int]] = {}

    def take(self, thing: T) -> T:
        """The one object that stands for all its equals."""
        one, users = self._used.get(thing, (thing, 0))
        self._used[one] = one, users + 1
        return one

    def give_back(self, thing: T) -> None:
        """One user less; the last one lets go of it."""
        one, users = self._used[thing]
        if users > 1:
            self._used[one] = one, users - 1
        else:
            del self._used[one]

    def __len__(self) -> int:
        return len(self._used)


class Owner:
    """Whose lines they are: what filters choose by, and what is dropped together.

    Attributes:
        exchange, account: the labels of those names in all its lines; None: they have no such label.
        chunk: with which other owners it shares the blocks of small families.
        lines: everything that is served of it, by family and key.
        dropped: nothing of it is served any more, whatever may still come.
        keys: pairs of owner and key, each once.
    """

    __slots__ = ("account", "chunk", "dropped", "exchange", "keys", "lines")

    def __init__(self, exchange: str | None, account: str | None, chunk: int) -> None:
        self.exchange = exchange
        self.account = account
        self.chunk = chunk
        self.lines: dict[tuple[str, str], bytes] = {}
        self.dropped = False
        self.keys: _Once[Key] = _Once()


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


class _Store(Protocol):
    """The lines of one family."""

    def __len__(self) -> int:
        """How many blocks there are."""

    def put(self, key: Key, lines: bytes, piece: bytes | None) -> None:
        """Keep these lines in place of what stood under the key; the piece is what `packed` makes of them."""

    def remove(self, key: Key) -> None:
        """Let go of what stands under the key."""

    def parts(self) -> Iterable[Block | _Unmade]:
        """Everything, for a scrape."""


class _Separate:
    """A family whose entries are many lines that change together: each is a block, packed when it is put."""

    __slots__ = ("_blocks",)

    def __init__(self) -> None:
        self._blocks: dict[Key, Block] = {}

    def __len__(self) -> int:
        return len(self._blocks)

    def put(self, key: Key, lines: bytes, piece: bytes | None) -> None:
        self._blocks[key] = Block(lines, packed(lines) if piece is None else piece)

    def remove(self, key: Key) -> None:
        del self._blocks[key]

    def parts(self) -> Iterable[Block]:
        return self._blocks.values()


class _Shared:
    """A family of single lines: some owners share a block, which is packed anew by the scrape after a change."""

    __slots__ = ("_chunks",)

    def __init__(self) -> None:
        self._chunks: dict[int, _Chunk] = {}

    def __len__(self) -> int:
        return len(self._chunks)

    def put(self, key: Key, lines: bytes, piece: bytes | None) -> None:
        del piece  # lines of several owners are packed together
        number = key[0].chunk
        chunk = self._chunks.get(number)
        if chunk is None:
            chunk = self._chunks[number] = _Chunk()
        chunk.lines[key] = lines
        chunk.version += 1

    def remove(self, key: Key) -> None:
        number = key[0].chunk
        chunk = self._chunks[number]
        del chunk.lines[key]
        chunk.version += 1
        if not chunk.lines:
            del self._chunks[number]

    def parts(self) -> Iterable[Block | _Unmade]:
        for chunk in self._chunks.values():
            version, block = chunk.made
            if block is None or version != chunk.version:
                yield _Unmade(chunk, chunk.version, tuple(chunk.lines.values()))
            else:
                yield block


Tail = Callable[[bool, Filters], bytes]
"""Renders what is worked out per scrape (process, API counters): OpenMetrics or not, filters -> lines without EOF."""


class Exposition:
    """Every line that is served, by family and owner.

    All methods but `scrape` are called on the event loop; `scrape` copies references there and joins in a thread.
    """

    def __init__(self, families: Iterable[Family], tail: Tail) -> None:
        self._families = {family.name: family for family in families}
        self._stores: dict[str, _Store] = {
            name: _Separate() if family.own_blocks else _Shared() for name, family in self._families.items()
        }
        self._headers = {
            (name, openmetrics): Block(head, packed(head))
            for name, family in self._families.items()
            for openmetrics in (False, True)
            for head in (family.head(openmetrics=openmetrics),)
        }
        self._tail = tail
        self._names: _Once[tuple[str, str]] = _Once()  # however many accounts have the same
        self._owners: dict[Owner, None] = {}
        self._owners_made = 0
        self._version = 0
        self._joined: dict[bool, tuple[int, Member]] = {}

    def owner(self, exchange: str | None = None, account: str | None = None) -> Owner:
        """A new owner of lines."""
        self._owners_made += 1
        return Owner(exchange, account, self._owners_made // _CHUNK_OWNERS)

    def put(self, family: str, owner: Owner, key: str, lines: bytes, piece: bytes | None = None) -> None:
        """Serve these lines of one owner from now on, instead of what stood under the same key.

        Args:
            family: its name.
            owner: whose they are.
            key: tells an owner's several entries in one family apart (the wallet, mostly).
            lines: finished sample lines; empty means none.
            piece: what `packing.packed` makes of them, where that is known.
        """
        if not lines:
            self.remove(family, owner, key)
            return
        name, whose = (family, key), (owner, key)
        before = owner.lines.get(name)
        if owner.dropped or before == lines:
            return
        if before is None:
            name, whose = self._names.take(name), owner.keys.take(whose)
            self._owners[owner] = None
        owner.lines[name] = lines
        self._stores[family].put(whose, lines, piece)
        self._version += 1

    def lines(self, family: str, owner: Owner, key: str) -> bytes:
        """What is served of one owner in a family under this key; empty when nothing is."""
        return owner.lines.get((family, key), b"")

    def remove(self, family: str, owner: Owner, key: str) -> None:
        """Serve one owner's lines of a family under this key no longer."""
        if (family, key) not in owner.lines:
            return
        del owner.lines[family, key]
        self._stores[family].remove((owner, key))
        self._names.give_back((family, key))
        owner.keys.give_back((owner, key))
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
        before = self._joined.get(openmetrics) if gzip else None
        version = self._version
        if before is not None and before[0] == version:
            return await runtime.scraped(self._finished, before[1], openmetrics)
        parts = self._parts(openmetrics)
        if not gzip:
            return await runtime.scraped(self._plain, parts, openmetrics)
        return await runtime.scraped(self._gzip, parts, version, openmetrics)

    def once(self) -> str:
        """What means something although nothing is polled again (`families.ONCE`), as text 0.0.4."""
        pieces: dict[str, list[bytes]] = {name: [] for name in self._families if name in ONCE}
        for owner in self._owners:
            for (family, _), lines in owner.lines.items():
                if family in pieces:
                    pieces[family].append(lines)
        heads = {name: self._headers[name, False].plain for name in pieces}
        own = b"".join(b"".join((heads[name], *lines)) for name, lines in pieces.items() if lines)
        return own.decode() + "".join(_of_families(self._tail(False, Filters()).decode(), ONCE))

    def _parts(self, openmetrics: bool) -> list[Block | _Unmade]:
        parts: list[Block | _Unmade] = []
        for name, store in self._stores.items():
            if store:
                parts.append(self._headers[name, openmetrics])
                parts.extend(store.parts())
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
        pieces += (tail, _EOF[openmetrics])
        if not gzip:
            return as_text(pieces, openmetrics=openmetrics)
        return as_gzip(NOTHING, b"".join(pieces), openmetrics=openmetrics)

    def _plain(self, parts: Sequence[Block | _Unmade], openmetrics: bool) -> Scrape:
        pieces = [block.plain for block in _made(parts)]
        return as_text((*pieces, self._end(openmetrics)), openmetrics=openmetrics)

    def _gzip(self, parts: Sequence[Block | _Unmade], version: int, openmetrics: bool) -> Scrape:
        member = joined(_made(parts))
        self._joined[openmetrics] = version, member
        return self._finished(member, openmetrics)

    def _finished(self, member: Member, openmetrics: bool) -> Scrape:
        return as_gzip(member, self._end(openmetrics), openmetrics=openmetrics)

    def _end(self, openmetrics: bool) -> bytes:
        return self._tail(openmetrics, Filters()) + _EOF[openmetrics]


def _of_families(text: str, names: Container[str]) -> Iterator[str]:
    """The lines of some families of an exposition."""
    wanted = False
    for line in text.splitlines(keepends=True):
        if line.startswith("# HELP "):
            wanted = line.split(" ", 3)[2] in names
        if wanted:
            yield line


def _made(parts: Iterable[Block | _Unmade]) -> Iterable[Block]:
    return (part if isinstance(part, Block) else part.make() for part in parts)
