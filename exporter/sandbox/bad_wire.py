"""Sends answers badly: connections that hang, drip or break, and bodies that are far too large."""

import asyncio
import functools
import gzip
import socket
import struct
import zlib
from typing import Final

from aiohttp import web

_MEBIBYTE: Final = 1 << 20
_BOMB_MEBIBYTES: Final = 256
_CHUNK: Final = b" " * 65_536

DEEP: Final = b"[" * 100_000 + b"]" * 100_000
PAGE: Final = (
    b"<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head>"
    b"<body><h1>Checking your browser before accessing the exchange.</h1></body></html>\n"
)
_JSON: Final = {"Content-Type": "application/json"}


async def send(body: bytes, status: int, headers: dict[str, str]) -> web.StreamResponse:
    """Send bytes as they are, called a web page if they look like one."""
    page = body.lstrip()[:1] == b"<"
    content = {"Content-Type": "text/html; charset=utf-8" if page else "application/json"}
    return web.Response(body=body, status=status, headers={**content, **headers})


async def hang(request: web.BaseRequest, stopping: asyncio.Event) -> web.StreamResponse:
    """Say nothing until the server stops or the client has had enough."""
    await stopping.wait()
    _drop(request)
    return web.Response(status=503)


async def hang_after_headers(
    request: web.BaseRequest, body: bytes, headers: dict[str, str], stopping: asyncio.Event
) -> web.StreamResponse:
    """Send the headers, then nothing until the server stops or the client has had enough."""
    response = await _begin(request, headers, len(body))
    await stopping.wait()
    _drop(request)
    return response


async def drip(
    request: web.BaseRequest, body: bytes, headers: dict[str, str], seconds: float, stopping: asyncio.Event
) -> web.StreamResponse:
    """Send the body a byte at a time."""
    response = await _begin(request, headers, len(body))
    for position in range(len(body)):
        await response.write(body[position : position + 1])
        try:
            await asyncio.wait_for(stopping.wait(), seconds)
        except TimeoutError:
            continue
        _drop(request)
        break
    return response


async def reset(request: web.BaseRequest, body: bytes, headers: dict[str, str]) -> web.StreamResponse:
    """Send half of the body, then reset the connection."""
    response = await _begin(request, headers, len(body) + 1)
    await response.write(body[: len(body) // 2])
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:  # without lingering, closing sends RST instead of FIN
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    _drop(request)
    return response


async def truncated_gzip(request: web.BaseRequest, body: bytes, headers: dict[str, str]) -> web.StreamResponse:
    """Send a whole HTTP body that is only the first half of a gzip file."""
    packed = gzip.compress(body)
    half = packed[: len(packed) // 2]
    response = await _begin(request, {**headers, "Content-Encoding": "gzip"}, len(half))
    await response.write(half)
    await response.write_eof()
    return response


async def gzip_bomb(request: web.BaseRequest, headers: dict[str, str]) -> web.StreamResponse:
    """Send little that unpacks to 256 MiB."""
    bomb = await asyncio.to_thread(_bomb)
    response = await _begin(request, {**headers, **_JSON, "Content-Encoding": "gzip"}, len(bomb))
    await response.write(bomb)
    await response.write_eof()
    return response


async def huge(request: web.BaseRequest, headers: dict[str, str], size: int) -> web.StreamResponse:
    """Stream blanks, without saying beforehand how many."""
    response = await _begin(request, {**headers, **_JSON}, None)
    left = size
    while left > 0:
        await response.write(_CHUNK[:left])
        left -= len(_CHUNK)
    await response.write_eof()
    return response


async def _begin(request: web.BaseRequest, headers: dict[str, str], length: int | None) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    response.content_length = length
    await response.prepare(request)
    return response


def _drop(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.abort()


@functools.cache
def _bomb() -> bytes:
    """Build one gzip member of blanks: a mebibyte is packed once and its block repeated."""
    blanks = b" " * _MEBIBYTE
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(blanks) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(_BOMB_MEBIBYTES):
        checksum = zlib.crc32(blanks, checksum)
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    tail = b"\x03\x00" + struct.pack("<II", checksum, _BOMB_MEBIBYTES * _MEBIBYTE & 0xFFFFFFFF)
    return head + block * _BOMB_MEBIBYTES + tail
