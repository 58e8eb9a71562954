"""A hostile exchange, in a process of its own: honest until told otherwise, then it answers as one attack does.

Argument: the attack, one of `ATTACKS`. Tells where it listens. Each line of input, `on` or `off`, turns the attack on
and off; the end of input ends it. Of an honest answer each account holds what `held` says: its number, which ends
the name in its key, makes its amounts its own.
"""

import asyncio
import gzip
import itertools
import json
import re
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple

from tests.benchmarks.child import tell

MEBIBYTE: Final = 1 << 20
LIMIT: Final = 8 * MEBIBYTE
"""The largest body that the exporter reads."""
WIDE: Final = 450
"""Currencies of an account that holds many: all of them are shown."""


def held(number: int) -> dict[str, list[str]]:
    """Available and frozen by currency of the account of this number, while its exchange is honest."""
    return {"USDT": [f"{111 * (number + 1)}", "0"], "BTC": [f"{number + 1}.5", "0"], "ETH": [f"{number + 7}", "0"]}


class Call(NamedTuple):
    """One request to a balance.

    Attributes:
        number: of the account, from its key.
        served: how many balances this account was answered with before, since the attack began.
    """

    path: str
    number: int
    served: int
    writer: asyncio.StreamWriter

    async def send(self, *pieces: bytes) -> None:
        """Send bytes as they are."""
        self.writer.writelines(pieces)
        await self.writer.drain()


Attack = Callable[[Call], Awaitable[None]]


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A whole answer."""
    kind = "text/html" if body[:1] == b"<" else "application/json"
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join((*lines, "", "")).encode("latin-1") + body


def packed(body: bytes) -> bytes:
    """A whole answer with a gzip body."""
    return http(gzip.compress(body, 9), "200 OK", "Content-Encoding: gzip")


def json_bytes(payload: Any) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


# --- what an honest exchange says -----------------------------------------------------------------------------------


def bitmart(data: Any) -> bytes:
    return json_bytes({"code": 1000, "message": "OK", "trace": "t", "data": data})


def bitmart_rows(rows: list[tuple[str, str]]) -> bytes:
    """BitMart's wallet with these amounts."""
    zero = {"frozen": "0", "unAvailable": "0"}
    return bitmart({"wallet": [{"currency": name, "available": amount, **zero} for name, amount in rows]})


def bitget(data: Any) -> bytes:
    return json_bytes({"code": "00000", "msg": "success", "data": data})


def bitget_rows(rows: list[tuple[str, str]]) -> bytes:
    """Bitget's classic spot wallet with these amounts."""
    zero = {"frozen": "0", "locked": "0", "limitAvailable": "0"}
    return bitget([{"coin": name, "available": amount, **zero} for name, amount in rows])


def htx(data: Any) -> bytes:
    return json_bytes({"status": "ok", "data": data})


HTX_UNKNOWN: Final = {"status": "error", "err-code": "account-get-accounts-inexistent-error", "err-msg": "gone"}
"""HTX's word that an account is unknown, which has its list of accounts renewed."""


def htx_rows(rows: list[tuple[str, str]]) -> bytes:
    """One account of HTX with these amounts."""
    return htx({"list": [{"currency": name.lower(), "type": "trade", "balance": amount} for name, amount in rows]})


def honest_rows(number: int) -> list[tuple[str, str]]:
    return [(name, available) for name, (available, _) in held(number).items()]


