"""Expressions that the dashboards share: how a figure is looked up so that it counts once and shows its age.

Every selector matches job and instance, then every lookup aggregates them away, since one account may be
exported by two instances during a move or a rolling restart. Every lookup of what is scraped reads over a window of
some scrapes, since a failed scrape marks all series as stale.

What cannot be read now is remembered by the recording rules, and they add up what a panel over everything would have
to read coin by coin. Such sums have the label `all` in the place of what they are summed over, so that `whole` finds
them while everything of that is chosen; otherwise the same figure is worked out from the coins that are.
"""

EXCHANGE = ("exchange",)
CURRENCY = ("exchange", "currency")
ACCOUNT = ("exchange", "account")
WALLET = ("exchange", "account", "wallet")
COIN = ("exchange", "account", "wallet", "currency")
MOVE = ("exchange", "account", "currency")

WINDOW = "3m"  # more than two scrapes, less than the shortest time that anybody would call stale
MEMORY, STEP = "1d", "5m"  # how far and in what steps a last known figure is looked for where no rule remembers it
DAY = "1d"
RECORDED = "2m"  # how often the rules record what a panel over everything shows

_FILTERS = ("exchange", "account", "currency")
_USD, _NET = "exchange_balance_usd", "exchange_balance_net"
_ALL_OF = {"exchanges": "exchange", "accounts": "account", "currencies": "currency"}


def selector(family: str, labels: tuple[str, ...] = (), extra: str = "") -> str:
    """Select a family by the dashboard's variables, those of `labels` that have one, and `extra` matchers.

    Those come first: where one of them finds nothing, Prometheus looks no further.
    """
    matchers = [extra] if extra else []
    matchers += ['job=~"$job"', 'instance=~"$instance"']
    matchers += [f'{label}=~"${label}"' for label in _FILTERS if label in labels]
    return f"{family}{{{','.join(matchers)}}}"


def unless_all(*variables: str) -> str:
    """Match nothing while all of these variables stand at All, and everything once one of them does not.

    All is `.+` or `.*`, and a job has as many letters as this wants; one of fewer letters costs time and nothing else.
    What is chosen stands here twice in a row, as no job does. `?` excludes an empty job too, so that Prometheus looks
    up the jobs that match instead of taking those that do not away from everything else.
    """
    return f'job!~"({"".join(f"(${name}){{2}}" for name in variables)})?"'


def whole(record: str, *summed: str, at: str = "", rare: bool = False) -> str:
    """Select a recorded sum over all of the labels in `summed`, while all of each is chosen.

    `rare`: it is recorded every quarter of an hour.
    """
    selected = selector(record, COIN, ",".join(f'{label}="all"' for label in summed))
    return f"last_over_time({selected}[20m])" if rare else selected + (f" {at}" if at else "")


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
    serving = f"{latest('exchange_wallet_fresh', WALLET, extra, at=at)} == 1"
    return f"({latest(family, labels, extra, at=at)} and on ({', '.join(WALLET)}) {serving})"


def failing(family: str, labels: tuple[str, ...]) -> str:
    """A family that is there while a wallet's reads fail, gone as soon as the wallet is up."""
    return f"({latest(family, labels)} and on ({', '.join(WALLET)}) {latest('exchange_wallet_up', WALLET)} == 0)"


def remembered(family: str, labels: tuple[str, ...], extra: str = "", *, at: str = "") -> str:
    """The last figure of the past day of what an exporter still names and cannot read.

    The rules remember balances. What they do not is looked for in a subquery, since that aggregates before it
    remembers: an instance that is gone cannot outweigh the one that took over.
    """
    if labels == COIN:
        recorded = selector(f"coin:{family}:remembered", COIN, extra) + (f" {at}" if at else "")
        return f"max by ({', '.join(COIN)}) ({recorded})"
    steps = f"({latest(family, labels, extra, window=STEP)})[{MEMORY}:{STEP}]"
    last = f"last_over_time({steps}{' ' + at if at else ''})"
    if "account" not in labels:
        return last
    return f"({last} and on ({', '.join(ACCOUNT)}) {latest('exchange_account_up', ACCOUNT, at=at)})"


