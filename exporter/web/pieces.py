"""Pieces that several pages show alike: amounts, ages, failures, what is low and what to do about it."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final
from urllib.parse import quote

from exporter.core.wording import counted, dollars, exact, grouped, moment, span
from exporter.holdings.account import AccountState
from exporter.holdings.low import Giver, Low, Standing
from exporter.holdings.wallet import Wallet
from exporter.web.frame import About
from exporter.web.html import Html, element, html
from exporter.web.view import CRITICAL, FAILING, STALE, State, View

NAMES_UP_TO: Final = 8
"""Wallets of an account that are named in one sentence."""


def account_link(name: str, links: str) -> Html:
    """A link to the page of an account."""
    return element("a", name, href=f"{links}account/{quote(name, safe='', errors='backslashreplace')}")


def sign(state: State) -> Html:
    """The sign of a state, for the eye; its words say the same."""
    return element("span", state.sign, class_="sign", aria_hidden="true")


def age(wall: float, now: float) -> Html:
    """How long ago something was read; `now` is seconds since the epoch too."""
    if not wall:
        return html("never read")
    return element("time", f"{span(now - wall)} ago", datetime=moment(wall))


def amount(standing: Standing, number: Decimal) -> str:
    """An amount of a currency to the last digit, one in USD to the cent, with its unit."""
    return f"{grouped(number)} {standing.currency}" if standing.currency else f"{dollars(number)} USD"


def bar(share: Decimal | float) -> Html:
    """A small bar for the eye, from 0 to 1; a number beside it says the same."""
    width = f"{100 * min(max(float(share), 0.0), 1.0):.1f}"
    return element(
        "svg",
        element("rect", width=width, height="8"),
        class_="bar",
        viewBox="0 0 100 8",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def what(standing: Standing) -> str:
    """What has limits, in words: `USDT in spot`, `available BTC in futures`, `value in USD`."""
    if standing.total:
        return f"total {standing.total}"
    if not standing.currency:
        return "value in USD"
    free = "available " if standing.of == "available" else ""
    return f"{free}{standing.currency} in {standing.wallet}"


def low_item(low: Low, links: str, *, named: bool) -> Html:
    """One limit that is undercut: what is left, what is missing, and what to do; `named` says whose it is, too."""
    standing = low.standing
    state = STALE if low.severity == CRITICAL else FAILING
    exchange = element("small", f" {standing.exchange}")
    whose = [account_link(standing.account, links), exchange, ": "] if named and standing.account else None
    severity, goal = low.goal
    to = f"to the {severity}" + (f" of {amount(standing, goal)}" if severity != low.severity else " limit")
    return element(
        "li",
        element(
            "p",
            sign(state),
            " ",
            element("strong", whose, what(standing)),
            f" {'is critical' if low.severity == CRITICAL else 'is low'}",
            class_="what",
        ),
        element(
            "p",
            element("b", amount(standing, low.amount)),
            f" left, below {low.severity} {amount(standing, low.limit)} ",
            bar(low.left),
        ),
        element("p", element("b", f"{amount(standing, low.missing)} missing"), f" {to}"),
        element("p", element("b", "What to do:"), " ", html(_advice(low, links))),
        class_=f"low {state.name}",
    )


def _advice(low: Low, links: str) -> Html:
    standing = low.standing
    unit = standing.currency or "USD"
    if not low.givers:
        nobody = (
            f"no other account has {unit} to spare" if standing.account else f"no account outside has {unit} to spare"
        )
        return html(f"buy or deposit {amount(standing, low.missing)}; {nobody}.")
    verb = "move it here from" if standing.account else "add to its accounts from"
    givers: list[Html] = []
    for giver in low.givers:
        givers += [html(", or " if givers else ""), _giver(standing, giver, links)]
    return html(f"{verb} ", givers, ".")


def _giver(standing: Standing, giver: Giver, links: str) -> Html:
    spare = f" (has {amount(standing, giver.spare)} to spare)"
    if giver.account == standing.account:
        return html(f"its own wallet {giver.wallet}", spare)
    other = f" on {giver.exchange}" if giver.exchange != standing.exchange else ""
    wallet = f", wallet {giver.wallet}" if giver.wallet else ""
    return html(account_link(giver.account, links), other, wallet, spare)


def failures(wallets: Iterable[Wallet], account: AccountState, view: View, about: About) -> Iterator[Html]:
    """Why these wallets of an account fail, since when, and what to do; those that fail alike together."""
    alike: dict[tuple[str, str, str], list[tuple[Wallet, float]]] = {}
    for wallet in wallets:
        found = wallet.failure
        if found is not None and not wallet.group:  # the group says it for all of its wallets
            alike.setdefault((found.reason, found.message, found.advice), []).append((wallet, found.since))
    for (reason, message, advice), failing in alike.items():
        names = ", ".join(wallet.name for wallet, _ in failing[:NAMES_UP_TO])
        more = f" and {len(failing) - NAMES_UP_TO:,} more" if len(failing) > NAMES_UP_TO else ""
        polls = account.failures if any(wallet.required for wallet, _ in failing) else 0
        many = f", {counted(polls, 'poll')} in a row" if polls > 1 else ""
        since = min(since for _, since in failing)
        yield element(
            "p",
            element("b", f"{names}{more}: {reason}"),
            ": ",
            about.masked(message),
            element("small", f" since {moment(since)} ({span(view.wall - since)}){many}"),
            [element("br"), element("b", "What to do:"), " ", about.masked(advice)] if advice else None,
            class_="failure",
        )


def wallet_usd(wallet: Wallet, now: float) -> Decimal | None:
    """The value of a wallet; None where nothing is known, or nothing in it has a price."""
    if not wallet.fresh(now) or wallet.bare or (wallet.unpriced and not wallet.usd):
        return None
    return wallet.usd


def wallet_counts(wallet: Wallet) -> str:
    """What a fresh wallet holds, in numbers."""
    if wallet.many:
        return "each wallet of it by itself"
    if wallet.overview:
        return f"{counted(len(wallet.values), 'wallet')} as the exchange values them"
    parts = [counted(len(wallet.rows), "currency", "currencies")]
    parts += [
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
        parts.append(f"margin ratio {exact(wallet.margin_ratio)}")
    return ", ".join(parts)
