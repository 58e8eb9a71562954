"""Rule tests of the limits on the USD value of an account: AccountUsdLow, AccountUsdMissing."""

from tests.deploy.rule_cases.table import Alert, Case, Suite, series, wallet_state

GRID = {"exchange": "bitget", "account": "grid-1", "wallet": "spot"}
ACCOUNT = {"exchange": "bitget", "account": "grid-1"}
TEAM = {series("exchange_account_info", **ACCOUNT, shard="0", team="grid"): "1x60"}
WORTH_100 = (
    "Account grid-1 on bitget is worth 100.00 USD, under its warning limit of 20000.00 USD. Add "
    "19900.00 USD to reach it. No other account has USD value to spare."
)


def usd_limit(severity: str, usd: int) -> dict[str, str]:
    return {series("exchange_account_usd_threshold", **ACCOUNT, severity=severity): f"{usd}x60"}


def counts(unpriced: str = "0x60", hidden: str = "0x60") -> dict[str, str]:
    return {
        series("exchange_wallet_unpriced_currencies", **GRID): unpriced,
        series("exchange_wallet_hidden_currencies", **GRID): hidden,
    }


SUITE = Suite(
    name="usd",
    about="Limits on the USD value of an account: AccountUsdLow, AccountUsdMissing.",
    rules=("recording", "balances"),
    cases=(
        Case(
            says="AccountUsdLow: both severities, with what other accounts have above their own limits",
            series={
                **wallet_state(60, of=GRID),
                **counts(),
                series("exchange_account_usd", **ACCOUNT): "20000x19 19999.5x5 stale 19999.5x5 4000x8 20000x10",
                series("exchange_account_usd", exchange="htx", account="treasury"): "90000x60",
                series("exchange_account_usd_threshold", exchange="htx", account="treasury", severity="warning"): (
                    "50000x60"
                ),
                series("exchange_account_usd", exchange="xt", account="desk"): "1234.5x60",
                **usd_limit("warning", 20000),
                **usd_limit("critical", 5000),
                **TEAM,
            },
            silent={"AccountUsdLow": ("19m", "21m", "42m")},
            firing={
                "AccountUsdLow": {
                    **{
                        time: [
                            Alert(
                                {**ACCOUNT, "severity": "warning", "team": "grid"},
                                (
                                    "Account grid-1 on bitget is worth 19999.50 USD, under its warning "
                                    "limit of 20000.00 USD. Add 0.50 USD to reach it. Could give: "
                                    "40000.00 USD from treasury on htx, 1234.50 USD from desk on xt."
                                ),
                            )
                        ]
                        for time in ("22m", "26m", "31m")
                    },
                    "38m": [
                        Alert(
                            {**ACCOUNT, "severity": "warning", "team": "grid"},
                            (
                                "Account grid-1 on bitget is worth 4000.00 USD, under its warning "
                                "limit of 20000.00 USD. Add 16000.00 USD to reach it. Could give: "
                                "40000.00 USD from treasury on htx, 1234.50 USD from desk on xt."
                            ),
                        ),
                        Alert(
                            {**ACCOUNT, "severity": "critical", "team": "grid"},
                            (
                                "Account grid-1 on bitget is worth 4000.00 USD, under its critical "
                                "limit of 5000.00 USD. Add 1000.00 USD to reach it. Could give: "
                                "40000.00 USD from treasury on htx, 1234.50 USD from desk on xt."
                            ),
                        ),
                    ],
                }
            },
        ),
        Case(
            says="AccountUsdLow is silent while a wallet was not fresh within ten minutes, and only then",
            series={
                **wallet_state(60, fresh="1x29 0x1 1x30", of=GRID),
                **counts(),
                series("exchange_account_usd", **ACCOUNT): "100x60",
                **usd_limit("warning", 20000),
            },
            silent={"AccountUsdLow": ("30m", "35m", "41m")},
            firing={
                "AccountUsdLow": {
                    time: [Alert({**ACCOUNT, "severity": "warning"}, WORTH_100)] for time in ("29m", "50m")
                }
            },
        ),
        Case(
            says="AccountUsdLow is silent where the value is absent: at a start, and while a wallet is not fresh",
            series={
                **wallet_state(60, of=GRID),
                **wallet_state(60, fresh="0x9 1x20 0x29", of={**GRID, "wallet": "funding"}),
                **counts(),
                series("exchange_account_usd", **ACCOUNT): "_x9 30000x20 stale",
                **usd_limit("warning", 20000),
                **usd_limit("critical", 5000),
            },
            silent={"AccountUsdLow": ("3m", "9m", "12m", "25m", "31m", "35m", "45m", "59m")},
        ),
        Case(
            says="AccountUsdLow is silent while other coins than before are unpriced",
            series={
                **wallet_state(60, of=GRID),
                **counts(unpriced="0x29 3x30"),
                series("exchange_account_usd", **ACCOUNT): "90000x29 100x30",
                **usd_limit("warning", 20000),
            },
            silent={"AccountUsdLow": ("29m", "35m", "40m")},
            firing={"AccountUsdLow": {"50m": [Alert({**ACCOUNT, "severity": "warning"}, WORTH_100)]}},
        ),
        Case(
            says="AccountUsdLow is silent while other coins than before are hidden",
            series={
                **wallet_state(60, of=GRID),
                **counts(hidden="2x29 3x30"),
                series("exchange_account_usd", **ACCOUNT): "90000x29 100x30",
                **usd_limit("warning", 20000),
            },
            silent={"AccountUsdLow": ("29m", "35m", "40m")},
            firing={"AccountUsdLow": {"50m": [Alert({**ACCOUNT, "severity": "warning"}, WORTH_100)]}},
        ),
        Case(
            says="AccountUsdLow is not silenced by an optional wallet that the key never could read",
            series={
                **wallet_state(60, of=GRID),
                **wallet_state(60, fresh="0x60", last_success="0x60", of={**GRID, "wallet": "funding"}),
                series("exchange_account_up", **ACCOUNT): "1x60",
                **counts(),
                series("exchange_account_usd", **ACCOUNT): "100x60",
                **usd_limit("warning", 20000),
            },
            firing={"AccountUsdLow": {"20m": [Alert({**ACCOUNT, "severity": "warning"}, WORTH_100)]}},
        ),
        Case(
            says="AccountUsdMissing: half an hour without a value is quiet, more fires, after a day too, until it ends",
            series={
                **wallet_state(1600, of=GRID),
                **wallet_state(1600, fresh="1x9 0x1540 1x40", of={**GRID, "wallet": "funding"}),
                series("exchange_wallet_failing", **GRID | {"wallet": "funding"}, reason="permission"): (
                    "_x10 1x1540 stale"
                ),
                series("exchange_account_usd", **ACCOUNT): "100x9 stale _x1539 100x40",
                series("exchange_account_usd_threshold", **ACCOUNT, severity="warning"): "50x1600",
                series("exchange_account_usd_threshold", exchange="xt", account="bare", severity="target"): "50x1600",
            },
            silent={"AccountUsdMissing": ("9m", "41m", "1551m")},
            firing={
                "AccountUsdMissing": {
                    time: [
                        Alert(
                            {**ACCOUNT, "severity": "warning"},
                            "Account grid-1 on bitget has a limit of 50.00 USD, but no value of it is served. "
                            "Not fresh: funding (permission).",
                        )
                    ]
                    for time in ("43m", "600m", "1540m")
                }
            },
        ),
        Case(
            says="AccountUsdMissing: a value that comes and goes with failed scrapes is there; fresh wallets are told",
            series={
                **wallet_state(100, of=GRID),
                series("exchange_account_usd", **ACCOUNT): "100x9 stale 100x9 stale 100x9 stale",
                series("exchange_account_usd_threshold", **ACCOUNT, severity="critical"): "50x100",
            },
            silent={"AccountUsdMissing": ("25m", "60m")},
            firing={
                "AccountUsdMissing": {
                    "65m": [
                        Alert(
                            {**ACCOUNT, "severity": "warning"},
                            "Account grid-1 on bitget has a limit of 50.00 USD, but no value of it is served. "
                            "Its wallets are fresh: look for rows that cannot be read, and whether valuation is on.",
                        )
                    ]
                }
            },
        ),
    ),
)
