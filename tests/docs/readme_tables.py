"""The tables of README, CONTRIBUTING and other pages; `python -m tests.docs.readme_tables` rewrites them.

Each table stands between `<!-- NAME:start -->` and `<!-- NAME:end -->`.
"""

import argparse
import ast
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from exporter.cli.flags import make_parser
from exporter.config import ALL, Config
from exporter.config.load import load
from exporter.config.scalars import spelled
from exporter.core.errors import REASONS, PollError
from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import Api, Endpoint, Exchange, Limit
from exporter.exchanges.ccxt.making import exchange as ccxt_exchange
from exporter.exchanges.ccxt.table import TABLE
from exporter.exposition.families import FAMILIES
from exporter.polling.account_poll import CAP_SECONDS, SLOW_CAP_SECONDS
from exporter.polling.plan import Plan
from exporter.transport.conversation import RETRIES
from tests.docs import kubernetes_tables, rule_tables
from tests.docs.rooms import PACKAGE, PATH, ROOMS

ROOT: Final = Path(__file__).parents[2]
README: Final = ROOT / "README.md"
CONTRIBUTING: Final = ROOT / "CONTRIBUTING.md"
RULES: Final = ROOT / "deploy" / "prometheus" / "README.md"
KUBERNETES: Final = ROOT / "deploy" / "kubernetes" / "README.md"

_DEFAULT: Final = re.compile(r"\s*\(default: (.*)\)\s*$")
_POLLED: Final = re.compile(r"\s*Polled, not read at the scrape: .*")
UNLIMITED: Final = "not limited by address"
_SCOPES: Final = {"key": "by key", "uid": "by user", "ip": "by address"}


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar within a cell is escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def code(words: Iterable[str]) -> str:
    """Words as code, with commas between them; a dash where there are none."""
    return ", ".join(f"`{word}`" for word in words) or "–"


def exchanges() -> str:
    """What can be read of each exchange, and with which credentials."""
    rows = []
    for exchange in EXCHANGES.values():
        for name, api in exchange.apis.items():
            rest = {wallet: each for wallet, each in api.wallets.items() if wallet != api.main}
            default = code(wallet for wallet, each in rest.items() if each.default)
            if api.discover is not None:
                default = "every other account that the key lists, but otc"
            opt_in = code(wallet for wallet, each in rest.items() if not each.default)
            needs = code(exchange.credentials)
            hosts = dict.fromkeys((api.host, *(each.host for each in api.endpoints if each.host)))
            host = ", ".join(each.removeprefix("https://") for each in hosts)
            rows.append((_kind(exchange, name), needs, code([api.main]), default, opt_in, host))
    return table(("exchange", "credentials", "main wallet", "read by default", "read when named", "host"), rows)


def through_ccxt() -> str:
    """What can be read of each exchange that is read through ccxt."""
    rows = []
    for name, known in TABLE.items():
        exchange = ccxt_exchange(f"ccxt/{name}")
        (api,) = exchange.apis.values()
        rest = {wallet: each for wallet, each in api.wallets.items() if wallet != api.main}
        default = code(wallet for wallet, each in rest.items() if each.default)
        opt_in = code(wallet for wallet, each in rest.items() if not each.default)
        posts = sum(row.method == "POST" for row in known.rows)
        asked = f"{len(known.rows)}, {posts} by POST" if posts else str(len(known.rows))
        priced = "yes" if known.calls_for("prices") else "no"
        cells = (code(exchange.credentials), code([api.main]), default, opt_in, priced, asked)
        rows.append((f"{known.title}: `{exchange.name}`", *cells))
    heads = ("exchange", "credentials", "main wallet", "read by default", "read when named", "prices", "paths")
    return table(heads, rows)


def _kind(exchange: Exchange, api: str) -> str:
    if not exchange.option:
        return f"`{exchange.name}`"
    found = "found by itself, or " if exchange.probes else "the default, or " if api == exchange.first else ""
    return f"`{exchange.name}`, {api} ({found}`options: {{{exchange.option}: {api}}}`)"


def flags() -> str:
    """Every flag of the running exporter."""
    return table(("flag", "default", "meaning"), map(_flag, _flags(make_parser())))


