"""Rule tests of the recorded totals, shares and moves over a day and more."""

from tests.deploy.rule_cases.table import Case, Suite, series

STEPS = 160  # of ten minutes


def holding(exchange: str, account: str, currency: str, net: str, usd: str, wallet: str = "spot") -> dict[str, str]:
    place = {"exchange": exchange, "account": account, "wallet": wallet, "currency": currency}
    return {series("exchange_balance_net", **place): net, series("exchange_balance_usd", **place): usd}


def fresh(exchange: str, account: str, wallet: str, values: str) -> dict[str, str]:
    return {series("exchange_wallet_fresh", exchange=exchange, account=account, wallet=wallet): values}


def moved(operation: str, time: str, by: dict[str, float]) -> tuple[str, str, dict[str, float]]:
    """Return the check of a move of each coin of the account `one`."""
    metric = f"account_currency:exchange_balance_{operation}"
    place = 'exchange="htx", account="one"'
    samples = {f'{metric}{{{place}, currency="{coin}"}}': value for coin, value in by.items()}
    return (f'{metric}{{exchange="htx"}}', time, samples)


MOVES: tuple[tuple[str, str, dict[str, float]], ...] = (
    moved("net:change_1h", "1h30m", {"BTC": 1, "ETH": -10, "SOL": 5, "DOT": 0}),
    moved("net:change_1d", "24h30m", {"BTC": 1, "ETH": -10, "SOL": 5, "DOT": 0}),
    moved("usd:change_1d", "24h30m", {"BTC": 250, "ETH": -100, "SOL": 50}),
    moved("usd:flow_1d", "24h30m", {"BTC": 150, "ETH": -100, "SOL": 50}),
    moved("usd:price_1d", "24h30m", {"BTC": 100, "ETH": 0, "SOL": 0}),
    (
        'account_currency:exchange_balance_net:change_1h{exchange="xt"}',
        "1h30m",
        {
            'account_currency:exchange_balance_net:change_1h{exchange="xt", account="two", currency="BTC"}': 0,
        },
    ),
)

SUITE = Suite(
    name="totals",
    about="Recorded totals as fresh and as last known, shares, and moves split into flow and price.",
    rules=("recording",),
    interval="10m",
    cases=(
        Case(
            says="totals as fresh and as last known, their shares, and the share of wallets that are fresh",
            series={
                **holding("htx", "one", "BTC", f"2x{STEPS}", f"200x{STEPS}"),
                **holding("htx", "one", "USDT", f"100x{STEPS}", f"100x{STEPS}", wallet="margin"),
                **holding("xt", "two", "BTC", "1x5 stale", "100x5 stale"),
                **fresh("htx", "one", "spot", f"1x{STEPS}"),
                **fresh("htx", "one", "margin", f"1x{STEPS}"),
                **fresh("htx", "one", "overview", f"0x{STEPS}"),
                **fresh("xt", "two", "spot", f"1x5 0x{STEPS}"),
            },
            values=(
                ("all:exchange_balance_usd:fresh", "50m", {"all:exchange_balance_usd:fresh": 400}),
                ("all:exchange_balance_usd:fresh", "2h", {"all:exchange_balance_usd:fresh": 300}),
                ("all:exchange_balance_usd:last_known", "2h", {"all:exchange_balance_usd:last_known": 400}),
                ("all:exchange_balance_usd:last_known", "26h", {"all:exchange_balance_usd:last_known": 300}),
                (
                    "exchange:exchange_balance_usd:fresh",
                    "2h",
                    {'exchange:exchange_balance_usd:fresh{exchange="htx"}': 300},
                ),
                (
                    "exchange:exchange_balance_usd:last_known",
                    "2h",
                    {
                        'exchange:exchange_balance_usd:last_known{exchange="htx"}': 300,
                        'exchange:exchange_balance_usd:last_known{exchange="xt"}': 100,
                    },
                ),
                (
                    "exchange:exchange_balance_usd:share",
                    "2h",
                    {
                        'exchange:exchange_balance_usd:share{exchange="htx"}': 0.75,
                        'exchange:exchange_balance_usd:share{exchange="xt"}': 0.25,
                    },
                ),
                (
                    "account:exchange_balance_usd:fresh",
                    "50m",
                    {
                        'account:exchange_balance_usd:fresh{exchange="htx", account="one"}': 300,
                        'account:exchange_balance_usd:fresh{exchange="xt", account="two"}': 100,
                    },
                ),
                (
                    "account:exchange_balance_usd:last_known",
                    "2h",
                    {
                        'account:exchange_balance_usd:last_known{exchange="htx", account="one"}': 300,
                        'account:exchange_balance_usd:last_known{exchange="xt", account="two"}': 100,
                    },
                ),
                (
                    "currency:exchange_balance_usd:fresh",
                    "2h",
                    {
                        'currency:exchange_balance_usd:fresh{currency="BTC"}': 200,
                        'currency:exchange_balance_usd:fresh{currency="USDT"}': 100,
                    },
                ),
                (
                    "currency:exchange_balance_usd:last_known",
                    "2h",
                    {
                        'currency:exchange_balance_usd:last_known{currency="BTC"}': 300,
                        'currency:exchange_balance_usd:last_known{currency="USDT"}': 100,
                    },
                ),
                (
                    "currency:exchange_balance_net:fresh",
                    "2h",
                    {
                        'currency:exchange_balance_net:fresh{currency="BTC"}': 2,
                        'currency:exchange_balance_net:fresh{currency="USDT"}': 100,
                    },
                ),
                (
                    "currency:exchange_balance_net:last_known",
                    "2h",
                    {
                        'currency:exchange_balance_net:last_known{currency="BTC"}': 3,
                        'currency:exchange_balance_net:last_known{currency="USDT"}': 100,
                    },
                ),
                (
                    "exchange:exchange_wallet_fresh:share",
                    "2h",
                    {
                        'exchange:exchange_wallet_fresh:share{exchange="htx"}': 1,
                        'exchange:exchange_wallet_fresh:share{exchange="xt"}': 0,
                    },
                ),
                (
                    "account:exchange_wallet_fresh:share",
                    "50m",
                    {
                        'account:exchange_wallet_fresh:share{exchange="htx", account="one"}': 1,
                        'account:exchange_wallet_fresh:share{exchange="xt", account="two"}': 1,
                    },
                ),
                ("round(all:exchange_wallet_fresh:share, 0.001)", "2h", {"{}": 0.667}),
            ),
        ),
        Case(
            says="moves within a day: bought, repriced, sold out, new, failing, and held without a price before",
            series={
                **holding("htx", "one", "BTC", "2x5 3x150", "200x5 450x150"),
                **holding("htx", "one", "ETH", "10x5 0x150", "100x5 0x150"),
                **holding("htx", "one", "SOL", "_x6 5x150", "_x6 50x150"),
                **holding("htx", "one", "DOT", "7x155", "_x6 70x150"),
                **holding("xt", "two", "BTC", "1x5 stale", "100x5 stale"),
            },
            values=MOVES,
        ),
    ),
)
