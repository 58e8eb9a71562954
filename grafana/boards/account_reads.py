"""The lower half of the Account dashboard: how its wallets are read, what fails, and its API key."""

from grafana.panels.charts import lines_panel, timeline_panel
from grafana.panels.layout import Section, Tile
from grafana.panels.parts import FRESH, GREEN, GREY, NO_YES_BAD, ORANGE, RED, UP, YES_NO, Column, Query, State
from grafana.panels.promql import ACCOUNT, COIN, WALLET, age, failing, known, latest, rate, total
from grafana.panels.tables import table_panel

USD = "exchange_balance_usd"
EXCHANGE_ACCOUNT = {"exchange": "Exchange", "account": "Account"}
EXCHANGE_WALLET = {**EXCHANGE_ACCOUNT, "wallet": "Wallet"}


def reads() -> Section:
    """Whether and since when reads fail, and why."""
    failing_since = failing("exchange_wallet_failing_since_timestamp_seconds", WALLET)
    wallet_age = age("exchange_wallet_last_success_timestamp_seconds", WALLET)
    return Section(
        "Reads",
        [
            Tile(
                14,
                10,
                timeline_panel(
                    "Up and fresh",
                    "Up: the last poll read it. Fresh: its balances are being exported; grey means that they "
                    "are withdrawn or not there yet. A reason stands in red for as long as reads fail for it.",
                    [
                        Query(latest("exchange_account_up", ACCOUNT), "{{account}} up"),
                        Query(latest("exchange_wallet_up", WALLET), "{{account}} {{wallet}} up"),
                        Query(latest("exchange_wallet_fresh", WALLET), "{{account}} {{wallet}} fresh"),
                        Query(
                            failing("exchange_wallet_failing", (*WALLET, "reason")),
                            "{{account}} {{wallet}} failing: {{reason}}",
                        ),
                    ],
                    states={
                        "/ up$/": UP,
                        "/ fresh$/": FRESH,
                        "/ failing: /": (State("1", "failing", RED),),
                    },
                    none="no such account",
                ),
            ),
            Tile(
                10,
                10,
                lines_panel(
                    "Failures by reason",
                    "Failed polls per minute, each counted once, under the main wallet's reason first.",
                    "cpm",
                    [
                        Query(f"60 * sum({rate('exchange_poll_failures_total', ACCOUNT, ACCOUNT)})", "all"),
                        Query(
                            f"60 * {rate('exchange_poll_failures_total', ACCOUNT, (*ACCOUNT, 'reason'))} > 0",
                            "{{account}} {{reason}}",
                        ),
                    ],
                    bars=True,
                    minimum=0,
                    maximum=1,
                    colors={"/^all$/": GREY},
                ),
            ),
            Tile(
                24,
                7,
                table_panel(
                    "Wallets",
                    "Each wallet's last read, and since when it has been failing.",
                    EXCHANGE_WALLET,
                    [
                        Column("Up", latest("exchange_wallet_up", WALLET), "none", states=UP),
                        Column("Data", latest("exchange_wallet_fresh", WALLET), "none", states=FRESH),
                        Column("Read ago", wallet_age, "s", decimals=0),
                        Column("Failing for", f"time() - {failing_since}", "s", ((None, RED),), decimals=0),
                        Column("USD", total(known(USD, COIN), *WALLET), "currencyUSD", decimals=2),
                    ],
                    sort="Wallet",
                    none="no such account",
                ),
            ),
        ],
    )


def key() -> Section:
    """What the API key may do and how long it lasts."""

    def permission(name: str) -> str:
        return latest("exchange_api_key_permission", ACCOUNT, f'permission="{name}"')

    expiry = latest("exchange_api_key_expiry_timestamp_seconds", ACCOUNT)
    return Section(
        "Key",
        [
            Tile(
                24,
                7,
                table_panel(
                    "API key",
                    "What the key may do, where the exchange tells. Reading is all that "
                    "is needed: a key that can trade, transfer or withdraw should be "
                    "replaced. An empty cell means that the exchange does not say.",
                    EXCHANGE_ACCOUNT,
                    [
                        Column("Last poll", latest("exchange_account_up", ACCOUNT), "none", states=UP),
                        Column("Read", permission("read"), "none", states=YES_NO),
                        Column("Trade", permission("trade"), "none", states=NO_YES_BAD),
                        Column("Transfer", permission("transfer"), "none", states=NO_YES_BAD),
                        Column("Withdraw", permission("withdraw"), "none", states=NO_YES_BAD),
                        Column(
                            "Bound to addresses",
                            latest("exchange_api_key_ip_restricted", ACCOUNT),
                            "none",
                            states=YES_NO,
                        ),
                        Column(
                            "Expires in",
                            f"{expiry} - time()",
                            "s",
                            ((None, RED), (14 * 86400, ORANGE), (30 * 86400, GREEN)),
                            decimals=1,
                        ),
                    ],
                    sort="Account",
                    none="no such account",
                ),
            ),
        ],
    )
