"""The Exporter dashboard: polls, requests, limits, clocks, prices, shards and the process itself."""

from grafana.boards.exporter_api import limits, prices, requests
from grafana.boards.exporter_process import INSTANCE, PER_INSTANCE, fleet, of_instance, process
from grafana.panels.charts import lines_panel, stat_panel
from grafana.panels.layout import Board, Section, Tile
from grafana.panels.parts import GREEN, GREY, ORANGE, RED, Query
from grafana.panels.promql import ACCOUNT, EXCHANGE, latest, rate, selector


def exporter() -> Board:
    """The whole dashboard."""
    return Board(
        uid="exchange-balance-exporter",
        title="Exchange balances / Exporter",
        description="Whether the exporter polls as it should, what the exchanges answer, and what it costs.",
        time_from="now-6h",
        sections=[_now(), _polls(), requests(), limits(), prices(), process(), fleet()],
    )


def _now() -> Section:
    hashes = f'count_values("hash", {of_instance("exchange_exporter_config_hash")})'
    return Section(
        "Now",
        [
            Tile(
                4,
                4,
                stat_panel(
                    "Exporters",
                    "How many exporter processes the last scrape reached, of those that are configured.",
                    "none",
                    [
                        Query(f"sum({latest('up', INSTANCE)})", "up"),
                        Query(f"count({latest('up', INSTANCE)})", "all"),
                    ],
                    none="no exporter is scraped",
                ),
            ),
            Tile(
                5,
                4,
                stat_panel(
                    "Accounts up",
                    "Accounts whose required wallets were all read by their last poll, of all accounts.",
                    "none",
                    [
                        Query(f"sum({latest('exchange_account_up', ACCOUNT)})", "up"),
                        Query(f"count({latest('exchange_account_up', ACCOUNT)})", "all"),
                    ],
                    none="no account is exported",
                ),
            ),
            Tile(
                5,
                4,
                stat_panel(
                    "Longest run of failures",
                    "The most polls in a row that have failed on one account.",
                    "none",
                    [Query(f"max({latest('exchange_account_consecutive_failures', ACCOUNT)})", "in a row")],
                    steps=((None, GREEN), (1, ORANGE), (3, RED)),
                    none="no account is exported",
                ),
            ),
            Tile(
                5,
                4,
                stat_panel(
                    "Configurations in use",
                    "How many different configurations the processes run, secrets "
                    "aside. More than one is drift, unless a roll-out is under way.",
                    "none",
                    [Query(f"count({hashes})", "different")],
                    steps=((None, GREEN), (2, ORANGE)),
                    none="no exporter is scraped",
                ),
            ),
            Tile(
                5,
                4,
                stat_panel(
                    "Shards missing",
                    "Shards that the processes say exist, less those that report.",
                    "none",
                    [Query(_missing_shards(), "missing")],
                    steps=((None, GREEN), (1, RED)),
                    none="no exporter is scraped",
                ),
            ),
        ],
    )


def _missing_shards() -> str:
    shards = of_instance("exchange_exporter_shards")
    ordinals = f'count_values("ordinal", {of_instance("exchange_exporter_shard_ordinal")})'
    return f"max({shards}) - count({ordinals})"


def _polls() -> Section:
    failed = rate("exchange_poll_failures_total", ACCOUNT, ("exchange", "reason"))
    # By the time of the scrape: seen from now, every poll since the last scrape would look overdue.
    planned = selector("exchange_account_next_poll_timestamp_seconds", ACCOUNT)
    overdue = f"min by (exchange, account) (timestamp({planned}) - {planned})"
    return Section(
        "Polls",
        [
            Tile(
                12,
                8,
                lines_panel(
                    "Polls and skipped polls",
                    "Polls per minute by exchange, and those that were skipped: late, since the one before was still "
                    "running; rate, since the share of the exchange's limit was used up; paused, "
                    "since the exchange banned.",
                    "cpm",
                    [
                        Query(f"60 * {rate('exchange_polls_total', ACCOUNT, ('exchange',))}", "{{exchange}}"),
                        Query(
                            f"60 * {rate('exchange_polls_skipped_total', ACCOUNT, ('exchange', 'reason'))} > 0",
                            "{{exchange}} skipped: {{reason}}",
                        ),
                    ],
                    minimum=0,
                    dashed={"/skipped/": ORANGE},
                ),
            ),
            Tile(
                12,
                8,
                lines_panel(
                    "Failed polls by reason",
                    "Failed polls per minute, each counted once, under the main wallet's reason first.",
                    "cpm",
                    [
                        Query(f"60 * sum({rate('exchange_poll_failures_total', ACCOUNT, EXCHANGE)})", "all"),
                        Query(f"60 * {failed} > 0", "{{exchange}} {{reason}}"),
                    ],
                    bars=True,
                    minimum=0,
                    maximum=1,
                    colors={"/^all$/": GREY},
                ),
            ),
            Tile(
                12,
                8,
                lines_panel(
                    "How long polls take",
                    "Duration of each account's last poll.",
                    "s",
                    [Query(latest("exchange_account_last_poll_duration_seconds", ACCOUNT), "{{exchange}} {{account}}")],
                    minimum=0,
                ),
            ),
            Tile(
                12,
                8,
                lines_panel(
                    "Scheduler lag and overdue polls",
                    "How late the scheduler started its last poll, for each process, and by how much the most overdue "
                    "account of each exchange has passed its time.",
                    "s",
                    [
                        Query(of_instance("exchange_exporter_scheduler_lag_seconds"), f"{PER_INSTANCE} lag"),
                        Query(f"clamp_min(max by (exchange) ({overdue}), 0)", "{{exchange}} overdue"),
                    ],
                    minimum=0,
                ),
            ),
        ],
    )
