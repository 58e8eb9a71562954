"""What is under a limit, on top of `balances` and `check --online`: how much is missing, and who could give."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, TextIO

from exporter.cli import tables
from exporter.core.wording import counted, dollars, exact
from exporter.holdings.low import Giver, Judged, Low, Standing

_HEADS: Final = ("low", "account", "wallet", "of", "amount", "limit", "missing", "to reach", "could give")
_NUMBERS: Final = ("amount", "limit", "missing")


def write(stream: TextIO, judged: Judged, *, always: bool = False) -> None:
    """Write the table of what is low, and a sentence about the limits of which nothing is known.

    Args:
        stream: where to.
        judged: every limit against what was read.
        always: whether to say so where nothing is low.
    """
    if judged.low:
        tables.write(stream, _HEADS, list(map(_line, judged.low)), _NUMBERS)
    elif always:
        stream.write(f"nothing is low: {counted(judged.good, 'limit')} kept\n")
    stream.writelines(f"{sentence}\n" for sentence in unknown(judged))


def unknown(judged: Judged) -> list[str]:
    """A sentence where limits cannot be judged, since what is held is not known."""
    if not judged.unknown:
        return []
    names = ", ".join(map(_named, judged.unknown[:3]))
    more = len(judged.unknown) - 3
    rest = f" and {more:,} more" if more > 0 else ""
    return [f"not known, so neither low nor fine: {names}{rest}"]


def tree(low: Low) -> dict[str, Any]:
    """What is low, as JSON has it: amounts are texts, null is for what does not apply."""
    return {
        "severity": low.severity,
        **place(low.standing),
        "amount": exact(low.amount),
        "limit": exact(low.limit),
        "missing": exact(low.missing),
        "missing_to": low.goal[0],
        "could_give": [
            {
                "exchange": giver.exchange,
                "account": giver.account,
                "wallet": giver.wallet or None,
                "amount": exact(giver.spare),
            }
            for giver in low.givers
        ],
    }


def place(standing: Standing) -> dict[str, str | None]:
    """What has limits, as JSON has it."""
    return {
        "exchange": standing.exchange or None,
        "account": standing.account or None,
        "wallet": standing.wallet or None,
        "total": standing.total or None,
        "currency": standing.currency or None,
        "of": standing.of,
    }


def _line(low: Low) -> Sequence[str]:
    standing = low.standing
    severity, goal = low.goal
    return (
        low.severity,
        standing.account or f"total {standing.total}",
        standing.wallet,
        what(standing),
        amount(standing, low.amount),
        amount(standing, low.limit),
        amount(standing, low.missing),
        f"{severity} {amount(standing, goal)}",
        ", ".join(_giver(standing, giver) for giver in low.givers) or "nobody",
    )


def what(standing: Standing) -> str:
    """What is compared, in two words at most: `USDT`, `available BTC`, `USD value`."""
    if not standing.currency:
        return "USD value"
    return f"available {standing.currency}" if standing.of == "available" else standing.currency


def amount(standing: Standing, number: Decimal) -> str:
    """An amount of a currency to the last digit, one in USD to the cent."""
    return exact(number) if standing.currency else dollars(number)


def _giver(standing: Standing, giver: Giver) -> str:
    where = f"{giver.account}/{giver.wallet}" if giver.wallet else giver.account
    return f"{where} {amount(standing, giver.spare)}"


def _named(standing: Standing) -> str:
    whose = f"{standing.account}/{standing.wallet}" if standing.wallet else standing.account
    return f"{what(standing)} of {whose or f'total {standing.total}'}"
