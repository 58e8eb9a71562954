"""HTX's wallets: the numbered accounts that the key lists, and the exchange's own value of four kinds.

Words, by row kind: available = `trade`; frozen = `frozen`; locked = `lock` + `bank`; borrowed = -(`loan` +
`interest`), which are negative. `loan-available` and `transfer-out-available` (-1: all of it) say what could be
done and are never counted; `debt` and `available` carry the word "invalid". Other kinds are of unknown meaning and
only counted as ignored rows.

The spot account lists two rows for every currency that HTX has ever had, so zeros are skipped before anything is
made of them.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from exporter.core.errors import BadPayload, UnknownAccount
from exporter.core.model import ZERO, Balance, Reading, WalletValue
from exporter.exchanges.base import (
    PAUSE,
    ZEROS,
    Reader,
    Request,
    RowMemory,
    WalletSource,
    decimal,
    field,
    listing,
    name_of,
    shown,
    total,
)
from exporter.exchanges.htx.protocol import ACCOUNTS, BALANCE, VALUATION, number
from exporter.exchanges.readers import SLICE, misshapen, remembered

KINDS: Final[Mapping[str, str]] = {
    "super-margin": "margin",
    "cross-margin": "margin",
    "point": "points",
    "grid-trading": "grid",
    "deposit-earning": "earn",
}
"""Wallet names of account kinds; `margin` is one account for each pair; others keep their names."""

COMMON: Final = frozenset({"spot", "margin", "super-margin", "cross-margin", "point"})
BORROWING: Final = frozenset({"margin", "super-margin", "cross-margin", "borrow", "crypto-loans"})
OTHERS: Final = frozenset({"otc-options", "crypto-loans", "investment", "borrow", "minepool", "etf", "trust-credit"})
VALUED: Final = {"spot": "spot", "margin": "isolated_margin", "super-margin": "margin", "otc": "otc"}

COUNTED: Final = frozenset({"trade", "frozen", "lock", "bank", "loan", "interest"})
DERIVED: Final = frozenset({"loan-available", "transfer-out-available"})
OWED: Final = frozenset({"loan", "interest"})


def discover() -> Reader[Mapping[str, WalletSource]]:
    """List the wallets of the account: several accounts of one name are one wallet; `otc` cannot be read."""
    answer = yield Request(ACCOUNTS)
    kinds: dict[str, str] = {}
    ids: dict[str, list[str]] = {}
    for row in listing(answer, "accounts"):
        kind = name_of(field(row, "type"), "type").lower()
        if kind == "otc":
            continue
        wallet = _wallet_name(kind, row.get("subtype"))
        kinds[wallet] = kind
        ids.setdefault(wallet, []).append(number(field(row, "id"), "account id"))
    return {wallet: _source(wallet, kind, tuple(dict.fromkeys(ids[wallet]))) for wallet, kind in kinds.items()}


def _source(wallet: str, kind: str, ids: tuple[str, ...]) -> WalletSource:
    return WalletSource(
        partial(read_accounts, ids, kind in BORROWING),
        (BALANCE,) * len(ids),
        default=True,
        lists_zeros=wallet == "spot",
        borrows=kind in BORROWING,
        rare=kind not in COMMON,
    )


def _wallet_name(kind: str, subtype: Any) -> str:
    if kind == "margin":
        return f"isolated_margin/{subtype.upper()}" if isinstance(subtype, str) and subtype else "isolated_margin"
    return KINDS.get(kind, kind)


def may_be_absent(wallet: str) -> bool:
    """Every kind but spot is opened on first use."""
    return wallet in OTHERS or wallet in KINDS.values() or f"{wallet}/".startswith("isolated_margin/")


def read_spot(memory: RowMemory) -> Reader[Reading]:
    """Read spot, which every user has, while the list of accounts is not known yet."""
    wallets = yield from discover()
    if "spot" not in wallets:
        raise UnknownAccount("the list of accounts has no spot account")
    return (yield from wallets["spot"].read(memory))


def read_accounts(ids: tuple[str, ...], borrows: bool, memory: RowMemory) -> Reader[Reading]:
    """Read the accounts of one wallet and add them up; one that fails fails the wallet.

    Where nothing is held, one zero row says that the list itself was not empty.
    """
    pieces: dict[str, list[Any]] = {}
    ignored, first = 0, None
    for account in ids:
        answer = yield Request(BALANCE, id=account)
        listed = listing(field(answer, "list"), "list")
        for start in range(0, len(listed), SLICE):
            if start:
                yield PAUSE
            ignored += _collect(listed[start : start + SLICE], pieces)
        if listed and first is None:
            first = name_of(field(listed[0], "currency"), "currency")
    balances = yield from _assemble(pieces, borrows, memory)
    if not balances and first is not None:
        balances = [Balance(first, ZERO, ZERO, ZERO, ZERO)]
    return Reading(balances, ignored=ignored)


def _collect(listed: list[Any], pieces: dict[str, list[Any]]) -> int:
    """Gather kind and amount by currency, zeros left out; returns how many rows are of an unknown kind."""
    ignored = 0
    try:
        for row in listed:
            kind = row["type"]
            if kind in COUNTED:
                amount = row["balance"]
                if amount not in ZEROS:
                    pieces.setdefault(row["currency"], []).extend((kind, amount))
            elif kind not in DERIVED:
                ignored += 1
    except (KeyError, TypeError) as error:
        raise misshapen(error) from None
    return ignored


def _assemble(pieces: Mapping[str, list[Any]], borrows: bool, memory: RowMemory) -> Reader[list[Balance]]:
    """One balance for each currency; one whose rows have not changed keeps its amounts."""
    raws = [(currency, *parts) for currency, parts in pieces.items()]
    balances = yield from remembered(raws, partial(_balance, borrows), memory)
    return [balance for balance in balances if not balance.is_zero]


def _balance(borrows: bool, currency: Any, *parts: Any) -> Balance:
    name = name_of(currency, "currency")
    sums = dict.fromkeys(COUNTED, ZERO)
    for kind, raw in zip(parts[::2], parts[1::2], strict=True):
        amount = decimal(raw, kind, negative=borrows or kind in OWED)
        if amount > 0 and kind in OWED:
            raise BadPayload(f"{kind}: {shown(raw)} is positive where it is owed")
        sums[kind] = total(sums[kind], amount)
    locked = total(sums["lock"], sums["bank"])
    debt = total(sums["loan"], sums["interest"])
    net = total(sums["trade"], sums["frozen"], locked, debt)
    return Balance(
        name, sums["trade"], sums["frozen"], locked, net, borrowed=debt.copy_abs() if borrows or debt else None
    )


def read_overview(memory: RowMemory) -> Reader[Reading]:
    """Read what each kind of account is worth in USD, as the exchange values it."""
    del memory
    values = []
    for kind, wallet in VALUED.items():
        answer = yield Request(VALUATION, (("accountType", kind), ("valuationCurrency", "USD")))
        values.append(WalletValue(wallet, usd=decimal(field(answer, "balance"), f"{kind} balance", negative=True)))
    return Reading(values=values)
