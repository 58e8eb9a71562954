"""Rule tests of the alerts on access: credentials, permissions, addresses, limits, outages, clocks, keys."""

from tests.deploy.rule_cases.table import DAY, Alert, Case, Suite, series

GRID = {"exchange": "bitget", "account": "grid-1", "wallet": "spot"}
ACCOUNT = {"exchange": "bitget", "account": "grid-1"}
TEAM = {series("exchange_account_info", **ACCOUNT, shard="0", team="grid"): "1x60"}


def failing_case(alert: str, reason: str, labels: dict[str, str], texts: tuple[str, str], wait: int) -> Case:
    """Return the test of an alert on one reason: it fails in minutes 10 to 24 with a missed scrape at 20."""
    fires = 10 + wait
    return Case(
        says=f"{alert}: not before {wait} minutes of failing, through a missed scrape, until the first good read",
        series={
            series("exchange_wallet_failing", **GRID, reason=reason): "_x10 1x9 stale 1x3 stale",
            series("exchange_wallet_failing_since_timestamp_seconds", **GRID): "_x10 600x9 stale 600x3 stale",
            series("exchange_wallet_up", **GRID): "1x9 0x9 stale 0x3 1x10",
            series("exchange_account_up", **ACCOUNT): "1x9 0x9 stale 0x3 1x10",
            series("exchange_account_up", exchange="bitget", account="well"): "1x60",
            **TEAM,
        },
        silent={alert: ("9m", f"{fires - 1}m", "25m"), "ExchangeUnreachable": ("22m",)},
        firing={
            alert: {
                f"{fires}m": [Alert(labels, texts[0])],
                "20m": [Alert(labels, texts[1])],
            }
        },
    )


def blip(alert: str, reason: str) -> Case:
    """Return the test that one failed read is no alert, and that other reasons are other alerts'."""
    return Case(
        says=f"{alert}: not after one failed read, not for another reason",
        series={
            series("exchange_wallet_failing", **GRID, reason=reason): "_x10 1 stale",
            series("exchange_wallet_up", **GRID): "1x9 0 1x30",
            series("exchange_wallet_failing", **{**GRID, "account": "other"}, reason="payload"): "1x40",
            series("exchange_wallet_up", **{**GRID, "account": "other"}): "0x40",
        },
        silent={alert: ("10m", "11m", "12m", "13m", "16m", "30m")},
    )


def outage(reasons: dict[str, str], up: str) -> dict[str, str]:
    """Return three accounts of one exchange, each with what its spot wallet says of a reason over time."""
    found: dict[str, str] = {}
    for account, reason in reasons.items():
        wallet = {"exchange": "htx", "account": account, "wallet": "spot"}
        name, _, values = reason.partition(" ")
        found[series("exchange_wallet_failing", **wallet, reason=name)] = values
        found[series("exchange_account_up", exchange="htx", account=account)] = up
        found[series("exchange_wallet_up", **wallet)] = up
    return found


NOT_PERMITTED = "The key of account grid-1 on bitget may not read wallet spot, seen for {}."
IN_MAINTENANCE = "bitget answers with maintenance for 1 of its accounts."
EXPIRES = "The API key of account grid-1 on bitget expires in 4m 0s."
EXPIRED = "The API key of account grid-1 on bitget has expired."
CAN_WITHDRAW = "The API key of account grid-1 on bitget may withdraw funds; reading balances never needs that."
CAN_WITHDRAW_12345 = f"{CAN_WITHDRAW} The account is worth 12345.68 USD."