def known(family: str, labels: tuple[str, ...], extra: str = "", *, at: str = "") -> str:
    """What is exported now or, failing that, what was last."""
    return f"({_present(family, labels, extra, at)} or {remembered(family, labels, extra, at=at)})"


def limited_amount(of: str) -> str:
    """What was last known of each balance, `net` or `available`, that has a limit; the exporter tells those apart."""
    held = latest("exchange_balance_limited", COIN, f'of="{of}"')
    served = f"{held} and on ({', '.join(WALLET)}) {latest('exchange_wallet_fresh', WALLET)} == 1"
    return f"({served} or {remembered(f'exchange_balance_{of}', COIN)})"


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


def held(kind: str, *by: str, at: str = "") -> str:
    """The USD value of what is chosen, `fresh` or `last_known`, added up by these labels."""
    over = "account" if "currency" in by else "currency"
    recorded = total(whole(f"treasury:exchange_balance_usd:{kind}", over, at=at), *by)
    some = unless_all("job", "instance", over)
    coins = known(_USD, COIN, some, at=at) if kind == "last_known" else fresh(_USD, some, at=at)
    return f"({recorded} or {total(coins, *by)})"


def wallet_sum() -> str:
    """The USD value of what is fresh in each wallet."""
    recorded = total(whole("treasury:exchange_balance_usd:fresh", "currency"), *WALLET)
    return f"({recorded} or {total(fresh(_USD, unless_all('job', 'instance', 'currency')), *WALLET)})"


def day_change(family: str, extra: str = "") -> str:
    """Change of a balance against 24 hours ago.

    A coin that a wallet did not list then, though it was being read, counts from 0. Where nothing is known
    of the wallet 24 hours ago, it is the change of the last hour.
    """
    now, then = known(family, COIN, extra), latest(family, COIN, extra, at=f"offset {DAY}")
    was_read = f"{latest('exchange_wallet_fresh', WALLET, extra, at=f'offset {DAY}')} == 1"
    young = f"avg by ({', '.join(COIN)}) (delta({selector(family, COIN, extra)}[1h]))"
    came = f"({fresh(family, extra)} and on ({', '.join(WALLET)}) {was_read})"
    return f"(({now} - {then}) or {came} or {young})"


def listed(family: str) -> str:
    """What the largest balances by USD value hold or state while they are fresh: as many as `$rows`, or all at 0.

    They are recorded while everything is chosen. What has no USD value comes last.
    """
    recorded = selector(f"treasury:{_USD}:largest", COIN, _EVERYTHING)
    chosen = f"abs({fresh(_USD, _CHOSEN)}) or 0 * {fresh(_NET, _CHOSEN)}"
    coins = ", ".join(COIN)
    largest = f"topk($rows, max by ({coins}) ({recorded}) or {chosen})"
    # No job has as many letters as the least number of rows; every job has none or more.
    every = fresh(family, 'job=~".{$rows}.*"')
    return (
        f"(max by ({coins}) (last_over_time({selector(family, COIN)}[{WINDOW}]) and on ({coins}) {largest})"
        f" and on ({', '.join(WALLET)}) {latest('exchange_wallet_fresh', WALLET)} == 1 or {every})"
    )


def listed_price() -> str:
    """The USD price of each of those."""
    return _price(listed(_NET), listed(_USD), "")


def coin_price(extra: str = "", *, last_known: bool = False) -> str:
    """The USD price of each coin in each wallet, by its fresh or its last known value and amount.

    An answer that carries values of its own needs no price list, so exchange_price_usd may lack its coins; it is
    asked where nothing is held.
    """
    net = known(_NET, COIN, extra) if last_known else fresh(_NET, extra)
    usd = known(_USD, COIN, extra) if last_known else latest(_USD, COIN, extra)
    return _price(net, usd, extra)


