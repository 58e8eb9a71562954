"""Rule tests of what is old or gone: BalanceStale, BalanceMissing, CoinVanished."""

from tests.deploy.rule_cases.table import Alert, Case, Suite, series, wallet_state

GRID = {"exchange": "bitget", "account": "grid-1", "wallet": "spot"}
ACCOUNT = {"exchange": "bitget", "account": "grid-1"}
TEAM = {series("exchange_account_info", **ACCOUNT, shard="0", team="grid"): "1x500"}
UP = series("exchange_account_up", **ACCOUNT)


def btc(name: str, **more: str) -> str:
    return series(name, **{**GRID, "currency": "BTC", **more})


SUITE = Suite(
    name="balances",
    about="Balances over time: stale, missing, vanished.",
    rules=("recording", "balances"),
    cases=(
        Case(
            says="BalanceStale: five minutes without a good read are quiet, more fires, a good read resolves",
            series={
                **wallet_state(40, last_success="0+60x10 600x9 stale 600x2 1500+60x10", of=GRID),
                series("exchange_wallet_failing", **GRID, reason="timeout"): "_x11 1x9 stale 1x2 stale",
                **TEAM,
            },
            silent={"BalanceStale": ("15m", "17m", "27m"), "BalanceMissing": ("20m",)},
            firing={
                "BalanceStale": {
                    "18m": [
                        Alert(
                            {**GRID, "severity": "warning", "team": "grid"},
                            (
                                "Wallet spot of account grid-1 on bitget was last read 8m 0s ago; reads "
                                "fail: timeout. Its last amounts are still served until they are 10m 0s "
                                "old."
                            ),
                        )
                    ],
                    "21m": [
                        Alert(
                            {**GRID, "severity": "warning", "team": "grid"},
                            (
                                "Wallet spot of account grid-1 on bitget was last read 11m 0s ago; reads "
                                "fail: timeout. Its last amounts are still served until they are 10m 0s "
                                "old."
                            ),
                        )
                    ],
                }
            },
        ),
        Case(
            says="BalanceStale: an overview, read every five minutes, is old after twenty, and is never missing",
            series={
                **wallet_state(
                    60,
                    fresh="1x30 0x30",
                    last_success="0+0x60",
                    interval=30,
                    of={**GRID, "wallet": "overview"},
                ),
            },
            silent={"BalanceStale": ("20m", "22m"), "BalanceMissing": ("60m",)},
            firing={
                "BalanceStale": {
                    "40m": [
                        Alert(
                            {**GRID, "wallet": "overview", "severity": "warning"},
                            (
                                "Wallet overview of account grid-1 on bitget was not read since the exporter "
                                "started. Its amounts are not served any more, so no limit on them is "
                                "watched."
                            ),
                        )
                    ]
                }
            },
        ),
        Case(
            says="BalanceMissing: four minutes without data are quiet, five fire, a good read resolves",
            series={
                **wallet_state(40, fresh="1x10 0x5 stale 0x5 1x10", last_success="0+60x5 300x17 1440+60x10", of=GRID),
                btc("exchange_balance_threshold", of="net", severity="warning"): "1x40",
                btc("exchange_balance_threshold", of="net", severity="critical"): "0.5x40",
                btc("exchange_balance_net"): "2x10 stale _x12 2x10",
                series("exchange_wallet_failing", **GRID, reason="auth"): "_x6 1x10 stale 1x5 stale",
                **TEAM,
            },
            silent={"BalanceMissing": ("10m", "15m", "26m")},
            firing={
                "BalanceMissing": {
                    "16m": [
                        Alert(
                            {**GRID, "severity": "critical", "team": "grid"},
                            (
                                "No balance of wallet spot of account grid-1 on bitget is served; it was "
                                "last read 11m 0s ago; reads fail: auth. Currencies with limits that "
                                "nobody watches now: 1."
                            ),
                        )
                    ],
                    "17m": [
                        Alert(
                            {**GRID, "severity": "critical", "team": "grid"},
                            (
                                "No balance of wallet spot of account grid-1 on bitget is served; it was "
                                "last read 12m 0s ago; reads fail: auth. Currencies with limits that "
                                "nobody watches now: 1."
                            ),
                        )
                    ],
                }
            },
        ),
        Case(
            says="BalanceMissing: never read since the start, without limits",
            series={**wallet_state(20, fresh="0x20", last_success="0x20", of=GRID), UP: "0x20"},
            silent={"BalanceMissing": ("4m",)},
            firing={
                "BalanceMissing": {
                    "6m": [
                        Alert(
                            {**GRID, "severity": "critical"},
                            (
                                "No balance of wallet spot of account grid-1 on bitget is served; it was not "
                                "read since the exporter started. It has no limits."
                            ),
                        )
                    ]
                },
                "BalanceStale": {
                    "6m": [
                        Alert(
                            {**GRID, "severity": "warning"},
                            (
                                "Wallet spot of account grid-1 on bitget was not read since the exporter "
                                "started. Its amounts are not served any more, so no limit on them is "
                                "watched."
                            ),
                        )
                    ]
                },
            },
        ),
        Case(
            says="BalanceMissing: a limit without its balance in a wallet that is fresh",
            series={
                **wallet_state(40, of=GRID),
                btc("exchange_balance_threshold", of="net", severity="critical"): "0.5x40",
                btc("exchange_balance_net"): "2x10 stale _x15 2x10",
            },
            silent={"BalanceMissing": ("10m", "18m", "30m")},
            firing={
                "BalanceMissing": {
                    "25m": [
                        Alert(
                            {**GRID, "currency": "BTC", "severity": "critical"},
                            (
                                "Account grid-1 on bitget has a limit of 0.5 BTC in wallet spot, but no such "
                                "balance is served."
                            ),
                        )
                    ]
                }
            },
        ),
        Case(
            says="BalanceMissing: a limit on a wallet that does not exist",
            series={btc("exchange_balance_threshold", of="available", severity="warning"): "0.25x20"},
            silent={"BalanceMissing": ("4m",)},
            firing={
                "BalanceMissing": {
                    "6m": [
                        Alert(
                            {**GRID, "currency": "BTC", "severity": "critical"},
                            (
                                "Account grid-1 on bitget has a limit of 0.25 BTC in wallet spot, but no "
                                "such balance is served."
                            ),
                        )
                    ]
                }
            },
        ),
        Case(
            says="An optional wallet that the key never could read is neither stale nor missing, unless it has a limit",
            series={
                UP: "1x20",
                **wallet_state(20, fresh="0x20", last_success="0x20", of={**GRID, "wallet": "funding"}),
                **wallet_state(20, fresh="0x20", last_success="0x20", of={**GRID, "wallet": "earn"}),
                series(
                    "exchange_balance_threshold",
                    **{**GRID, "wallet": "earn", "currency": "BTC", "of": "net", "severity": "warning"},
                ): "1x20",
            },
            firing={
                "BalanceStale": {
                    "15m": [
                        Alert(
                            {**GRID, "wallet": "earn", "severity": "warning"},
                            (
                                "Wallet earn of account grid-1 on bitget was not read since the exporter "
                                "started. Its amounts are not served any more, so no limit on them is "
                                "watched."
                            ),
                        )
                    ],
                },
                "BalanceMissing": {
                    "15m": [
                        Alert(
                            {**GRID, "wallet": "earn", "severity": "critical"},
                            (
                                "No balance of wallet earn of account grid-1 on bitget is served; it was "
                                "not read since the exporter started. Currencies with limits that nobody "
                                "watches now: 1."
                            ),
                        )
                    ],
                },
            },
        ),
        Case(
            says="A wallet that is required from now on and cannot be read is missing, though its account was up",
            series={
                UP: "1x29 0x60",
                **wallet_state(80, of=GRID),
                **wallet_state(80, fresh="_x30 0x60", last_success="_x30 0x60", of={**GRID, "wallet": "futures"}),
            },
            silent={"BalanceMissing": ("60m",)},
            firing={
                "BalanceMissing": {
                    "70m": [
                        Alert(
                            {**GRID, "wallet": "futures", "severity": "critical"},
                            "No balance of wallet futures of account grid-1 on bitget is served; "
                            "it was not read since the exporter started. It has no limits.",
                        )
                    ]
                }
            },
        ),
        Case(
            says="CoinVanished: gone for more than the look-back in a fresh wallet, until it is back",
            series={
                **wallet_state(60, fresh="1x16 stale 1x43", of=GRID),
                btc("exchange_balance_net"): "2x5 1.5x4 stale _x9 1.5x10",
                btc("exchange_balance_usd"): "90000x10 stale _x9 90000x10",
                **TEAM,
            },
            silent={"CoinVanished": ("10m", "13m", "14m", "21m")},
            firing={
                "CoinVanished": {
                    time: [
                        Alert(
                            {**GRID, "currency": "BTC", "severity": "warning", "team": "grid"},
                            (
                                "Account grid-1 on bitget held 1.5 BTC in wallet spot when it was last seen "
                                "there; the wallet is fresh and the coin is not in it."
                            ),
                        )
                    ]
                    for time in ("16m", "17m", "20m")
                }
            },
        ),
        Case(
            says="CoinVanished: not while the wallet is not fresh, not for dust, not for what reads zero",
            series={
                **wallet_state(30, fresh="1x10 0x20", of=GRID),
                btc("exchange_balance_net"): "2x10 stale",
                **wallet_state(30, of={**GRID, "wallet": "funding"}),
                btc("exchange_balance_net", wallet="funding", currency="DUST"): "2x10 stale",
                btc("exchange_balance_usd", wallet="funding", currency="DUST"): "0.99x10 stale",
                btc("exchange_balance_net", wallet="funding", currency="ETH"): "2x10 0x20",
            },
            silent={"CoinVanished": ("13m", "20m", "30m")},
        ),
    ),
)
