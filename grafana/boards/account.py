"""The Account dashboard: one account's wallets, what is free and what is tied up, its limits, its reads and its key."""

from grafana.boards.account_reads import EXCHANGE_ACCOUNT, USD, key, reads
from grafana.panels.charts import lines_panel, stat_panel
from grafana.panels.layout import Board, Section, Tile
from grafana.panels.parts import BLUE, GREEN, GREY, ORANGE, RED, UP, Column, Query
from grafana.panels.promql import (
    ACCOUNT,
    COIN,
    WALLET,
    age,
    coin_price,
    fresh,
    known,
    latest,
    selector,
    total,
    withdrawn,
)
from grafana.panels.tables import table_panel

COIN_NAME = "{{account}} {{wallet}} {{currency}}"
LIMIT_COLORS = {"/critical$/": RED, "/warning$/": ORANGE, "/target$/": GREEN}
MARGIN_LIMITS = {"warning": 0.6, "critical": 0.8}
"""Where the alert MarginRatioHigh fires."""

STALE = {"/not fresh/": GREY}


def account() -> Board:
    """The whole dashboard."""
    return Board(
        uid="exchange-balance-account",
        title="Exchange balances / Account",
        description="One account in full: choose it above. With several, every series carries its account's name.",
        time_from="now-6h",
        sections=[_now(), _balances(), _positions(), _value(), reads(), key()],
    )


def _now() -> Section:
    last_poll = age("exchange_account_last_poll_timestamp_seconds", ACCOUNT)
    next_poll = f"clamp_min({latest('exchange_account_next_poll_timestamp_seconds', ACCOUNT)} - time(), 0)"
    info = selector("exchange_account_info", ACCOUNT)
    problems = ((None, GREEN), (1, ORANGE), (3, RED))
    name = "{{account}}"
    return Section(
        "Now",
        [
            Tile(
                6,
                5,
                stat_panel(
                    "USD value",
                    "What the account's wallets are worth together, as last known. Fresh is "
                    "that sum while it is known whole, and absent otherwise.",
                    "currencyUSD",
                    [
                        Query(total(known(USD, COIN)), "last known"),
                        Query(f"sum({latest('exchange_account_usd', ACCOUNT)})", "fresh"),
                    ],
                    decimals=2,
                    none="nothing valued in the last day",
                ),
            ),
            Tile(
                4,
                5,
                stat_panel(
                    "State",
                    "Whether every required wallet of the last poll was read.",
                    "none",
                    [Query(latest("exchange_account_up", ACCOUNT, pick="max"), name)],
                    states=UP,
                    none="no such account",
                ),
            ),
            Tile(
                5,
                5,
                stat_panel(
                    "Oldest read",
                    "Time since the wallet that has waited longest was last read.",
                    "s",
                    [Query(f"max({age('exchange_wallet_last_success_timestamp_seconds', WALLET)})", "Oldest read")],
                    steps=((None, GREEN), (300, ORANGE), (600, RED)),
                    decimals=0,
                    none="never read",
                ),
            ),
            Tile(
                4,
                5,
                stat_panel(
                    "Failures in a row",
                    "How many polls have failed since the last good one.",
                    "none",
                    [Query(latest("exchange_account_consecutive_failures", ACCOUNT), name)],
                    steps=problems,
                    none="no such account",
                ),
            ),
            Tile(
                5,
                5,
                stat_panel(
                    "Poll takes",
                    "How long the last poll took, from the first request to the last answer.",
                    "s",
                    [Query(latest("exchange_account_last_poll_duration_seconds", ACCOUNT), name)],
                    none="not polled yet",
                ),
            ),
            Tile(
                13,
                6,
                table_panel(
                    "Polls",
                    "When the account was polled last and will be next, how often it is meant to "
                    "be, and after how long without a good read its balances are withdrawn.",
                    EXCHANGE_ACCOUNT,
                    [
                        Column("Polled ago", last_poll, "s", decimals=0),
                        Column("Next in", next_poll, "s", decimals=0),
                        Column("Every", latest("exchange_account_poll_interval_seconds", ACCOUNT), "s"),
                        Column("Withdrawn after", latest("exchange_account_stale_after_seconds", ACCOUNT), "s"),
                        Column(
                            "Failed in a row",
                            latest("exchange_account_consecutive_failures", ACCOUNT),
                            "none",
                            problems,
                        ),
                    ],
                    sort="Account",
                    none="no such account",
                ),
            ),
            Tile(
                11,
                6,
                table_panel(
                    "Labels",
                    "The shard that polls the account, and the account's own labels from the configuration.",
                    {**EXCHANGE_ACCOUNT, "shard": "Shard"},
                    [Column("Exported by", f"count without (job, instance) (last_over_time({info}[3m]))", "none")],
                    sort="Account",
                    none="no such account",
                ),
            ),
        ],
    )


