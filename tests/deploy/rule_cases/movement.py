"""Rule tests of movements: BalanceRunningOut, BalanceDropped."""

from tests.deploy.rule_cases.table import Alert, Case, Suite, series, wallet_state

GRID = {"exchange": "bitget", "account": "grid-1", "wallet": "spot"}
ACCOUNT = {"exchange": "bitget", "account": "grid-1"}
TEAM = {series("exchange_account_info", **ACCOUNT, shard="0", team="grid"): "1x500"}


def wallets(*of: tuple[str, str]) -> dict[str, str]:
    """Return what these wallets, by account and name, say of themselves while they are read well."""
    found: dict[str, str] = {}
    for account, wallet in of:
        found |= wallet_state(150, of={"exchange": "bitget", "account": account, "wallet": wallet})
    return found


def running(account: str, since: int, minutes: int, amount: str) -> dict[str, str]:
    """Return an account that an exporter names from one minute on, for some minutes, with one coin."""
    late = f"_x{since} " if since else ""
    place = {"exchange": "bitget", "account": account, "wallet": "spot"}
    values = f"{late}{amount}x{minutes - 1} stale"
    return {
        **wallet_state(
            minutes,
            of=place,
            fresh=f"{late}1x{minutes - 1} stale",
            last_success=f"{late}{since * 60 + 60}+60x{minutes - 1} stale",
        ),
        series("exchange_balance_net", **place, currency="BTC"): values,
        series("exchange_balance_usd", **place, currency="BTC"): values.replace(amount, f"{amount}000"),
    }


def btc(name: str, **more: str) -> str:
    return series(name, **{**GRID, "currency": "BTC", **more})


SUITE = Suite(
    name="movement",
    about="Movements of balances: BalanceRunningOut, BalanceDropped.",
    rules=("recording", "balances"),
    cases=(
        Case(
            says="BalanceRunningOut: a steady loss that ends within twelve hours, until it stops",
            series={
                btc("exchange_balance_net"): "800-1x240 stale 558-1x9 549x60",
                btc("exchange_balance_threshold", of="net", severity="warning"): "100x320",
                **TEAM,
            },
            silent={"BalanceRunningOut": ("190m", "312m")},
            firing={
                "BalanceRunningOut": {
                    "200m": [
                        Alert(
                            {**GRID, "currency": "BTC", "severity": "warning", "team": "grid"},
                            (
                                "Account grid-1 on bitget holds 600 BTC in wallet spot and loses 60 "
                                "an hour: it lasts for about 10h 0m 0s."
                            ),
                        ),
                    ],
                    "241m": [
                        Alert(
                            {**GRID, "currency": "BTC", "severity": "warning", "team": "grid"},
                            (
                                "Account grid-1 on bitget holds 560 BTC in wallet spot and loses "
                                "59.99 an hour: it lasts for about 9h 20m 3s."
                            ),
                        ),
                    ],
                }
            },
        ),
        Case(
            says="BalanceRunningOut: not when it lasts longer, not after one withdrawal, not without a limit",
            series={
                btc("exchange_balance_net"): "800-1x260",
                btc("exchange_balance_net", currency="ETH"): "1000-0.9x260",
                btc("exchange_balance_threshold", currency="ETH", of="net", severity="warning"): "100x260",
                btc("exchange_balance_net", currency="XRP"): "1000x120 50x140",
                btc("exchange_balance_threshold", currency="XRP", of="net", severity="warning"): "10x260",
            },
            silent={"BalanceRunningOut": ("200m", "240m", "260m")},
        ),
        Case(
            says="BalanceDropped: just half is quiet, more fires in amounts, whatever the price does, for an hour",
            series={
                btc("exchange_balance_net"): "10x69 5x9 4.9x9 stale 4.9x60",
                btc("exchange_balance_usd"): "1000000x69 2000000x80",
                btc("exchange_balance_net", account="other"): "90x150",
                btc("exchange_balance_usd", account="other"): "9000000x150",
                **wallets(("grid-1", "spot"), ("other", "spot")),
                **TEAM,
            },
            silent={"BalanceDropped": ("65m", "79m", "82m", "142m")},
            firing={
                "BalanceDropped": {
                    time: [
                        Alert(
                            {**ACCOUNT, "currency": "BTC", "severity": "warning", "team": "grid"},
                            (
                                "Account grid-1 on bitget holds 51% less BTC than an hour ago: "
                                "10 then, 4.9 now, over all its wallets."
                            ),
                        )
                    ]
                    for time in ("83m", "90m", "120m")
                }
            },
        ),
        Case(
            says="BalanceDropped: firm-wide, a fifth is quiet, more fires and names who lost",
            series={
                btc("exchange_balance_net"): "50x69 40x9 39x70",
                btc("exchange_balance_net", account="other"): "50x69 40x9 40x70",
                btc("exchange_balance_usd"): "5000000x150",
                **wallets(("grid-1", "spot"), ("other", "spot")),
            },
            silent={"BalanceDropped": ("79m", "82m", "142m")},
            firing={
                "BalanceDropped": {
                    "83m": [
                        Alert(
                            {"currency": "BTC", "severity": "critical"},
                            (
                                "All accounts together hold 21% less BTC than an hour ago: 79 now. Most went "
                                "from grid-1 on bitget (-11), other on bitget (-10)."
                            ),
                        )
                    ]
                }
            },
        ),
        Case(
            says="BalanceDropped: an account that was renamed, one taken out and a new one are no moves, in any minute",
            series={
                **running("grid-1", 0, 69, "60"),
                **running("renamed", 70, 80, "60"),
                **running("taken-out", 0, 99, "40"),
                **running("stays", 0, 150, "10"),
                **running("new", 40, 110, "500"),
                series("exchange_exporter_shards"): "1x150",
                series("exchange_exporter_shard_ordinal"): "0x150",
            },
            silent={"BalanceDropped": tuple(f"{minute}m" for minute in range(60, 150))},
        ),
        Case(
            says="BalanceDropped: a transfer between wallets, a failing exchange and small change are no drop",
            series={
                btc("exchange_balance_net"): "10x69 0x80",
                btc("exchange_balance_net", wallet="funding"): "1x69 11x80",
                btc("exchange_balance_net", account="failing"): "100x69 stale",
                btc("exchange_balance_net", account="small", currency="DOGE"): "500x69 0x80",
                btc("exchange_balance_usd", account="small", currency="DOGE"): "99x69 0x80",
                **wallets(("grid-1", "spot"), ("grid-1", "funding"), ("small", "spot")),
                **wallet_state(
                    150,
                    fresh="1x69 0x80",
                    last_success="0+60x69 4140x80",
                    of={"exchange": "bitget", "account": "failing", "wallet": "spot"},
                ),
            },
            silent={"BalanceDropped": ("75m", "90m", "120m")},
        ),
    ),
)
