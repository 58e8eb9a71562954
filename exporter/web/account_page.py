"""The page of one account: limits and their distance, every wallet with its balances, its key, its last failures."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from exporter.core.model import ZERO, WalletValue
from exporter.core.wording import counted, dollars, grouped, moment, span
from exporter.holdings.account import AccountState
from exporter.holdings.keys import key_warnings
from exporter.holdings.low import Standing, standings
from exporter.holdings.wallet import Row, Wallet
from exporter.web.chosen import Chosen
from exporter.web.frame import About, document
from exporter.web.html import Html, element, html
from exporter.web.pieces import age, amount, bar, failures, low_item, sign, wallet_counts, wallet_usd, what
from exporter.web.status import left_alone
from exporter.web.view import CRITICAL, FAILING, STALE, UP, WAITING, Entry, State, View

WALLETS_UP_TO: Final = 50
"""Wallets that are shown with their balances: those that are worth most; of the others there is one line each."""

ROWS_UP_TO: Final = 200
"""Balances of one wallet that are shown, those that are worth most first."""

_PERMISSIONS: Final = ("read", "trade", "transfer", "withdraw")


def account_page(entry: Entry, view: View, about: About, chosen: Chosen, *, links: str) -> str:
    """The page as HTML.

    Args:
        entry: the account.
        view: everything at that moment.
        about: what is the same on every page.
        chosen: what its address says; only whether it refreshes matters here.
        links: stands before the paths of links.
    """
    account = entry.account
    config = account.account
    state, words = _overall(entry)
    content = html(
        element("p", sign(state), " ", element("strong", words), class_=f"overall {state.name}", role="status"),
        element("p", list(_facts(entry, view))),
        [element("p", f"⚠ {warning}", class_="warning") for warning in key_warnings(account, view.wall)],
        list(left_alone(account, about)),
        _limits(entry, view, links),
        _wallets(account, view, about),
        _key(account, view),
        _past(account, view, about),
    )
    heading = element("h1", config.name, " ", element("small", config.exchange))
    title = f"{state.sign} {config.name} · exchange-balance-exporter"
    return document(title, heading, content, about, view.wall, chosen, links=links, inner=True)


def _overall(entry: Entry) -> tuple[State, str]:
    """The state of the account and of its limits, and one line that says it."""
    if not entry.low:
        return entry.state, _capital(entry.state.words)
    critical = sum(low.severity == CRITICAL for low in entry.low)
    parts = [f"{counted(critical, 'balance')} critically low"] if critical else []
    parts += [f"{counted(len(entry.low) - critical, 'balance')} low"] if len(entry.low) > critical else []
    worse = min(entry.state, STALE if critical else FAILING, key=lambda state: state.rank)
    return worse, f"{_capital(', '.join(parts))}; {entry.state.words}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _facts(entry: Entry, view: View) -> Iterator[Html | str]:
    account = entry.account
    config = account.account
    usd = account.usd if entry.state is not STALE else None
    yield element("strong", f"{dollars(usd)} USD")
    data = [wallet.last_success for wallet in account.wallets.values() if wallet.required]
    yield from (" · data ", age(min(data, default=0.0), view.wall))
    if account.next_poll:
        due = account.next_poll - view.wall
        yield f" · next poll {'now' if due <= 0 else f'in {span(due)}'}, every {span(config.interval)}"
    for name, value in sorted(config.labels.items()):
        yield f" · {name}: {value}"


# -- limits


def _limits(entry: Entry, view: View, links: str) -> Html | None:
    own = standings(entry.account, view.now)
    if not own:
        return None
    others = [_kept(each) for each in own if each.severity is None]
    return element(
        "section",
        element("h2", "Limits", id="limits"),
        element("ul", [low_item(low, links, named=False) for low in entry.low], class_="lows") if entry.low else None,
        element("ul", others, class_="totals") if others else None,
        aria_labelledby="limits",
    )


def _kept(standing: Standing) -> Html:
    """A limit that is kept, with its distance, or one of which nothing is known."""
    limits = ", ".join(f"{severity} {amount(standing, limit)}" for severity, limit in standing.limits.items())
    held = standing.amount
    if held is None:
        return element(
            "li", sign(WAITING), f" {_capital(what(standing))}: not known, so neither low nor fine ({limits})"
        )
    lowest = [(each, standing.limits[each]) for each in ("warning", "critical") if each in standing.limits]
    words = f" {_capital(what(standing))}: {amount(standing, held)}"
    if lowest:
        severity, limit = lowest[0]
        words += f", {amount(standing, held - limit)} above {severity}"
    target = standing.limits.get("target")
    if target is not None and held < target:
        words += f", {amount(standing, target - held)} missing to the target"
    return element("li", sign(UP), f"{words} ({limits})", class_=UP.name)


# -- wallets


def _wallets(account: AccountState, view: View, about: About) -> Html:
    wallets = list(account.wallets.values())
    large = sorted(wallets, key=lambda wallet: -abs(wallet_usd(wallet, view.now) or ZERO))[:WALLETS_UP_TO]
    kept = {wallet.name for wallet in large} | {wallet.name for wallet in wallets if wallet.failure is not None}
    whole = sum((abs(wallet_usd(wallet, view.now) or ZERO) for wallet in wallets), ZERO)
    left = [wallet for wallet in wallets if wallet.name not in kept]
    return element(
        "section",
        element("h2", "Wallets", id="wallets"),
        [_wallet(wallet, account, view, about, whole) for wallet in wallets if wallet.name in kept],
        element("p", f"and {counted(len(left), 'wallet')} more, each worth less") if left else None,
        aria_labelledby="wallets",
    )


def _wallet(wallet: Wallet, account: AccountState, view: View, about: About, whole: Decimal) -> Html:
    fresh = wallet.fresh(view.now)
    if wallet.failure is not None:
        words = "✖ failing, last good read is served" if fresh else "✖ failing, nothing is served"
    elif fresh:
        words = "✔ fresh"
    else:
        words = "… not read yet" if wallet.up is None else "✖ too old, nothing is served"
    usd = wallet_usd(wallet, view.now)
    worth = None
    if not wallet.bare and fresh:
        share = abs(usd) / whole if usd and whole else ZERO
        worth = html(f" · {dollars(usd)} USD ", _share(share) if usd else None)
    return element(
        "div",
        element("h3", wallet.name, element("small", "" if wallet.required else " optional")),
        element("p", words, " · ", age(wallet.last_success, view.wall), worth),
        list(failures([wallet], account, view, about)),
        _holdings(wallet) if fresh else None,
        class_="wallet",
    )


def _share(share: Decimal) -> Html:
    return html(bar(share), element("small", f" {100 * share:.1f}%"))


def _holdings(wallet: Wallet) -> Html:
    told = element("p", wallet_counts(wallet), class_="soft")
    if wallet.overview:
        rows = [
            element("tr", _row_head(value.wallet), _cell("value", _reported(value)), role="row")
            for value in wallet.values[:ROWS_UP_TO]
        ]
        return html(told, _table(f"{wallet.name}: what the exchange says", ("wallet", "value"), rows) if rows else None)
    if not wallet.rows:
        return told
    ordered = sorted(wallet.rows, key=_by_worth)
    shown = ordered[:ROWS_UP_TO]
    equity = any(map(_states_equity, wallet.rows))
    borrows = any(row.balance.borrowed is not None for row in wallet.rows)
    names = ["currency", "available", "frozen", "locked"]
    names += ["borrowed"] if borrows else []
    names += ["net", "unrealized"] if equity else []
    names += ["USD", "share"]
    whole = sum((abs(row.usd) for row in wallet.rows if row.usd), ZERO)
    more = len(ordered) - len(shown)
    return html(
        told,
        _table(
            f"Balances of {wallet.name}", names, [_balance(row, whole, equity=equity, borrows=borrows) for row in shown]
        ),
        element("p", f"and {counted(more, 'currency', 'currencies')} more, each worth less") if more else None,
    )


def _reported(value: WalletValue) -> str:
    return f"{dollars(value.usdt)} USDT" if value.usd is None else f"{dollars(value.usd)} USD"


def _table(caption: str, heads: Sequence[str], rows: Sequence[Html]) -> Html:
    first, *others = heads
    return element(
        "table",
        element("caption", caption, class_="unseen"),
        element(
            "thead",
            element(
                "tr",
                element("th", first, scope="col", role="columnheader"),
                [element("th", name, scope="col", role="columnheader", class_="n") for name in others],
                role="row",
            ),
            role="rowgroup",
        ),
        element("tbody", rows, role="rowgroup"),
        class_="balances",
        role="table",
    )


def _balance(row: Row, whole: Decimal, *, equity: bool, borrows: bool) -> Html:
    one = row.balance
    amounts: list[tuple[str, Decimal | None]] = [
        ("available", one.available),
        ("frozen", one.frozen),
        ("locked", one.locked),
    ]
    amounts += [("borrowed", one.borrowed)] if borrows else []
    amounts += [("net", one.net), ("unrealized", one.pnl)] if equity else []
    share = abs(row.usd) / whole if row.usd and whole else None
    return element(
        "tr",
        _row_head(row.label),
        [_cell(name, "" if number is None else grouped(number)) for name, number in amounts],
        _cell("USD", dollars(row.usd)),
        element("td", _share(share) if share is not None else None, role="cell", class_="n share"),
        role="row",
    )


def _row_head(name: str) -> Html:
    return element("th", name, scope="row", role="rowheader")


def _cell(name: str, words: str) -> Html:
    return element("td", words, role="cell", class_="n", data_name=name)


def _by_worth(row: Row) -> tuple[bool, bool, Decimal]:
    """What is worth most first; then what has no price, then what is zero."""
    return row.balance.is_zero, row.usd is None, -abs(row.usd or ZERO)


def _states_equity(row: Row) -> bool:
    """Whether the whole holding is not what its parts say, or profit is told: what a wallet with positions shows."""
    one = row.balance
    return one.pnl is not None or one.net != one.available + one.frozen + one.locked - (one.borrowed or 0)


# -- key and past


def _key(account: AccountState, view: View) -> Html:
    key = account.key
    told = key.permissions if key is not None else {}
    items = [_permission(name, may=told[name]) for name in _PERMISSIONS if name in told]
    bound = key.ip_restricted if key is not None else None
    if bound is not None:
        items.append(element("li", "works from listed addresses only" if bound else "works from any address"))
    expires = account.key_expires
    if expires is not None:
        left = expires - view.wall
        words = f"expires in {span(left)}" if left > 0 else f"expired {span(-left)} ago"
        items.append(element("li", f"{words} ({moment(expires)})"))
    return element(
        "section",
        element("h2", "API key", id="key"),
        element("ul", items) if items else element("p", "The exchange does not tell what the key may do."),
        aria_labelledby="key",
    )


def _permission(name: str, *, may: bool) -> Html:
    """What the key may do, or not; whatever is more than reading is a risk."""
    if not may:
        return element("li", f"✖ may not {name}")
    return element("li", f"✔ may {name}") if name == "read" else element("li", f"⚠ may {name}", class_="warning")


def _past(account: AccountState, view: View, about: About) -> Html:
    heading = element("h2", "Last failures", id="past")
    if not account.past:
        return element("section", heading, element("p", "None since the exporter started."), aria_labelledby="past")
    items = []
    for one in reversed(account.past):
        times = f", {counted(one.times, 'time')} since {moment(one.first)}" if one.times > 1 else ""
        items.append(
            element(
                "li",
                element("time", moment(one.last), datetime=moment(one.last)),
                f" ({span(view.wall - one.last)} ago{times}) ",
                element("b", f"{one.wallet}: {one.reason}"),
                f": {about.masked(one.message)}",
            )
        )
    return element("section", heading, element("ul", items, class_="past"), aria_labelledby="past")
