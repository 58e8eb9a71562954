"""Rule tests of FrozenStuck, which needs hours of history."""

from tests.deploy.rule_cases.table import Alert, Case, Suite, series

GRID = {"exchange": "bitget", "account": "grid-1", "wallet": "spot"}
ACCOUNT = {"exchange": "bitget", "account": "grid-1"}


def btc(name: str, **more: str) -> str:
    return series(name, **{**GRID, "currency": "BTC", **more})


SUITE = Suite(
    name="frozen",
    about="Amounts that stay frozen: FrozenStuck.",
    rules=("recording", "balances"),
    cases=(
        Case(
            says="FrozenStuck: unchanged for six hours where the account asks for it, until it moves",
            series={
                btc("exchange_balance_frozen"): "0.5x5 0.75x364 stale 0.75x9 0.7x10",
                series("exchange_account_info", **ACCOUNT, shard="0", watch_frozen="true"): "1x400",
            },
            silent={"FrozenStuck": ("360m", "370m", "382m")},
            firing={
                "FrozenStuck": {
                    time: [
                        Alert(
                            {**GRID, "currency": "BTC", "severity": "warning"},
                            (
                                "0.75 BTC in wallet spot of account grid-1 on bitget are tied up by open "
                                "orders, and the amount has not moved for six hours."
                            ),
                        )
                    ]
                    for time in ("374m", "379m")
                }
            },
        ),
        Case(
            says="FrozenStuck: not without the label, not of nothing, not of what is gone",
            series={
                btc("exchange_balance_frozen"): "0.5x400",
                btc("exchange_balance_frozen", account="asks"): "0x400",
                btc("exchange_balance_frozen", account="asks", currency="ETH"): "3x360 stale",
                series(
                    "exchange_account_info", exchange="bitget", account="asks", shard="0", watch_frozen="true"
                ): "1x400",
            },
            silent={"FrozenStuck": ("365m", "380m")},
        ),
    ),
)