SUITE = Suite(
    name="accounts",
    about="Access to the exchanges: credentials, permissions, addresses, limits, outages, clocks, keys.",
    rules=("accounts",),
    cases=(
        failing_case(
            "AccountAuthFailing",
            "auth",
            {**ACCOUNT, "severity": "critical", "team": "grid"},
            (
                (
                    "bitget has refused the credentials of account grid-1 for 2m 0s. Until they are "
                    "right nothing of the account is read, and it is tried at most every 15 minutes."
                ),
                (
                    "bitget has refused the credentials of account grid-1 for 10m 0s. Until they are "
                    "right nothing of the account is read, and it is tried at most every 15 minutes."
                ),
            ),
            2,
        ),
        blip("AccountAuthFailing", "auth"),
        failing_case(
            "AccountPermissionMissing",
            "permission",
            {**GRID, "severity": "warning", "team": "grid"},
            (NOT_PERMITTED.format("2m 0s"), NOT_PERMITTED.format("10m 0s")),
            2,
        ),
        blip("AccountPermissionMissing", "permission"),
        failing_case(
            "AccountIpRefused",
            "ip",
            {**ACCOUNT, "severity": "critical", "team": "grid"},
            (
                "bitget has refused the address that account grid-1 is read from for 2m 0s.",
                "bitget has refused the address that account grid-1 is read from for 10m 0s.",
            ),
            2,
        ),
        blip("AccountIpRefused", "ip"),
        failing_case(
            "AccountRateLimited",
            "rate_limited",
            {**ACCOUNT, "reason": "rate_limited", "severity": "warning", "team": "grid"},
            (
                "Account grid-1 on bitget cannot be read: rate_limited for 5m 0s.",
                "Account grid-1 on bitget cannot be read: rate_limited for 10m 0s.",
            ),
            5,
        ),
        blip("AccountRateLimited", "banned"),
        Case(
            says="AccountRateLimited: an account that a ban keeps from being read, though none of its polls failed",
            series={
                series("exchange_wallet_failing", **GRID, reason="banned"): "_x10 1x30 stale",
                series("exchange_wallet_failing_since_timestamp_seconds", **GRID): "_x10 660x30 stale",
                series("exchange_wallet_up", **GRID): "1x10 0x30 1x10",
                series("exchange_account_up", **ACCOUNT): "1x10 0x30 1x10",
                series("exchange_account_up", exchange="bitget", account="well"): "1x60",
                series("exchange_account_next_poll_timestamp_seconds", **ACCOUNT): "60+60x10 2520x30 2580+60x10",
                series("exchange_poll_failures_total", **ACCOUNT, reason="banned"): "0x60",
                series("exchange_polls_skipped_total", **ACCOUNT, reason="paused"): "0x10 1+1x30 31x10",
                **TEAM,
            },
            silent={"AccountRateLimited": ("15m", "43m"), "ExchangeUnreachable": ("30m",)},
            firing={
                "AccountRateLimited": {
                    "16m": [
                        Alert(
                            {**ACCOUNT, "reason": "banned", "severity": "warning", "team": "grid"},
                            "Account grid-1 on bitget cannot be read: banned for 5m 0s; the next try is in 26m 0s.",
                        )
                    ],
                    "30m": [
                        Alert(
                            {**ACCOUNT, "reason": "banned", "severity": "warning", "team": "grid"},
                            "Account grid-1 on bitget cannot be read: banned for 19m 0s; the next try is in 12m 0s.",
                        )
                    ],
                }
            },
        ),
        Case(
            says="AccountRateLimited: not an account read by turns, that is PollsSkipped; one that is never read",
            series={
                series("exchange_wallet_failing", **GRID, reason="rate_limited"): (
                    "_x10 1x1 stale _ 1x1 stale _ 1x1 stale _ 1x1 stale _ 1x1 stale _ 1x20"
                ),
                series("exchange_wallet_failing_since_timestamp_seconds", **GRID): "_x10 1560x40",
                series("exchange_wallet_up", **GRID): "1x10 0x1 1x1 0x1 1x1 0x1 1x1 0x1 1x1 0x1 1x1 0x25",
                series("exchange_account_up", **ACCOUNT): "1x10 0x1 1x1 0x1 1x1 0x1 1x1 0x1 1x1 0x1 1x1 0x25",
                **TEAM,
            },
            silent={"AccountRateLimited": ("14m", "20m", "28m", "33m")},
            firing={
                "AccountRateLimited": {
                    "40m": [
                        Alert(
                            {**ACCOUNT, "reason": "rate_limited", "severity": "warning", "team": "grid"},
                            "Account grid-1 on bitget cannot be read: rate_limited for 14m 0s.",
                        )
                    ]
                }
            },
        ),
        failing_case(
            "ExchangeMaintenance",
            "maintenance",
            {"exchange": "bitget", "severity": "info"},
            (IN_MAINTENANCE, IN_MAINTENANCE),
            2,
        ),
        blip("ExchangeMaintenance", "maintenance"),
        Case(
            says="ExchangeUnreachable: every account, for reasons on the way, until one answers",
            series=outage(
                {
                    "one": "network _x10 1x9 stale 1x3 stale",
                    "two": "timeout _x10 1x9 stale 1x3 stale",
                    "three": "timeout _x10 1x9 stale 1x3 stale",
                },
                up="1x9 0x9 stale 0x3 1x10",
            ),
            silent={"ExchangeUnreachable": ("9m", "12m", "25m")},
            firing={
                "ExchangeUnreachable": {
                    time: [
                        Alert(
                            {"exchange": "htx", "severity": "warning"},
                            (
                                "None of the accounts on htx (3) gets a usable answer; reasons: network "
                                "(1), timeout (2)."
                            ),
                        )
                    ]
                    for time in ("13m", "20m", "23m")
                }
            },
        ),
        Case(
            says="ExchangeUnreachable: not while one of the accounts fails for a reason of its own",
            series=outage({"one": "network 1x40", "two": "http 1x40", "three": "auth 1x40"}, up="0x40"),
            silent={"ExchangeUnreachable": ("10m", "40m")},
        ),
        Case(
            says="ExchangeUnreachable: not while one of the accounts is read",
            series={
                **outage({"one": "network 1x40", "two": "tls 1x40"}, up="0x40"),
                series("exchange_account_up", exchange="htx", account="three"): "1x40",
            },
            silent={"ExchangeUnreachable": ("10m", "40m")},
        ),
        Case(
            says="ClockOffsetHigh: one second is quiet, more fires in both directions, until it is right again",
            series={series("exchange_api_clock_offset_seconds", exchange="xt"): "1x9 -1.5x7 stale -1.5x3 0.2x10"},
            silent={"ClockOffsetHigh": ("9m", "14m", "23m")},
            firing={
                "ClockOffsetHigh": {
                    time: [
                        Alert(
                            {"exchange": "xt", "severity": "warning"},
                            (
                                "The clocks of the exporter and of xt are 1.5s apart. The exporter "
                                "corrects its signatures for it; other programs on this host may be "
                                "refused."
                            ),
                        )
                    ]
                    for time in ("15m", "18m", "22m")
                }
            },
        ),
        Case(
            says="ApiKeyExpiring: fourteen days are quiet, less is a warning, a new key resolves",
            series={
                series("exchange_api_key_expiry_timestamp_seconds", **ACCOUNT): (
                    f"{14 * DAY + 600}x17 stale {14 * DAY + 600}x2 {400 * DAY}x10"
                ),
                **TEAM,
            },
            silent={"ApiKeyExpiring": ("10m", "15m", "22m")},
            firing={
                "ApiKeyExpiring": {
                    "16m": [
                        Alert(
                            {**ACCOUNT, "severity": "warning", "team": "grid"},
                            "The API key of account grid-1 on bitget expires in 13d 23h 54m 0s.",
                        )
                    ],
                    "18m": [
                        Alert(
                            {**ACCOUNT, "severity": "warning", "team": "grid"},
                            "The API key of account grid-1 on bitget expires in 13d 23h 52m 0s.",
                        )
                    ],
                }
            },
        ),
        Case(
            says="ApiKeyExpiring: within three days it is critical, and it says so when the key has expired",
            series={series("exchange_api_key_expiry_timestamp_seconds", **ACCOUNT): "600x30"},
            firing={
                "ApiKeyExpiring": {
                    "6m": [
                        Alert({**ACCOUNT, "severity": "critical"}, EXPIRES),
                        Alert({**ACCOUNT, "severity": "warning"}, EXPIRES),
                    ],
                    "20m": [
                        Alert({**ACCOUNT, "severity": "critical"}, EXPIRED),
                        Alert({**ACCOUNT, "severity": "warning"}, EXPIRED),
                    ],
                }
            },
        ),
        Case(
            says="ApiKeyCanWithdraw: only the permission to withdraw, until it is taken away",
            series={
                series("exchange_api_key_permission", **ACCOUNT, permission="withdraw"): "0x9 1x7 stale 1x3 0x10",
                series("exchange_api_key_permission", **ACCOUNT, permission="trade"): "1x40",
                series("exchange_account_usd", **ACCOUNT): "12345.678x40",
                **TEAM,
            },
            silent={"ApiKeyCanWithdraw": ("9m", "14m", "23m")},
            firing={
                "ApiKeyCanWithdraw": {
                    time: [Alert({**ACCOUNT, "severity": "warning", "team": "grid"}, CAN_WITHDRAW_12345)]
                    for time in ("15m", "18m", "22m")
                }
            },
        ),
        Case(
            says="a team that changes shows for a while in two infos, which breaks no rule",
            series={
                series("exchange_api_key_permission", **ACCOUNT, permission="withdraw"): "1x40",
                series("exchange_account_info", **ACCOUNT, shard="0", team="grid"): "1x20 stale",
                series("exchange_account_info", **ACCOUNT, shard="0", team="market-making"): "_x20 1x20",
            },
            firing={
                "ApiKeyCanWithdraw": {
                    "15m": [Alert({**ACCOUNT, "severity": "warning", "team": "grid"}, CAN_WITHDRAW)],
                    "22m": [Alert({**ACCOUNT, "severity": "warning", "team": "grid"}, CAN_WITHDRAW)],
                    "40m": [Alert({**ACCOUNT, "severity": "warning", "team": "market-making"}, CAN_WITHDRAW)],
                }
            },
        ),
    ),
)
