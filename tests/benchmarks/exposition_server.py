"""Serves what an exporter with so many accounts would, for a Prometheus server to scrape; no exchange takes part.

Two expositions are made once by the product's own store and lines, with amounts that differ a little and continue the
history of the day before, and sent in turn; only their timestamps are written anew, so that serving them costs next to
nothing beside what is measured.
"""

import asyncio
import sys
import time
from decimal import Decimal
from typing import Any, Final

from aiohttp import web

from exporter.config import Threshold
from exporter.core.model import Balance, Reading
from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import WalletSource
from exporter.exposition.account_lines import AccountLines
from exporter.exposition.counters import Counters
from exporter.exposition.exposition import Exposition
from exporter.exposition.families import RENDERED
from exporter.exposition.price_lines import PriceLines
from exporter.holdings.account import AccountState
from exporter.holdings.prices import PriceBook
from tests.benchmarks.amounts import coins, frozen, net, price
from tests.benchmarks.child import tell
from tests.kit.accounts import configured

LIMITED: Final = 2
"""Coins of each account that have a warning, a critical limit and a target."""

WATCHED: Final = 10
"""One account in so many asks for FrozenStuck."""

_OF_LIMITS: Final = (b"exchange_balance_threshold{", b"exchange_balance_limited{")
_WALL: Final = 1_700_000_000.0
_STAMP: Final = f"{_WALL!r}\n".encode()


def _unread(memory: object) -> Any:
    raise AssertionError("nothing is read here")


class Installation:
    """Accounts of all exchanges in turn, with so many coins each in their main wallet."""

    def __init__(self, accounts: int, currencies: int) -> None:
        self._coins = coins(currencies)
        self._round = 0
        counters = Counters()
        self._exposition = Exposition(RENDERED, counters.tail)
        self._states = []
        books = {}
        for exchange in EXCHANGES:
            book = PriceBook(lambda base, quote: base + quote, {"USDT": Decimal(1)}, 1e9)
            book.replace({f"{coin}USDT": f"{price(place):.6f}" for place, coin in enumerate(self._coins)}, 0.0, 0.0)
            books[exchange] = book
            lines = PriceLines(self._exposition, exchange)
            lines.prices({coin: book.price(coin, 0.0) or Decimal(1) for coin in self._coins})
            lines.last_success(_WALL)
        for number in range(accounts):
            exchange, name = tuple(EXCHANGES)[number % len(EXCHANGES)], f"acct-{number:04}"
            limits = [Threshold(coin, "main", "net", *map(Decimal, (20, 10, 40))) for coin in self._coins[:LIMITED]]
            names = {"team": f"team-{number % 7}", "watch_frozen": "true" if number % WATCHED == 0 else ""}
            account = configured(name, exchange, thresholds=tuple(limits), usd={"warning": Decimal(1000)}, labels=names)
            state = AccountState(
                account,
                "spot",
                AccountLines(self._exposition, exchange, name),
                books[exchange],
                shard=0,
                label_names=tuple(names),
            )
            state.wallet("spot", WalletSource(_unread, ()))
            self._states.append(state)

    def text(self) -> bytes:
        """The exposition after one more round of polls."""
        for number, state in enumerate(self._states):
            rows = [self._row(number, place) for place in range(len(self._coins))]
            state.accepted(state.wallets["spot"], Reading(rows), 0.0, _WALL)
            state.polled(_WALL, 0.123, None, up=True)
            state.due(_WALL)
        self._round += 1
        scrape = asyncio.run(self._exposition.scrape(openmetrics=False, gzip=False))
        assert scrape is not None
        return scrape.body

    def _row(self, account: int, place: int) -> Balance:
        whole, tied = (Decimal(kind(account, place, self._round)) / 100 for kind in (net, frozen))
        return Balance(self._coins[place], whole - tied, tied, Decimal(0), whole)


async def serve(texts: list[bytes], port: int = 0) -> None:
    """Answer every scrape with the next text, as of now."""
    turn = 0

    async def handle(request: web.Request) -> web.Response:
        nonlocal turn
        turn += 1
        body = texts[turn % len(texts)].replace(_STAMP, f"{time.time() - 5!r}\n".encode())
        return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    app = web.Application()
    app.router.add_get("/metrics", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    lines = [line for line in texts[0].splitlines() if not line.startswith(b"#")]
    balances = sum(line.startswith(b"exchange_balance_") and not line.startswith(_OF_LIMITS) for line in lines)
    tell({"port": int(runner.addresses[0][1]), "series": len(lines), "balances": balances})
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    installation = Installation(int(sys.argv[1]), int(sys.argv[2]))
    asyncio.run(serve([installation.text(), installation.text()]))