def _balances() -> Section:
    tiles = []
    for state, meaning in (
        ("available", "Free to use"),
        ("frozen", "Tied up by open orders"),
        ("locked", "Held for any other reason than open orders"),
    ):
        queries = [Query(fresh(f"exchange_balance_{state}"), COIN_NAME)]
        if state == "available":
            queries.append(_limits(state))
        tiles.append(
            Tile(
                12,
                9,
                lines_panel(
                    state.capitalize(),
                    f"{meaning}, in coins. The axis is logarithmic above 1, so that large and small holdings can be "
                    "seen together, and zero is a line at the bottom. A gap means that nothing was exported.",
                    "short",
                    queries,
                    symlog=True,
                    minimum=0,
                    dashed=LIMIT_COLORS,
                ),
            )
        )
    tiles.append(
        Tile(
            12,
            9,
            lines_panel(
                "Net and thresholds",
                "The whole holding in coins, what is owed in wallets that can borrow, and the "
                "thresholds as dashed lines.",
                "short",
                [
                    Query(fresh("exchange_balance_net"), COIN_NAME),
                    _limits("net"),
                    Query(fresh("exchange_balance_borrowed"), f"{COIN_NAME} borrowed"),
                ],
                symlog=True,
                minimum=0,
                dashed=LIMIT_COLORS,
            ),
        )
    )
    return Section("Balances in coins", tiles)


def _positions() -> Section:
    """What wallets with positions are worth, by how much it moves, and how near they are to liquidation."""
    pnl, ratio = "exchange_balance_unrealized_pnl", "exchange_wallet_margin_ratio"
    wallet = "{{account}} {{wallet}}"
    futures = latest("exchange_wallet_fresh", WALLET, 'wallet=~".*futures"')
    with_positions = f"({futures} or {latest(pnl, WALLET)} or {latest(ratio, WALLET)})"
    margin = fresh(ratio, labels=WALLET)
    limits = [Query(f"0 * max({margin}) + {limit}", severity) for severity, limit in MARGIN_LIMITS.items()]
    return Section(
        "Positions",
        [
            Tile(
                8,
                9,
                lines_panel(
                    "Equity",
                    "The whole holding, in coins, of futures wallets and of others that state a profit or a margin "
                    "ratio: what is open counts with its profit and loss. Below zero the wallet owes. The axis is "
                    "logarithmic beyond 1 on either side.",
                    "short",
                    [
                        Query(
                            f"{fresh('exchange_balance_net')} and on ({', '.join(WALLET)}) {with_positions}", COIN_NAME
                        )
                    ],
                    symlog=True,
                    minimum=0,
                    narrow=True,
                    none="no wallet with positions",
                ),
            ),
            Tile(
                8,
                9,
                lines_panel(
                    "Unrealized profit",
                    "Profit, or below zero loss, of open positions in coins; it is part of the equity. Only where the "
                    "exchange's answer states it.",
                    "short",
                    [Query(fresh(pnl), COIN_NAME)],
                    symlog=True,
                    narrow=True,
                    none="no profit is stated",
                ),
            ),
            Tile(
                8,
                9,
                lines_panel(
                    "Margin ratio",
                    "Maintenance margin over equity as the exchange states it: at 100% it liquidates. The dashed lines "
                    "are where MarginRatioHigh warns and pages.",
                    "percentunit",
                    [Query(margin, wallet), *limits],
                    minimum=0,
                    dashed=LIMIT_COLORS,
                    narrow=True,
                    none="no margin ratio is stated",
                ),
            ),
        ],
    )


def _limits(of: str) -> Query:
    """The thresholds on one figure, a line each."""
    labels = (*COIN, "severity")
    return Query(latest("exchange_balance_threshold", labels, f'of="{of}"'), f"{COIN_NAME} {{{{severity}}}}")


def _value() -> Section:
    states = [
        Query(
            f"sum({fresh(f'exchange_balance_{state}')} * {coin_price()})",
            state,
        )
        for state in ("available", "frozen", "locked")
    ]
    account_limit = latest("exchange_account_usd_threshold", (*ACCOUNT, "severity"))
    return Section(
        "Value in USD",
        [
            Tile(
                12,
                9,
                lines_panel(
                    "Available, frozen and locked, stacked",
                    "What is free and what is tied up, at the exchange's prices. Currencies without "
                    "a price are not in it.",
                    "currencyUSD",
                    states,
                    stacked=True,
                    minimum=0,
                    colors={"/available/": GREEN, "/frozen/": BLUE, "/locked/": ORANGE},
                ),
            ),
            Tile(
                12,
                9,
                lines_panel(
                    "By currency, stacked",
                    "USD value of each holding. The grey band is the last known value of what is not fresh.",
                    "currencyUSD",
                    [
                        Query(fresh(USD), COIN_NAME),
                        Query(total(withdrawn(USD, COIN)), "not fresh (last known)"),
                    ],
                    stacked=True,
                    minimum=0,
                    colors=STALE,
                ),
            ),
            Tile(
                12,
                9,
                lines_panel(
                    "Account value and thresholds",
                    "Sum over the account's balance wallets, absent while it is not known "
                    "whole, and the account's USD thresholds as dashed lines.",
                    "currencyUSD",
                    [
                        Query(latest("exchange_account_usd", ACCOUNT), "{{exchange}} {{account}}"),
                        Query(account_limit, "{{account}} {{severity}}"),
                    ],
                    minimum=0,
                    dashed=LIMIT_COLORS,
                ),
            ),
            Tile(
                12,
                9,
                lines_panel(
                    "Reported by the exchange, by wallet",
                    "What the exchange itself says each wallet is worth, where it says so, beside "
                    "the sum of what is read.",
                    "currencyUSD",
                    [
                        Query(total(fresh(USD), *WALLET), "{{account}} {{wallet}}"),
                        Query(latest("exchange_wallet_reported_usd", WALLET), "{{account}} {{wallet}} reported"),
                    ],
                    minimum=0,
                ),
            ),
        ],
    )
