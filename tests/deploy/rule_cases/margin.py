"""Rule tests of wallets with positions: MarginRatioHigh, and limits on what a bot can still open with."""

from tests.deploy.rule_cases.table import Alert, Case, Suite, series

FUTURES = {"exchange": "bitget", "account": "grid-1", "wallet": "futures"}
PAIR = {**FUTURES, "wallet": "isolated_margin/BTCUSDT"}
USDT = {**FUTURES, "currency": "USDT"}
TEAM = {series("exchange_account_info", exchange="bitget", account="grid-1", shard="0", team="grid"): "1x60"}
RATIO = series("exchange_wallet_margin_ratio", **FUTURES)


def near(severity: str, description: str, **more: str) -> list[Alert]:
    return [Alert({**FUTURES, "severity": severity, **more}, description)]


def needs(share: str, wallet: str = "futures") -> str:
    return (
        f"The positions in wallet {wallet} of account grid-1 on bitget need {share} of its equity as maintenance "
        "margin; at 100% they are liquidated."
    )


def held(available: str, net: str, pnl: str = "") -> dict[str, str]:
    """A futures wallet with limits on both figures."""
    return {
        series("exchange_balance_available", **USDT): available,
        series("exchange_balance_net", **USDT): net,
        **({series("exchange_balance_unrealized_pnl", **USDT): pnl} if pnl else {}),
        series("exchange_balance_threshold", **USDT, of="available", severity="warning"): "500x60",
        series("exchange_balance_threshold", **USDT, of="net", severity="critical"): "1000x60",
    }


SUITE = Suite(
    name="margin",
    about="Wallets with positions: MarginRatioHigh, and limits on what a bot can still open with.",
    rules=("recording", "balances", "margin"),
    cases=(
        Case(
            says="MarginRatioHigh: 60% is quiet, more fires after two minutes, through a missed scrape, until it falls",
            series={
                RATIO: "0.6x9 0.625x3 stale 0.625x6 0.6x20",
                series("exchange_balance_usd", **USDT): "1995.25x60",
                series("exchange_balance_usd", **{**USDT, "currency": "BTC"}): "1000x60",
                series("exchange_balance_unrealized_pnl", **USDT): "-864.75x60",
                series("exchange_balance_unrealized_pnl", **{**USDT, "currency": "BTC"}): "0.025x60",
                series("exchange_balance_unrealized_pnl", **{**USDT, "currency": "XRP"}): "0x60",
                **TEAM,
            },
            silent={"MarginRatioHigh": ("9m", "11m", "22m")},
            firing={
                "MarginRatioHigh": {
                    time: near(
                        "warning",
                        f"{needs('62.5%')} The equity is worth 2995.25 USD. Open positions stand at +0.025 BTC, "
                        "-864.75 USDT.",
                        team="grid",
                    )
                    for time in ("12m", "14m", "20m")
                }
            },
        ),
        Case(
            says="MarginRatioHigh: over 80% is critical beside the warning, which Alertmanager then silences; no team",
            series={RATIO: "0.8x9 0.81x10 0.7x20"},
            silent={"MarginRatioHigh": ("1m",)},
            firing={
                "MarginRatioHigh": {
                    "11m": near("warning", needs("81%")),
                    "12m": near("warning", needs("81%")) + near("critical", needs("81%")),
                    "21m": near("warning", needs("70%")),
                }
            },
        ),
        Case(
            says="MarginRatioHigh: a peak of one read is quiet, and so is a wallet that states no ratio",
            series={RATIO: "0.3x9 0.95 0.3x20", **held("900x40", "5000x40")},
            silent={"MarginRatioHigh": ("10m", "11m", "12m", "13m", "15m")},
        ),
        Case(
            says="MarginRatioHigh: of two replicas the highest counts, once; each wallet by itself",
            series={
                RATIO: "0.55x40",
                series("exchange_wallet_margin_ratio", **FUTURES, instance="b:10118"): "0.7x40",
                series("exchange_wallet_margin_ratio", **PAIR): "0.65x40",
                series("exchange_wallet_margin_ratio", **PAIR, instance="b:10118"): "0.65x40",
                series("exchange_wallet_margin_ratio", **{**FUTURES, "account": "calm"}): "0.1x40",
            },
            firing={
                "MarginRatioHigh": {
                    "10m": [
                        Alert({**FUTURES, "severity": "warning"}, needs("70%")),
                        Alert({**PAIR, "severity": "warning"}, needs("65%", "isolated_margin/BTCUSDT")),
                    ]
                }
            },
        ),
        Case(
            says="MarginRatioHigh: gone within minutes after the wallet is withdrawn, which BalanceMissing then tells",
            series={RATIO: "0.7x9 stale", series("exchange_wallet_fresh", **FUTURES): "1x9 0x20"},
            silent={"MarginRatioHigh": ("14m",)},
            firing={"MarginRatioHigh": {"9m": near("warning", needs("70%"))}},
        ),
        Case(
            says="BalanceLow of what a bot can still open with, while the equity is far over its own limit",
            series=held("600x4 450.5x10 600x10", "5000x40", "-1200x40"),
            silent={"BalanceLow": ("4m", "17m"), "BalanceCritical": ("10m",), "MarginRatioHigh": ("10m",)},
            firing={
                "BalanceLow": {
                    "10m": [
                        Alert(
                            {**USDT, "severity": "warning", "of": "available"},
                            (
                                "What is available to account grid-1 on bitget in wallet futures is 450.5 USDT, under "
                                "the warning limit of 500. Add 49.5 USDT to reach the limit; no target is set. No "
                                "account has USDT to spare."
                            ),
                        )
                    ]
                }
            },
        ),
        Case(
            says="BalanceCritical of equity below zero",
            series=held("600x40", "-14.5x40", "-864.5x40"),
            silent={"BalanceLow": ("10m",)},
            firing={
                "BalanceCritical": {
                    "10m": [
                        Alert(
                            {**USDT, "severity": "critical", "of": "net"},
                            (
                                "The whole holding of account grid-1 on bitget in wallet futures is -14.5 USDT, under "
                                "the critical limit of 1000. Add 1014.5 USDT to reach the limit; no target is set. "
                                "No account has USDT to spare."
                            ),
                        )
                    ]
                }
            },
        ),
    ),
)
