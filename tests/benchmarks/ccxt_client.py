"""ccxt's `fetch_balance` of Bitget against the answer server; runs with the Python of its own environment."""

import asyncio
import json
import sys
import time
from pathlib import Path

import ccxt.async_support as ccxt


def resident_kib() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError


async def main(port: str) -> None:
    """Answer `poll N` with CPU seconds for each poll, and `memory` with KiB."""
    exchange = ccxt.bitget({"apiKey": "key", "secret": "secret", "password": "pass", "enableRateLimit": False})
    exchange.urls["api"] = dict.fromkeys(exchange.urls["api"], f"http://127.0.0.1:{port}")
    exchange.set_markets([])
    exchange.options["uta"] = False
    balance = await exchange.fetch_balance()
    print(json.dumps({"currencies": len(balance["total"])}), flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        word, *rest = line.split()
        if word == "memory":
            print(json.dumps({"kib": resident_kib()}), flush=True)
            continue
        count = int(rest[0])
        start = time.process_time()
        for _ in range(count):
            await exchange.fetch_balance()
        print(json.dumps({"seconds": (time.process_time() - start) / count}), flush=True)
    await exchange.close()


asyncio.run(main(sys.argv[1]))
