"""HTX's wallets: the numbered accounts that the key lists, and the exchange's own value of four kinds.

Words, by row kind: available = `trade`; frozen = `frozen`; locked = `lock` + `bank`; borrowed = -(`loan` +
`interest`), which are negative. `loan-available` and `transfer-out-available` (-1: all of it) say what could be
done and are never counted; `debt` and `available` carry the word "invalid". Other kinds are of unknown meaning and
only counted as ignored rows.

The spot account lists two rows for every currency that HTX has ever had, so zeros are skipped before anything is
made of them.
"""

from collections.abc import Mapping, Set
from decimal import Decimal
from functools import partial
from typing import Any, Final

from exporter.core.errors import BadPayload, UnknownAccount
from exporter.core.model import ZERO, Balance, Reading, Unreadable, WalletValue
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
from exporter.exchanges.readers import (
    NOTHING,
    SLICE,
    Odd,
    hashable,
    misshapen,
    parsed,
    remembered,
    see_most,
    unused,
    worth_of,
)
from exporter.exchanges.values import MAX_LETTERS

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

_OURS: Final = frozenset({"main", "overview", "futures"})
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

    Whether an account that was never used has null for its list is not known: null is believed of no other.
    Where nothing is held, one zero row says that the list itself was not empty. One row that cannot be read leaves
    nothing of its currency.
    """
    pieces: dict[str, list[Any]] = {}
    names: set[str] = set()
    lists: list[list[Any]] = []
    ignored = 0
    for account in ids:
        answer = yield Request(BALANCE, id=account)
        listed = listing(unused(field(answer, "list"), memory), "list")
        lists.append(listed)
        for start in range(0, len(listed), SLICE):
            if start:
                yield PAUSE
            ignored += _collect(listed[start : start + SLICE], pieces, names)
    _see_names(names)
    raws = [(currency, *parts) for currency, parts in pieces.items()]
    balances, unreadable = yield from remembered(raws, partial(_balance, borrows), memory)
    if unreadable:
        unreadable = _unreadable_rows(lists)
    balances = [balance for balance in balances if not balance.is_zero]
    first = next((listed[0] for listed in lists if listed), None)
    if not balances and not unreadable and first is not None:
        balances = [Balance(name_of(field(first, "currency"), "currency"), ZERO, ZERO, ZERO, ZERO)]
    return Reading(balances, ignored=ignored, listed=names, unreadable=unreadable)


def _collect(listed: list[Any], pieces: dict[str, list[Any]], names: set[str]) -> int:
    """Gather kind and amount by currency, zeros left out, and all names; returns how many rows are of unknown kinds."""
    try:
        found, ignored = _counted(listed, names)
    except (KeyError, TypeError):
        found, ignored = _counted([_whole(row) for row in listed], names)
    for currency, kind, amount in found:
        pieces.setdefault(currency, []).extend((kind, amount))
    return ignored


def _counted(listed: list[Any], names: set[str]) -> tuple[list[tuple[str, str, Any]], int]:
    found: list[tuple[str, str, Any]] = []
    ignored = 0
    names.update([row["currency"] for row in listed if row["type"] in COUNTED])
    for row in listed:
        kind = row["type"]
        if kind in COUNTED:
            amount = row["balance"]
            if amount not in ZEROS:
                found.append((row["currency"], kind, amount))
        elif type(kind) is not str:
            raise TypeError(kind)
        elif kind not in DERIVED:
            ignored += 1
    return found, ignored


def _whole(row: Any) -> Mapping[str, Any]:
    """A row with something in every field: an amount that is missing, or of no kind, is there and cannot be read."""
    try:
        currency = row["currency"]
        hash(currency)
        kind, amount = row.get("type"), row.get("balance", NOTHING)
    except (KeyError, TypeError, AttributeError) as error:
        raise misshapen(error) from None
    if not isinstance(kind, str):
        return {"currency": currency, "type": "trade", "balance": Odd(f"an amount of type {shown(kind)}")}
    return {"currency": currency, "type": kind, "balance": hashable(amount)}


def _see_names(names: Set[Any]) -> None:
    if not ({str}.issuperset(map(type, names)) and all(names) and max(map(len, names), default=0) <= MAX_LETTERS):
        for name in names:
            name_of(name, "currency")


def _unreadable_rows(lists: list[list[Any]]) -> list[Unreadable]:
    """The rows of these lists that cannot be read, one by one."""
    unreadable: list[Unreadable] = []
    for listed in lists:
        counted = [row for row in map(_whole, listed) if row["type"] in COUNTED]
        found = [one for row in counted if isinstance(one := parsed(_one, (row["currency"], row)), Unreadable)]
        see_most(found, len(counted))
        unreadable += found
    return unreadable


def _one(currency: str, row: Mapping[str, Any]) -> Balance:
    _amount(row["type"], row["balance"])
    return Balance(currency, ZERO, ZERO, ZERO, ZERO)


def _balance(borrows: bool, currency: Any, *parts: Any) -> Balance:
    name = name_of(currency, "currency")
    sums = dict.fromkeys(COUNTED, ZERO)
    for kind, raw in zip(parts[::2], parts[1::2], strict=True):
        sums[kind] = total(sums[kind], _amount(kind, raw))
    locked = total(sums["lock"], sums["bank"])
    debt = total(sums["loan"], sums["interest"])
    net = total(sums["trade"], sums["frozen"], locked, debt)
    return Balance(
        name, sums["trade"], sums["frozen"], locked, net, borrowed=debt.copy_abs() if borrows or debt else None
    )


def _amount(kind: str, raw: Any) -> Decimal:
    amount = decimal(raw, kind, negative=True)
    if amount > 0 and kind in OWED:
        raise BadPayload(f"{kind}: {shown(raw)} is positive where it is owed")
    return amount


def read_overview(memory: RowMemory) -> Reader[Reading]:
    """Read what each kind of account is worth in USD, as the exchange values it."""
    del memory
    values: list[WalletValue] = []
    unreadable: list[Unreadable] = []
    for kind, wallet in VALUED.items():
        answer = yield Request(VALUATION, (("accountType", kind), ("valuationCurrency", "USD")))
        told = worth_of(wallet, field(answer, "balance"))
        if isinstance(told, Unreadable):
            unreadable.append(told)
        elif told is not None:
            values.append(WalletValue(wallet, usd=told))
    see_most(unreadable, len(VALUED))
    return Reading(values=values, unreadable=unreadable)
