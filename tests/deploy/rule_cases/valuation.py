"""Rule tests of the alerts on values and prices: concentration, unpriced and unwatched money, pegs, old prices."""

from tests.deploy.rule_cases.table import Alert, Case, Suite, series, wallet_state

GRID = {"exchange": "bitget", "account": "grid-1", "wallet": "spot"}
ACCOUNT = {"exchange": "bitget", "account": "grid-1"}
OVERVIEW = {**GRID, "wallet": "overview"}
TEAM = {series("exchange_account_info", **ACCOUNT, shard="0", team="grid"): "1x100"}


def usd(exchange: str, values: str, **more: str) -> dict[str, str]:
    place = {"exchange": exchange, "account": exchange, "wallet": "spot", "currency": "USDT", **more}
    wallet = {"exchange": exchange, "account": exchange, "wallet": "spot"}
    return {
        series("exchange_balance_usd", **place): values,
        series("exchange_balance_net", **place): values,
        **wallet_state(100, of=wallet),
    }


def reported(wallet: str, values: str) -> dict[str, str]:
    return {series("exchange_wallet_reported_usd", **ACCOUNT, wallet=wallet): values}


def read(wallet: str) -> dict[str, str]:
    return {series("exchange_wallet_up", **ACCOUNT, wallet=wallet): "1x60"}


HTX_HOLDS_61 = "htx holds 61% of the USD value of 1000.00 USD on all exchanges; the limit is 60%."

