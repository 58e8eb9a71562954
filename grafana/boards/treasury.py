"""The Treasury dashboard: what is held, where, how it moved, what runs low and how far the figures can be trusted."""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from grafana.boards.treasury_risk import concentration, limits, trust
from grafana.panels.charts import gauge_panel, lines_panel, pie_panel, stat_panel
from grafana.panels.layout import Board, Section, Tile
from grafana.panels.parts import BLUE, EXCHANGE_COLORS, GREEN, GREY, ORANGE, RED, Column, Query
from grafana.panels.promql import (
    COIN,
    RECORDED,
    WALLET,
    biggest,
    biggest_change,
    biggest_flow,
    biggest_price_effect,
    fresh,
    held,
    latest,
    leading,
    limited_amount,
    listed,
    listed_price,
    remembered,
    total,
    total_flow,
    total_price_effect,
)
from grafana.panels.tables import table_panel

USD = "exchange_balance_usd"
NET = "exchange_balance_net"
LIMITS = 'severity=~"warning|critical"'
WALLETS_FRESH = latest("exchange_wallet_fresh", WALLET)
STALE = {"/not fresh/": GREY}
EXCHANGE_ACCOUNT = {"exchange": "Exchange", "account": "Account"}
EXCHANGE_WALLET = {**EXCHANGE_ACCOUNT, "wallet": "Wallet"}
EXCHANGE_COIN = {**EXCHANGE_WALLET, "currency": "Currency"}
CHANGE_COLORS = ((None, RED), (-0.005, GREY), (0.005, GREEN))


def treasury() -> Board:
    """The whole dashboard."""
    return Board(
        uid="exchange-balance-treasury",
        title="Exchange balances / Treasury",
        description="What all accounts hold in USD and in coins, where, how it moved and what runs low.",
        time_from="now-24h",
        sections=[_now(), _where(), _moves(), limits(), concentration(), trust(), _holdings()],
        variables=[_rows()],
    )


def _now() -> Section:
    below = [_under(of, severity) for of in ("net", "available") for severity in ("critical", "warning")]
    tiles = [
        Tile(
            6,
            5,
            stat_panel(
                "Total, as last known",
                "USD value of everything that the chosen accounts hold. What is not exported now counts with its "
                "last figure of the past day; the share beside tells how much of the total is fresh.",
                "currencyUSD",
                [Query(held("last_known"), "Total")],
                decimals=2,
                none="nothing valued in the last day",
            ),
        ),
        Tile(
            4,
            5,
            stat_panel(
                "Of that fresh",
                "Share of the total that rests on balances which are being exported now.",
                "percentunit",
                [Query(f"{held('fresh')} / {held('last_known')}", "Fresh")],
                steps=((None, RED), (0.95, ORANGE), (0.999, GREEN)),
                decimals=1,
                none="nothing is fresh",
            ),
        ),
        Tile(
            4,
            5,
            stat_panel(
                "Wallets",
                "How many wallets there are, and how many of them have balances that are being exported now.",
                "none",
                [Query(f"sum({WALLETS_FRESH})", "fresh"), Query(f"count({WALLETS_FRESH})", "all")],
                none="no wallet",
            ),
        ),
        Tile(
            6,
            5,
            stat_panel(
                "Change in 24 h",
                "Change of the total against 24 hours ago: coins that came or went, at the price of now, and what "
                "prices did. Where there is no reading from then, the change of the last hour.",
                "currencyUSD",
                [Query(total_flow(), "flow"), Query(total_price_effect(), "price")],
                steps=CHANGE_COLORS,
                decimals=2,
                none="no reading to compare with",
            ),
        ),
        Tile(
            4,
            5,
            stat_panel(
                "Under a limit",
                "How many balances are below their critical or warning threshold, by what was last known of them.",
                "none",
                [
                    Query(f"{_count(below[0], below[2])}", "critical"),
                    Query(f"{_count(below[1], below[3])}", "warning"),
                ],
                steps=((None, GREEN), (1, RED)),
                none="no threshold is configured",
            ),
        ),
    ]
    return Section("Now", tiles)


def _under(of: str, severity: str) -> str:
    """1 for each balance that is under its limit, 0 for each that is not."""
    limit = latest("exchange_balance_threshold", COIN, f'of="{of}",severity="{severity}"')
    return f"({limited_amount(of)} < bool on ({', '.join(COIN)}) {limit})"


def _count(net: str, available: str) -> str:
    """Add up two sets of which either may be empty."""
    return f'sum(label_replace({net}, "of", "net", "", "") or label_replace({available}, "of", "available", "", ""))'


