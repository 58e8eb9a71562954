"""Lines as gzip: pieces that are packed once, and one finished answer made of them.

A piece is raw deflate that ends with a full flush. So any pieces in any order, behind one header and before the CRC
and size of the plain bytes, make one ordinary gzip member.
"""

import struct
import threading
import zlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, NamedTuple

from exporter.holdings.slices import Slices

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
_LAST_BLOCK: Final = b"\x03\x00"
_PIECE: Final = 256 * 1024

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


def packing(plain: bytes) -> Slices[bytes]:
    """Do what `packed` does, a few hundred kilobytes in each slice."""
    if len(plain) <= _PIECE:
        return packed(plain)
    pieces = []
    for start in range(0, len(plain), _PIECE):
        yield
        pieces.append(packed(plain[start : start + _PIECE]))
    return b"".join(pieces)


class Block(NamedTuple):
    """Lines of one family, plain and packed."""

    plain: bytes
    packed: bytes


class Member(NamedTuple):
    """The beginning of a gzip member; more may follow.

    Attributes:
        written: its bytes so far.
        crc, size: of what they are when unpacked.
    """

    written: bytes
    crc: int
    size: int


NOTHING: Final = Member(_GZIP_HEADER, 0, 0)
"""A gzip member with nothing in it yet."""


def joined(blocks: Iterable[Block]) -> Member:
    """The beginning of a gzip member that holds these blocks; nothing is packed again."""
    crc = size = 0
    pieces = [_GZIP_HEADER]
    for plain, piece in blocks:
        crc = _crc32(plain, crc)
        size += len(plain)
        pieces.append(piece)
    return Member(b"".join(pieces), crc, size)


class Scrape(NamedTuple):
    """One finished answer.

    Attributes:
        pieces: of the body; whatever did not change is shared by all answers, however slowly one is taken.
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


def as_text(pieces: Iterable[bytes], *, openmetrics: bool) -> Scrape:
    """The answer that is these bytes as they are; nothing is copied."""
    return Scrape(tuple(pieces), _content_type(openmetrics), gzip=False)


def as_gzip(begun: Member, rest: bytes, *, openmetrics: bool) -> Scrape:
    """The answer that is this gzip member, ended behind the rest, which is still plain."""
    size = begun.size + len(rest)
    trailer = struct.pack("<II", _crc32(rest, begun.crc), size & 0xFFFFFFFF)
    end = b"".join((packed(rest), _LAST_BLOCK, trailer))
    return Scrape((begun.written, end), _content_type(openmetrics), gzip=True)


def _content_type(openmetrics: bool) -> str:
    return OPENMETRICS if openmetrics else TEXT