SUITE = Suite(
    name="valuation",
    about="Values and prices: concentration, unpriced and unwatched money, pegs, old prices.",
    rules=("recording", "valuation"),
    cases=(
        Case(
            says="ExchangeConcentrationHigh: sixty percent are quiet, more for half an hour fires, until it is spread",
            series={**usd("htx", "600x9 610x40 stale 610x2 500x20"), **usd("xt", "400x9 390x44 400x20")},
            silent={"ExchangeConcentrationHigh": ("9m", "39m", "55m")},
            firing={
                "ExchangeConcentrationHigh": {
                    time: [Alert({"exchange": "htx", "severity": "warning"}, HTX_HOLDS_61)] for time in ("40m", "51m")
                }
            },
        ),
        Case(
            says="ExchangeConcentrationHigh: not with one exchange, and not while a wallet that matters is not settled",
            series={**usd("htx", "600x60")},
            silent={"ExchangeConcentrationHigh": ("40m", "60m")},
        ),
        Case(
            says="ExchangeConcentrationHigh: silent after a wallet with more than a hundredth was not fresh",
            series={
                **usd("htx", "610x90"),
                **usd("xt", "390x90"),
                **wallet_state(90, fresh="1x49 0 1x40", of={"exchange": "xt", "account": "xt", "wallet": "spot"}),
            },
            silent={"ExchangeConcentrationHigh": ("51m", "60m", "70m")},
            firing={
                "ExchangeConcentrationHigh": {"45m": [Alert({"exchange": "htx", "severity": "warning"}, HTX_HOLDS_61)]}
            },
        ),
        Case(
            says="ExchangeConcentrationHigh: not silenced by a wallet of little weight",
            series={
                **usd("htx", "610x60"),
                **usd("xt", "390x60"),
                **usd("bingx", "1x60"),
                **wallet_state(60, fresh="1x30 0x30", of={"exchange": "bingx", "account": "bingx", "wallet": "spot"}),
            },
            firing={
                "ExchangeConcentrationHigh": {
                    "45m": [
                        Alert(
                            {"exchange": "htx", "severity": "warning"},
                            ("htx holds 60.94% of the USD value of 1001.00 USD on all exchanges; the limit is 60%."),
                        )
                    ]
                }
            },
        ),
        Case(
            says="UnpricedHoldings: half an hour is quiet, more fires through a missed scrape, until all have a price",
            series={
                series("exchange_wallet_unpriced_currencies", **GRID): "0x9 2x35 stale 2x3 0x10",
                series("exchange_balance_net", **GRID, currency="FOO"): "12.5x60",
                series("exchange_balance_net", **GRID, currency="BAR"): "3x60",
                series("exchange_balance_net", **GRID, currency="BTC"): "3x60",
                series("exchange_balance_usd", **GRID, currency="BTC"): "300000x60",
                **TEAM,
            },
            silent={"UnpricedHoldings": ("9m", "39m", "51m")},
            firing={
                "UnpricedHoldings": {
                    time: [
                        Alert(
                            {**GRID, "severity": "info", "team": "grid"},
                            (
                                "Wallet spot of account grid-1 on bitget holds 2 currencies without a "
                                "price, among them 12.5 FOO, 3 BAR; their value counts nowhere."
                            ),
                        )
                    ]
                    for time in ("40m", "46m", "50m")
                }
            },
        ),
        Case(
            says="UnwatchedMoney: ten dollars are quiet, more fires, until the wallet is read",
            series={
                **reported("futures", "10x9 10.5x20 stale 10.5x30"),
                series("exchange_wallet_up", **ACCOUNT, wallet="futures"): "_x41 1x20",
                **reported("spot", "900x60"),
                **read("spot"),
                **reported("isolated_margin", "700x60"),
                **read("isolated_margin/BTCUSDT"),
                **read("isolated_margin/ETHUSDT"),
                series("exchange_balance_usd", **GRID, currency="BTC"): "900x60",
                **wallet_state(60, of=GRID),
                **wallet_state(60, of=OVERVIEW),
                **TEAM,
            },
            silent={"UnwatchedMoney": ("9m", "24m", "42m")},
            firing={
                "UnwatchedMoney": {
                    time: [
                        Alert(
                            {**ACCOUNT, "wallet": "futures", "severity": "warning", "team": "grid"},
                            (
                                "bitget reports 10.50 USD in wallet futures of account grid-1, which is not read; "
                                "where its balance can be asked for, the line that does so is "
                                "`wallets: [main, futures]`, with what is read already. "
                                "The wallets that are read hold 900.00 USD."
                            ),
                        )
                    ]
                    for time in ("25m", "31m", "40m")
                }
            },
        ),
        Case(
            says="UnwatchedMoney: silent after the overview was not fresh",
            series={**reported("futures", "900x60"), **wallet_state(60, fresh="1x29 0 1x30", of=OVERVIEW)},
            silent={"UnwatchedMoney": ("31m", "40m", "50m")},
            firing={
                "UnwatchedMoney": {
                    time: [
                        Alert(
                            {**ACCOUNT, "wallet": "futures", "severity": "warning"},
                            (
                                "bitget reports 900.00 USD in wallet futures of account grid-1, which is not read; "
                                "where its balance can be asked for, the line that does so is "
                                "`wallets: [main, futures]`, with what is read already."
                            ),
                        )
                    ]
                    for time in ("29m", "60m")
                }
            },
        ),
        Case(
            says="StablecoinOffPeg: one percent is quiet, more fires below and above, until it is back",
            series={
                series("exchange_peg_market_price_usd", exchange="xt", currency="USDC"): (
                    "0.991x9 0.98x12 stale 0.98x3 1x10"
                ),
                series("exchange_price_usd", exchange="xt", currency="USDC"): "1x60",
                series("exchange_peg_market_price_usd", exchange="xt", currency="USDT"): "1.02x20 1x20",
                series("exchange_price_usd", exchange="xt", currency="USDT"): "1x60",
                series(
                    "exchange_balance_net", exchange="xt", account="desk", wallet="spot", currency="USDC"
                ): "1500x60",
                **wallet_state(60, of={"exchange": "xt", "account": "desk", "wallet": "spot"}),
            },
            silent={"StablecoinOffPeg": ("9m", "28m")},
            firing={
                "StablecoinOffPeg": {
                    "19m": [
                        Alert(
                            {"exchange": "xt", "currency": "USDT", "severity": "warning"},
                            ("The market on xt is 2% away from the peg of USDT: 1.0200 USD instead of 1.0000."),
                        )
                    ],
                    **{
                        time: [
                            Alert(
                                {"exchange": "xt", "currency": "USDC", "severity": "warning"},
                                (
                                    "The market on xt is 2% away from the peg of USDC: 0.9800 USD "
                                    "instead of 1.0000. Held there: 1500 USDC."
                                ),
                            )
                        ]
                        for time in ("22m", "23m", "27m")
                    },
                }
            },
        ),
        Case(
            says="PricesStale: five minutes are quiet, more fires through a missed scrape, until they are read",
            series={
                series("exchange_price_last_success_timestamp_seconds", exchange="htx"): (
                    "0+60x10 600x9 stale 600x3 1560+60x10"
                ),
            },
            silent={"PricesStale": ("10m", "15m", "17m", "26m")},
            firing={
                "PricesStale": {
                    "18m": [
                        Alert(
                            {"exchange": "htx", "severity": "warning"},
                            (
                                "The prices of htx were last read 8m 0s ago; after ten valuation "
                                "intervals they value nothing any more."
                            ),
                        )
                    ],
                    "21m": [
                        Alert(
                            {"exchange": "htx", "severity": "warning"},
                            (
                                "The prices of htx were last read 11m 0s ago; after ten valuation "
                                "intervals they value nothing any more."
                            ),
                        )
                    ],
                }
            },
        ),
        Case(
            says="PricesStale: never read",
            series={series("exchange_price_last_success_timestamp_seconds", exchange="htx"): "0x20"},
            firing={
                "PricesStale": {
                    "10m": [
                        Alert(
                            {"exchange": "htx", "severity": "warning"},
                            (
                                "The prices of htx were not read since the exporter started; after ten valuation "
                                "intervals they value nothing any more."
                            ),
                        )
                    ]
                }
            },
        ),
    ),
)
