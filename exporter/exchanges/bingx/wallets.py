"""BingX's spot and funding wallets, and its own value of every wallet.

Words: available = `free`; frozen = `locked`; no locked. Answers seen in the wild differ from the documents: the
overview is a plain list (or `data.result`), with `sopt` for spot and `eran` for earn; funding lists `assets` (or
`balances`, or `balance`). Spot and funding were split in 2025, so both are read.

VST is play money of the simulated exchange that shows up in real answers. It is left out of every wallet, so that
it never counts as a holding, priced or unpriced.
"""

from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any, Final

from exporter.core.errors import BadPayload
from exporter.core.model import Reading
from exporter.exchanges.base import (
    A_HANDFUL,
    Endpoint,
    Reader,
    Request,
    RowMemory,
    field,
    listing,
    name_of,
    shown,
)
from exporter.exchanges.bingx.protocol import OVERVIEW
from exporter.exchanges.readers import holding, holdings, rows, unused, usdt_values

PLAY_MONEY: Final = "VST"

OVERVIEW_NAMES: Final[Mapping[str, str]] = {
    "sopt": "spot",
    "spot": "spot",
    "eran": "earn",
    "earn": "earn",
    "USDTMPerp": "futures",
    "coinMPerp": "coin_futures",
    "stdFutures": "standard_futures",
    "copyTrading": "copy_trading",
    "grid": "grid",
    "c2c": "c2c",
}


def read_assets(endpoint: Endpoint, memory: RowMemory) -> Reader[Reading]:
    """Read every asset of the spot or the funding wallet; zero rows may be listed or not.

    A wallet that was never used is null, or has null for its list.
    """
    answer = yield Request(endpoint)
    assets = unused(_assets(answer), memory)
    return in_earnest((yield from rows(assets, itemgetter("asset", "free", "locked"), holding, memory, holdings)))


def in_earnest(read: Reading) -> Reading:
    """What was read, without play money; labels are in upper case, so every spelling of it is it."""
    return Reading(
        [balance for balance in read.balances if balance.currency.upper() != PLAY_MONEY],
        unreadable=[row for row in read.unreadable if row.name.upper() != PLAY_MONEY],
    )


def _assets(answer: Any) -> Any:
    if answer is None or isinstance(answer, list):
        return answer
    for name in ("balances", "assets", "balance"):
        if isinstance(answer, dict) and name in answer:
            return answer[name]
    raise BadPayload(f"data: {shown(answer)} where `balances`, `assets` or `balance` belongs")


def read_overview(memory: RowMemory) -> Reader[Reading]:
    """Read the value of each wallet in USDT, as the exchange reports it."""
    del memory
    answer = yield Request(OVERVIEW)
    return usdt_values(_values(field(answer, "result") if isinstance(answer, dict) else answer))


def _values(answer: Any) -> Iterator[tuple[str, Any]]:
    for row in listing(answer, "data", A_HANDFUL):
        kind = name_of(field(row, "accountType"), "accountType")
        yield OVERVIEW_NAMES.get(kind, kind.lower()), field(row, "usdtBalance")
