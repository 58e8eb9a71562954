"""The `balances` subcommand: every account polled once, exact to the last digit, for reports and audits.

`--format json` writes one object:

    {"balances": [{"exchange": ..., "account": ..., "wallet": ..., "currency": ..., "available": "1.50", "frozen": "0",
                   "locked": "0", "borrowed": null, "net": "1.50", "unrealized_pnl": null, "price_usd": "2",
                   "usd": "3.00", "margin_ratio": null, "read_at": "2026-01-31T12:00:00.000Z"}, ...],
     "failed": [{"exchange": ..., "account": ..., "wallet": ..., "required": true, "reason": "auth", "message": ...,
                 "advice": ...}, ...],
     "low": [{"severity": "critical", "exchange": ..., "account": ..., "wallet": ..., "total": null, "currency": "USDT",
              "of": "available", "amount": "812.5", "limit": "1000", "missing": "9187.5", "missing_to": "target",
              "could_give": [{"exchange": ..., "account": ..., "wallet": ..., "amount": "12000"}, ...]}, ...],
     "unknown": [{"exchange": ..., "account": ..., "wallet": ..., "total": ..., "currency": ..., "of": ...}, ...]}

Amounts are decimals written as text, so that no reader rounds them. null is for what is not known or does not exist
(`borrowed` in wallets that cannot borrow, `unrealized_pnl` and `margin_ratio` where the answer states none; the table
has these two columns only where one is stated). `margin_ratio` is the wallet's, in each of its rows. `wallet` is
null where an account failed as a whole. `low` is what is under a limit, the worst first: of a wallet, of a whole
account (`currency` is null, `of` is `usd`), or of a total. `unknown` is what has limits and could not be read.

`--format csv` has the columns of `balances` with a header (RFC 4180), empty for null; failures and what is low go to
standard error. `--format prometheus` writes the families of `/metrics` that mean something without a next poll.
"""

import csv
import io
import json
import os
import secrets
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from itertools import compress
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TextIO

from exporter.app import logs
from exporter.cli import low_lines, tables
from exporter.cli.poll_once import Result, load_config, poll_all
from exporter.core.errors import ExporterError
from exporter.core.runtime import SystemClock
from exporter.core.wording import counted, exact, moment, visible
from exporter.holdings.low import Judged, judged
from exporter.holdings.prices import PriceBook
from exporter.holdings.wallet import Row

Format = Literal["table", "json", "csv", "prometheus"]

_STATED_DIGITS: Final = 12
_NUMBERS: Final = (
    "available",
    "frozen",
    "locked",
    "borrowed",
    "net",
    "unrealized_pnl",
    "price_usd",
    "usd",
    "margin_ratio",
)
_WHERE_STATED: Final = ("unrealized_pnl", "margin_ratio")
"""Columns that a table has only where a row has something there."""


class Line(NamedTuple):
    """One currency of one wallet, as every format writes it; amounts are exact decimals, None is not known.

    Attributes:
        price_usd: what valuation multiplied the holding by; where the exchange states the value itself, that value
            divided by the holding, to 12 digits.
        margin_ratio: of the wallet, as the exchange states it.
        read_at: when the exchange said so, RFC 3339 in UTC.
    """

    exchange: str
    account: str
    wallet: str
    currency: str
    available: str
    frozen: str
    locked: str
    borrowed: str | None
    net: str
    unrealized_pnl: str | None
    price_usd: str | None
    usd: str | None
    margin_ratio: str | None
    read_at: str


class Failed(NamedTuple):
    """One wallet, or one account as a whole, that could not be read."""

    exchange: str
    account: str
    wallet: str | None
    required: bool
    reason: str
    message: str
    advice: str


def run(path: Path, environ: Mapping[str, str], *, layout: Format, output: Path | None, only_low: bool = False) -> int:
    """Poll, write and return the exit status.

    That is 0, or 1 if any account failed (the others are still written); with `only_low` also if anything is under a
    limit, or a limit cannot be judged.

    Raises:
        ConfigError: the configuration cannot be used; carries every mistake.
        ExporterError: the file cannot be written.
    """
    config = load_config(path, environ)
    results, totals, metrics = poll_all(config)
    now = SystemClock().now()
    limits = judged([result.state for result in results], now, totals)
    rows, failed = list(lines(results, now)), list(failures(results))
    if only_low:
        rows = _under(rows, limits)
    stream = io.StringIO(newline="") if output is not None else sys.stdout
    if layout == "prometheus":
        stream.write(metrics)
    else:
        write(stream, rows, failed, layout, limits, only_low=only_low)
    if isinstance(stream, io.StringIO) and output is not None:
        write_file(output, stream.getvalue(), for_others=layout == "prometheus")
    for each in failed:
        where = f"{each.account}/{each.wallet}" if each.wallet else each.account
        print(visible(f"{where}: {each.reason}: {each.message}"), file=sys.stderr)
        if each.advice:
            print(f"  what to do: {visible(each.advice)}", file=sys.stderr)
    if layout == "csv":
        low_lines.write(sys.stderr, limits)
    hidden = sum(wallet.hidden for result in results for wallet in result.state.wallets.values())
    if hidden and not only_low:
        what = counted(hidden, "holding is", "holdings are")
        print(f"{what} left out by currencies, min_usd or max_currencies of the configuration", file=sys.stderr)
    bad = any(result.error for result in results)
    return 1 if bad or (only_low and (limits.low or limits.unknown)) else 0


