"""The status page: every account with its state, what went wrong and what to do, for a person in a hurry.

One HTML page without JavaScript that refreshes itself. Trouble stands on top.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from decimal import Decimal
from html import escape
from importlib.resources import files
from typing import Final, NamedTuple

from exporter import __version__
from exporter.core.wording import counted, dollars, exact, moment, span, visible
from exporter.holdings.account import AccountState
from exporter.holdings.keys import key_warnings
from exporter.holdings.totals import Part
from exporter.holdings.wallet import Row, Wallet

REFRESH_SECONDS: Final = 15
DETAILS_UP_TO: Final = 200
"""With more accounts than this, the page lists no currencies."""

TOTALS_UP_TO: Final = 50
"""Totals that the page lists, those under a limit first."""

_STYLE: Final = files("exporter.web").joinpath("status.css").read_text("utf-8")


class State(NamedTuple):
    """An account's state as a person reads it.

    Attributes:
        rank: trouble first.
        name: its class in the style sheet.
        sign: shows the state without colour.
        words: its text in the table.
    """

    rank: int
    name: str
    sign: str
    words: str


STALE: Final = State(0, "stale", "✖", "stale: no balances are served")
FAILING: Final = State(1, "failing", "▲", "failing: the last good balances are served")
PARTLY: Final = State(2, "partly", "△", "up, but an optional wallet fails")
WAITING: Final = State(3, "waiting", "…", "waiting for the first read")
UP: Final = State(4, "up", "✔", "up")


def state_of(account: AccountState, now: float) -> State:
    """The state of an account, as a person should first see it.

    Args:
        account: as it is served.
        now: this moment on the poller's clock.
    """
    wallets = account.wallets.values()
    required = [wallet for wallet in wallets if wallet.required]
    if not account.polls and not any(wallet.failure for wallet in wallets):
        return WAITING
    if not required or not all(wallet.fresh(now) for wallet in required):
        return STALE
    if not account.up or any(wallet.failure for wallet in required):
        return FAILING
    return PARTLY if any(wallet.failure for wallet in wallets) else UP


def page(
    accounts: Collection[AccountState],
    now: float,
    wall: float,
    *,
    totals: Sequence[Part] = (),
    version: str = __version__,
    telemetry_path: str = "/metrics",
    links: str = "",
    shard_ordinal: int = 0,
    shard_total: int = 1,
    problem: str | None = None,
    masked: Callable[[str], str] = str,
) -> str:
    """The page as HTML.

    Args:
        accounts: all that are served.
        now: this moment on the poller's clock.
        wall: the same, seconds since the epoch.
        totals: what several accounts hold together, as far as they are polled here.
        version: of this program.
        telemetry_path: where metrics are served.
        links: stands before the paths of links; by nothing they are relative to the page.
        shard_ordinal: zero-based index of this shard.
        shard_total: number of shards.
        problem: what is wrong with the exporter itself, such as a stalled scheduler.
        masked: takes secrets out of a text that an exchange sent.
    """
    ordered = sorted(
        ((state_of(account, now), account) for account in accounts),
        key=lambda item: (item[0].rank, item[1].account.exchange, item[1].account.name),
    )
    writer = _Page(now, wall, details=len(ordered) <= DETAILS_UP_TO, masked=masked)
    shard = f" · shard {shard_ordinal} of {shard_total}" if shard_total > 1 else ""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<title>exchange-balance-exporter</title>",
        f"<style>{_STYLE}</style></head><body>",
        f"<header><h1>exchange-balance-exporter <small>{escape(version)}{escape(shard)}</small></h1><nav>",
        *(
            f'<a href="{escape(links)}{escape(path[1:])}">{escape(path)}</a> '
            for path in (telemetry_path, "/config", "/-/healthy")
        ),
        "</nav></header>",
    ]
    if problem is not None:
        parts.append(f'<p class="problem" role="alert">✖ {_text(problem)}</p>')
    parts.append(f"<p>{_summary(ordered)}</p>")
    parts += _totals(totals, alone=shard_total == 1)
    if ordered:
        parts.append(
            "<table><thead><tr><th>exchange</th><th>account, wallets</th><th>state</th><th>data</th>"
            '<th>next poll</th><th class="n">USD</th></tr></thead>'
        )
        for state, account in ordered:
            parts += writer.account(state, account)
        parts.append("</table>")
    parts.append(f"<footer>{moment(wall)} · refreshes every {REFRESH_SECONDS} s</footer></body></html>\n")
    return "\n".join(parts)


def _summary(ordered: Sequence[tuple[State, AccountState]]) -> str:
    counts = dict.fromkeys((UP, PARTLY, FAILING, STALE, WAITING), 0)
    known: list[Decimal] = []
    for state, account in ordered:
        counts[state] += 1
        usd = account.usd
        if usd is not None and state is not STALE:
            known.append(usd)
    parts = [f"<strong>{counted(len(ordered), 'account')}</strong>"]
    up = counts[UP] + counts[PARTLY]
    names = ((up, "up"), (counts[FAILING], "failing"), (counts[STALE], "stale"), (counts[WAITING], "waiting"))
    parts += [f"{count:,} {name}" for count, name in names if count or name in ("up", "failing", "stale")]
    if known:
        share = "" if len(known) == len(ordered) else f" in the {counted(len(known), 'account')} whose value is known"
        parts.append(f"<strong>{dollars(sum(known, Decimal(0)))} USD</strong>{share}")
    return " · ".join(parts)


def _totals(totals: Sequence[Part], *, alone: bool) -> Iterator[str]:
    """A line for each total; `alone` says whether this instance polls every account, so that its part is the whole."""
    lines = sorted((_total(part, alone=alone) for part in totals), key=lambda line: line[0].rank)
    if not lines:
        return
    yield '<ul class="totals">'
    for state, words in lines[:TOTALS_UP_TO]:
        yield f'<li class="{state.name}"><span class="state">{state.sign}</span> {_text(words)}</li>'
    if len(lines) > TOTALS_UP_TO:
        yield f"<li>and {counted(len(lines) - TOTALS_UP_TO, 'more total', 'more totals')}</li>"
    yield "</ul>"


def _total(part: Part, *, alone: bool) -> tuple[State, str]:
    """The state and the words of a total, as a person should first see it."""
    total, amount = part
    unit, amounts = total.currency or "USD", total.amounts
    if amount is None:
        why = "not every account of it was read" if total.accounts else "no account matches"
        return WAITING, f"total {total.name}: its {unit} is not known, {why}"
    held = f"{exact(amount) if total.currency else dollars(amount)} {unit}"
    if not alone:
        return UP, f"total {total.name}: {held} in the accounts of this shard"
    for severity, state in (("critical", STALE), ("warning", FAILING)):
        if severity in amounts and amount < amounts[severity]:
            return state, f"total {total.name}: {held}, below {severity} {exact(amounts[severity])}"
    limits = ", ".join(f"{severity} {exact(limit)}" for severity, limit in amounts.items())
    return UP, f"total {total.name}: {held} ({limits})"


class _Page:
    """Writes the rows of accounts and wallets; keeps what is the same for the whole page."""

    def __init__(self, now: float, wall: float, *, details: bool, masked: Callable[[str], str]) -> None:
        self._now = now
        self._wall = wall
        self._details = details
        self._masked = masked

    def account(self, state: State, account: AccountState) -> Iterator[str]:
        """The rows of one account: itself, what is wrong, its wallets."""
        config = account.account
        due = account.next_poll - self._wall
        upcoming = "–" if not account.next_poll else "now" if due <= 0 else f"in {span(due)}"
        data = [wallet.last_success for wallet in account.wallets.values() if wallet.required]
        yield (
            f'<tbody class="{state.name}"><tr class="account"><td>{_text(config.exchange)}</td>'
            f'<th scope="row">{_text(config.name)}</th><td class="state">{state.sign} {state.words}</td>'
            f'<td>{self._age(min(data, default=0.0))}</td><td>{upcoming}</td><td class="n">'
            f"{dollars(account.usd if state is not STALE else None)}</td></tr>"
        )
        for warning in key_warnings(account, self._wall):
            yield f'<tr class="note"><td></td><td colspan="5">⚠ {_text(warning)}</td></tr>'
        for name in account.elsewhere:
            words = f"The exchange has the wallet {name} in another mode of the account only; it is not read."
            yield f'<tr class="note"><td></td><td colspan="5">{_text(words)}</td></tr>'
        for name, error in account.left_out.items():
            words = f"The wallet {name} is left out, and tried again once a day"
            yield (
                f'<tr class="note"><td></td><td colspan="5">{_text(words)}: <b>{_text(error.reason)}</b>: '
                f"{_text(self._masked(str(error)))}</td></tr>"
            )
        for wallet in account.wallets.values():
            yield self._wallet(wallet)
            if wallet.failure is not None and not wallet.group:  # the group says it for all of its wallets
                yield self._failure(wallet, account.failures if wallet.required else 0)
        yield "</tbody>"

    def _wallet(self, wallet: Wallet) -> str:
        fresh = wallet.fresh(self._now)
        if wallet.failure is not None:
            words = "✖ failing, last good read is served" if fresh else "✖ failing, nothing is served"
        elif fresh:
            words = "✔ fresh"
        else:
            words = "… not read yet" if wallet.up is None else "✖ too old, nothing is served"
        optional = "" if wallet.required else " <small>optional</small>"
        unknown = wallet.unpriced > 0 and not wallet.usd  # nothing in it has a price, which is not the same as zero
        usd = dollars(wallet.usd if fresh and not wallet.bare and not unknown else None)
        return (
            f"<tr><td></td><td>{_text(wallet.name)}{optional}{self._holdings(wallet) if fresh else ''}</td>"
            f'<td>{words}</td><td>{self._age(wallet.last_success)}</td><td></td><td class="n">{usd}</td></tr>'
        )

    def _failure(self, wallet: Wallet, polls: int) -> str:
        failure = wallet.failure
        assert failure is not None
        since = f"since {moment(failure.since)} ({span(self._wall - failure.since)})"
        many = f", {counted(polls, 'poll')} in a row" if polls > 1 else ""
        advice = f"<br><b>What to do:</b> {_text(self._masked(failure.advice))}" if failure.advice else ""
        return (
            f'<tr class="note"><td></td><td colspan="5"><b>{_text(failure.reason)}</b>: '
            f"{_text(self._masked(failure.message))} <small>{since}{many}</small>{advice}</td></tr>"
        )

    def _holdings(self, wallet: Wallet) -> str:
        if wallet.many:
            return " <small>each wallet of it by itself</small>"
        if wallet.overview:
            if not self._details:
                return f" <small>{counted(len(wallet.values), 'wallet')}</small>"
            rows = "".join(
                f'<tr><td>{_text(value.wallet)}</td><td class="n">'
                f"{dollars(value.usdt if value.usd is None else value.usd)} {'USDT' if value.usd is None else 'USD'}"
                "</td></tr>"
                for value in wallet.values
            )
            summary = f"{counted(len(wallet.values), 'wallet')} as the exchange values them"
            return f"<details><summary>{summary}</summary><table>{rows}</table></details>" if rows else ""
        counts = [counted(len(wallet.rows), "currency", "currencies")]
        counts += [
            f"{count:,} {name}"
            for count, name in (
                (wallet.hidden, "hidden"),
                (wallet.unpriced, "unpriced"),
                (wallet.ignored, "rows ignored"),
                (wallet.unreadable_count, "rows unreadable"),
            )
            if count
        ]
        if wallet.margin_ratio is not None:
            counts.append(f"margin ratio {exact(wallet.margin_ratio)}")
        summary = ", ".join(counts)
        if not self._details or not wallet.rows:
            return f" <small>{summary}</small>"
        equity = any(map(_states_equity, wallet.rows))
        names = ("available", "frozen", "locked", "borrowed", *(("net", "unrealized") if equity else ()), "USD")
        head = "".join(f'<th class="n">{name}</th>' for name in names)
        rows = "".join(_currency(row, equity=equity) for row in wallet.rows)
        return f"<details><summary>{summary}</summary><table><tr><th>currency</th>{head}</tr>{rows}</table></details>"

    def _age(self, wall: float) -> str:
        if not wall:
            return "never read"
        return f'<time datetime="{moment(wall)}">{span(self._wall - wall)} ago</time>'


def _states_equity(row: Row) -> bool:
    """Whether the whole holding is not what its parts say, or profit is told: what a wallet with positions shows."""
    one = row.balance
    return one.pnl is not None or one.net != one.available + one.frozen + one.locked - (one.borrowed or 0)


def _currency(row: Row, *, equity: bool) -> str:
    balance = row.balance
    amounts = [balance.available, balance.frozen, balance.locked, balance.borrowed]
    amounts += [balance.net, balance.pnl] if equity else []
    cells = "".join(f'<td class="n">{"" if amount is None else exact(amount)}</td>' for amount in amounts)
    return f'<tr><td>{_text(row.label)}</td>{cells}<td class="n">{dollars(row.usd)}</td></tr>'


def _text(text: str) -> str:
    return escape(visible(text))
