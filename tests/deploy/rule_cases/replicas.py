"""Rule tests of copies: a rolling restart, a second replica and a shared account raise nothing and silence nothing."""

from tests.deploy.rule_cases.table import Alert, Case, Suite, series

GRID = {"exchange": "bitget", "account": "grid-1", "wallet": "spot"}
USDT = {**GRID, "currency": "USDT"}
ACCOUNT = {"exchange": "bitget", "account": "grid-1"}
FIRING = 'count by (alertname) (ALERTS{alertname!="DeadMansSwitch",alertstate="firing"})'
ALL_ALERTS = 'count by (alertname) (ALERTS{alertname!="DeadMansSwitch"})'
JOB = "exchange-balance-exporter"
LOW = [
    Alert(
        {**USDT, "of": "net", "severity": "warning", "team": "grid"},
        (
            "The whole holding of account grid-1 on bitget in wallet spot is 4000 USDT, under the "
            "warning limit of 5000. Add 1000 USDT to reach the limit; no target is set. No account has "
            "USDT to spare."
        ),
    )
]
USD_LOW = [
    Alert(
        {**ACCOUNT, "severity": "critical", "team": "grid"},
        (
            "Account grid-1 on bitget is worth 4000.00 USD, under its critical limit of 5000.00 USD. Add "
            "1000.00 USD to reach it. No other account has USD value to spare."
        ),
    )
]


def exporter(
    instance: str,
    before: int,
    minutes: int,
    net: str = "8000",
    usd: str = "8000",
    job: str = JOB,
    starting: bool = False,
) -> dict[str, str]:
    """Return all that one exporter says of one account from one minute on for some minutes.

    One that is `starting` shows for its first minute what a process knows before its first poll.
    """
    late = f"_x{before} " if before else ""
    gap = "_ " if starting else ""
    target = {"instance": instance, "job": job}

    def always(value: object) -> str:
        return f"{late}{value}x{minutes} stale"

    def after_poll(value: object) -> str:
        return f"{late}{gap}{value}x{minutes - starting} stale"

    def from_zero(value: object) -> str:
        return f"{late}{'0 ' if starting else ''}{value}x{minutes - starting} stale"

    return {
        series("up", **target): always(1),
        series("exchange_exporter_build_info", version="1.0.0", **target): always(1),
        series("exchange_exporter_config_hash", **target): always(1234567),
        series("exchange_exporter_config_last_reload_successful", **target): always(1),
        series("exchange_exporter_shards", **target): always(1),
        series("exchange_exporter_shard_ordinal", **target): always(0),
        series("exchange_exporter_scheduler_lag_seconds", **target): always(0.01),
        series("exchange_account_info", **ACCOUNT, shard="0", team="grid", **target): always(1),
        series("exchange_account_up", **ACCOUNT, **target): from_zero(1),
        series("exchange_account_poll_interval_seconds", **ACCOUNT, **target): always(60),
        series("exchange_polls_skipped_total", **ACCOUNT, reason="late", **target): always(0),
        series("exchange_wallet_up", **GRID, **target): from_zero(1),
        series("exchange_wallet_fresh", **GRID, **target): from_zero(1),
        series("exchange_wallet_last_success_timestamp_seconds", **GRID, **target): (
            f"{late}{'0 ' if starting else ''}{(before + starting) * 60}+60x{minutes - starting} stale"
        ),
        series("exchange_wallet_unpriced_currencies", **GRID, **target): after_poll(0),
        series("exchange_wallet_hidden_currencies", **GRID, **target): after_poll(0),
        series("exchange_balance_threshold", **USDT, of="net", severity="warning", **target): always(5000),
        series("exchange_account_usd_threshold", **ACCOUNT, severity="critical", **target): always(5000),
        series("exchange_price_last_success_timestamp_seconds", exchange="bitget", **target): (
            f"{late}{before * 60}+60x{minutes} stale"
        ),
        series("exchange_balance_net", **USDT, **target): after_poll(net),
        series("exchange_balance_available", **USDT, **target): after_poll(net),
        series("exchange_balance_frozen", **USDT, **target): after_poll(0),
        series("exchange_balance_usd", **USDT, **target): after_poll(usd),
        series("exchange_account_usd", **ACCOUNT, **target): after_poll(usd),
    }