def honest(path: str, rows: list[tuple[str, str]]) -> bytes | None:
    """What an honest exchange answers with; None to what it does not know."""
    now = int(time.time() * 1000)
    known = {
        "/system/time": lambda: bitmart({"server_time": now}),
        "/spot/quotation/v3/tickers": lambda: bitmart([["BTC_USDT", "60000"], ["ETH_USDT", "3000"]]),
        "/account/v1/wallet": lambda: bitmart_rows(rows),
        "/api/v2/public/time": lambda: bitget({"serverTime": str(now)}),
        "/api/v2/spot/market/tickers": lambda: bitget([{"symbol": "BTCUSDT", "lastPr": "60000"}]),
        "/api/v2/spot/account/assets": lambda: bitget_rows(rows),
        "/api/v2/spot/account/info": lambda: bitget({"authorities": ["readonly"], "ips": "10.0.0.1"}),
        "/v1/common/timestamp": lambda: htx(now),
        "/market/tickers": lambda: htx([{"symbol": "btcusdt", "close": 60000}]),
        "/v1/account/accounts": lambda: htx([{"id": 1, "type": "spot", "subtype": "", "state": "working"}]),
    }
    if path in known:
        return known[path]()
    return htx_rows(rows) if re.fullmatch(r"/v1/account/accounts/\d+/balance", path) else None


BALANCES: Final = ("/account/v1/wallet", "/api/v2/spot/account/assets", "/api/v3/account/assets", "/v1/account/")
"""The beginnings of the paths that an attack answers; times, prices and what a key may do stay honest."""


# --- attacks --------------------------------------------------------------------------------------------------------


def repeated(*answers: bytes) -> Attack:
    """The same answers, one after the other."""

    async def attack(call: Call) -> None:
        await call.send(answers[call.served % len(answers)])

    return attack


def second() -> Attack:
    """A second answer on a kept connection: at once, a little later, or as the server's word that it waited enough."""

    async def attack(call: Call) -> None:
        answer = http(bitmart_rows(honest_rows(call.number)))
        kind = (call.served + call.number) % 4
        if kind == 0:
            await call.send(answer, answer)
            return
        await call.send(answer)
        await asyncio.sleep(0.15 * kind)
        late = http(b"{}", "408 Request Timeout", "Connection: close") if kind == 2 else answer
        await call.send(late)

    return attack


def floats() -> Attack:
    """Little gzip that is 8 MiB of numbers."""
    body = b'{"code":1000,"message":"OK","data":{"wallet":[' + b"1.5," * (LIMIT // 4 - 100) + b"1.5]}}"
    return repeated(packed(body))


def pages() -> Attack:
    """A CDN's page instead of an answer, half a megabyte of it."""
    page = b"<!DOCTYPE html><html><body>" + b"<p>Checking your browser before access.</p>" * 12_500 + b"</body></html>"
    return repeated(http(page), http(page, "503 Service Unavailable"), http(page, "403 Forbidden"))


def fresh(count: int) -> Attack:
    """So many names that were never seen, in each answer."""

    async def attack(call: Call) -> None:
        rows = [(f"N{call.number}X{call.served}X{row}", "1") for row in range(count)]
        await call.send(http(bitmart_rows([*honest_rows(call.number), *rows])))

    return attack


def million() -> Attack:
    """An object of a million keys where a list belongs."""
    inside = ",".join(f'"{key:x}":1' for key in range(900_000))
    return repeated(packed(f'{{"code":1000,"message":"OK","data":{{"wallet":{{{inside}}}}}}}'.encode()[:LIMIT]))


def names() -> Attack:
    """Names of 16,000 letters."""
    rows = [("N" * 16_000 + str(row), "1") for row in range(100)]
    return repeated(http(bitmart_rows([("USDT", "5"), *rows])))


def numbers() -> Attack:
    """Numbers of millions of digits, as text and bare."""
    digits = "9" * (4 * MEBIBYTE)
    shapes = (f'"{digits}"', digits, f'"0.{digits}"', f"0.{digits}", '"1e999999999"', f'"1e{digits}"', f"1e{digits}")
    row = '{{"currency":"N","available":{},"frozen":"0","unAvailable":"0"}}'
    bodies = [f'{{"code":1000,"message":"OK","data":{{"wallet":[{row.format(shape)}]}}}}' for shape in shapes]
    return repeated(*(http(body.encode()) for body in bodies))


def wire() -> Attack:
    """Each account its own abuse of HTTP: without an end, without a beginning, or dripping under the deadline."""
    start = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    chunked = start + b"Transfer-Encoding: chunked\r\n\r\n"

    def endless(first: bytes, piece: bytes, seconds: float) -> Attack:
        async def attack(call: Call) -> None:
            await call.send(first)
            for number in itertools.count():
                await call.send(piece.replace(b"%", b"%d" % number))
                await asyncio.sleep(seconds)

        return attack

    shapes: tuple[Attack, ...] = (
        endless(start, b"X-%: " + b"a" * 1000 + b"\r\n", 0.001),  # headers
        endless(chunked + b"0\r\n", b"X-%: " + b"a" * 1000 + b"\r\n", 0.001),  # trailers
        endless(start + b"Content-Length: 100000\r\n\r\n", b" ", 0.02),  # a body that drips
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.001),
        endless(chunked, b"400\r\n" + b" " * 0x400 + b"\r\n", 0.001),
        endless(start, b"", 0.1),  # half of the headers
        repeated(b"\x16\x03\x01" + b"\x00" * 4000, b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/9.9 999 \xff\r\n\r\n"),
        repeated(
            start + b"Content-Length: -1\r\n\r\n",
            start + b"Content-Length: 99999999999999999999\r\n\r\n{}",
            start + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}}",
            start + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        ),
    )

    async def attack(call: Call) -> None:
        await shapes[call.number % len(shapes)](call)

    return attack


