"""Rows of the simulated Bitget's wallets beside spot, as its classic accounts list them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from exporter.sandbox.accounts import Holding, SandboxAccount
from exporter.sandbox.prices import EXACT, add, plain, usdt_price, usdt_value
from exporter.sandbox.vendors.base import Refusal

Prices = Mapping[str, Decimal]
Row = dict[str, Any]

FUNDING_AMOUNTS: Final = ("available", "frozen", "usdtValue")
FUTURES_AMOUNTS: Final = ("locked", "crossedMaxAvailable", "accountEquity", "usdtEquity", "unrealizedPL")
MARGIN_AMOUNTS: Final = ("available", "frozen", "borrow", "interest", "net")
BOT_AMOUNTS: Final = ("available", "frozen", "equity", "usdtValue")
EARN_AMOUNTS: Final = ("amount",)

_PRODUCTS: Final = {
    "USDT-FUTURES": ("futures", ("USDT",)),
    "USDC-FUTURES": ("futures", ("USDC",)),
    "COIN-FUTURES": ("coin_futures", ("BTC", "ETH", "XRP")),
}
"""What a product type is held in, and the coins that it lists for everybody."""

_PLAY_MONEY: Final = {"SUSDT-FUTURES": "SUSDT", "SUSDC-FUTURES": "SUSDC", "SCOIN-FUTURES": "SBTC"}
_MAINTENANCE: Final = Decimal("0.4")
"""Maintenance margin as a share of the margin of positions."""

_PAIR: Final = "isolated_margin/"


def of_overview(account: SandboxAccount, kind: str) -> list[Mapping[str, Holding]]:
    """What the overview counts as one kind: all product types of futures, and all pairs with cross margin."""
    more = {"futures": ["coin_futures"], "margin": [name for name in account.balances if name.startswith(_PAIR)]}
    return [account.wallet(name) for name in (kind, *more.get(kind, ()))]


def funding_rows(account: SandboxAccount, prices: Prices, coin: str) -> list[Row]:
    """Every coin that was ever held; nothing frozen is an empty text."""
    return [
        {
            "coin": name,
            "available": plain(holding.available),
            "frozen": plain(holding.tied) if holding.tied else "",
            "usdtValue": plain(_worth(prices, name, holding.held)),
        }
        for name, holding in account.wallet("funding").items()
        if coin in {"", name.upper()}
    ]


def futures_rows(account: SandboxAccount, prices: Prices, product: str, *, union: bool) -> list[Row]:
    """Every margin account of a product type, unused ones too.

    With `union`, multi-assets mode, all coins of the futures wallet back USDT-M and USDC-M together.

    Raises:
        Refusal: no such product type.
    """
    if product in _PLAY_MONEY:
        return [_account_row(_PLAY_MONEY[product], Holding(available=Decimal(50_000)), prices)]
    if product not in _PRODUCTS:
        raise Refusal("product")
    wallet, listed = _PRODUCTS[product]
    held = account.wallet(wallet)
    if product == "COIN-FUTURES":
        listed = tuple(dict.fromkeys((*listed, *held)))
    rows = [_account_row(coin, held.get(coin, Holding()), prices) for coin in listed]
    if wallet == "futures" and union:
        pool = [
            {"coin": coin, "balance": plain(each.net), "available": plain(each.available)}
            for coin, each in held.items()
            if not each.is_zero
        ]
        worth = plain(add(*(_worth(prices, coin, each.net) for coin, each in held.items())))
        for row in rows:
            row |= {"assetMode": "union", "assetList": pool, "unionTotalMargin": worth, "unionAvailable": worth}
    return rows


def _account_row(coin: str, holding: Holding, prices: Prices) -> Row:
    """One margin account: `available` is all that was paid in; free is `crossedMaxAvailable`, with profit in it."""
    equity = holding.net
    free = EXACT.subtract(equity, holding.tied)
    value = _worth(prices, coin, equity)
    btc = usdt_price(prices, "BTC")
    profit = plain(holding.pnl) if holding.locked or holding.pnl else ""  # without positions it is an empty text
    return {
        "marginCoin": coin,
        "locked": plain(holding.frozen),
        "available": plain(EXACT.subtract(equity, holding.pnl)),
        **dict.fromkeys(("crossedMaxAvailable", "isolatedMaxAvailable"), plain(free)),
        "maxTransferOut": plain(EXACT.subtract(free, max(holding.pnl, Decimal(0)))),
        "accountEquity": plain(equity),
        "usdtEquity": plain(value),
        "btcEquity": plain(round(EXACT.divide(value, btc), 8)) if btc else "0",
        "crossedRiskRate": plain(_risk(holding)),
        "unrealizedPL": profit,
        "coupon": "0",
        **dict.fromkeys(("unionTotalMargin", "unionAvailable", "unionMm"), "0"),
        "assetList": [],
        "isolatedMargin": "0",
        "crossedMargin": plain(holding.locked),
        "crossedUnrealizedPL": profit,
        "isolatedUnrealizedPL": "0",
        "assetMode": "single",
        "grant": "0",
    }


def _risk(holding: Holding) -> Decimal:
    """Maintenance margin over equity; liquidated at 1."""
    if not holding.locked:
        return Decimal(0)
    if holding.net <= 0:
        return Decimal(1)
    return round(EXACT.divide(EXACT.multiply(holding.locked, _MAINTENANCE), holding.net), 4)


def margin_rows(account: SandboxAccount, coin: str, moment: str) -> list[Row]:
    """Every coin of cross margin.

    Raises:
        Refusal: it was never opened.
    """
    if "margin" not in account.balances:
        raise Refusal("not opened")
    held = account.wallet("margin")
    return [_margin_row(name, holding, moment) for name, holding in held.items() if coin in {"", name.upper()}]


def isolated_rows(account: SandboxAccount, prices: Prices, symbol: str, moment: str) -> list[Row]:
    """Both coins of every pair, also of those that were never used.

    Raises:
        Refusal: it was never opened.
    """
    opened = {name.removeprefix(_PAIR): held for name, held in account.balances.items() if name.startswith(_PAIR)}
    if not opened:
        raise Refusal("not opened")
    rows = []
    for pair in prices:
        name = pair.replace("/", "").upper()
        if symbol in {"", name}:
            held = {**dict.fromkeys(pair.upper().split("/"), Holding()), **opened.get(name, {})}
            rows += [{"symbol": name, **_margin_row(coin, holding, moment)} for coin, holding in held.items()]
    return rows


def _margin_row(coin: str, holding: Holding, moment: str) -> Row:
    return {
        "coin": coin,
        "totalAmount": plain(holding.held),
        "available": plain(holding.available),
        "frozen": plain(holding.tied),
        "borrow": plain(holding.debt),
        "interest": plain(holding.interest),
        "net": plain(holding.net),
        "coupon": "0",
        "cTime": moment,
        "uTime": moment,
    }


def bot_rows(account: SandboxAccount, prices: Prices, kind: str) -> list[Row]:
    """What bots hold; those with a position or a stated equity trade futures, and only they have an equity."""
    rows: list[Row] = []
    for coin, holding in account.wallet("bots").items():
        trades_futures = bool(holding.locked) or holding.equity is not None
        if kind in {"", "futures" if trades_futures else "spot"}:
            row = {"coin": coin, "available": plain(holding.available), "frozen": plain(holding.frozen)}
            if trades_futures:
                row |= {"equity": plain(holding.net), "bonus": "0"}
            rows.append({**row, "usdtValue": plain(_worth(prices, coin, holding.net))})
    return rows


def earn_rows(account: SandboxAccount, coin: str) -> list[Row]:
    """What earn products hold, by coin; only what is held."""
    return [
        {"coin": name, "amount": plain(holding.net)}
        for name, holding in account.wallet("earn").items()
        if not holding.is_zero and coin in {"", name.upper()}
    ]


def _worth(prices: Prices, coin: str, amount: Decimal) -> Decimal:
    return usdt_value(prices, coin, amount) or Decimal(0)
