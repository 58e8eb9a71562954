"""Rule tests of the alerts on limits: BalanceLow, BalanceCritical."""

from tests.deploy.rule_cases.table import Alert, Case, Suite, series

GRID = {"exchange": "bitget", "account": "grid-1", "wallet": "spot"}
USDT = {**GRID, "currency": "USDT"}
ACCOUNT = {"exchange": "bitget", "account": "grid-1"}
NET_LIMITS = {
    series("exchange_balance_threshold", **USDT, of="net", severity=severity): f"{limit}x40"
    for severity, limit in (("warning", 5000), ("critical", 1000), ("target", 10000))
}
AVAILABLE_LIMITS = {
    series("exchange_balance_threshold", **USDT, of="available", severity="warning"): "500x40",
    series("exchange_balance_threshold", **USDT, of="available", severity="critical"): "100x40",
}
GIVERS = {
    series(
        "exchange_balance_available", exchange="htx", account="treasury", wallet="spot", currency="USDT"
    ): "20000x40",
    series(
        "exchange_balance_threshold",
        exchange="htx",
        account="treasury",
        wallet="spot",
        currency="USDT",
        of="net",
        severity="warning",
    ): "5000x40",
    series("exchange_balance_available", exchange="xt", account="desk", wallet="spot", currency="USDT"): "300x40",
    series("exchange_balance_available", exchange="xt", account="empty", wallet="spot", currency="USDT"): "0x40",
    series("exchange_balance_available", exchange="xt", account="desk", wallet="spot", currency="BTC"): "7x40",
}
TEAM = {series("exchange_account_info", **ACCOUNT, shard="0", team="grid"): "1x40"}


def low(severity: str, of: str, description: str, **more: str) -> list[Alert]:
    return [Alert({**USDT, "severity": severity, "of": of, **more}, description)]


SUITE = Suite(
    name="limits",
    about="Limits on amounts: BalanceLow, BalanceCritical.",
    rules=("recording", "balances"),
    cases=(
        Case(
            says="BalanceLow: exactly at the limit is quiet, under it fires through a missed scrape, a refill resolves",
            series={
                series("exchange_balance_net", **USDT): "6000x4 5000x4 4999.5x3 stale 4999.5x6 8000x10",
                **NET_LIMITS,
                **GIVERS,
                **TEAM,
            },
            silent={"BalanceLow": ("4m", "9m", "10m", "22m"), "BalanceCritical": ("15m",)},
            firing={
                "BalanceLow": {
                    time: low(
                        "warning",
                        "net",
                        (
                            "The whole holding of account grid-1 on bitget in wallet spot is 4999.5 "
                            "USDT, under the warning limit of 5000. Add 5000.5 USDT to reach its target. "
                            "Could give: 15000 from treasury on htx (spot), 300 from desk on xt (spot)."
                        ),
                        team="grid",
                    )
                    for time in ("11m", "14m", "15m", "21m")
                }
            },
        ),
        Case(
            says="BalanceLow of what is available: no target, nobody who could give, no team",
            series={
                series("exchange_balance_available", **USDT): "500x4 499.25x3 stale 499.25x3 500x10",
                series("exchange_balance_net", **USDT): "9000x40",
                **AVAILABLE_LIMITS,
            },
            silent={"BalanceLow": ("4m", "14m"), "BalanceCritical": ("11m",)},
            firing={
                "BalanceLow": {
                    time: low(
                        "warning",
                        "available",
                        (
                            "What is available to account grid-1 on bitget in wallet spot is 499.25 USDT, "
                            "under the warning limit of 500. Add 0.75 USDT to reach the limit; no target is "
                            "set. No account has USDT to spare."
                        ),
                    )
                    for time in ("6m", "9m", "13m")
                }
            },
        ),
        Case(
            says="BalanceCritical: beside BalanceLow, which Alertmanager then silences",
            series={
                series("exchange_balance_net", **USDT): "1000x4 999.999x3 stale 999.999x3 1000x10",
                **NET_LIMITS,
                **GIVERS,
                **TEAM,
            },
            silent={"BalanceCritical": ("4m", "14m")},
            firing={
                "BalanceCritical": {
                    time: low(
                        "critical",
                        "net",
                        (
                            "The whole holding of account grid-1 on bitget in wallet spot is 999.999 "
                            "USDT, under the critical limit of 1000. Add 9000.001 USDT to reach its "
                            "target. Could give: 15000 from treasury on htx (spot), 300 from desk on xt "
                            "(spot)."
                        ),
                        team="grid",
                    )
                    for time in ("6m", "9m", "13m")
                },
                "BalanceLow": {
                    "11m": low(
                        "warning",
                        "net",
                        (
                            "The whole holding of account grid-1 on bitget in wallet spot is 999.999 "
                            "USDT, under the warning limit of 5000. Add 9000.001 USDT to reach its "
                            "target. Could give: 15000 from treasury on htx (spot), 300 from desk on xt "
                            "(spot)."
                        ),
                        team="grid",
                    )
                },
            },
        ),
        Case(
            says="BalanceCritical of what is available",
            series={
                series("exchange_balance_available", **USDT): "100x4 0x3 stale 0x3 100x10",
                **AVAILABLE_LIMITS,
                **GIVERS,
            },
            silent={"BalanceCritical": ("4m", "14m")},
            firing={
                "BalanceCritical": {
                    time: low(
                        "critical",
                        "available",
                        (
                            "What is available to account grid-1 on bitget in wallet spot is 0 USDT, under "
                            "the critical limit of 100. Add 100 USDT to reach the limit; no target is set. "
                            "Could give: 15000 from treasury on htx (spot), 300 from desk on xt (spot)."
                        ),
                    )
                    for time in ("6m", "9m", "13m")
                }
            },
        ),
        Case(
            says="BalanceLow of a debt that is larger than the holding",
            series={series("exchange_balance_net", **USDT): "-250.5x20", **NET_LIMITS},
            firing={
                "BalanceCritical": {
                    "5m": low(
                        "critical",
                        "net",
                        (
                            "The whole holding of account grid-1 on bitget in wallet spot is -250.5 USDT, "
                            "under the critical limit of 1000. Add 10250.5 USDT to reach its target. No "
                            "account has USDT to spare."
                        ),
                    )
                }
            },
        ),
        Case(
            says="BalanceLow of a currency with a hostile name",
            series={
                series("exchange_balance_net", **GRID, currency='U"} 1\n\\x'): "1x20",
                series(
                    "exchange_balance_threshold",
                    **GRID,
                    currency='U"} 1\n\\x',
                    of="net",
                    severity="warning",
                ): "2x20",
            },
            firing={
                "BalanceLow": {
                    "5m": [
                        Alert(
                            {**GRID, "currency": 'U"} 1\n\\x', "severity": "warning", "of": "net"},
                            (
                                "The whole holding of account grid-1 on bitget in wallet spot is "
                                '1 U"} 1\n\\x, under the warning limit of 2. Add 1 U"} 1\n\\x to '
                                'reach the limit; no target is set. No account has U"} 1\n\\x to '
                                "spare."
                            ),
                        )
                    ]
                }
            },
        ),
    ),
)
