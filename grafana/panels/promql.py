"""Expressions that the dashboards share: how a figure is looked up so that it counts once and shows its age.

Every selector matches job and instance, then every lookup aggregates them away, since one account may be
exported by two instances during a move or a rolling restart. Every lookup reads over a window of some
scrapes, since a failed scrape marks all series as stale.
"""

EXCHANGE = ("exchange",)
CURRENCY = ("exchange", "currency")
ACCOUNT = ("exchange", "account")
WALLET = ("exchange", "account", "wallet")
COIN = ("exchange", "account", "wallet", "currency")

WINDOW = "3m"  # more than two scrapes, less than the shortest time that anybody would call stale
MEMORY, STEP = "1d", "5m"  # how far and in what steps a last known figure is looked for
DAY = "1d"

_FILTERS = ("exchange", "account", "currency")


def selector(family: str, labels: tuple[str, ...] = (), extra: str = "") -> str:
    """Select a family by the dashboard's variables, those of `labels` that have one, and `extra` matchers."""
    matchers = ['job=~"$job"', 'instance=~"$instance"']
    matchers += [f'{label}=~"${label}"' for label in _FILTERS if label in labels]
    if extra:
        matchers.append(extra)
    return f"{family}{{{','.join(matchers)}}}"


def latest(
    family: str,
    labels: tuple[str, ...],
    extra: str = "",
    *,
    at: str = "",
    pick: str = "max",
    window: str = WINDOW,
) -> str:
    """What is exported now, once for each combination of `labels`; `at` is an offset or @ modifier."""
    window = f"{selector(family, labels, extra)}[{window}]{' ' + at if at else ''}"
    return f"{pick} by ({', '.join(labels)}) (last_over_time({window}))"


def fresh(family: str, extra: str = "", *, at: str = "", labels: tuple[str, ...] = COIN) -> str:
    """What a wallet holds or states while it is fresh, without the minutes by which the window would prolong it."""
    serving = f"{latest('exchange_wallet_fresh', WALLET, at=at)} == 1"
    return f"({latest(family, labels, extra, at=at)} and on ({', '.join(WALLET)}) {serving})"


def failing(family: str, labels: tuple[str, ...]) -> str:
    """A family that is there while a wallet's reads fail, gone as soon as the wallet is up."""
    return f"({latest(family, labels)} and on ({', '.join(WALLET)}) {latest('exchange_wallet_up', WALLET)} == 0)"


def remembered(family: str, labels: tuple[str, ...], extra: str = "", *, at: str = "") -> str:
    """The last figure of the past day, also of what is no longer exported.

    A subquery, since it aggregates before it remembers: an instance that is gone cannot outweigh the one
    that took over, and a day of raw samples of a large fleet would exceed a server's limits.
    """
    steps = f"({latest(family, labels, extra, window=STEP)})[{MEMORY}:{STEP}]"
    return f"last_over_time({steps}{' ' + at if at else ''})"


def known(family: str, labels: tuple[str, ...], extra: str = "", *, at: str = "") -> str:
    """What is exported now or, failing that, what was last."""
    return f"({_present(family, labels, extra, at)} or {remembered(family, labels, extra, at=at)})"


def withdrawn(family: str, labels: tuple[str, ...], extra: str = "") -> str:
    """The last figures of what is no longer exported: the part of `known` that is not fresh."""
    return f"({remembered(family, labels, extra)} unless {_present(family, labels, extra)})"


def _present(family: str, labels: tuple[str, ...], extra: str = "", at: str = "") -> str:
    return fresh(family, extra, at=at) if labels == COIN else latest(family, labels, extra, at=at)


def total(expr: str, *labels: str) -> str:
    """Add up, by the labels where any are given."""
    return f"sum by ({', '.join(labels)}) ({expr})" if labels else f"sum({expr})"


def age(family: str, labels: tuple[str, ...]) -> str:
    """Seconds since a timestamp; absent while it is 0, which means never."""
    return f"time() - ({latest(family, labels)} > 0)"


def leading(count: int, expr: str, *labels: str, by: str) -> str:
    """Keep the series of the `count` largest, by what `by` says at the end of the range, so that none flickers."""
    return f"{expr} and on ({', '.join(labels)}) topk({count}, {by})"


def day_change(family: str) -> str:
    """Change of a balance against 24 hours ago.

    A coin that a wallet did not list then, though it was being read, counts from 0. Where nothing is known
    of the wallet 24 hours ago, it is the change of the last hour.
    """
    now, then = known(family, COIN), latest(family, COIN, at=f"offset {DAY}")
    was_read = f"{latest('exchange_wallet_fresh', WALLET, at=f'offset {DAY}')} == 1"
    young = f"avg by ({', '.join(COIN)}) (delta({selector(family, COIN)}[1h]))"
    came = f"({fresh(family)} and on ({', '.join(WALLET)}) {was_read})"
    return f"(({now} - {then}) or {came} or {young})"


def coin_price(*, last_known: bool = False) -> str:
    """The USD price of each coin in each wallet, by its fresh or its last known value and amount.

    An answer that carries values of its own needs no price list, so exchange_price_usd may lack its coins; it is
    asked where nothing is held.
    """
    families = ("exchange_balance_net", "exchange_balance_usd")
    net, usd = (known(family, COIN) if last_known else fresh(family) for family in families)
    listed = known("exchange_price_usd", CURRENCY)
    return f"({usd} / ({net} != 0) or 0 * {net} + on (exchange, currency) group_left () {listed})"


def day_flow() -> str:
    """The part of the 24 hour change that came or went as coins, at the price of now, in USD."""
    return f"({day_change('exchange_balance_net')} * {coin_price(last_known=True)})"


def day_price_effect() -> str:
    """The part of the 24 hour change that prices made of what was held all along, in USD."""
    return f"({day_change('exchange_balance_usd')} - {day_flow()})"


def rate(family: str, labels: tuple[str, ...], by: tuple[str, ...], extra: str = "") -> str:
    """Per-second rate of a counter, added up over accounts and instances to the labels of `by`."""
    return f"sum by ({', '.join(by)}) (rate({selector(family, labels, extra)}[$__rate_interval]))"
