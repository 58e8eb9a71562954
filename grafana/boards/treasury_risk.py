"""The lower half of the Treasury dashboard: what runs low, what the total hangs on and how far it can be trusted."""

from grafana.panels.charts import gauge_panel, lines_panel, timeline_panel
from grafana.panels.layout import Section, Tile
from grafana.panels.parts import FRESH, GREEN, ORANGE, RED, YELLOW, Column, Query, Step
from grafana.panels.promql import (
    ACCOUNT,
    COIN,
    RECORDED,
    WALLET,
    WINDOW,
    age,
    held,
    known,
    latest,
    limited_amount,
    selector,
    wallet_sum,
)
from grafana.panels.tables import table_panel

USD = "exchange_balance_usd"
LIMITS = 'severity=~"warning|critical"'
EXCHANGE_ACCOUNT = {"exchange": "Exchange", "account": "Account"}
EXCHANGE_WALLET = {**EXCHANGE_ACCOUNT, "wallet": "Wallet"}
EXCHANGE_COIN = {**EXCHANGE_WALLET, "currency": "Currency"}
WALLETS_FRESH = latest("exchange_wallet_fresh", WALLET)


def limits() -> Section:
    """What runs low: balances and accounts beside their thresholds."""
    where = (*COIN, "of")
    limit = latest("exchange_balance_threshold", where, LIMITS, pick="max")
    amount = " or ".join(f'label_replace({limited_amount(of)}, "of", "{of}", "", "")' for of in ("net", "available"))
    keys = ", ".join(where)
    watched = f"({amount}) and on ({keys}) {latest('exchange_balance_threshold', where)}"
    fresh = f"0 * {limit} + on (exchange, account, wallet) group_left () {WALLETS_FRESH}"

    def threshold(severity: str) -> str:
        return latest("exchange_balance_threshold", where, f'severity="{severity}"')

    def usd_threshold(severity: str) -> str:
        return latest("exchange_account_usd_threshold", ACCOUNT, f'severity="{severity}"')

    distance_steps = ((None, RED), (0, ORANGE), (0.25, GREEN))
    highest = latest("exchange_account_usd_threshold", ACCOUNT, LIMITS)
    account_usd = known("exchange_account_usd", ACCOUNT)
    return Section(
        "What runs low",
        [
            Tile(
                16,
                10,
                table_panel(
                    "Balances and their thresholds",
                    "Every balance that has a threshold, the nearest to its limit first. Distance is "
                    "what is left above the higher of warning and critical, as a share of it: below 0 "
                    "is under the limit. Amounts of wallets that read stale are the last known ones.",
                    {**EXCHANGE_COIN, "of": "Of"},
                    [
                        Column("Amount", watched),
                        Column(
                            "Distance",
                            f"({watched}) / on ({keys}) ({limit} > 0) - 1",
                            "percentunit",
                            distance_steps,
                            width=95,
                        ),
                        Column("Critical", threshold("critical")),
                        Column("Warning", threshold("warning")),
                        Column("Target", threshold("target")),
                        Column("Data", fresh, "none", states=FRESH),
                    ],
                    sort="Distance",
                    none="no threshold is configured",
                ),
            ),
            Tile(
                8,
                10,
                table_panel(
                    "Accounts and their USD thresholds",
                    "USD value, as last known, of each account that has thresholds of its own, and the "
                    "distance to the higher one.",
                    EXCHANGE_ACCOUNT,
                    [
                        Column(
                            "USD",
                            f"{account_usd} and on (exchange, account) {highest}",
                            "currencyUSD",
                            decimals=0,
                        ),
                        Column(
                            "Distance",
                            f"{account_usd} / on (exchange, account) ({highest} > 0) - 1",
                            "percentunit",
                            distance_steps,
                            width=95,
                        ),
                        Column("Critical", usd_threshold("critical"), "currencyUSD", decimals=0),
                        Column("Warning", usd_threshold("warning"), "currencyUSD", decimals=0),
                    ],
                    sort="Distance",
                    none="no account has a threshold",
                ),
            ),
            _totals(distance_steps),
        ],
    )


def _totals(distance_steps: tuple[Step, ...]) -> Tile:
    """What several accounts hold together beside the limits on it."""
    by = ("total", "of", "currency")
    keys = ", ".join(by)
    together = " or ".join(
        f'label_replace({_together(f"exchange_total_{of}", *labels)}, "of", "{of}", "", "")'
        for of, labels in (("net", ("total", "currency")), ("usd", ("total",)))
    )

    def threshold(severity: str) -> str:
        return latest("exchange_total_threshold", by, f'severity="{severity}"')

    highest = latest("exchange_total_threshold", by, LIMITS)
    return Tile(
        24,
        7,
        table_panel(
            "Totals and their limits",
            "What the accounts of each entry of `totals` hold together, in units of the currency or in USD, over all "
            "shards. A total is whole or absent: it has no amount while one of its accounts is not known whole, or a "
            "shard does not answer.",
            {"total": "Total", "of": "Of", "currency": "Currency"},
            [
                Column("Together", together),
                Column(
                    "Distance",
                    f"({together}) / on ({keys}) ({highest} > 0) - 1",
                    "percentunit",
                    distance_steps,
                ),
                Column("Critical", threshold("critical")),
                Column("Warning", threshold("warning")),
            ],
            sort="Distance",
            none="no total is configured",
        ),
    )


