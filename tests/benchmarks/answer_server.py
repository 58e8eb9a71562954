"""Plays Bitget's balance call with bodies made before, so that the server costs the same for everybody.

The first line of input names how many of the 50 rows differ from one answer to the next.
"""

import asyncio
import itertools
import json
import random
import sys

from aiohttp import web

from tests.benchmarks.child import tell

CURRENCIES = 50


def bodies(changed: int) -> list[bytes]:
    """Answers of which each differs from the one before in so many rows."""
    dice = random.Random(11)
    rows = [
        {"coin": f"C{number:03}", "limitAvailable": "0", "locked": "0.00000000", "uTime": "1735689000000"}
        for number in range(CURRENCIES)
    ]
    for row in rows:
        row |= {"available": f"{dice.random() * 1000:.8f}", "frozen": f"{dice.random() * 100:.8f}"}
    answers = []
    for _ in range(32):
        for row in rows[:changed]:
            row |= {"available": f"{dice.random() * 1000:.8f}", "frozen": f"{dice.random() * 100:.8f}"}
        answers.append(
            {"code": "00000", "msg": "success", "requestTime": 1735689600100, "data": [dict(r) for r in rows]}
        )
    return [json.dumps(answer, separators=(",", ":")).encode() for answer in answers]


async def main() -> None:
    """Serve until the parent closes our input."""
    answers = itertools.cycle(bodies(0))

    async def balances(request: web.Request) -> web.Response:
        return web.Response(body=next(answers), content_type="application/json")

    async def clock(request: web.Request) -> web.Response:
        return web.json_response({"code": "00000", "data": {"serverTime": "1735689600000"}})

    async def tickers(request: web.Request) -> web.Response:
        prices = [{"symbol": f"C{number:03}USDT", "lastPr": f"{0.5 + number / 7:.8f}"} for number in range(CURRENCIES)]
        return web.json_response({"code": "00000", "data": prices})

    app = web.Application()
    app.router.add_get("/api/v2/spot/account/assets", balances)
    app.router.add_get("/api/v2/public/time", clock)
    app.router.add_get("/api/v2/spot/market/tickers", tickers)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    tell(runner.addresses[0][1])
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        answers = itertools.cycle(bodies(int(line)))
        tell(None)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
