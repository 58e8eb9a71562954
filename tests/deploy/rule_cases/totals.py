"""Rule tests of the recorded totals and shares: what is fresh, what is last known, and what is gone."""

from tests.deploy.rule_cases.table import Case, Suite, escape, series, wallet_state

DAY = 24 * 60  # minutes
Check = tuple[str, str, dict[str, float]]


def place(exchange: str, account: str, wallet: str = "spot") -> dict[str, str]:
    return {"exchange": exchange, "account": account, "wallet": wallet}


def holding(of: dict[str, str], currency: str, net: str, usd: str, instance: str = "a:10118") -> dict[str, str]:
    """Return a coin in a wallet, its amount and what it is worth."""
    return {
        series("exchange_balance_net", **of, currency=currency, instance=instance): net,
        series("exchange_balance_usd", **of, currency=currency, instance=instance): usd,
    }


def shard(instance: str, values: str, ordinal: int = 0, shards: int = 1) -> dict[str, str]:
    """Return what an exporter says of its part of the accounts; `1` in the values is when it answers."""
    return {
        series("exchange_exporter_shards", instance=instance): values.replace("1", str(shards)),
        series("exchange_exporter_shard_ordinal", instance=instance): values.replace("1", str(ordinal)),
    }


def usd(time: str, fresh: float | None, last_known: float | None, share: float | None = None) -> tuple[Check, ...]:
    """Return the checks of all that is held: fresh, last known, and the share of wallets that are fresh."""
    found = (("exchange_balance_usd:fresh", fresh), ("exchange_balance_usd:last_known", last_known))
    checks = [(f"all:{name}", time, {} if value is None else {f"all:{name}": value}) for name, value in found]
    if share is not None:
        checks.append(("all:exchange_wallet_fresh:share", time, {"all:exchange_wallet_fresh:share": share}))
    return tuple(checks)


def by(time: str, record: str, expected: dict[str, float]) -> Check:
    """Return the check of a recorded series by its labels, written as `exchange=htx,account=one`."""
    samples = {}
    for labels, value in expected.items():
        pairs = (label.partition("=") for label in labels.split(","))
        written = ",".join(f'{name}="{escape(value)}"' for name, _, value in pairs)
        samples[f"{record}{{{written}}}"] = value
    return (record, time, samples)


ONE, MARGIN, TWO = place("htx", "one"), place("htx", "one", "margin"), place("xt", "two")
FAILING = {
    **holding(ONE, "BTC", "2x1600", "200x1600"),
    **holding(MARGIN, "USDT", "100x1600", "100x1600"),
    **holding(TWO, "BTC", "1x50 stale", "100x50 stale"),
    **wallet_state(1600, of=ONE),
    **wallet_state(1600, of=MARGIN),
    **wallet_state(1600, of=place("htx", "one", "overview"), fresh="0x1600"),
    **wallet_state(1600, of=TWO, fresh="1x50 0x1549", last_success="0+60x40 2400x1559"),
}


def running(
    name: dict[str, str], since: int, minutes: int, amount: int, instance: str = "a:10118", gone: bool = True
) -> dict[str, str]:
    """Return a wallet with one coin that an exporter names from one minute on, for some minutes, and reads well."""
    late, end = f"_x{since} " if since else "", " stale" if gone else ""
    values = {value: f"{late}{value}x{minutes - 1}{end}" for value in ("1", str(amount))}
    return {
        **holding(name, "BTC", values[str(amount)], values[str(amount)], instance),
        **wallet_state(
            minutes,
            of=name,
            fresh=values["1"],
            last_success=f"{late}{since * 60}+60x{minutes - 1}{end}",
            instance=instance,
        ),
    }


A, B = place("htx", "a"), place("htx", "b")
REST = running(TWO, 0, 200, 500, gone=False)

