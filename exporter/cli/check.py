"""The `check` subcommand: is the configuration good, and with `--online`, does every account answer?"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO

from exporter.app import logs
from exporter.cli import low_lines, tables
from exporter.cli.check_wallets import WALLET_HEADS, WALLET_NUMBERS, advice, wallet_lines
from exporter.cli.poll_once import Result, load_config, poll_all
from exporter.config.show import show as shown
from exporter.core.errors import PermissionMissing, PollError
from exporter.core.model import KeyInfo
from exporter.core.runtime import SystemClock
from exporter.core.wording import counted, dollars, visible
from exporter.exchanges.plugins import shadowed
from exporter.holdings.account import AccountState
from exporter.holdings.keys import key_warnings
from exporter.holdings.low import judged
from exporter.holdings.totals import Part

_HEADS: Final = ("account", "exchange", "verdict", "key may", "clock", "currencies", "USD")
_NUMBERS: Final = ("clock", "currencies", "USD")


def run(path: Path, environ: Mapping[str, str], *, web: Path | None = None, show: bool, online: bool) -> int:
    """Check, print and return the exit status: 0 when all is good, else 1.

    With `show` only the configuration goes to standard output, so that it can be kept or compared; everything else
    goes to standard error.

    Args:
        path: the configuration file.
        environ: where its environment variables are looked up.
        web: the web configuration file, if there is one.
        show: whether to print what results.
        online: whether to poll every account once.

    Raises:
        ConfigError: the configuration cannot be used; carries every mistake.
    """
    config = load_config(path, environ, web)
    for warning in shadowed({account.exchange for account in config.accounts}):
        print(f"warning: {warning}", file=sys.stderr)
    verdict = f"{path}: {counted(len(config.accounts), 'account')}, good"
    if web is not None:
        verdict += f"\n{web}: good"
    if show:
        print(shown(config), end="")
    print(verdict, file=sys.stderr if show else sys.stdout, flush=True)
    if not online:
        return 0
    results, totals, _ = poll_all(config, everything=True)
    clock, stream = SystemClock(), sys.stderr if show else sys.stdout
    report(results, clock.wall(), stream, clock.now(), totals)
    return 1 if any(result.error for result in results) else 0


def report(results: Sequence[Result], wall: float, stream: TextIO, now: float, totals: Sequence[Part] = ()) -> None:
    """Write what is low, the tables of all accounts and of all wallets, then a paragraph for all that needs a person.

    Args:
        results: one for each account.
        wall: this moment, seconds since the epoch.
        stream: where to.
        now: this moment on the clock that the reads are dated by.
        totals: what several accounts hold together.
    """
    limits = judged([result.state for result in results], now, totals)
    low_lines.write(stream, limits)
    if limits.low or limits.unknown:
        stream.write("\n")
    tables.write(stream, _HEADS, [_row(result) for result in results], _NUMBERS)
    lines = [line for result in results for line in wallet_lines(result, now)]
    if lines:
        stream.write("\n")
        tables.write(stream, WALLET_HEADS, lines, WALLET_NUMBERS)
    for result in results:
        notes = [*_failures(result), *(f"warning: {sentence}" for sentence in key_warnings(result.state, wall))]
        notes += [*_forbidden(result), *advice(result)]
        if notes:
            stream.write(f"\n{visible(result.state.account.name)}\n")
            stream.writelines(f"  {note}\n" for note in notes)
    failed = sum(result.error is not None for result in results)
    low = f", {counted(len(limits.low), 'limit')} undercut" if limits.low else ""
    stream.write(f"\n{counted(len(results), 'account')}, {f'{failed} failed' if failed else 'all good'}{low}\n")


def _row(result: Result) -> tuple[str, ...]:
    state, error = result.state, result.error
    offset = "" if result.clock_offset is None else f"{result.clock_offset:+.3f} s"
    usd = dollars(state.usd) if error is None else ""
    account = state.account
    return (account.name, account.exchange, _verdict(state, error), _may(state.key), offset, _currencies(state), usd)


def _verdict(state: AccountState, error: PollError | None) -> str:
    if error is not None:
        return f"FAILED: {error.reason}"
    optional = sum(wallet.failure is not None and not wallet.group for wallet in state.wallets.values())
    return f"good, but {counted(optional, 'optional wallet')} failed" if optional else "good"


def _may(key: KeyInfo | None) -> str:
    if key is None or not key.permissions:
        return "not told"
    granted = [name for name, allowed in key.permissions.items() if allowed]
    bound = {True: ", listed IPs", False: ", any IP", None: ""}[key.ip_restricted]
    return (" ".join(granted) or "nothing") + bound


def _currencies(state: AccountState) -> str:
    names = {row.label for wallet in state.wallets.values() for row in wallet.rows if not row.balance.is_zero}
    return str(len(names)) if any(wallet.last_success for wallet in state.wallets.values()) else ""


def _failures(result: Result) -> list[str]:
    notes: list[str] = []
    seen: set[str] = set()
    for wallet in result.state.wallets.values():
        failure = wallet.failure
        if failure is None or wallet.group:  # the group says it for all of its wallets
            continue
        seen.add(failure.message)
        kind = "" if wallet.required else " (optional)"
        notes.append(_said(f"{wallet.name}{kind}: {failure.reason}", failure.message))
        notes += _advised(failure.advice)
    error = result.error
    if error is not None and str(error) not in seen:
        notes.append(_said(error.reason, str(error)))
        notes += _advised(error.advice)
    if result.address is not None and not any(result.address in note for note in notes):
        notes.append(f"the exchange sees this machine at {visible(result.address)}")
    return notes


def _forbidden(result: Result) -> list[str]:
    """What nobody named and the key may not read: what to tick so that it is read."""
    refused = {**result.state.left_out, **{each.name: each.error for each in result.unread}}
    notes: list[str] = []
    for name, error in refused.items():
        if isinstance(error, PermissionMissing):
            notes.append(_said(f"{name} (not named): {error.reason}", str(error)))
            notes += _advised(error.advice)
    return notes


def _said(what: str, message: str) -> str:
    return visible(logs.masked(f"{what}: {message}"))


def _advised(advice: str) -> list[str]:
    return [f"  what to do: {visible(logs.masked(advice))}"] if advice else []
