"""The `balances` subcommand: every account polled once, exact to the last digit, for reports and audits.

`--format json` writes one object:

    {"balances": [{"exchange": ..., "account": ..., "wallet": ..., "currency": ..., "available": "1.50", "frozen": "0",
                   "locked": "0", "borrowed": null, "net": "1.50", "unrealized_pnl": null, "price_usd": "2",
                   "usd": "3.00", "margin_ratio": null, "read_at": "2026-01-31T12:00:00.000Z"}, ...],
     "failed": [{"exchange": ..., "account": ..., "wallet": ..., "required": true, "reason": "auth", "message": ...,
                 "advice": ...}, ...]}

Amounts are decimals written as text, so that no reader rounds them. null is for what is not known or does not exist
(`borrowed` in wallets that cannot borrow, `unrealized_pnl` and `margin_ratio` where the answer states none; the table
has these two columns only where one is stated). `margin_ratio` is the wallet's, in each of its rows. `wallet` is
null where an account failed as a whole. `--format csv` has the columns of `balances` with a header (RFC 4180), empty
for null; failures go to standard error.
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
from exporter.cli import tables
from exporter.cli.poll_once import Result, load_config, poll_all
from exporter.core.errors import ExporterError
from exporter.core.runtime import SystemClock
from exporter.core.wording import counted, exact, moment, visible
from exporter.holdings.prices import PriceBook
from exporter.holdings.wallet import Row

Format = Literal["table", "json", "csv"]

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


def run(path: Path, environ: Mapping[str, str], *, layout: Format, output: Path | None) -> int:
    """Poll, write and return the exit status: 0, or 1 if any account failed (the others are still written).

    Raises:
        ConfigError: the configuration cannot be used; carries every mistake.
        ExporterError: the file cannot be written.
    """
    config = load_config(path, environ)
    results = poll_all(config)
    now = SystemClock().now()
    rows, failed = list(lines(results, now)), list(failures(results))
    if output is not None:
        text = io.StringIO(newline="")
        write(text, rows, failed, layout)
        write_file(output, text.getvalue())
    else:
        write(sys.stdout, rows, failed, layout)
    for each in failed:
        where = f"{each.account}/{each.wallet}" if each.wallet else each.account
        print(visible(f"{where}: {each.reason}: {each.message}"), file=sys.stderr)
        if each.advice:
            print(f"  what to do: {visible(each.advice)}", file=sys.stderr)
    hidden = sum(wallet.hidden for result in results for wallet in result.state.wallets.values())
    if hidden:
        what = counted(hidden, "holding is", "holdings are")
        print(f"{what} left out by currencies, min_usd or max_currencies of the configuration", file=sys.stderr)
    return 1 if any(result.error for result in results) else 0


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


def write(stream: TextIO, rows: Sequence[Line], failed: Sequence[Failed], layout: Format) -> None:
    """Write the rows; only JSON has a place for what failed."""
    if layout == "json":
        tree: dict[str, list[dict[str, Any]]] = {
            "balances": [row._asdict() for row in rows],
            "failed": [each._asdict() for each in failed],
        }
        stream.write(json.dumps(tree, indent=2) + "\n")
    elif layout == "csv":
        writer = csv.writer(stream)  # its defaults are those of RFC 4180
        writer.writerow(Line._fields)
        writer.writerows(rows)
    else:
        stated = [
            name not in _WHERE_STATED or any(getattr(row, name) is not None for row in rows) for name in Line._fields
        ]
        cells = [[cell or "" for cell in compress(row, stated)] for row in rows]
        tables.write(stream, list(compress(Line._fields, stated)), cells, _NUMBERS)


def write_file(path: Path, text: str) -> None:
    """Write a file; what a reader sees of a plain one is whole or not there at all.

    A plain file, and one that does not exist yet, is replaced by one that only its owner can read. What is something
    else stays what it is, and is written to: a pipe, a device, an open file of `/proc`. Links are followed.

    Raises:
        ExporterError: it cannot be written.
    """
    try:
        target = _plain(path)
        if target is None:
            with path.open("w", encoding="utf-8", newline="") as file:
                file.write(text)
        else:
            _replace(target, text)
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


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
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
