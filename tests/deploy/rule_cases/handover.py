"""Rule tests of the hand-over Low -> Stale -> Missing: at every minute at least one of them fires."""

from tests.deploy.rule_cases.table import Alert, Case, Suite, series, wallet_state

GRID = {"exchange": "bitget", "account": "grid-1", "wallet": "spot"}
USDT = {**GRID, "currency": "USDT"}
ANY_OF_THREE = 'count(ALERTS{alertname=~"BalanceLow|BalanceStale|BalanceMissing",alertstate="firing"}) > bool 0'
KINDS = 'count by (alertname) (ALERTS{alertstate="firing"}) > bool 0'


def watched(times: range) -> tuple[tuple[str, str, dict[str, float]], ...]:
    """Return the check, at each of these minutes, that one of the three fires."""
    return tuple((ANY_OF_THREE, f"{minute}m", {"{}": 1.0}) for minute in times)


def kinds(time: str, *names: str) -> tuple[str, str, dict[str, float]]:
    """Return the check that at a time exactly these alerts fire."""
    return (KINDS, time, {f'{{alertname="{name}"}}': 1.0 for name in names})


def low_until(minute: int, last: int) -> dict[str, str]:
    """Return a balance under its limit that is served up to a minute, and its limit, which stays."""
    return {
        series("exchange_balance_net", **USDT): f"4000x{minute} stale",
        series("exchange_balance_threshold", **USDT, of="net", severity="warning"): f"5000x{last}",
    }


SUITE = Suite(
    name="handover",
    about="The hand-over Low -> Stale -> Missing without a gap, whatever the interval and stale_after.",
    rules=("recording", "balances"),
    cases=(
        Case(
            says="interval 1m, stale_after 10m: reads fail from minute 10 on",
            series={
                **low_until(19, 40),
                **wallet_state(40, fresh="1x19 0x20", last_success="0+60x10 600x30", of=GRID),
            },
            values=(
                kinds("10m", "BalanceLow"),
                *watched(range(2, 41)),
                kinds("20m", "BalanceLow", "BalanceStale"),
                kinds("40m", "BalanceMissing", "BalanceStale"),
            ),
        ),
        Case(
            says="interval 1h, stale_after 5h: reads fail from the second hour on",
            series={
                **low_until(359, 420),
                **wallet_state(
                    420,
                    fresh="1x359 0x60",
                    last_success="0x59 3600x361",
                    interval=3600,
                    stale_after=18000,
                    of=GRID,
                ),
            },
            values=(
                kinds("200m", "BalanceLow"),
                *watched(range(2, 420, 7)),
                *watched(range(355, 375)),
                kinds("243m", "BalanceLow", "BalanceStale"),
                kinds("400m", "BalanceMissing", "BalanceStale"),
            ),
        ),
        Case(
            says="interval 1h, stale_after 0: withdrawn with the first read that fails",
            series={
                **low_until(59, 90),
                **wallet_state(90, fresh="1x59 0x30", last_success="0x90", interval=3600, stale_after=0, of=GRID),
            },
            values=(
                kinds("59m", "BalanceLow"),
                *watched(range(2, 91)),
                kinds("63m", "BalanceLow", "BalanceStale"),
                kinds("90m", "BalanceMissing", "BalanceStale"),
            ),
        ),
        Case(
            says="interval 1m, stale_after 0: withdrawn with the first read that fails",
            series={
                **low_until(9, 40),
                **wallet_state(40, fresh="1x9 0x30", last_success="0+60x9 540x30", stale_after=0, of=GRID),
            },
            values=(
                kinds("9m", "BalanceLow"),
                *watched(range(2, 41)),
                kinds("40m", "BalanceMissing", "BalanceStale"),
            ),
        ),
        Case(
            says="moved to an exporter whose address the exchange refuses",
            series={
                **low_until(10, 40),
                **wallet_state(10, of=GRID),
                **wallet_state(40, fresh="_x11 0x30", last_success="_x11 0x30", instance="b:10118", of=GRID),
            },
            values=(*watched(range(2, 41)), kinds("40m", "BalanceMissing", "BalanceStale")),
        ),
        Case(
            says="the exchange answers again: stale and missing resolve, and the limit is watched at once",
            series={
                series("exchange_balance_net", **USDT): "4000x9 stale _x19 4000x10",
                series("exchange_balance_threshold", **USDT, of="net", severity="warning"): "5000x45",
                **wallet_state(45, fresh="1x9 0x20 1x15", last_success="0+60x9 540x20 1860+60x15", of=GRID),
            },
            silent={"BalanceStale": ("34m",), "BalanceMissing": ("34m",)},
            firing={
                "BalanceLow": {
                    "32m": [
                        Alert(
                            {**USDT, "of": "net", "severity": "warning"},
                            (
                                "The whole holding of account grid-1 on bitget in wallet spot is 4000 "
                                "USDT, under the warning limit of 5000. Add 1000 USDT to reach the "
                                "limit; no target is set. No account has USDT to spare."
                            ),
                        )
                    ],
                }
            },
            values=(*watched(range(2, 41)), kinds("34m", "BalanceLow")),
        ),
    ),
)
