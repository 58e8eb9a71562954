"""The status page: what is wrong, what runs low, and every account, for a person in a hurry; troubles first."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from exporter.core.wording import counted, dollars, exact, span
from exporter.holdings.account import AccountState
from exporter.holdings.keys import key_warnings
from exporter.holdings.low import Judged, Low
from exporter.holdings.totals import Part
from exporter.holdings.wallet import Wallet
from exporter.web.chosen import Chosen
from exporter.web.frame import About, document
from exporter.web.html import Html, element, html
from exporter.web.pieces import (
    NAMES_UP_TO,
    account_link,
    age,
    failures,
    low_item,
    sign,
    wallet_counts,
    wallet_usd,
    what,
)
from exporter.web.view import CRITICAL, FAILING, LOW, STALE, STATES, UP, WAITING, Entry, State, View, counts

PER_PAGE: Final = 100
"""Accounts on one page of the list."""

LOW_UP_TO: Final = 30
"""What is low that the page lists, the worst first."""

TOTALS_UP_TO: Final = 50
"""Totals that the page lists, those under a limit first."""

CHOICES_UP_TO: Final = 200
"""Values that a list of choices offers."""


def page(view: View, about: About, chosen: Chosen, *, links: str = "") -> str:
    """The page as HTML.

    Args:
        view: everything at one moment.
        about: what is the same on every page.
        chosen: which accounts are wanted.
        links: stands before the paths of links; by nothing they are relative to the page.
    """
    entries = [entry for entry in view.entries if chosen.lets_in(entry.account, entry.states)]
    limits = _limits_of(entries, view.limits, chosen)
    state, words = overall(entries, limits, view.problem)
    shard = f" · shard {about.shard_ordinal} of {about.shard_total}" if about.shard_total > 1 else ""
    heading = element("h1", "exchange-balance-exporter ", element("small", f"{about.version}{shard}"))
    content = html(
        element("p", sign(state), " ", element("strong", words), class_=f"overall {state.name}", role="status"),
        element("p", _summary(entries)),
        _low(limits, chosen, links),
        _totals(view.totals, alone=about.alone) if chosen.everything else None,
        _accounts(entries, view, about, chosen, links),
    )
    title = f"{state.sign} {words} · exchange-balance-exporter"
    return document(title, heading, content, about, view.wall, chosen, links=links, inner=False)


def _limits_of(entries: Sequence[Entry], limits: Judged, chosen: Chosen) -> Judged:
    """The limits of the accounts that are wanted; of totals where all are."""
    if chosen.everything:
        return limits
    names = {entry.account.account.name for entry in entries}
    low = [each for each in limits.low if each.standing.account in names]
    unknown = [each for each in limits.unknown if each.account in names]
    return Judged(low, unknown, 0)


def overall(entries: Sequence[Entry], limits: Judged, problem: str | None) -> tuple[State, str]:
    """The state of everything, and one line that says it."""
    by_state = counts(entries)
    critical = [low for low in limits.low if low.severity == CRITICAL]
    warned = [low for low in limits.low if low.severity != CRITICAL]
    bad = [
        *([f"the exporter itself: {problem}"] if problem else []),
        *([f"{_named(critical)} critically low"] if critical else []),
        *([f"{counted(by_state[STALE], 'account')} without data"] if by_state[STALE] else []),
    ]
    warn = [
        *([f"{_named(warned)} low"] if warned else []),
        *([f"{counted(by_state[FAILING], 'account')} failing"] if by_state[FAILING] else []),
    ]
    unknown = [f"{counted(len(limits.unknown), 'limit')} not known"] if limits.unknown else []
    if bad:
        return STALE, f"Act now: {', '.join((*bad, *warn, *unknown))}"
    if warn:
        return FAILING, f"Have a look: {', '.join((*warn, *unknown))}"
    if by_state[WAITING]:
        return WAITING, f"Starting: {counted(by_state[WAITING], 'account')} waiting for the first read"
    if unknown:
        return FAILING, f"Have a look: {unknown[0]}"
    if not entries:
        return WAITING, "No account is shown"
    kept = f", {counted(limits.good, 'limit')} kept" if limits.good else ""
    return UP, f"All is well: {counted(len(entries), 'account')} up{kept}"


def _named(low: Sequence[Low]) -> str:
    """What is low, by its name where it is one."""
    if len(low) > 1:
        return counted(len(low), "balance")
    standing = low[0].standing
    unit = standing.currency or "value in USD"
    return f"{unit} of {standing.account or f'total {standing.total}'}"


def _summary(entries: Sequence[Entry]) -> Html:
    by_state = counts(entries)
    known = [usd for entry in entries if (usd := entry.account.usd) is not None and entry.state is not STALE]
    up = len(entries) - by_state[FAILING] - by_state[STALE] - by_state[WAITING]
    names = ((up, "up"), (by_state[FAILING], "failing"), (by_state[STALE], "stale"), (by_state[WAITING], "waiting"))
    words = [f"{count:,} {name}" for count, name in names if count or name in ("up", "failing", "stale")]
    together: Html | None = None
    if known:
        part = f" in the {counted(len(known), 'account')} whose value is known" if len(known) != len(entries) else ""
        together = html(" · ", element("strong", f"{dollars(sum(known, Decimal(0)))} USD"), part)
    return html(element("strong", counted(len(entries), "account")), f" · {' · '.join(words)}", together)


# -- what is low


def _low(limits: Judged, chosen: Chosen, links: str) -> Html | None:
    if not (limits.low or limits.unknown):
        return None
    shown, more = limits.low[:LOW_UP_TO], len(limits.low) - LOW_UP_TO
    every = chosen._replace(state=(LOW,), page=1).query()
    rest = element("p", element("a", f"and {more:,} more: all accounts that are low", href=every)) if more > 0 else None
    return element(
        "section",
        element("h2", "Low balances", id="low"),
        element("ul", [low_item(low, links, named=True) for low in shown], class_="lows") if shown else None,
        rest,
        _unknown(limits),
        aria_labelledby="low",
    )


def _unknown(limits: Judged) -> Html | None:
    if not limits.unknown:
        return None
    names = ", ".join(f"{what(each)}{f' of {each.account}' if each.account else ''}" for each in limits.unknown[:5])
    more = f" and {len(limits.unknown) - 5:,} more" if len(limits.unknown) > 5 else ""
    return element("p", element("b", "Not known, so neither low nor fine:"), f" {names}{more}")


# -- totals


def _totals(totals: Sequence[Part], *, alone: bool) -> Html | None:
    """A line for each total; `alone` says whether this instance polls every account, so that its part is the whole."""
    lines = sorted((_total(part, alone=alone) for part in totals), key=lambda line: line[0].rank)
    if not lines:
        return None
    items = [element("li", sign(state), " ", words, class_=state.name) for state, words in lines[:TOTALS_UP_TO]]
    if len(lines) > TOTALS_UP_TO:
        items.append(element("li", f"and {counted(len(lines) - TOTALS_UP_TO, 'more total', 'more totals')}"))
    heading = element("h2", "Totals", id="totals")
    return element("section", heading, element("ul", items, class_="totals"), aria_labelledby="totals")


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


# -- accounts


def _accounts(entries: Sequence[Entry], view: View, about: About, chosen: Chosen, links: str) -> Html:
    pages = max(-(-len(entries) // PER_PAGE), 1)
    number = min(chosen.page, pages)
    shown = entries[(number - 1) * PER_PAGE : number * PER_PAGE]
    heads = ("account", "state", "data", "next poll")
    table = element(
        "table",
        element("caption", "Accounts, those in trouble first", class_="unseen"),
        element(
            "thead",
            element(
                "tr",
                [element("th", name, scope="col", role="columnheader") for name in heads],
                element("th", "USD", scope="col", role="columnheader", class_="n"),
                role="row",
            ),
            role="rowgroup",
        ),
        [_account(entry, view, about, links) for entry in shown],
        class_="accounts",
        role="table",
    )
    return element(
        "section",
        element("h2", "Accounts", id="accounts"),
        _filters(view, chosen) if len(view.entries) > 1 else None,
        table if shown else element("p", "No account matches." if view.entries else "No account is configured here."),
        _pages(chosen, number, pages) if pages > 1 else None,
        aria_labelledby="accounts",
    )


def _account(entry: Entry, view: View, about: About, links: str) -> Html:
    account, state = entry.account, entry.state
    config = account.account
    due = account.next_poll - view.wall
    upcoming = "–" if not account.next_poll else "now" if due <= 0 else f"in {span(due)}"
    data = [wallet.last_success for wallet in account.wallets.values() if wallet.required]
    usd = account.usd if state is not STALE else None
    return element(
        "tbody",
        element(
            "tr",
            element(
                "th",
                account_link(config.name, links),
                element("small", f" {config.exchange}"),
                _badge(entry.low[0]) if entry.low else None,
                scope="row",
                role="rowheader",
            ),
            element("td", sign(state), " ", state.words, class_="state", role="cell"),
            element("td", age(min(data, default=0.0), view.wall), role="cell", class_="soft"),
            element("td", element("span", "next poll ", class_="narrow"), upcoming, role="cell", class_="soft"),
            element("td", dollars(usd), element("span", " USD", class_="narrow"), role="cell", class_="n"),
            class_="account",
            role="row",
        ),
        element(
            "tr",
            element("td", list(_notes(entry, view, about)), colspan="5", role="cell"),
            class_="note",
            role="row",
        ),
        class_=state.name,
        role="rowgroup",
    )


def _badge(low: Low) -> Html:
    state = STALE if low.severity == CRITICAL else FAILING
    words = "critically low" if low.severity == CRITICAL else "low"
    return html(
        " ", element("span", sign(state), f" {words}: {low.standing.currency or 'USD'}", class_=f"badge {state.name}")
    )


def _notes(entry: Entry, view: View, about: About) -> Iterator[Html]:
    account = entry.account
    yield element("p", _wallets(account, view), class_="wallets")
    for warning in key_warnings(account, view.wall):
        yield element("p", f"⚠ {warning}")
    yield from left_alone(account, about)
    yield from failures(account.wallets.values(), account, view, about)


def left_alone(account: AccountState, about: About) -> Iterator[Html]:
    """A sentence for each wallet that is not read, and why."""
    for name in account.elsewhere:
        yield element("p", f"The exchange has the wallet {name} in another mode of the account only; it is not read.")
    for name, found in account.left_out.items():
        words = f"The wallet {name} is left out, and tried again once a day: "
        yield element("p", words, element("b", found.reason), f": {about.masked(found.message)}")


def _wallets(account: AccountState, view: View) -> Html:
    """The wallets of an account in a line: value, and what is wrong."""
    wallets = list(account.wallets.values())
    pieces: list[Html] = []
    for wallet in wallets[:NAMES_UP_TO]:
        pieces.append(html(" · " if pieces else "", _wallet(wallet, view)))
    if len(wallets) > NAMES_UP_TO:
        pieces.append(html(f" · and {counted(len(wallets) - NAMES_UP_TO, 'wallet')} more"))
    return html(pieces)


def _wallet(wallet: Wallet, view: View) -> Html:
    fresh = wallet.fresh(view.now)
    if not fresh:
        said = "not read yet" if wallet.up is None else "nothing is served"
    elif wallet.bare:
        said = wallet_counts(wallet)
    else:
        said = f"{dollars(wallet_usd(wallet, view.now))} USD ({wallet_counts(wallet)})"
    mark = element("span", "✖ ", class_="bad", aria_hidden="true") if wallet.failure is not None else None
    optional = "" if wallet.required else " (optional)"
    return html(mark, element("b", f"{wallet.name}{optional}"), f" {said}")


# -- filters and pages


def _filters(view: View, chosen: Chosen) -> Html:
    configs = [entry.account.account for entry in view.entries]
    exchanges = sorted({config.exchange for config in configs})
    labels = sorted({f"{name}:{value}" for config in configs for name, value in config.labels.items()})
    states = [(LOW, "under a limit"), *((state.name, state.words) for state in STATES)]
    return element(
        "form",
        _choice("exchange", [(name, name) for name in exchanges], chosen.exchange),
        _choice("state", states, chosen.state),
        _choice("label", [(name, name) for name in labels[:CHOICES_UP_TO]], chosen.label) if labels else None,
        element(
            "label",
            "name contains ",
            element("input", type="text", name="account", value=chosen.account, autocomplete="off"),
        ),
        element("input", type="hidden", name="refresh", value="off") if not chosen.refresh else None,
        element("button", "Show", type="submit"),
        html(" ", element("a", "show all", href=Chosen(refresh=chosen.refresh).query() or "?"))
        if not chosen.everything
        else None,
        method="get",
        role="search",
        aria_label="Choose accounts",
        class_="filters",
    )


def _choice(name: str, offered: Sequence[tuple[str, str]], chosen: Sequence[str]) -> Html:
    known = [*offered, *((value, value) for value in chosen if value not in dict(offered))]
    options = [element("option", words, value=value, selected=value in chosen[:1]) for value, words in known]
    return element("label", f"{name} ", element("select", element("option", "all", value=""), options, name=name))


def _pages(chosen: Chosen, number: int, pages: int) -> Html:
    def link(words: str, to: int) -> Html | None:
        if not 1 <= to <= pages:
            return None
        return html(element("a", words, href=chosen._replace(page=to).query() or "?"), " ")

    return element(
        "nav",
        link("first", 1) if number > 2 else None,
        link("previous", number - 1),
        f"page {number:,} of {pages:,} ",
        link("next", number + 1),
        link("last", pages) if number < pages - 1 else None,
        aria_label="Pages of the list",
        class_="pages",
    )
