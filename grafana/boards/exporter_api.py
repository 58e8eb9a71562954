"""What the exporter sees of the exchanges, for the Exporter dashboard: requests, limits, clocks and prices."""

from grafana.panels.charts import gauge_panel, lines_panel
from grafana.panels.layout import Section, Tile
from grafana.panels.parts import GREY, ORANGE, RED, Column, Query
from grafana.panels.promql import CURRENCY, EXCHANGE, age, latest, rate, selector
from grafana.panels.tables import table_panel


def requests() -> Section:
    """What exchanges answer, how quickly, and how often they are asked again."""

    def quantile(share: float, *by: str) -> str:
        buckets = rate("exchange_api_request_duration_seconds_bucket", EXCHANGE, ("le", *by))
        return f"histogram_quantile({share}, {buckets})"

    return Section(
        "Requests to the exchanges",
        [
            Tile(
                12,
                8,
                lines_panel(
                    "Requests by status",
                    "Requests per second by exchange and HTTP status; error means that there was no answer.",
                    "reqps",
                    [
                        Query(
                            rate("exchange_api_requests_total", EXCHANGE, ("exchange", "code")), "{{exchange}} {{code}}"
                        )
                    ],
                    minimum=0,
                    colors={"/ error$/": RED, "/ (429|418)$/": ORANGE, "/ 5..$/": RED},
                ),
            ),
            Tile(
                12,
                8,
                lines_panel(
                    "Latency quantiles",
                    "How long requests take: half of them, nine in ten and 99 in 100 are quicker than this.",
                    "s",
                    [
                        Query(quantile(share, "exchange"), f"{{{{exchange}}}} p{share * 100:.0f}")
                        for share in (0.5, 0.9, 0.99)
                    ],
                    minimum=0,
                ),
            ),
            Tile(
                12,
                9,
                gauge_panel(
                    "Slowest endpoints",
                    "Latency that nine in ten requests stay under, for the ten slowest endpoints.",
                    "s",
                    Query(f"sort_desc(topk(10, {quantile(0.9, 'exchange', 'endpoint')}))", "{{exchange}} {{endpoint}}"),
                    none="no request yet",
                ),
            ),
            Tile(
                12,
                9,
                lines_panel(
                    "Retries",
                    "Requests per minute that were repeated within a read.",
                    "cpm",
                    [Query(f"60 * {rate('exchange_api_retries_total', EXCHANGE, EXCHANGE)}", "{{exchange}}")],
                    minimum=0,
                    maximum=1,
                ),
            ),
        ],
    )


def limits() -> Section:
    """What the exchanges' limits leave, and whose clock is off."""
    remaining = ("exchange", "account", "endpoint")
    return Section(
        "Limits and clocks",
        [
            Tile(
                12,
                8,
                lines_panel(
                    "Waits for rate, and remaining quota",
                    "Seconds per second that requests waited for their share of the exchange's limit "
                    "(left), and what the exchange says is left of it, where it says so (right).",
                    "percentunit",
                    [
                        Query(
                            rate("exchange_api_rate_limit_wait_seconds_total", EXCHANGE, EXCHANGE),
                            "{{exchange}} waiting",
                        ),
                        Query(
                            latest("exchange_api_rate_limit_remaining", remaining, pick="min"),
                            "{{account}} {{endpoint}} remaining",
                        ),
                    ],
                    minimum=0,
                    maximum=0.1,
                    right_axis=("B", "short"),
                ),
            ),
            Tile(
                12,
                8,
                lines_panel(
                    "Clock offsets",
                    "The exchange's clock minus ours, for the worst of its hosts. It is "
                    "applied to signatures; a large one says that a clock is wrong.",
                    "s",
                    [Query(latest("exchange_api_clock_offset_seconds", EXCHANGE), "{{exchange}}")],
                ),
            ),
        ],
    )


def prices() -> Section:
    """The prices that valuation uses, their age and the pegs."""
    pegged = latest("exchange_price_usd", CURRENCY, 'currency=~"USDT|USDC|USD"')
    return Section(
        "Prices",
        [
            Tile(
                12,
                9,
                lines_panel(
                    "Age of prices",
                    "Time since each exchange's prices were last read. A book "
                    "older than ten valuation intervals values nothing.",
                    "s",
                    [Query(age("exchange_price_last_success_timestamp_seconds", EXCHANGE), "{{exchange}}")],
                    minimum=0,
                ),
            ),
            Tile(
                12,
                9,
                table_panel(
                    "Prices in use",
                    "The price of each currency on each exchange that valuation uses now, and its "
                    "change in the last hour.",
                    {"exchange": "Exchange", "currency": "Currency"},
                    [
                        Column("Price", latest("exchange_price_usd", CURRENCY), "currencyUSD"),
                        Column(
                            "In 1 h",
                            f"avg by (exchange, currency) (delta({selector('exchange_price_usd', CURRENCY)}[1h])) / "
                            f"({latest('exchange_price_usd', CURRENCY)} > 0)",
                            "percentunit",
                            decimals=2,
                        ),
                    ],
                    sort="Price",
                    descending=True,
                    none="no price has been read",
                ),
            ),
            Tile(
                24,
                9,
                lines_panel(
                    "Stablecoins: price used and price seen",
                    "What valuation takes a pegged currency to be worth, and what the market says of it.",
                    "currencyUSD",
                    [
                        Query(pegged, "{{exchange}} {{currency}} used"),
                        Query(latest("exchange_peg_market_price_usd", CURRENCY), "{{exchange}} {{currency}} market"),
                    ],
                    dashed={"/ used$/": GREY},
                    decimals=4,
                ),
            ),
        ],
    )
