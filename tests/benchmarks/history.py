"""A day of history for a Prometheus server, made by `promtool tsdb create-blocks-from openmetrics`.

Not every sample that would have been scraped: that would be 840 million. What the rules and the dashboard look back on
is as dense as scrapes or evaluations would have made it; the rest stands there every twenty minutes. The blocks are
those that a server has compacted after a day: of 18 hours, of 6 and of 2.
"""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.benchmarks.amounts import amount, coins, price, total

_TARGET: Final = 'job="exchange-balance-exporter",instance="{instance}"'
_HOUR: Final = 3600
_BLOCKS: Final = (18 * _HOUR, 6 * _HOUR, 2 * _HOUR)
"""What Prometheus compacts to with ten days of retention; a block begins at a multiple of its length."""

_DAY: Final = 30 * _HOUR
"""A day, and the six hours that a dashboard shows of what was a day before."""

_AMOUNTS: Final = ("available", "frozen", "locked", "net", "usd")
_DENSE: Final = ("exchange_balance_net{", "exchange_balance_usd{")
"""What rules compare with what it was an hour and a day ago: as dense there as scrapes are."""


class _Series(NamedTuple):
    """A series of the history.

    Attributes:
        head: its name and labels.
        every: seconds between its samples.
        back: how many seconds they reach back.
        value: its value in an hour, counted from the end: 0 and below. None: the moment of the sample itself.
    """

    head: str
    every: int
    back: int
    value: Callable[[int], float] | None


def _one(_hour: int) -> float:
    return 1.0


def _series(accounts: int, currencies: int, exchanges: Sequence[str], instance: str) -> Iterator[_Series]:
    """Every series, a family after the other where there are many."""
    target = _TARGET.format(instance=instance)
    names = coins(currencies)
    places = tuple(range(currencies))
    for family in _AMOUNTS:
        for number in range(accounts):
            where = f'exchange="{exchanges[number % len(exchanges)]}",account="acct-{number:04}",wallet="spot"'
            for place, coin in enumerate(names):
                head = f'exchange_balance_{family}{{{target},{where},currency="{coin}"}}'
                yield _Series(head, 1200, _DAY, _of(family, (number,), (place,)))
    for number in range(accounts):
        account = f'exchange="{exchanges[number % len(exchanges)]}",account="acct-{number:04}"'
        wallet = f'{account},wallet="spot"'
        job = f'job="exchange-balance-exporter",{wallet}'
        read = "exchange_wallet_last_success_timestamp_seconds"
        yield _Series(f"exchange_wallet_fresh{{{target},{wallet}}}", 60, _DAY, _one)
        yield _Series(f"{read}{{{target},{wallet}}}", 600, _DAY, None)
        yield _Series(f"exchange_account_up{{{target},{account}}}", 60, _HOUR, _one)
        yield _Series(f"wallet:{read}:last_known{{{wallet}}}", 60, _DAY, None)
        yield _Series(f"job_wallet:exchange_wallet_fresh:named{{{job}}}", 60, _HOUR, _one)
        yield _Series(f"wallet:exchange_wallet_fresh:named{{{wallet}}}", 60, _DAY, _one)
        for place, coin in enumerate(names[:2]):
            head = f'coin:exchange_balance_net:limited{{{wallet},currency="{coin}"}}'
            yield _Series(head, 30, 6 * _HOUR, _of("net", (number,), (place,)))
        for kind in ("fresh", "last_known"):
            usd = _of("usd", (number,), places)
            yield _Series(f"account:exchange_balance_usd:{kind}{{{account}}}", 60, _DAY, usd)
            yield _Series(_treasury("usd", kind, f'{account},currency="all"'), 60, _DAY, usd)
    for start, exchange in enumerate(exchanges):
        there = tuple(range(start, accounts, len(exchanges)))
        for place, coin in enumerate(names):
            label = f'exchange="{exchange}",currency="{coin}"'
            head = f"exchange_currency:exchange_balance_usd:per_coin{{{label}}}"
            yield _Series(head, 60, _DAY, _priced(place))
            for family, kind in (("usd", "fresh"), ("usd", "last_known"), ("net", "fresh"), ("net", "last_known")):
                value = _of(family, there, (place,))
                yield _Series(f"exchange_currency:exchange_balance_{family}:{kind}{{{label}}}", 60, _DAY, value)
                yield _Series(_treasury(family, kind, f'{label},account="all"'), 60, _DAY, value)


def _priced(place: int) -> Callable[[int], float]:
    return lambda _hour: price(place)


def _of(family: str, accounts: tuple[int, ...], places: tuple[int, ...]) -> Callable[[int], float]:
    if len(accounts) == len(places) == 1:
        return lambda hour: amount(family, accounts[0], places[0], hour)
    return lambda hour: total(family, accounts, places, hour)


def _treasury(family: str, kind: str, labels: str) -> str:
    return f'treasury:exchange_balance_{family}:{kind}{{{labels},job="all",instance="all"}}'


def _spans(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """From where to where each block reaches."""
    at = begin // _BLOCKS[0] * _BLOCKS[0]
    while at < end:
        size = next((size for size in _BLOCKS if at % size == 0 and at + size <= end), _BLOCKS[-1])
        if at + size > begin:
            yield max(at, begin), min(at + size, end)
        at += size


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
    for start, stop in _spans(end - _DAY, end):
        written += _write(text, series, start, stop, end)
        longest = f"--max-block-duration={_BLOCKS[0] // _HOUR}h" if stop - start > _BLOCKS[-1] else "--quiet"
        command = ["promtool", "tsdb", "create-blocks-from", longest, "openmetrics", str(text), str(folder)]
        subprocess.run(command, check=True, capture_output=True)
    text.unlink()
    return written


def _write(text: Path, series: Sequence[_Series], start: int, stop: int, end: int) -> int:
    """Write the samples from one moment up to another, but no older than each series reaches back from the end."""
    written = 0
    named = ""
    dense = {
        at
        for ago in (24 * _HOUR, _HOUR)
        for at in range(max(start, end - ago - 600), min(stop, end - ago + 3000), 30)
        if at < end
    }
    kinds: dict[tuple[int, int, bool], list[tuple[int, list[int]]]] = {}
    with text.open("w", encoding="ascii", buffering=1 << 20) as out:
        for head, every, back, value in series:
            kind = (every, back, head.startswith(_DENSE))
            if kind not in kinds:
                begin = max(start, end - back)
                moments = set(range(begin + -begin % every, stop, every)) | (dense if kind[2] else set())
                hours: dict[int, list[int]] = {}
                for at in sorted(moments):
                    hours.setdefault((at - end) // _HOUR, []).append(at)
                kinds[kind] = list(hours.items())
            for hour, moments_of in kinds[kind]:
                if not named or not head.startswith(named):
                    named = head.partition("{")[0] + "{"
                    out.write(f"# TYPE {named[:-1]} gauge\n")
                if value is None:
                    out.write("".join([f"{head} {at} {at}\n" for at in moments_of]))
                else:
                    said = f"{head} {value(hour)!r} "
                    out.write("".join([f"{said}{at}\n" for at in moments_of]))
                written += len(moments_of)
        out.write("# EOF\n")
    return written