def _together(family: str, *by: str) -> str:
    """The sum over all shards, of which replicas count once; absent while a part of it is."""
    keys = ", ".join(by)
    parts = latest(family, (*by, "shard"))
    shards = f"last_over_time({selector('exchange_exporter_shards')}[{WINDOW}])"
    wanted = f"0 * last_over_time({selector(family)}[{WINDOW}]) + on (job, instance) group_left () {shards}"
    whole = f"count by ({keys}) ({parts}) == on ({keys}) max by ({keys}) ({wanted})"
    return f"(sum by ({keys}) ({parts}) and on ({keys}) {whole})"


def concentration() -> Section:
    """What the total hangs on."""
    shares = ((None, GREEN), (0.4, YELLOW), (0.6, RED))
    by_exchange, by_currency = held("last_known", "exchange"), held("last_known", "currency")
    everything = held("last_known")
    whole = f"scalar({everything})"
    return Section(
        "Concentration",
        [
            Tile(
                8,
                9,
                gauge_panel(
                    "Share of each exchange",
                    "What would be out of reach if the exchange were: its share of the total, as last known.",
                    "percentunit",
                    Query(f"sort_desc({by_exchange} / {whole})", "{{exchange}}"),
                    steps=shares,
                    maximum=1,
                    none="nothing valued in the last day",
                ),
            ),
            Tile(
                8,
                9,
                gauge_panel(
                    "Share of each currency",
                    "The ten currencies that the total hangs on most, as last known.",
                    "percentunit",
                    Query(f"sort_desc(topk(10, {by_currency} / {whole}))", "{{currency}}"),
                    steps=shares,
                    maximum=1,
                    none="nothing valued in the last day",
                ),
            ),
            Tile(
                8,
                9,
                lines_panel(
                    "Largest shares over time",
                    "Share of the total on the exchange, in the currency and in the account that hold most of it.",
                    "percentunit",
                    [
                        Query(f"max({by_exchange}) / {everything}", "largest exchange"),
                        Query(f"max({by_currency}) / {everything}", "largest currency"),
                        Query(f"max({held('last_known', 'exchange', 'account')}) / {everything}", "largest account"),
                    ],
                    minimum=0,
                    narrow=True,
                    every=RECORDED,
                ),
            ),
        ],
    )


def trust() -> Section:
    """How old, how complete and how well confirmed the figures are."""
    last_read = age("exchange_wallet_last_success_timestamp_seconds", WALLET)
    stale_after = latest("exchange_account_stale_after_seconds", ACCOUNT)
    counts = ((None, GREEN), (1, ORANGE))
    ours = wallet_sum()
    reported = latest("exchange_wallet_reported_usd", WALLET)
    return Section(
        "How far to trust it",
        [
            Tile(
                12,
                10,
                table_panel(
                    "Age of every number",
                    "How long ago each wallet was last read, and that age as a share of the time after which its "
                    "balances are withdrawn: at 100 % they are gone. Price is the age of the exchange's price book.",
                    EXCHANGE_WALLET,
                    [
                        Column("Data", WALLETS_FRESH, "none", states=FRESH),
                        Column("Read ago", last_read, "s", decimals=0),
                        Column(
                            "Of its life",
                            f"({last_read}) / on (exchange, account) group_left () ({stale_after} > 0)",
                            "percentunit",
                            ((None, GREEN), (0.5, ORANGE), (1, RED)),
                            decimals=0,
                        ),
                        Column("Price ago", f"{_price_age()}", "s", decimals=0),
                    ],
                    sort="Read ago",
                    descending=True,
                    none="no wallet",
                ),
            ),
            Tile(
                12,
                10,
                timeline_panel(
                    "Fresh or stale",
                    "Whether each wallet's balances were being exported. Grey: they were not, and every figure of that "
                    "time on this page is an older one.",
                    [Query(WALLETS_FRESH, "{{account}} {{wallet}}")],
                    states={"/.*/": FRESH},
                    every=RECORDED,
                ),
            ),
            Tile(
                12,
                10,
                table_panel(
                    "Reported value against our sum",
                    "What the exchange says a wallet is worth, where it says so, beside the sum of the balances "
                    "that are read. A wallet with a reported value and no sum holds money that nobody watches.",
                    EXCHANGE_WALLET,
                    [
                        Column("Reported", reported, "currencyUSD", decimals=2),
                        Column("Our sum", ours, "currencyUSD", decimals=2),
                        Column(
                            "Unexplained",
                            f"{reported} - ({ours} or 0 * {reported})",
                            "currencyUSD",
                            ((None, ORANGE), (-1, GREEN), (1, ORANGE)),
                            decimals=2,
                        ),
                    ],
                    sort="Unexplained",
                    descending=True,
                    none="no exchange reports a value of its own",
                ),
            ),
            Tile(
                12,
                10,
                table_panel(
                    "What is not in the total",
                    "Currencies held that have no price, currencies that the configuration "
                    "hides, rows of an answer that are of no known kind, and rows whose amounts are no numbers, "
                    "for each wallet.",
                    EXCHANGE_WALLET,
                    [
                        Column("Unpriced", latest("exchange_wallet_unpriced_currencies", WALLET), "none", counts),
                        Column("Hidden", latest("exchange_wallet_hidden_currencies", WALLET), "none"),
                        Column("Unknown", latest("exchange_wallet_ignored_rows", WALLET), "none", counts),
                        Column("Unreadable", latest("exchange_wallet_unreadable_rows", WALLET), "none", counts),
                    ],
                    sort="Unpriced",
                    descending=True,
                    none="no wallet has been read",
                ),
            ),
        ],
    )


def _price_age() -> str:
    """The age of its exchange's prices, for each wallet."""
    age_of_prices = age("exchange_price_last_success_timestamp_seconds", ("exchange",))
    return f"0 * {WALLETS_FRESH} + on (exchange) group_left () ({age_of_prices})"
