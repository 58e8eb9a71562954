"""Rule tests of the alerts on the exporter itself: schedule, configuration, shards, presence."""

from tests.deploy.rule_cases.table import Alert, Case, Suite, series

ACCOUNT = {"exchange": "bitget", "account": "grid-1"}
TEAM = {series("exchange_account_info", **ACCOUNT, shard="0", team="grid"): "1x140"}


def on(instance: str, name: str, values: str, **labels: str) -> dict[str, str]:
    return {series(name, instance=instance, **labels): values}


ONE_LOST = "Accounts that are not served any more: 1; still served: 1. Targets that do not answer: a:10118."
ONE_DOWN = (
    "Exporters that do not answer (1): a:10118. The critical alert of the same name says whether "
    "accounts are lost by it."
)

SUITE = Suite(
    name="exporter",
    about="The exporter itself: schedule, configuration, shards, presence.",
    rules=("exporter",),
    cases=(
        Case(
            says="SchedulerLate: five seconds are quiet, more fires through a missed scrape, until it keeps up",
            series={
                **on("a:10118", "exchange_exporter_scheduler_lag_seconds", "5x9 7.5x7 stale 7.5x3 0.1x10"),
                **on("b:10118", "exchange_exporter_scheduler_lag_seconds", "0.1x60"),
            },
            silent={"SchedulerLate": ("9m", "14m", "23m")},
            firing={
                "SchedulerLate": {
                    time: [Alert({"severity": "warning"}, "Polls start up to 7.5s late on a:10118.")]
                    for time in ("15m", "18m", "22m")
                }
            },
        ),
        Case(
            says="PollsSkipped: a fifth is quiet, more fires, until the window has passed",
            series={
                series(
                    "exchange_polls_skipped_total", **ACCOUNT, reason="late"
                ): "0x40 0.5+0.5x20 stale 11+0.5x10 16x60",
                series("exchange_polls_skipped_total", **ACCOUNT, reason="paused"): "0+1x130",
                series("exchange_polls_skipped_total", exchange="bitget", account="well", reason="rate"): (
                    "0x30 0+0.2x100"
                ),
                series("exchange_account_poll_interval_seconds", **ACCOUNT): "60x140",
                series("exchange_account_poll_interval_seconds", exchange="bitget", account="well"): "60x140",
                **TEAM,
            },
            silent={"PollsSkipped": ("40m", "52m", "110m")},
            firing={
                "PollsSkipped": {
                    "60m": [
                        Alert(
                            {**ACCOUNT, "reason": "late", "severity": "warning", "team": "grid"},
                            (
                                "Of the polls of account grid-1 on bitget within 30 minutes 33.33% were "
                                "skipped (late: the poll before was still running)."
                            ),
                        )
                    ],
                    "63m": [
                        Alert(
                            {**ACCOUNT, "reason": "late", "severity": "warning", "team": "grid"},
                            (
                                "Of the polls of account grid-1 on bitget within 30 minutes 36.67% were "
                                "skipped (late: the poll before was still running)."
                            ),
                        )
                    ],
                }
            },
        ),
        Case(
            says="PollsSkipped: one skipped poll of an hourly account, for the exchange's limit",
            series={
                series("exchange_polls_skipped_total", **ACCOUNT, reason="rate"): "0x40 1x40",
                series("exchange_account_poll_interval_seconds", **ACCOUNT): "3600x80",
            },
            silent={"PollsSkipped": ("40m", "45m", "72m")},
            firing={
                "PollsSkipped": {
                    "50m": [
                        Alert(
                            {**ACCOUNT, "reason": "rate", "severity": "warning"},
                            (
                                "Of the polls of account grid-1 on bitget within 30 minutes 100% were "
                                "skipped (rate: the exchange's limit left no request for it)."
                            ),
                        )
                    ],
                }
            },
        ),
        Case(
            says="ConfigReloadFailed: fires after a minute, through a missed scrape, until a reload succeeds",
            series={
                **on("a:10118", "exchange_exporter_config_last_reload_successful", "1x9 0x5 stale 0x3 1x10"),
                **on("b:10118", "exchange_exporter_config_last_reload_successful", "1x60"),
                **on("a:10118", "exchange_exporter_config_last_reload_success_timestamp_seconds", "60x60"),
            },
            silent={"ConfigReloadFailed": ("9m", "10m", "21m")},
            firing={
                "ConfigReloadFailed": {
                    time: [
                        Alert(
                            {"severity": "warning"},
                            f"The last reload failed on a:10118; the configuration from {age} ago stays in use.",
                        )
                    ]
                    for time, age in (("11m", "10m 0s"), ("16m", "15m 0s"), ("20m", "19m 0s"))
                }
            },
        ),
        Case(
            says="ConfigDrift: fifteen minutes of a rollout are quiet, more fires, until all have the same",
            series={
                **on("a:10118", "exchange_exporter_config_hash", "111x9 222x9 stale 222x40"),
                **on("b:10118", "exchange_exporter_config_hash", "111x31 222x20"),
                **on("c:10118", "exchange_exporter_config_hash", "333x60", job="another-desk"),
            },
            silent={"ConfigDrift": ("9m", "24m", "32m")},
            firing={
                "ConfigDrift": {
                    time: [Alert({"severity": "warning"}, "2 different configurations run on a:10118, b:10118.")]
                    for time in ("25m", "31m")
                }
            },
        ),
        Case(
            says="ShardMissing: five minutes after the last trace of a shard, until it is back",
            series={
                **on("a:10118", "exchange_exporter_shards", "3x60"),
                **on("a:10118", "exchange_exporter_shard_ordinal", "0x60"),
                **on("b:10118", "exchange_exporter_shards", "3x20 stale 3x40"),
                **on("b:10118", "exchange_exporter_shard_ordinal", "1x20 stale 1x40"),
                **on("c:10118", "exchange_exporter_shards", "3x9 stale _x20 3x20"),
                **on("c:10118", "exchange_exporter_shard_ordinal", "2x9 stale _x20 2x20"),
                **on("d:10118", "exchange_exporter_shards", "1x60", job="unsharded"),
                **on("d:10118", "exchange_exporter_shard_ordinal", "0x60", job="unsharded"),
            },
            silent={"ShardMissing": ("9m", "12m", "16m", "31m")},
            firing={
                "ShardMissing": {
                    time: [Alert({"severity": "critical"}, "1 of 3 shards are missing; present: 0, 1.")]
                    for time in ("18m", "21m", "30m")
                }
            },
        ),
        Case(
            says="ExporterDown: the only exporter, from where its last data end until it answers",
            series={
                **on("a:10118", "up", "1x9 0x14 1x20"),
                **on("a:10118", "exchange_exporter_build_info", "1x9 stale _x14 1x20", version="1.0.0"),
                **on("a:10118", "exchange_account_up", "1x9 stale _x14 1x20", **ACCOUNT),
            },
            silent={"ExporterDown": ("9m", "13m", "25m")},
            firing={
                "ExporterDown": {
                    "15m": [
                        Alert(
                            {"severity": "critical"},
                            (
                                "No exporter of balances answers; nothing is watched. Targets that do not "
                                "answer: a:10118."
                            ),
                        )
                    ]
                }
            },
        ),
        Case(
            says="ExporterDown: none was ever there",
            series={series("up", job="node", instance="n:9100"): "1x20"},
            silent={"ExporterDown": ("1m",)},
            firing={
                "ExporterDown": {
                    "2m": [
                        Alert(
                            {"severity": "critical"},
                            (
                                "No exporter of balances answers; nothing is watched. Targets that do not "
                                "answer: none that Prometheus still knows."
                            ),
                        )
                    ]
                }
            },
        ),
        Case(
            says="ExporterDown: one of two, with accounts that nobody else serves",
            series={
                **on("a:10118", "up", "1x9 0x30"),
                **on("a:10118", "exchange_exporter_build_info", "1x9 stale", version="1.0.0"),
                **on("a:10118", "exchange_account_up", "1x9 stale", **ACCOUNT),
                **on("a:10118", "exchange_account_up", "1x9 stale", exchange="htx", account="shared"),
                **on("b:10118", "up", "1x60"),
                **on("b:10118", "exchange_exporter_build_info", "1x60", version="1.0.0"),
                **on("b:10118", "exchange_account_up", "1x60", exchange="htx", account="shared"),
            },
            silent={"ExporterDown": ("9m", "13m")},
            firing={
                "ExporterDown": {
                    "15m": [Alert({"severity": "critical"}, ONE_LOST)],
                    "25m": [
                        Alert({"severity": "critical"}, ONE_LOST),
                        Alert({"severity": "warning"}, ONE_DOWN),
                    ],
                }
            },
        ),
        Case(
            says="ExporterDown: a replica, whose accounts another one serves, is only a warning",
            series={
                **on("a:10118", "up", "1x9 0x30"),
                **on("a:10118", "exchange_exporter_build_info", "1x9 stale", version="1.0.0"),
                **on("a:10118", "exchange_account_up", "1x9 stale", **ACCOUNT),
                **on("b:10118", "up", "1x60"),
                **on("b:10118", "exchange_exporter_build_info", "1x60", version="1.0.0"),
                **on("b:10118", "exchange_account_up", "1x60", **ACCOUNT),
            },
            silent={"ExporterDown": ("9m", "16m")},
            firing={"ExporterDown": {"25m": [Alert({"severity": "warning"}, ONE_DOWN)]}},
        ),
        Case(
            says="ExporterDown: an exporter that was taken out of the scrape configuration is no alert",
            series={
                **on("a:10118", "up", "1x9 stale"),
                **on("a:10118", "exchange_exporter_build_info", "1x9 stale", version="1.0.0"),
                **on("a:10118", "exchange_account_up", "1x9 stale", **ACCOUNT),
                **on("b:10118", "up", "1x60"),
                **on("b:10118", "exchange_exporter_build_info", "1x60", version="1.0.0"),
            },
            silent={"ExporterDown": ("9m", "15m", "25m")},
        ),
        Case(
            says="DeadMansSwitch: always, even without any series",
            series={},
            firing={
                "DeadMansSwitch": {
                    time: [
                        Alert(
                            {"severity": "info"},
                            (
                                "Value 1: Prometheus evaluates its rules and reaches Alertmanager. Worry when "
                                "this message stops."
                            ),
                        )
                    ]
                    for time in ("0m", "10m")
                }
            },
        ),
    ),
)