def chunks() -> Attack:
    """A body in chunks of one byte, as many as the connection takes."""
    piece = b"1\r\n \r\n" * 10_000

    async def attack(call: Call) -> None:
        await call.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await call.send(piece)
            await asyncio.sleep(0.005)

    return attack


WAITS: Final = (
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Fri, 31 Dec 9999 23:59:59 -99999999999999",
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "9" * 4_000,
    "-1",
    "1e999",
    "nan",
    "inf",
    "0x10",
    "\xb2",
    "",
)
"""Values of `Retry-After` that are none, or nearly none."""


def waits() -> Attack:
    """Refusals with an odd `Retry-After`, each account another one."""

    async def attack(call: Call) -> None:
        status = ("429 Too Many Requests", "418 I'm a teapot", "503 Service Unavailable")[call.number % 3]
        await call.send(http(b"{}", status, f"Retry-After: {WAITS[call.number % len(WAITS)]}"))

    return attack


def banned() -> Attack:
    """A refusal for an hour."""
    return repeated(http(b"{}", "429 Too Many Requests", "Retry-After: 3600"))


def ban_of_one() -> Attack:
    """The first account is banned for an hour, and with it the address of all; the others are answered."""

    async def attack(call: Call) -> None:
        if call.number == 0:
            await call.send(http(b"{}", "418 I'm a teapot", "Retry-After: 3600"))
        else:
            await call.send(http(bitget_rows(honest_rows(call.number))))

    return attack


def statuses() -> Attack:
    """Every status that there is, and those that there are not, in turn with good answers."""

    async def attack(call: Call) -> None:
        if call.served % 2:
            await call.send(http(bitmart_rows(honest_rows(call.number))))
        else:
            status = 200 + (call.number * 97 + call.served * 31) % 800
            await call.send(http(b"{}", f"{status} Odd"))

    return attack


def modes() -> Attack:
    """The account is of the other mode, whichever was asked."""

    async def attack(call: Call) -> None:
        code = "40084" if call.path.startswith("/api/v3") else "40085"
        await call.send(http(json_bytes({"code": code, "msg": "wrong account mode"}), "400 Bad Request"))

    return attack


def emptied() -> Attack:
    """Every other answer lists next to nothing: one row of zeros, one coin of three, or no row at all."""
    shapes: tuple[list[tuple[str, str]], ...] = ([("USDT", "0")], [("ETH", "0.1")], [])

    async def attack(call: Call) -> None:
        good, turn = call.served % 2, call.served // 2 + call.number
        await call.send(http(bitget_rows(honest_rows(call.number) if good else shapes[turn % len(shapes)])))

    return attack