def restarted(instance: str, stop: int, start: int, net: str = "8000") -> dict[str, str]:
    """Return what one exporter says that ends after a minute and begins anew, under the same name, at a later one."""
    ended = exporter(instance, 0, stop, net=net)
    begun = exporter(instance, start, 59 - start, net=net, starting=True)
    down = " _" if start > stop + 2 else ""
    return {name: f"{ended[name]}{down} {begun[name].removeprefix(f'_x{start} ')}" for name in ended}


def nothing(*times: str) -> tuple[tuple[str, str, dict[str, float]], ...]:
    """Return the checks that no alert is pending or firing at these times."""
    return tuple((ALL_ALERTS, time, {}) for time in times)


def still_low(*times: str) -> dict[str, dict[str, list[Alert]]]:
    return {"BalanceLow": dict.fromkeys(times, LOW), "AccountUsdLow": dict.fromkeys(times, USD_LOW)}


EVERY_MINUTE = tuple(f"{minute}m" for minute in range(1, 59))

SUITE = Suite(
    name="replicas",
    about="An account that two exporters serve for a while or for good: nothing is raised by it, and nothing silenced.",
    rules=("recording", "balances", "accounts", "valuation", "exporter"),
    cases=(
        Case(
            says="a rolling restart under a new instance name raises nothing",
            series={**exporter("a:10118", 0, 29), **exporter("b:10118", 28, 31, starting=True)},
            values=nothing(*EVERY_MINUTE),
        ),
        Case(
            says="a rolling restart with two minutes of nothing in between raises nothing",
            series={**exporter("a:10118", 0, 28), **exporter("b:10118", 31, 28, starting=True)},
            # Two scrapes of a minute missed, and a process that starts: Stale may be pending for one minute.
            values=tuple((FIRING, time, {}) for time in EVERY_MINUTE),
        ),
        Case(
            says="a restart under the same instance name raises nothing",
            series=restarted("a:10118", 28, 30),
            values=tuple((FIRING, time, {}) for time in EVERY_MINUTE),
        ),
        Case(
            says="a restart under the same instance name, with a minute of nothing, keeps a low balance low",
            series=restarted("a:10118", 28, 31, net="4000"),
            firing={"BalanceLow": dict.fromkeys(("20m", "29m", "30m", "31m", "32m", "33m", "40m"), LOW)},
        ),
        Case(
            says="a rolling restart silences nothing",
            series={
                **exporter("a:10118", 0, 29, net="4000", usd="4000"),
                **exporter("b:10118", 28, 31, net="4000", usd="4000", starting=True),
            },
            firing=still_low("12m", "27m", "28m", "29m", "30m", "31m", "32m", "33m", "35m", "45m"),
        ),
        Case(
            says="a second replica raises nothing",
            series={**exporter("a:10118", 0, 59), **exporter("b:10118", 10, 49, starting=True)},
            values=nothing(*EVERY_MINUTE),
        ),
        Case(
            says="a second replica silences nothing",
            series={
                **exporter("a:10118", 0, 59, net="4000", usd="4000"),
                **exporter("b:10118", 20, 39, net="4000", usd="4000", starting=True),
            },
            firing=still_low("15m", "21m", "22m", "25m", "40m", "58m"),
        ),
        Case(
            says="one account on two exporters of two jobs raises nothing",
            series={
                **exporter("a:10118", 0, 59),
                **exporter("b:10118", 10, 49, job="other"),
            },
            values=nothing(*EVERY_MINUTE),
        ),
        Case(
            says="one account on two exporters silences nothing, and the lower reading counts",
            series={
                **exporter("a:10118", 0, 59, net="9000", usd="9000"),
                **exporter("b:10118", 10, 49, job="other", net="4000", usd="4000"),
            },
            firing=still_low("25m", "40m", "58m"),
        ),
    ),
)
