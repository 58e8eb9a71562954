"""HTX's wallets: the numbered accounts that the key lists, and the exchange's own value of four kinds.

Words, by row kind: available = `trade`; frozen = `frozen`; locked = `lock` + `bank`; borrowed = -(`loan` +
`interest`), which are negative. `loan-available` and `transfer-out-available` (-1: all of it) say what could be
done and are never counted; `debt` and `available` carry the word "invalid". Other kinds are of unknown meaning and
only counted as ignored rows.

The spot account lists two rows for every currency that HTX has ever had, so zeros are skipped before anything is
made of them.
"""

from collections.abc import Mapping, Set
from functools import partial
from typing import Any, Final

from exporter.core.errors import BadPayload, UnknownAccount
from exporter.core.model import ZERO, Balance, Reading, WalletValue
from exporter.core.wording import spelled
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

MAX_ACCOUNTS: Final = 500
"""Accounts on one list that are worked on: more than the limit of requests lets one read within 30 seconds."""

_OURS: Final = frozenset({"main", "overview"})
"""Names of wallets that mean something else here, should HTX ever call a kind of account by one of them."""


def discover() -> Reader[Mapping[str, WalletSource]]:
    """List the wallets of the account: several accounts of one name are one wallet; `otc` cannot be read.

    Raises:
        BadPayload: no such list, or more accounts than anybody has.
    """
    answer = yield Request(ACCOUNTS)
    rows = listing(answer, "accounts")
    if len(rows) > MAX_ACCOUNTS:
        raise BadPayload(f"{len(rows)} accounts, more than the {MAX_ACCOUNTS} that are worked on")
    kinds: dict[str, set[str]] = {}
    ids: dict[str, list[str]] = {}
    for row in rows:
        kind = name_of(field(row, "type"), "type").lower()
        if kind == "otc":
            continue
        wallet = _wallet_name(kind, row.get("subtype"))
        kinds.setdefault(wallet, set()).add(kind)
        ids.setdefault(wallet, []).append(number(field(row, "id"), "account id"))
    return {wallet: _source(wallet, kinds[wallet], tuple(dict.fromkeys(own))) for wallet, own in ids.items()}


def _source(wallet: str, kinds: Set[str], ids: tuple[str, ...]) -> WalletSource:
    borrows = not kinds.isdisjoint(BORROWING)
    return WalletSource(
        partial(read_accounts, ids, borrows),
        (BALANCE,) * len(ids),
        default=True,
        lists_zeros=wallet == "spot",
        borrows=borrows,
        rare=kinds.isdisjoint(COMMON),
    )


def _wallet_name(kind: str, subtype: Any) -> str:
    """The name as it is written: kinds that would be written alike are one wallet, and none takes a name of ours."""
    if kind == "margin" and isinstance(subtype, str) and subtype:
        return spelled(f"isolated_margin/{name_of(subtype, 'subtype').upper()}")
    if kind == "margin":
        return "isolated_margin"
    return f"htx_{kind}" if kind in _OURS else spelled(KINDS.get(kind, kind))


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
    names: set[str] = set()
    ignored, first = 0, None
    for account in ids:
        answer = yield Request(BALANCE, id=account)
        listed = listing(field(answer, "list"), "list")
        for start in range(0, len(listed), SLICE):
            if start:
                yield PAUSE
            ignored += _collect(listed[start : start + SLICE], pieces, names)
        if listed and first is None:
            first = name_of(field(listed[0], "currency"), "currency")
    balances = yield from _assemble(pieces, borrows, memory)
    if not balances and first is not None:
        balances = [Balance(first, ZERO, ZERO, ZERO, ZERO)]
    return Reading(balances, ignored=ignored, listed=names)


def _collect(listed: list[Any], pieces: dict[str, list[Any]], names: set[str]) -> int:
    """Gather kind and amount by currency, zeros left out, and all names; returns how many rows are of unknown kinds."""
    ignored = 0
    try:
        names.update([row["currency"] for row in listed if row["type"] in COUNTED])
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
