"""The table of wallets of `check --online`: all that the exchange has of an account, and money that nobody reads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from exporter.app import logs
from exporter.cli.poll_once import Result
from exporter.cli.unread import Unread
from exporter.core.errors import NotOpened, PollError
from exporter.core.model import ZERO
from exporter.core.wording import counted, dollars
from exporter.holdings.account import AccountState
from exporter.holdings.wallet import Wallet

WALLET_HEADS: Final = ("account", "wallet", "configured", "verdict", "currencies", "USD", "exchange says")
WALLET_NUMBERS: Final = ("currencies", "USD", "exchange says")

_MOST_OF_A_GROUP: Final = 10
"""Wallets of one group that have a line of their own: those that are worth most."""


class _Line(NamedTuple):
    """One wallet, before it is written.

    Attributes:
        name: of the wallet.
        configured: whether it is asked for: `required`, `optional`, `no`.
        verdict: what became of asking.
        wallet: what it holds; None where it was not read.
    """

    name: str
    configured: str
    verdict: str
    wallet: Wallet | None

    @property
    def usd(self) -> Decimal | None:
        """Its value, where that is known."""
        wallet = self.wallet
        return None if wallet is None or wallet.bare or (wallet.unpriced and not wallet.usd) else wallet.usd


def wallet_lines(result: Result, now: float) -> Iterator[Sequence[str]]:
    """A line for each wallet of an account: those that are read, those that are not, those that only the exchange sees.

    Args:
        result: what polling the account brought.
        now: this moment on the clock that the reads are dated by.
    """
    state = result.state
    lines = [*_read(state, now), *map(_unread, result.unread)]
    reported = _reported(result, now)
    families = {line.name.partition("/")[0] for line in lines}
    for line, more in _folded(lines):
        usd, verdict = dollars(line.usd) if line.usd is not None else "", line.verdict
        if more:
            verdict = f"and {counted(len(more), 'wallet')} more"
            usd = dollars(sum((each.usd or ZERO for each in more), ZERO))
        says = reported.get(line.name)
        yield (
            state.account.name,
            f"{line.name.partition('/')[0]}/..." if more else line.name,
            line.configured,
            verdict,
            "" if more or line.wallet is None or line.wallet.bare else str(_count(line.wallet)),
            usd,
            "" if more or says is None else dollars(says),
        )
    for name, says in reported.items():
        if name not in families and says:
            yield (state.account.name, logs.masked(name), "no", "cannot be read", "", "", dollars(says))
        elif name not in {line.name for line in lines} and says:
            together = sum((line.usd or ZERO for line in lines if line.name.startswith(f"{name}/")), ZERO)
            yield (state.account.name, name, "", "all wallets of it", "", dollars(together), dollars(says))


def advice(result: Result) -> list[str]:
    """What to write into the configuration so that money that nobody reads is read; nothing where there is none."""
    holding = [each for each in result.unread if each.wallet is not None and _count(each.wallet)]
    if not holding:
        return []
    worth: dict[str, Decimal | None] = {}
    for each in holding:
        usd = _unread(each).usd
        family = each.name.partition("/")[0]
        worth[family] = None if usd is None else (worth.get(family) or ZERO) + usd
    names = ", ".join(name if usd is None else f"{name} ({dollars(usd)} USD)" for name, usd in worth.items())
    line = ", ".join(dict.fromkeys((*_asked_for(result.state), *worth)))
    return [f"not read: {names}", f"  what to do: write `wallets: [{line}]`, or `wallets: [all]`"]


def _asked_for(state: AccountState) -> Iterable[str]:
    """What `wallets` says, or would have to say for what is read by default."""
    if state.account.wallets is not None:
        return state.account.wallets
    families = (name.partition("/")[0] for name in state.wallets)
    return ("main" if name == state.main else name for name in families)


def _read(state: AccountState, now: float) -> Iterator[_Line]:
    """The wallets that are asked for."""
    for wallet in state.wallets.values():
        configured = "required" if wallet.required else "optional"
        if wallet.failure is not None:
            yield _Line(wallet.name, configured, f"FAILED: {wallet.failure.reason}", None)
        else:
            fresh = wallet.fresh(now)
            yield _Line(wallet.name, configured, "read" if fresh else "not read", wallet if fresh else None)
    for name, error in state.left_out.items():
        yield _Line(name, "optional", f"left out: {_refusal(error)}", None)
    for name in state.elsewhere:
        yield _Line(name, "required", "in another mode only", None)


def _unread(each: Unread) -> _Line:
    if each.wallet is not None:
        return _Line(each.name, "no", "can be read", each.wallet)
    if each.error is None:
        return _Line(each.name, "no", "not asked: base_url", None)
    refusal = _refusal(each.error)
    return _Line(each.name, "no", refusal if isinstance(each.error, NotOpened) else f"refused: {refusal}", None)


def _refusal(error: PollError) -> str:
    return "never opened" if isinstance(error, NotOpened) else error.reason


def _count(wallet: Wallet) -> int:
    """Currencies that are held."""
    return sum(not row.balance.is_zero for row in wallet.rows)


def _folded(lines: Sequence[_Line]) -> Iterator[tuple[_Line, Sequence[_Line]]]:
    """Every line; of a large group those that are worth most, and one that stands for the others."""
    groups: dict[str, list[_Line]] = {}
    for line in lines:
        family, slash, _ = line.name.partition("/")
        if slash and line.wallet is not None:
            groups.setdefault(family, []).append(line)
    kept = {
        family: sorted(of_it, key=lambda line: -abs(line.usd or ZERO))[:_MOST_OF_A_GROUP]
        for family, of_it in groups.items()
    }
    last = {family: of_it[-1] for family, of_it in groups.items()}
    for line in lines:
        family, slash, _ = line.name.partition("/")
        if not slash or line.wallet is None or line in kept[family]:
            yield line, ()
        if slash and line is last.get(family):
            more = [each for each in groups[family] if each not in kept[family]]
            if more:
                yield line, more


def _reported(result: Result, now: float) -> Mapping[str, Decimal]:
    """What the exchange itself says of each wallet, in USD."""
    overviews = [*result.state.wallets.values(), *(each.wallet for each in result.unread if each.wallet is not None)]
    for wallet in overviews:
        if wallet.overview and wallet.fresh(now):
            return wallet.reported(result.state.book, now)
    return {}