def _price(net: str, usd: str, extra: str) -> str:
    prices = known("exchange_price_usd", CURRENCY, extra)
    return f"({usd} / ({net} != 0) or 0 * {net} + on (exchange, currency) group_left () {prices})"


def day_flow(extra: str = "") -> str:
    """The part of the 24 hour change that came or went as coins, at the price of now, in USD."""
    return f"({day_change(_NET, extra)} * {coin_price(extra, last_known=True)})"


def day_price_effect(extra: str = "") -> str:
    """The part of the 24 hour change that prices made of what was held all along, in USD."""
    return f"({day_change(_USD, extra)} - {day_flow(extra)})"


def total_flow() -> str:
    """`day_flow` added up over what is chosen."""
    some = unless_all("job", "instance", "account")
    return f"({total(_recorded_flow())} or {total(day_flow(some))})"


def total_price_effect() -> str:
    """`day_price_effect` added up over what is chosen."""
    some = unless_all("job", "instance", "account")
    now = whole(f"treasury:{_USD}:last_known", "account")
    before = whole(f"treasury:{_USD}:before_1d", "account", rare=True)
    return f"({total(f'{now} - {before} - ({_recorded_flow()} or 0 * {now})')} or {total(day_price_effect(some))})"


def _recorded_flow() -> str:
    """The flow by exchange and currency, of all accounts, at the price in what is held, or was."""
    net, before = whole(f"treasury:{_NET}:last_known", "account"), _before(_NET)
    return f"({net} - {before}) * ({_recorded_price()})"


def _recorded_price() -> str:
    """The price by exchange and currency, in what is held, or was."""
    net, usd = (whole(f"treasury:{family}:last_known", "account") for family in (_NET, _USD))
    return f"{usd} / ({net} != 0) or {_before(_USD)} / ({_before(_NET)} != 0)"


def _before(family: str) -> str:
    return whole(f"treasury:{family}:before_1d", "account", rare=True)


def biggest() -> str:
    """The size of the fifteen largest changes in 24 hours, of a cent at least, by exchange, account and currency."""
    recorded = f"sum by ({', '.join(MOVE)}) ({_of_moved(_USD, 'moved_1d')})"
    return f"topk(15, {recorded} or abs({total(day_change(_USD, _CHOSEN), *MOVE)}) >= 0.005)"


def biggest_change(family: str) -> str:
    """The change of each of those, of its USD value or of its coins."""
    return _of_biggest(_moved_change(family), day_change(family, _CHOSEN))


def biggest_flow() -> str:
    """The part of each of those that came or went as coins, at the price of now, in USD."""
    return _of_biggest(_moved_flow(), day_flow(_CHOSEN))


def biggest_price_effect() -> str:
    """The part of each of those that prices made, in USD."""
    return _of_biggest(f"{_moved_change(_USD)} - {_moved_flow()}", day_price_effect(_CHOSEN))


def _of_biggest(recorded: str, coins: str) -> str:
    return f"({recorded} or {total(coins, *MOVE)}) and on ({', '.join(MOVE)}) {biggest()}"


def _moved_change(family: str) -> str:
    return f"sum by ({', '.join(MOVE)}) ({_of_moved(family, 'change_1d')})"


def _moved_flow() -> str:
    prices = f"max by (exchange, currency) ({_recorded_price()})"
    return f"{_moved_change(_NET)} * on (exchange, currency) group_left () {prices}"


def _of_moved(family: str, record: str) -> str:
    """What is recorded of the holdings that moved most of all, while everything is chosen."""
    return f"last_over_time({selector(f'treasury:{family}:{record}', COIN, _EVERYTHING)}[20m])"


_EVERYTHING = ",".join(f'{name}=~"${variable}"' for name, variable in _ALL_OF.items())
_CHOSEN = unless_all("job", "instance", *_ALL_OF.values())


def rate(family: str, labels: tuple[str, ...], by: tuple[str, ...], extra: str = "") -> str:
    """Per-second rate of a counter, added up over accounts and instances to the labels of `by`."""
    return f"sum by ({', '.join(by)}) (rate({selector(family, labels, extra)}[$__rate_interval]))"