def kinds() -> Attack:
    """HTX accounts of kinds that fold into one label, take names of ours, or are no text."""
    odd = ["main", "overview", "grid", "grid-trading", "\ud800", r"\ud800", "a\nb", "K", "\u212a", "isolated_margin/a"]
    odd += ["x" * 150 + "1", "x" * 150 + "2", " ", "spot ", "SPOT", "ſpot"]
    listed = [{"id": number, "type": kind, "subtype": ""} for number, kind in enumerate(["spot", *odd], 1)]
    listed += [{"id": 90 + number, "type": "margin", "subtype": each} for number, each in enumerate(["A", "a", "\x00"])]

    async def attack(call: Call) -> None:
        if not call.path.endswith("/balance"):
            await call.send(http(htx(listed)))
        elif call.served == 0:
            await call.send(http(json_bytes(HTX_UNKNOWN)))
        else:
            await call.send(http(htx_rows(honest_rows(call.number))))

    return attack


def list_of_wallets() -> Attack:
    """20,000 pairs in HTX's list of accounts, other 2,000 at each renewal, which an unknown account brings about."""
    refused = json_bytes(HTX_UNKNOWN)
    renewals = itertools.count()

    async def attack(call: Call) -> None:
        if not call.path.endswith("/balance"):
            first = 2_000 * next(renewals)
            pairs = [{"id": n + 2, "type": "margin", "subtype": f"p{n}usdt"} for n in range(first, first + 20_000)]
            await call.send(http(htx([{"id": 1, "type": "spot", "subtype": ""}, *pairs])))
        else:
            await call.send(http(refused if call.served % 10 == 0 else htx_rows([("usdt", "1")])))

    return attack


def silent() -> Attack:
    """Not a word."""

    async def attack(call: Call) -> None:
        await asyncio.sleep(3600)

    return attack


ATTACKS: Final[dict[str, Callable[[], Attack]]] = {
    "ban-of-one": ban_of_one,
    "banned": banned,
    "chunks": chunks,
    "emptied": emptied,
    "floats": floats,
    "fresh-names": lambda: fresh(500),
    "fresh-rows": lambda: fresh(19_990),
    "honest": lambda: repeated(b""),
    "kinds": kinds,
    "list": list_of_wallets,
    "million": million,
    "modes": modes,
    "names": names,
    "numbers": numbers,
    "pages": pages,
    "second": second,
    "silent": silent,
    "statuses": statuses,
    "waits": waits,
    "wide": lambda: repeated(b""),
    "wire": wire,
}


class Server:
    """Answers honestly, or with the attack while it is `on`."""

    def __init__(self, name: str) -> None:
        self.attack = ATTACKS[name]()
        self.proxy = name == "silent"
        self.more = [(f"W{coin:03}", "1.5") for coin in range(WIDE)] if name == "wide" else []
        self.on = False
        self.served: dict[int, Iterator[int]] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""
        ends = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError)
        with suppress(*ends):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                path = head.split()[1].partition("?")[0]
                found = re.search(r"foe-[a-z-]+-(\d+)-key", head) or re.search(r"victim-[a-z-]+-(\d+)-key", head)
                number = int(found[1]) if found else 0
                if self.proxy or (self.on and path.startswith(BALANCES)):
                    count = self.served.setdefault(number, itertools.count())
                    await self.attack(Call(path, number, next(count), writer))
                else:
                    body = honest(path, [*honest_rows(number), *self.more])
                    writer.write(http(b"{}", "404 Not Found") if body is None else http(body))
                    await writer.drain()
        writer.close()


async def main(name: str) -> None:
    """Serve until the parent closes our input."""
    server = Server(name)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=4096)
    tell(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}")
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        server.on = line.strip() == "on"
        tell(None)
    listener.close()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
