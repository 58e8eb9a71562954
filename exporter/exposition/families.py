"""The table of metric families: name, type, labels and meaning of each."""

from typing import Final, Literal, NamedTuple

Kind = Literal["gauge", "counter", "histogram"]

BALANCE: Final = ("exchange", "account", "wallet", "currency")
WALLET: Final = ("exchange", "account", "wallet")
ACCOUNT: Final = ("exchange", "account")

_POLLED: Final = (
    "Polled, not read at the scrape: exchange_account_poll_interval_seconds tells how often, "
    "exchange_wallet_last_success_timestamp_seconds when last."
)


class Family(NamedTuple):
    """One metric family.

    Attributes:
        name: as samples carry it (a counter with `_total`).
        kind: its type.
        labels: every label that its samples carry.
        help: one constant sentence or two, without double quotes.
        own_blocks: whether each entry is a block of its own: many lines that change together.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str
    own_blocks: bool = False

    def head(self, *, openmetrics: bool) -> bytes:
        """The lines about the family. OpenMetrics names a counter family without its suffix."""
        name = self.name.removesuffix("_total") if openmetrics and self.kind == "counter" else self.name
        kind, told = f"# TYPE {name} {self.kind}\n", f"# HELP {name} {self.help}\n"
        return (kind + told if openmetrics else told + kind).encode()


def _gauge(name: str, labels: tuple[str, ...], told: str, *, own_blocks: bool = False) -> Family:
    return Family(name, "gauge", labels, told, own_blocks)


def _counter(name: str, labels: tuple[str, ...], told: str) -> Family:
    return Family(name, "counter", labels, told)


RENDERED: Final = (
    _gauge(
        "exchange_balance_available",
        BALANCE,
        f"Amount that is free to use, in units of the currency. {_POLLED}",
        own_blocks=True,
    ),
    _gauge(
        "exchange_balance_frozen",
        BALANCE,
        f"Amount tied up by open orders, in units of the currency. {_POLLED}",
        own_blocks=True,
    ),
    _gauge(
        "exchange_balance_locked",
        BALANCE,
        "Amount held for any other reason, in units of the currency; 0 where the exchange knows no such state. "
        f"{_POLLED}",
        own_blocks=True,
    ),
    _gauge(
        "exchange_balance_usd",
        BALANCE,
        f"Value of the whole holding in USD; absent when there is no price. {_POLLED}",
        own_blocks=True,
    ),
    _gauge(
        "exchange_balance_net",
        BALANCE,
        "The whole holding in units of the currency: available + frozen + locked - borrowed, or the figure that the "
        f"exchange states (equity). {_POLLED}",
        own_blocks=True,
    ),
    _gauge(
        "exchange_balance_borrowed",
        BALANCE,
        f"Amount owed, positive, in units of the currency; only in wallets that can borrow. {_POLLED}",
        own_blocks=True,
    ),
    _gauge(
        "exchange_balance_unrealized_pnl",
        BALANCE,
        "Profit (or loss, negative) of open positions that exchange_balance_net contains, in units of the currency; "
        f"only where the answer states it. {_POLLED}",
        own_blocks=True,
    ),
    _gauge(
        "exchange_balance_threshold",
        (*BALANCE, "of", "severity"),
        "Threshold from the configuration on the net or available amount, in units of the currency.",
    ),
    _gauge(
        "exchange_balance_limited",
        (*BALANCE, "of"),
        "What is held of a currency that has a threshold, once more: exchange_balance_net, and "
        "exchange_balance_available where a threshold is on that, so that rules on limits need not look through "
        "everything that is held. "
        f"{_POLLED}",
    ),
    _gauge(
        "exchange_account_usd",
        ACCOUNT,
        "Sum of the USD values of the account's balance wallets, whole or absent: absent until each wallet was tried "
        "once, and while one that was ever read is not fresh, or has an unreadable row of a currency that was held or "
        "is expected. A wallet that this key was never able to read does not count. "
        f"{_POLLED}",
    ),
    _gauge(
        "exchange_account_usd_threshold",
        (*ACCOUNT, "severity"),
        "Threshold from the configuration on the account's value in USD.",
    ),
    _gauge(
        "exchange_total_net",
        ("total", "shard", "currency"),
        "What those accounts of a total hold together that this shard polls, in units of the currency: the sum of "
        "exchange_balance_net, with what min_usd and max_currencies hide. Whole or absent, as exchange_account_usd is; "
        "0 where this shard polls none of them. Replicas of a shard say the same, and the total is the sum over all "
        "shards, known while there are as many parts as exchange_exporter_shards says. "
        f"{_POLLED}",
    ),
    _gauge(
        "exchange_total_usd",
        ("total", "shard"),
        "What those accounts of a total are worth together in USD that this shard polls: the sum of "
        "exchange_account_usd, whole or absent. For shards and replicas see exchange_total_net. "
        f"{_POLLED}",
    ),
    _gauge(
        "exchange_total_threshold",
        ("total", "of", "severity", "currency"),
        "Threshold from the configuration on a total: on its amount (of net), or on its value in USD (of usd, with an "
        "empty currency). Every shard says all of them.",
    ),
    _gauge(
        "exchange_wallet_reported_usd",
        WALLET,
        f"Value of a wallet in USD as the exchange reports it; never to be added to exchange_balance_usd. {_POLLED}",
        own_blocks=True,
    ),
    _gauge(
        "exchange_wallet_margin_ratio",
        WALLET,
        "Maintenance margin over equity of a wallet with positions, as the exchange states it: 1 is liquidation; only "
        f"where the answer states it. {_POLLED}",
    ),
    _gauge(
        "exchange_price_usd",
        ("exchange", "currency"),
        "Price of one unit in USD that valuation uses, from the exchange's own tickers or the configured peg.",
        own_blocks=True,
    ),
    _gauge(
        "exchange_peg_market_price_usd",
        ("exchange", "currency"),
        "What the exchange's market says of a currency that valuation takes at its peg, in USD.",
        own_blocks=True,
    ),
    _gauge(
        "exchange_price_last_success_timestamp_seconds",
        ("exchange",),
        "When the exchange's tickers were last read, in seconds since the epoch; 0 until the first time.",
    ),
    _gauge(
        "exchange_wallet_unpriced_currencies",
        WALLET,
        "Currencies that are held without a price, and so are missing from every USD figure.",
    ),
    _gauge(
        "exchange_wallet_hidden_currencies",
        WALLET,
        "Currencies that are held but not shown: by currencies, min_usd or max_currencies of the configuration; and "
        "emptied ones that read 0 for less than 24 hours, because more than 1000 were emptied.",
    ),
    _gauge(
        "exchange_wallet_ignored_rows",
        WALLET,
        "Rows of the last answer of a kind that this exporter does not know.",
    ),
    _gauge(
        "exchange_wallet_unreadable_rows",
        WALLET,
        "Rows of the last answer whose currency is known but whose amounts are no numbers: these currencies are not "
        "served, and never taken for emptied.",
    ),
    _gauge(
        "exchange_account_up",
        ACCOUNT,
        "1 if every required wallet was read by the last poll, else 0.",
    ),
    _gauge("exchange_wallet_up", WALLET, "1 if the wallet was read by its last poll, else 0."),
    _gauge("exchange_wallet_fresh", WALLET, "1 while balances of the wallet are being served, else 0."),
    _gauge(
        "exchange_wallet_last_success_timestamp_seconds",
        WALLET,
        "When the wallet was last read, in seconds since the epoch; 0 until the first time.",
    ),
    _gauge(
        "exchange_wallet_failing",
        (*WALLET, "reason"),
        "1 while the last read of the wallet failed for this reason, or a pause or a limit keeps it from being read; "
        "absent otherwise.",
    ),
    _gauge(
        "exchange_wallet_failing_since_timestamp_seconds",
        WALLET,
        "Since when reads of the wallet fail, in seconds since the epoch; absent unless failing.",
    ),
    _gauge(
        "exchange_account_last_poll_timestamp_seconds",
        ACCOUNT,
        "When the last poll of the account started, in seconds since the epoch; 0 until the first.",
    ),
    _gauge(
        "exchange_account_next_poll_timestamp_seconds",
        ACCOUNT,
        "When the next poll of the account is due, or the pause ends that allows none, in seconds since the epoch.",
    ),
    _gauge(
        "exchange_account_last_poll_duration_seconds",
        ACCOUNT,
        "How long the last poll of the account took, waiting for rate limits included.",
    ),
    _gauge(
        "exchange_account_poll_interval_seconds",
        ACCOUNT,
        "Configured time between the starts of two polls.",
    ),
    _gauge(
        "exchange_account_stale_after_seconds",
        ACCOUNT,
        "Configured age at which balances are withdrawn; 0 withdraws them with the first failure.",
    ),
    _gauge(
        "exchange_account_consecutive_failures",
        ACCOUNT,
        "Polls of the account that failed since the last good one.",
    ),
    Family(
        "exchange_account_info",
        "gauge",
        (*ACCOUNT, "shard"),
        "1 for every account, with the account's own labels from the configuration, for joins.",
    ),
    _counter("exchange_polls_total", ACCOUNT, "Polls of the account."),
    _counter(
        "exchange_poll_failures_total",
        (*ACCOUNT, "reason"),
        "Polls in which a required wallet could not be read, by the reason of the first such wallet, main first.",
    ),
    _counter(
        "exchange_polls_skipped_total",
        (*ACCOUNT, "reason"),
        "Polls that were left out because the one before was still running (late), no request was allowed in time "
        "(rate), or the exchange wants to be left alone (paused).",
    ),
    _gauge(
        "exchange_api_rate_limit_remaining",
        (*ACCOUNT, "endpoint"),
        "Requests left in the exchange's window after the last answer of this endpoint, where the exchange says it.",
    ),
    _gauge(
        "exchange_api_key_permission",
        (*ACCOUNT, "permission"),
        "1 if the API key may do this, else 0, where the exchange tells.",
    ),
    _gauge(
        "exchange_api_key_ip_restricted",
        ACCOUNT,
        "1 if the API key is bound to addresses, else 0, where the exchange tells.",
    ),
    _gauge(
        "exchange_api_key_expiry_timestamp_seconds",
        ACCOUNT,
        "When the API key expires, in seconds since the epoch, where the exchange or the configuration tells.",
    ),
)
"""Families whose lines are rendered when they change; the exposition keeps them as blocks."""

COUNTED: Final = (
    _counter(
        "exchange_api_requests_total",
        ("exchange", "endpoint", "code"),
        "HTTP requests to the exchange by fixed path and HTTP status; error where there was no status, other for one "
        "that no standard knows.",
    ),
    Family(
        "exchange_api_request_duration_seconds",
        "histogram",
        ("exchange", "endpoint"),
        "Time from sending an HTTP request to the end of its answer.",
    ),
    _counter(
        "exchange_api_retries_total",
        ("exchange",),
        "HTTP requests that were sent again within a read.",
    ),
    _counter(
        "exchange_api_rate_limit_wait_seconds_total",
        ("exchange",),
        "Time that reads waited so that the exchange's limits are kept.",
    ),
    _gauge(
        "exchange_api_clock_offset_seconds",
        ("exchange",),
        "Exchange clock minus our clock; of several hosts the one that is furthest off.",
    ),
    _gauge(
        "exchange_exporter_scheduler_lag_seconds",
        (),
        "How late the scheduler woke up, at worst within the last minute.",
    ),
    _gauge("exchange_exporter_accounts", (), "Accounts that this instance polls."),
    _gauge("exchange_exporter_shard_ordinal", (), "The part of the accounts that this instance polls, from 0."),
    _gauge("exchange_exporter_shards", (), "Into how many parts the accounts are divided."),
    _gauge(
        "exchange_exporter_config_last_reload_successful",
        (),
        "1 if the configuration was good when it was last read, else 0.",
    ),
    _gauge(
        "exchange_exporter_config_last_reload_success_timestamp_seconds",
        (),
        "When a good configuration was last read, in seconds since the epoch.",
    ),
    _gauge(
        "exchange_exporter_config_hash",
        (),
        "Hash of the effective configuration without secrets; differs where replicas drift apart.",
    ),
    _gauge("exchange_exporter_build_info", ("version", "python_version"), "1, with the versions of what is running."),
)
"""Families that are worked out at each scrape, by prometheus-client."""

FAMILIES: Final = {family.name: family for family in (*RENDERED, *COUNTED)}
"""The metrics table of the README; beside them stand `process_*` and `python_info`."""

_WHILE_RUNNING: Final = frozenset(
    {
        "exchange_account_consecutive_failures",
        "exchange_account_next_poll_timestamp_seconds",
        "exchange_account_poll_interval_seconds",
        "exchange_account_stale_after_seconds",
        "exchange_api_rate_limit_remaining",
        "exchange_exporter_config_last_reload_success_timestamp_seconds",
        "exchange_exporter_config_last_reload_successful",
        "exchange_exporter_scheduler_lag_seconds",
        "exchange_wallet_failing_since_timestamp_seconds",
    }
)
"""Gauges that speak of what an exporter does from poll to poll."""

ONCE: Final = frozenset(
    family.name for family in FAMILIES.values() if family.kind == "gauge" and family.name not in _WHILE_RUNNING
)
"""Families that mean the same when everything was polled once and nothing is polled again."""