SUITE = Suite(
    name="totals",
    about="Recorded totals as fresh and as last known, their shares, and what is gone rather than unknown.",
    rules=("recording",),
    cases=(
        Case(
            says="totals as fresh and as last known, their shares, and the share of wallets that are fresh",
            series=FAILING,
            values=(
                *usd("50m", 400, 400, 1),
                *usd("51m", 300, 400),
                *usd("10h", 300, 400),
                *usd("24h39m", 300, 400),
                *usd("24h41m", 300, 300),
                by("2h", "exchange:exchange_balance_usd:fresh", {"exchange=htx": 300}),
                by("2h", "exchange:exchange_balance_usd:last_known", {"exchange=htx": 300, "exchange=xt": 100}),
                by("2h", "exchange:exchange_balance_usd:share", {"exchange=htx": 0.75, "exchange=xt": 0.25}),
                by(
                    "50m",
                    "account:exchange_balance_usd:fresh",
                    {"exchange=htx,account=one": 300, "exchange=xt,account=two": 100},
                ),
                by(
                    "2h",
                    "account:exchange_balance_usd:last_known",
                    {"exchange=htx,account=one": 300, "exchange=xt,account=two": 100},
                ),
                by("2h", "currency:exchange_balance_usd:fresh", {"currency=BTC": 200, "currency=USDT": 100}),
                by("2h", "currency:exchange_balance_usd:last_known", {"currency=BTC": 300, "currency=USDT": 100}),
                by("2h", "currency:exchange_balance_net:fresh", {"currency=BTC": 2, "currency=USDT": 100}),
                by("2h", "currency:exchange_balance_net:last_known", {"currency=BTC": 3, "currency=USDT": 100}),
                by("2h", "exchange:exchange_wallet_fresh:share", {"exchange=htx": 1, "exchange=xt": 0}),
                by(
                    "50m",
                    "account:exchange_wallet_fresh:share",
                    {"exchange=htx,account=one": 1, "exchange=xt,account=two": 1},
                ),
                ("round(all:exchange_wallet_fresh:share, 0.001)", "2h", {"{}": 0.667}),
            ),
        ),
        Case(
            says="a wallet that fails, is read again and fails again is remembered as it was read last",
            series={
                **holding(ONE, "BTC", "7x9 stale _x9 5x9 stale", "70x9 stale _x9 50x9 stale"),
                **wallet_state(60, of=ONE, fresh="1x9 0x10 1x9 0x30", last_success="0+60x9 540x10 1260+60x9 1800x30"),
            },
            values=(
                *usd("9m", 70, 70, 1),
                *usd("15m", None, 70, 0),
                *usd("25m", 50, 50, 1),
                *usd("50m", None, 50, 0),
            ),
        ),
        Case(
            says="an account that is renamed counts once, from the first scrape on",
            series={
                **REST,
                **running(A, 0, 30, 10000),
                **running(B, 30, 170, 10000, gone=False),
                **shard("a:10118", "1x200"),
            },
            values=tuple(
                check
                for minute in (29, 30, 31, 32, 33, 34, 36, 40, 60, 120)
                for check in usd(f"{minute}m", 10500, 10500, 1)
            ),
        ),
        Case(
            says="an account that is renamed by a restart counts once, and as last known while nothing answers",
            series={
                **running(A, 0, 30, 10000),
                **running(B, 40, 160, 10000, gone=False),
                **shard("a:10118", "1x29 stale _x9 1x160"),
            },
            values=(
                *usd("29m", 10000, 10000, 1),
                *usd("31m", 10000, 10000, 1),  # scrapes that fail are bridged
                *usd("34m", None, 10000, 0),
                *usd("39m", None, 10000, 0),
                *usd("40m", 10000, 10000, 1),
                *usd("41m", 10000, 10000, 1),
                *usd("60m", 10000, 10000, 1),
            ),
        ),
        Case(
            says="an account that was taken out is gone, whether it was fresh or failed",
            series={
                **REST,
                **running(A, 0, 30, 10000),
                **holding(B, "BTC", "3x9 stale", "300x9 stale"),
                **wallet_state(60, of=B, fresh="1x9 0x19 stale", last_success="0+60x9 540x19 stale"),
                **shard("a:10118", "1x200"),
            },
            values=(
                *usd("9m", 10800, 10800, 1),
                *usd("29m", 10500, 10800),
                *usd("30m", 500, 500, 1),
                *usd("60m", 500, 500, 1),
            ),
        ),
        Case(
            says="an account that becomes unified counts with its new wallet only",
            series={
                **REST,
                **running(place("bitget", "desk"), 0, 30, 10000),
                **running(place("bitget", "desk", "unified"), 30, 170, 10000, gone=False),
                **shard("a:10118", "1x200"),
            },
            values=tuple(
                check for minute in (29, 30, 31, 33, 36, 40, 120) for check in usd(f"{minute}m", 10500, 10500, 1)
            ),
        ),
        Case(
            says="a second replica, and its removal, change no total",
            series={
                **running(A, 0, 200, 10000, gone=False),
                **shard("a:10118", "1x200"),
                **running(A, 20, 40, 10000, instance="b:10118"),
                **shard("b:10118", "_x20 1x39 stale"),
            },
            values=tuple(
                check
                for minute in (10, 19, 20, 21, 40, 59, 60, 61, 63, 64, 66, 70, 120)
                for check in usd(f"{minute}m", 10000, 10000, 1)
            ),
        ),
        Case(
            says="the last replica that had an account is removed while the other goes on: the account is gone",
            series={
                **REST,
                **shard("a:10118", "1x200"),
                **running(A, 0, 30, 10000, instance="b:10118"),
                **shard("b:10118", "1x29 stale"),
            },
            values=(*usd("29m", 10500, 10500, 1), *usd("30m", 500, 500, 1), *usd("90m", 500, 500, 1)),
        ),
        Case(
            says="an account that moves to another shard counts once, and is not fresh until it is read there",
            series={
                **REST,
                **shard("a:10118", "1x200", ordinal=0, shards=2),
                **shard("b:10118", "1x200", ordinal=1, shards=2),
                **running(A, 0, 30, 10000),
                **holding(A, "BTC", "_x32 10000x160", "_x32 10000x160", instance="b:10118"),
                **wallet_state(
                    200,
                    of=A,
                    fresh="_x30 0x1 1x160",
                    last_success="_x30 0x1 1920+60x160",
                    instance="b:10118",
                ),
            },
            values=(
                *usd("29m", 10500, 10500, 1),
                *usd("30m", 500, 10500, 0.5),
                *usd("31m", 500, 10500, 0.5),
                *usd("32m", 10500, 10500, 1),
                *usd("40m", 10500, 10500, 1),
            ),
        ),
        Case(
            says="a shard that is down is last known; what the other one serves stays fresh",
            series={
                **REST,
                **shard("a:10118", "1x200", ordinal=0, shards=2),
                **running(A, 0, 30, 10000, instance="b:10118"),
                **shard("b:10118", "1x29 stale _x60 1x100", ordinal=1, shards=2),
            },
            values=(
                *usd("29m", 10500, 10500, 1),
                *usd("31m", 10500, 10500, 1),
                *usd("34m", 500, 10500, 0.5),
                *usd("80m", 500, 10500, 0.5),
                *usd("91m", 500, 500, 1),  # it is back, and no longer has the account
            ),
        ),
        Case(
            says="an exporter that is down as a whole: all is last known for a day, and nothing is fresh",
            series={
                **running(A, 0, 30, 10000),
                **running(B, 0, 30, 500),
                **shard("a:10118", "1x29 stale"),
            },
            values=(
                *usd("29m", 10500, 10500, 1),
                *usd("31m", 10500, 10500, 1),
                *usd("34m", None, 10500, 0),
                *usd("12h", None, 10500, 0),
                *usd("24h28m", None, 10500, 0),
                *usd("24h31m", None, None),
                ("all:exchange_wallet_fresh:share", "24h31m", {}),
            ),
        ),
        Case(
            says="scrapes that fail for up to three minutes change no total",
            series={
                name: f"{values.split('x')[0]}x19 stale _x1 {values.split('x')[0]}x30"
                for name, values in {
                    **holding(ONE, "BTC", "2x60", "200x60"),
                    series("exchange_wallet_fresh", **ONE): "1x60",
                    series("exchange_wallet_last_success_timestamp_seconds", **ONE): "600x60",
                    **shard("a:10118", "1x60"),
                }.items()
            },
            values=tuple(check for minute in range(1, 30) for check in usd(f"{minute}m", 200, 200, 1)),
        ),
        Case(
            says="an exporter that starts anew and has not read yet: what it read before is last known",
            series={
                **holding(ONE, "BTC", "2x19 stale _x10 3x30", "200x19 stale _x10 300x30"),
                **wallet_state(60, of=ONE, fresh="1x19 0x10 1x30", last_success="0+60x19 0x10 1860+60x30"),
                **shard("a:10118", "1x60"),
            },
            values=(
                *usd("19m", 200, 200, 1),
                *usd("21m", None, 200, 0),
                *usd("30m", None, 200, 0),
                *usd("31m", 300, 300, 1),
            ),
        ),
    ),
)