def commands() -> str:
    """Every subcommand with the flags that it alone has, and the general ones that it takes."""
    parser = make_parser()
    general = {option for action in _flags(parser) for option in action.option_strings}
    rows = []
    for name, told, command in _commands(parser):
        rows.append((f"`{name}`", _sentence(told), ""))
        for action in _flags(command):
            if not general.issuperset(action.option_strings):
                flag, default, meaning = _flag(action)
                rows.append((f"`{name}` {flag}", meaning, default))
        taken = [option for action in _flags(command) for option in action.option_strings if option in general]
        if taken:
            rows.append((f"`{name}` also takes", code(taken), ""))
    return table(("command", "what it does", "default"), rows)


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for choice in action._choices_actions:
                yield choice.dest, choice.help or "", action.choices[choice.dest]


def _flags(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        if any(option.startswith("--") for option in action.option_strings) and action.dest != "help":
            yield action


def _flag(action: argparse.Action) -> tuple[str, str, str]:
    """Flag, default and meaning: help texts end in their default."""
    told = (action.help or "") % vars(action)
    found = _DEFAULT.search(told)
    meaning = _DEFAULT.sub("", told)
    if action.choices and not meaning:
        meaning = "one of " + code(map(str, action.choices))
    if action.nargs != 0:
        default = found[1] if found else ""
    else:
        default = "" if isinstance(action, argparse._VersionAction) else "off"
    return code(action.option_strings), default, meaning


def metrics() -> str:
    """Every family with its type, labels and meaning; what is said of all balances is said once, above the table."""
    rows = [
        (f"`{family.name}`", family.kind, code(family.labels), _POLLED.sub("", family.help))
        for family in FAMILIES.values()
    ]
    return table(("metric", "type", "labels", "meaning"), rows)


def reasons() -> str:
    """Every reason, what it means, what the exporter does about it, and what the operator does."""
    ours = [cls for cls in _all_subclasses(PollError) if cls.__module__ == PollError.__module__]
    owners = {cls.__dict__["reason"]: cls for cls in ours if "reason" in cls.__dict__}
    rows = []
    for reason in REASONS:
        cls = owners[reason]
        meaning = _sentence((cls.__doc__ or "").partition("\n")[0].strip())
        rows.append((f"`{reason}`", meaning, _patience(cls), cls.advice))
    return table(("reason", "what it means", "what the exporter does", "what you do"), rows)


def _all_subclasses(cls: type[PollError]) -> Iterator[type[PollError]]:
    for each in cls.__subclasses__():
        yield each
        yield from _all_subclasses(each)


def _patience(cls: type[PollError]) -> str:
    """The policy of a class: its repeats within a read, and how far apart its polls may move."""
    bans = {exchange.ban_seconds for exchange in EXCHANGES.values()}
    usual = min(bans)
    longer = [f"{name} {spelled(each.ban_seconds)}" for name, each in EXCHANGES.items() if each.ban_seconds != usual]
    repeats = f"Up to {RETRIES} repeats within the read"
    first = {
        "clock": "Measures the exchange's clock and repeats once, then once more by our own clock.",
        "rate_limited": "No repeat. That call's budget is emptied; it alone waits as long as `Retry-After` says, "
        "or its words do (a block: every call of that user; where the exchange counts by address: every call from it).",
        "banned": f"Sends nothing more for {spelled(usual)} ({', '.join(longer)}), or for as long as it is told.",
        "http": f"{repeats}, but none after a redirect or a 4xx.",
        "payload": "No repeat, unless the body was empty.",
        "exchange": f"{repeats} where the exchange calls it temporary, else none.",
    }.get(cls.reason, f"{repeats}." if cls.repeat else "No repeat.")
    cap = spelled(SLOW_CAP_SECONDS if cls.slow else CAP_SECONDS)
    if cls.reason == "permission":
        return f"{first} Only this wallet is slowed: at most {cap} between its reads."
    again = " A rewritten secret file is polled within an interval." if cls.reason in {"auth", "ip"} else ""
    return f"{first} Then at most {cap} between polls.{again}"


class Use(NamedTuple):
    """What one account, or for prices one address, asks of an endpoint at the defaults.

    Attributes:
        what: the wallet, or what else is read.
        endpoint: what is asked.
        at_once: requests of one read.
        per_minute: requests of all of them.
        named: whether it is asked only where the configuration names the wallet.
    """

    what: str
    endpoint: Endpoint
    at_once: int
    per_minute: float
    named: bool = False


def cost() -> str:
    """Requests a minute at the defaults and of each wallet that may be named, against every published limit."""
    rows = []
    for exchange, name, api in _apis():
        for use in _uses(exchange, api):
            worst = max(use.per_minute * use.endpoint.weight / _per_minute(limit) for limit in use.endpoint.limits)
            rows.append(
                (
                    _short(exchange, name),
                    f"{use.what}, when named" if use.named else use.what,
                    f"`{use.endpoint.path}`",
                    str(use.at_once),
                    f"{use.per_minute:.3g}",
                    "; ".join(_limit(limit, use.endpoint) for limit in use.endpoint.limits),
                    f"{worst:.2%}" if worst >= 0.0001 else "below 0.01%",
                )
            )
    heads = ("exchange", "what", "path", "requests a read", "requests a minute", "published limits", "of the tightest")
    return table(heads, rows)


def capacity() -> str:
    """How many accounts with default settings one address can poll within `rate_share` of the limits by address."""
    rows = [(_short(exchange, name), _fitting(exchange, api, 1)) for exchange, name, api in _apis()]
    return table(("exchange", "accounts on one address"), rows)


def shared_capacity() -> str:
    """The same where shards divide the address, for the exchanges that limit by address."""
    rows = [
        (_short(exchange, name), *(_fitting(exchange, api, shards) for shards in (1, 3, 10)))
        for exchange, name, api in _apis()
    ]
    limited = (row for row in rows if row[1] != UNLIMITED)
    return table(("exchange", "1 shard", "3 shards together", "10 shards together"), limited)


def _fitting(exchange: Exchange, api: Api, shards: int) -> str:
    """Accounts of all shards together that fit on one address; each shard reads the prices for itself."""
    share, asked, shared = _defaults(exchange).rate_share[exchange.name], dict[Limit, float](), dict[Limit, float]()
    for use in (use for use in _uses(exchange, api) if not use.named):
        sums = shared if use.what == "prices" else asked
        for limit in use.endpoint.limits:
            if limit.scope == "ip":
                sums[limit] = sums.get(limit, 0.0) + use.per_minute * use.endpoint.weight
    fits = [
        shards * int((_per_minute(limit) * share / shards - shared.get(limit, 0.0)) / each)
        for limit, each in asked.items()
    ]
    return f"{min(fits):,}" if fits else UNLIMITED


def shard_sizes() -> str:
    """What a shard of so many accounts takes, and what to ask for it."""
    heads = ("accounts of 50 currencies", "memory", "request", "limit")
    return table(heads, kubernetes_tables.sizes())


def shard_moves() -> str:
    """How accounts are divided, and how many of them one more shard moves."""
    heads = ("shards", "accounts on each", "one more makes", "which moves")
    return table(heads, kubernetes_tables.moves())


def _apis() -> Iterator[tuple[Exchange, str, Api]]:
    for exchange in EXCHANGES.values():
        for name, api in exchange.apis.items():
            yield exchange, name, api


def _short(exchange: Exchange, api: str) -> str:
    return f"`{exchange.name}` {api}".strip()


def _uses(exchange: Exchange, api: Api) -> Iterator[Use]:
    """What is asked as soon as an account is configured, each endpoint of a wallet once; then what may be named."""
    config = _defaults(exchange)
    (account,) = config.accounts
    asks = list(Plan(api, (ALL,)).asks(account.interval))
    for named in (False, True):
        uses: dict[tuple[str, Endpoint], Use] = {}
        for wallet, endpoint, every in asks:
            source = api.wallets.get(wallet)
            if named == (source is not None and wallet != api.main and not source.default):
                what = f"`{wallet}`"
                if api.discover is not None and not named:
                    what = "each listed account" if wallet else "list of accounts"
                use = uses.get((what, endpoint), Use(what, endpoint, 0, 0.0, named))
                more = use._replace(at_once=use.at_once + 1, per_minute=use.per_minute + 60 / every)
                uses[what, endpoint] = more
        yield from uses.values()
        if not named:
            for endpoint in api.price_endpoints:
                yield Use("prices", endpoint, 1, 60 / config.valuation.interval)


def _defaults(exchange: Exchange) -> Config:
    """A configuration of one account that says nothing beyond what it has to."""
    names = {each: f"{each.upper()}_OF_TEST" for each in exchange.credentials}
    references = ", ".join(f"{each}_env: {name}" for each, name in names.items())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        file.write_text(f"accounts: [{{name: a, exchange: {exchange.name}, credentials: {{{references}}}}}]\n")
        return load(file, {name: name for name in names.values()})


def _per_minute(limit: Limit) -> float:
    return limit.requests / limit.seconds * 60


def _limit(limit: Limit, endpoint: Endpoint) -> str:
    together = "" if limit.name == endpoint.path else ", with other calls"
    weight = f", of which each takes {endpoint.weight}" if endpoint.weight > 1 else ""
    return f"{limit.requests} in {spelled(limit.seconds)} {_SCOPES[limit.scope]}{together}{weight}"


def _sentence(text: str) -> str:
    return (text[:1].upper() + text[1:]).removesuffix(".") + "."


def files() -> str:
    """Every file of every room with the first sentence of its docstring; the simulated exchanges are one row."""
    rows = []
    for file in sorted(PACKAGE.rglob("*.py"), key=lambda file: (file.parent, file.name)):
        opens_a_room = file.name == "__init__.py" and file.parent.parent in (PACKAGE, PACKAGE.parent)
        if not opens_a_room and (file.parent.name != "vendors" or file.name == "__init__.py"):
            name = file.relative_to(PACKAGE).as_posix().removesuffix("__init__.py")
            rows.append((f"`{name}`", _first_sentence(file)))
    return table(("in `exporter/`", "what lives there"), rows)


def path() -> str:
    """The rooms that a balance passes, in their order."""
    return f"```\n{'  ->  '.join(PATH)}\n```"


def rooms(allowed: Mapping[str, Sequence[str]] = ROOMS) -> str:
    """Every room with what it holds and which rooms it may import."""
    rows = [
        (f"`{room}/`", _first_sentence(PACKAGE / room / "__init__.py"), ", ".join(others) or "no other room")
        for room, others in allowed.items()
    ]
    return table(("room", "what lives there", "may import"), rows)


def recording_rules() -> str:
    """Every recording rule with its group, how often it is evaluated, what it reads, and who reads it."""
    heads = ("recorded series", "group", "evaluated every", "passes over every coin", "read by")
    return table(heads, rule_tables.rows())


def _first_sentence(file: Path) -> str:
    told = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return " ".join(told.partition("\n\n")[0].split())


Tables = Mapping[str, Callable[[], str]]

TABLES: Final[Mapping[Path, Tables]] = {
    README: {
        "exchanges": exchanges,
        "ccxt": through_ccxt,
        "flags": flags,
        "commands": commands,
        "metrics": metrics,
        "reasons": reasons,
        "cost": cost,
        "capacity": capacity,
    },
    RULES: {"rules": recording_rules},
    KUBERNETES: {"sizes": shard_sizes, "moves": shard_moves, "addresses": shared_capacity},
    CONTRIBUTING: {"path": path, "rooms": rooms, "files": files},
}


def between(text: str, name: str) -> str:
    """What stands between the markers of a name.

    Raises:
        ValueError: the markers do not stand there once each.
    """
    start, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
    if text.count(start) != 1 or text.count(end) != 1:
        raise ValueError(f"{start} and {end} have to stand in the file once each")
    return text.partition(start)[2].partition(end)[0].strip()


def rewritten(text: str, tables: Tables) -> str:
    """The text with every table as the code has it."""
    for name, render in tables.items():
        between(text, name)
        head, start, rest = text.partition(f"<!-- {name}:start -->")
        _, end, tail = rest.partition(f"<!-- {name}:end -->")
        text = f"{head}{start}\n{render()}\n{end}{tail}"
    return text


if __name__ == "__main__":
    for page, tables in TABLES.items():
        page.write_text(rewritten(page.read_text("utf-8"), tables), "utf-8")