def _where() -> Section:
    tiles = []
    for label, count in (("exchange", 10), ("currency", 10), ("account", 10)):
        by = ("exchange", "account") if label == "account" else (label,)
        name = "{{exchange}}/{{account}}" if label == "account" else f"{{{{{label}}}}}"
        now = held("fresh", *by)
        largest = held("last_known", *by, at="@ end()")
        if label == "exchange":
            tiles.append(
                Tile(
                    8,
                    9,
                    pie_panel(
                        "By exchange",
                        "Where the money is. Grey parts are last known figures of wallets that are not fresh.",
                        "currencyUSD",
                        [
                            Query(now, name),
                            Query(total(remembered(USD, COIN), *by), f"{name} (not fresh)"),
                        ],
                        colors=EXCHANGE_COLORS | STALE,
                        none="nothing valued in the last day",
                    ),
                )
            )
        else:
            tiles.append(
                Tile(
                    8,
                    9,
                    gauge_panel(
                        f"By {label}",
                        f"The {count} largest by USD value, as last known.",
                        "currencyUSD",
                        Query(f"sort_desc(topk({count}, {held('last_known', *by)}))", name),
                        none="nothing valued in the last day",
                    ),
                )
            )
        tiles.append(
            Tile(
                16,
                9,
                lines_panel(
                    f"By {label} over time",
                    f"The {count} largest of today, stacked. The grey band is the last known value of "
                    "what is not fresh: a failing exchange turns grey, it does not fall to zero.",
                    "currencyUSD",
                    [
                        Query(leading(count, now, *by, by=largest), name),
                        Query(total(remembered(USD, COIN)), "not fresh (last known)"),
                    ],
                    stacked=True,
                    minimum=0,
                    colors=EXCHANGE_COLORS | STALE,
                    every=RECORDED,
                ),
            )
        )
    return Section("Where it is", tiles)


def _moves() -> Section:
    return Section(
        "What moved",
        [
            Tile(
                13,
                10,
                table_panel(
                    "Biggest moves in 24 h",
                    "The holdings whose USD value changed most against 24 hours ago. Flow is what came or went as "
                    "coins, at the price of now; price is what the market made of the coins that were held all "
                    "along. Where there is no reading from 24 hours ago, it is the change of the last hour.",
                    {**EXCHANGE_ACCOUNT, "currency": "Currency"},
                    [
                        Column("Size", biggest(), "currencyUSD", decimals=2),
                        Column("Change", biggest_change(USD), "currencyUSD", CHANGE_COLORS, decimals=2),
                        Column("Flow", biggest_flow(), "currencyUSD", CHANGE_COLORS, decimals=2),
                        Column("Price", biggest_price_effect(), "currencyUSD", CHANGE_COLORS, decimals=2),
                        Column("Amount", biggest_change(NET), "short", CHANGE_COLORS),
                    ],
                    sort="Size",
                    descending=True,
                    none="nothing has moved by a cent, or nothing is recorded yet",
                ),
            ),
            Tile(
                11,
                10,
                lines_panel(
                    "24 h change: flow apart from price",
                    "At each moment, the change of the total against 24 hours before it, split into coins that came or "
                    "went and the work of prices.",
                    "currencyUSD",
                    [Query(total_flow(), "flow"), Query(total_price_effect(), "price")],
                    colors={"/flow/": BLUE, "/price/": ORANGE},
                    every=RECORDED,
                ),
            ),
        ],
    )


def _rows() -> dashboard.CustomVariable:
    """How many balances are listed; 0 stands for all of them."""
    variable = dashboard.CustomVariable("rows").label("Rows").values("200, 1000, all : 0")
    variable.description("How many balances are listed below, the largest by USD value first.")
    choices = (("200", "200"), ("1000", "1000"), ("all", "0"))
    variable.options([model.VariableOption(text=text, value=value, selected=text == "200") for text, value in choices])
    return variable.current(model.VariableOption(text="200", value="200", selected=True))


def _holdings() -> Section:
    return Section(
        "Every balance",
        [
            Tile(
                24,
                3,
                stat_panel(
                    "Balances",
                    "How many balances are listed below, and how many there are. Choose more rows above, or by "
                    "exchange, account and currency, to see the others.",
                    "none",
                    [Query(f"count({listed(NET)})", "listed"), Query(f"count({fresh(NET)})", "all")],
                    none="no balance is exported now",
                ),
            ),
            Tile(
                24,
                14,
                table_panel(
                    "Holdings",
                    "Balances that are exported now, zeros included: the largest by USD value, as many as are "
                    "chosen under Rows. No USD value means that there is no price, not that it is worth nothing; "
                    "such balances come last.",
                    EXCHANGE_COIN,
                    [
                        Column("USD", listed(USD), "currencyUSD", decimals=2),
                        Column("Net", listed(NET)),
                        Column("Available", listed("exchange_balance_available")),
                        Column("Frozen", listed("exchange_balance_frozen")),
                        Column("Locked", listed("exchange_balance_locked")),
                        Column("Borrowed", listed("exchange_balance_borrowed")),
                        Column("Price", listed_price(), "currencyUSD"),
                    ],
                    sort="USD",
                    descending=True,
                    none="no balance is exported now",
                ),
            ),
        ],
    )
