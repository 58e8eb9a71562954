"""Rule tests of limits on what several accounts hold together: TotalLow."""

from tests.deploy.rule_cases.table import Alert, Case, Suite, series

DESK = {"exchange": "bitget", "account": "desk", "wallet": "spot", "currency": "USDT"}


def part(
    values: str, of: str = "net", shard: str = "0", shards: str = "1", instance: str = "a:10118"
) -> dict[str, str]:
    """Return what one instance says of its part of the total `firm`: of USDT, or in USD."""
    labels = {"total": "firm", "shard": shard, "instance": instance}
    if of == "net":
        labels["currency"] = "USDT"
    return {
        series(f"exchange_total_{of}", **labels): values,
        series("exchange_exporter_shards", instance=instance): f"{shards}x60",
    }


def limits(of: str = "net", instance: str = "a:10118", **amounts: int) -> dict[str, str]:
    """Return the limits, as every instance tells all of them."""
    currency = "USDT" if of == "net" else ""
    labels = {"total": "firm", "of": of, "currency": currency, "instance": instance}
    return {
        series("exchange_total_threshold", **labels, severity=severity): f"{amount}x60"
        for severity, amount in amounts.items()
    }


def low(description: str, severity: str = "warning", of: str = "net") -> list[Alert]:
    labels = {"total": "firm", "of": of, "severity": severity}
    return [Alert({**labels, "currency": "USDT"} if of == "net" else labels, description)]


HOLD_900 = "The accounts of total firm hold 900 USDT together, under the warning limit of 1000; 100 USDT are missing."

SUITE = Suite(
    name="together",
    about="Limits on what several accounts hold together: TotalLow.",
    rules=("recording", "balances"),
    cases=(
        Case(
            says="TotalLow: exactly at the limit is quiet, under it fires through a missed scrape, a refill resolves",
            series={
                **part("1000x9 900x5 stale 900x5 1000x30"),
                **limits(warning=1000, critical=500),
                series("exchange_balance_net", **DESK): "650x60",
                series("exchange_balance_net", **{**DESK, "wallet": "funding"}): "50x60",
                series("exchange_balance_net", **{**DESK, "account": "small"}): "200x60",
            },
            silent={"TotalLow": ("9m", "11m", "24m")},
            firing={
                "TotalLow": {
                    time: low(
                        HOLD_900 + " Of all accounts, most is held by desk on bitget (700), small on bitget (200)."
                    )
                    for time in ("12m", "15m", "16m", "17m", "21m")
                }
            },
        ),
        Case(
            says="TotalLow: critical beside warning, which Alertmanager then silences; in USD too",
            series={
                **part("400x60"),
                **part("2500.5x60", of="usd"),
                **limits(warning=1000, critical=500),
                **limits(of="usd", warning=3000, critical=1000),
            },
            firing={
                "TotalLow": {
                    "10m": [
                        *low(
                            "The accounts of total firm hold 400 USDT together, under the critical limit of 500; "
                            "100 USDT are missing.",
                            "critical",
                        ),
                        *low(
                            "The accounts of total firm hold 400 USDT together, under the warning limit of 1000; "
                            "600 USDT are missing."
                        ),
                        *low(
                            "The accounts of total firm are worth 2500.5 USD together, under the warning limit of "
                            "3000; 499.5 USD are missing.",
                            of="usd",
                        ),
                    ]
                }
            },
        ),
        Case(
            says="TotalLow: shards add up, replicas of a shard count once",
            series={
                **part("600x60", shard="0", shards="2", instance="a:10118"),
                **part("600x60", shard="0", shards="2", instance="b:10118"),
                **part("500x19 300x40", shard="1", shards="2", instance="c:10118"),
                **limits(warning=1000),
                **limits(warning=1000, instance="c:10118"),
            },
            silent={"TotalLow": ("10m", "19m")},
            firing={"TotalLow": {"30m": low(HOLD_900)}},
        ),
        Case(
            says="TotalLow: silent while a shard does not tell its part, and while a part is not known",
            series={
                **part("400x60", shard="0", shards="2", instance="a:10118"),
                **part("500x9 stale _x20 500x30", shard="1", shards="2", instance="c:10118"),
                **limits(warning=1000),
            },
            silent={"TotalLow": ("14m", "20m", "29m")},
            firing={"TotalLow": {"40m": low(HOLD_900)}},
        ),
        Case(
            says="TotalLow: a rolling restart of the only shard silences nothing",
            series={
                **part("900x29 stale", instance="a:10118"),
                **part("_x31 900x28", instance="b:10118"),
                **limits(warning=1000),
            },
            firing={"TotalLow": {time: low(HOLD_900) for time in ("20m", "29m", "30m", "31m", "32m", "40m")}},
        ),
    ),
)
