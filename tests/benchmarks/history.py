"""A day of history for a Prometheus server, made by `promtool tsdb create-blocks-from openmetrics`.

Not every sample that would have been scraped: that would be 840 million. What the rules and the dashboard look back on
is as dense as scrapes or evaluations would have made it; the rest stands there every twenty minutes.
"""

import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

_TARGET: Final = 'job="exchange-balance-exporter",instance="{instance}"'
_HOUR: Final = 3600
_BLOCK: Final = 2 * _HOUR
_DAY: Final = 30 * _HOUR
"""A day, and the six hours that a dashboard shows of what was a day before."""

_AMOUNTS: Final = ("available", "frozen", "locked", "net", "usd")


def _series(accounts: int, currencies: int, exchanges: Sequence[str], instance: str) -> Iterator[tuple[str, int, int]]:
    """Each series as its head, how many seconds lie between its samples, and how many seconds back these reach."""
    target = _TARGET.format(instance=instance)
    coins = ["USDT", *(f"C{number:03}" for number in range(1, currencies))]
    for amount in _AMOUNTS:
        for number in range(accounts):
            place = f'exchange="{exchanges[number % len(exchanges)]}",account="acct-{number:04}",wallet="spot"'
            for coin in coins:
                yield f'exchange_balance_{amount}{{{target},{place},currency="{coin}"}}', 1200, _DAY
    for number in range(accounts):
        account = f'exchange="{exchanges[number % len(exchanges)]}",account="acct-{number:04}"'
        wallet = f'{account},wallet="spot"'
        yield f"exchange_wallet_fresh{{{target},{wallet}}}", 60, _DAY
        yield f"exchange_wallet_last_success_timestamp_seconds{{{target},{wallet}}}", 600, _DAY
        yield f"exchange_account_up{{{target},{account}}}", 60, _HOUR
        yield f"wallet:exchange_wallet_last_success_timestamp_seconds:last_known{{{wallet}}}", 60, _DAY
        yield f"wallet:exchange_wallet_fresh:named{{{wallet}}}", 60, _DAY
        for coin in coins[:2]:
            yield f'coin:exchange_balance_net:limited{{{wallet},currency="{coin}"}}', 30, 6 * _HOUR
        for kind in ("fresh", "last_known"):
            yield f"account:exchange_balance_usd:{kind}{{{account}}}", 60, _DAY
            yield _treasury("usd", kind, f'{account},currency="all"'), 60, _DAY
    for exchange in exchanges:
        for coin in coins:
            place = f'exchange="{exchange}",currency="{coin}"'
            yield f"exchange_currency:exchange_balance_usd:per_coin{{{place}}}", 60, _DAY
            for family, kind in (("usd", "fresh"), ("usd", "last_known"), ("net", "fresh"), ("net", "last_known")):
                yield f"exchange_currency:exchange_balance_{family}:{kind}{{{place}}}", 60, _DAY
                yield _treasury(family, kind, f'{place},account="all"'), 60, _DAY


def _treasury(family: str, kind: str, labels: str) -> str:
    return f'treasury:exchange_balance_{family}:{kind}{{{labels},job="all",instance="all"}}'


def _family(head: str) -> str:
    return head.partition("{")[0]


_COMPARED: Final = ("exchange_balance_net{", "exchange_balance_usd{")
"""What rules compare with what it was an hour and a day ago: as dense there as scrapes are."""


def write_day(folder: Path, accounts: int, currencies: int, exchanges: Sequence[str], instance: str) -> int:
    """Make blocks that end now; the number of their samples.

    Args:
        folder: gets the blocks.
        accounts: how many; `exposition_server` makes the same ones.
        currencies: of each account.
        exchanges: that the accounts are on, in turn.
        instance: the target that will be scraped.
    """
    end = int(time.time()) // 60 * 60
    series = list(_series(accounts, currencies, exchanges, instance))
    written = 0
    text = folder.parent / "history.txt"
    for start in range((end - _DAY) // _BLOCK * _BLOCK, end, _BLOCK):
        written += _write(text, series, start, min(start + _BLOCK, end), end)
        command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(text), str(folder)]
        subprocess.run(command, check=True, capture_output=True)
    text.unlink()
    return written


def _write(text: Path, series: Sequence[tuple[str, int, int]], start: int, stop: int, end: int) -> int:
    """Write the samples from one moment up to another, but no older than each series reaches back from the end."""
    written = 0
    named = ""
    dense = {
        at
        for ago in (24 * _HOUR, _HOUR)
        for at in range(max(start, end - ago - 600), min(stop, end - ago + 3000), 30)
        if at < end
    }
    with text.open("w", encoding="ascii", buffering=1 << 20) as out:
        for number, (head, step, back) in enumerate(series):
            begin = max(start, end - back)
            moments: Sequence[int] = range(begin + -begin % step, stop, step)
            if dense and head.startswith(_COMPARED):
                moments = sorted(dense.union(moments))
            if not moments:
                continue
            if _family(head) != named:
                named = _family(head)
                out.write(f"# TYPE {named} gauge\n")
            value = "1" if "fresh{" in head or ":named{" in head or "_up{" in head else f"{100 + number % 911}.{number}"
            out.write("".join([f"{head} {value} {at}\n" for at in moments]))
            written += len(moments)
        out.write("# EOF\n")
    return written