def _under(rows: Iterable[Line], limits: Judged) -> list[Line]:
    """Of the rows, those that are under a limit of their own."""
    under = {(low.standing.account, low.standing.wallet, low.standing.currency) for low in limits.low}
    return [row for row in rows if (row.account, row.wallet, row.currency) in under]


def lines(results: Iterable[Result], now: float) -> Iterator[Line]:
    """Every row that was read, in the order of the configuration.

    Args:
        results: one for each account.
        now: this moment, on the clock that the price books are dated by.
    """
    for state in (result.state for result in results):
        for wallet in state.wallets.values():
            if wallet.overview or not wallet.fresh(now):
                continue
            for row in wallet.rows:
                balance = row.balance
                yield Line(
                    state.account.exchange,
                    state.account.name,
                    wallet.name,
                    row.label,
                    exact(balance.available),
                    exact(balance.frozen),
                    exact(balance.locked),
                    _exact(balance.borrowed),
                    exact(balance.net),
                    _exact(balance.pnl),
                    _exact(price(row, state.book, now)),
                    _exact(row.usd),
                    _exact(wallet.margin_ratio),
                    moment(wallet.last_success),
                )


def failures(results: Iterable[Result]) -> Iterator[Failed]:
    """Every wallet that could not be read, and every account that failed before it came to a wallet."""
    for result in results:
        account, listed = result.state.account, False
        for wallet in result.state.wallets.values():
            failure = wallet.failure
            if failure is not None and not wallet.group:  # the group says it for all of its wallets
                listed = listed or wallet.required
                said = (logs.masked(failure.message), logs.masked(failure.advice))
                yield Failed(account.exchange, account.name, wallet.name, wallet.required, failure.reason, *said)
        if result.error is not None and not listed:
            error = result.error
            said = (logs.masked(str(error)), logs.masked(error.advice))
            yield Failed(account.exchange, account.name, None, True, error.reason, *said)


def price(row: Row, book: PriceBook | None, now: float) -> Decimal | None:
    """The USD price of one unit of a row, as `Line.price_usd` describes it; None where there is none."""
    balance = row.balance
    if book is None:
        return None
    stated = balance.usd or (balance.usdt and book.price("USDT", now))
    if stated and row.usd is not None and balance.net:
        return Decimal(f"{row.usd / balance.net:.{_STATED_DIGITS - 1}e}")
    return balance.price or book.price(row.label, now)


def write(
    stream: TextIO, rows: Sequence[Line], failed: Sequence[Failed], layout: Format, limits: Judged, *, only_low: bool
) -> None:
    """Write the rows; only JSON has a place for what failed, a table has what is low on top, JSON at the end.

    Args:
        stream: where to.
        rows: those to write.
        failed: what could not be read.
        layout: any format but that of Prometheus.
        limits: every limit against what was read.
        only_low: whether a table is that of what is low alone.
    """
    if layout == "json":
        tree: dict[str, Any] = {
            "balances": [row._asdict() for row in rows],
            "failed": [each._asdict() for each in failed],
            "low": [low_lines.tree(low) for low in limits.low],
            "unknown": [low_lines.place(each) for each in limits.unknown],
        }
        stream.write(json.dumps(tree, indent=2) + "\n")
    elif layout == "csv":
        writer = csv.writer(stream)  # its defaults are those of RFC 4180
        writer.writerow(Line._fields)
        writer.writerows(rows)
    else:
        low_lines.write(stream, limits, always=only_low)
        if only_low:
            return
        if limits.low or limits.unknown:
            stream.write("\n")
        stated = [
            name not in _WHERE_STATED or any(getattr(row, name) is not None for row in rows) for name in Line._fields
        ]
        cells = [[cell or "" for cell in compress(row, stated)] for row in rows]
        tables.write(stream, list(compress(Line._fields, stated)), cells, _NUMBERS)


def write_file(path: Path, text: str, *, for_others: bool = False) -> None:
    """Write a file; what a reader sees of a plain one is whole or not there at all.

    A plain file, and one that does not exist yet, is replaced by one that only its owner can read; `for_others`, by one
    that others can read as far as the umask lets them. What is something else stays what it is, and is written to: a
    pipe, a device, an open file of `/proc`. Links are followed.

    Raises:
        ExporterError: it cannot be written.
    """
    try:
        target = _plain(path)
        if target is None:
            with path.open("w", encoding="utf-8", newline="") as file:
                file.write(text)
        else:
            _replace(target, text, 0o644 if for_others else 0o600)
    except OSError as error:
        raise ExporterError(f"cannot write {path}: {error.strerror}") from None


def _plain(path: Path) -> Path | None:
    """The plain file that a path leads to, or will; None where something else is there."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return Path(os.path.realpath(path))
    target = Path(os.path.realpath(path))
    # An open file of /proc may have been deleted since, or never have had a name.
    named = stat.S_ISREG(there.st_mode) and target.exists() and target.samefile(path)
    return target if named else None


def _replace(path: Path, text: str, mode: int) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _exact(amount: Decimal | None) -> str | None:
    return None if amount is None else exact(amount)
