"""HTX (formerly Huobi): every numbered account that the key lists, and an overview of four kinds in USD.

Source: HTX API (www.htx.com/en-us/opend/newApiPages), "Get Account Balance of a Specific Account" and its neighbours.
A read-only key is enough; a sub-user's key may not ask for valuation and key information. A key without bound
addresses ends after 90 days. Limits: 100 in 2 s by UID for each path; where none is printed, 10 a second by key.

Words, by row kind: available = `trade`; frozen = `frozen`; locked = `lock` + `bank`; borrowed = -(`loan` +
`interest`), which are negative. `loan-available` and `transfer-out-available` (-1: all of it) say what could be
done and are never counted; `debt` and `available` carry the word "invalid". Other kinds are of unknown meaning and
only counted as ignored rows.

The spot account lists two rows for every currency that HTX has ever had, so zeros are skipped before anything is
made of them. The host is part of the signed text.
"""

import ipaddress
import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from exporter.core.credentials import Credentials
from exporter.core.errors import (
    AuthError,
    BadPayload,
    ClockRefused,
    IpRefused,
    Maintenance,
    PermissionMissing,
    PollError,
    RateLimited,
    UnknownAccount,
)
from exporter.core.model import ZERO, Balance, KeyInfo, Reading, WalletValue
from exporter.exchanges.base import (
    PAUSE,
    ZEROS,
    Api,
    Endpoint,
    Exchange,
    Limit,
    Reader,
    Request,
    RowMemory,
    Signed,
    WalletSource,
    cut,
    decimal,
    field,
    header_count,
    listing,
    moment,
    name_of,
    refusal,
    refused,
    shown,
    total,
)
from exporter.exchanges.readers import SLICE, misshapen, price_book, remembered
from exporter.exchanges.signing import hmac_base64, query_encoded, utc_seconds

HOST: Final = "https://api.huobi.pro"


def _by_uid(path: str) -> Endpoint:
    return Endpoint(path, (Limit("uid", path, 100, 2.0),))


ACCOUNTS: Final = _by_uid("/v1/account/accounts")
BALANCE: Final = _by_uid("/v1/account/accounts/{id}/balance")
VALUATION: Final = _by_uid("/v2/account/asset-valuation")
UID: Final = Endpoint("/v2/user/uid", (Limit("key", "/v2/user/uid", 10, 1.0),))
API_KEY: Final = Endpoint("/v2/user/api-key", (Limit("key", "/v2/user/api-key", 10, 1.0),))
TIME: Final = Endpoint("/v1/common/timestamp", (Limit("ip", "/v1/common/timestamp", 10, 1.0),), signed=False)
TICKERS: Final = Endpoint("/market/tickers", (Limit("ip", "/market/tickers", 4500, 300.0),), signed=False)

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

NOT_VALID: Final = frozenset({"api-signature-not-valid", "1003"})
"""One code for key, secret, clock, address and permission: only the text tells them apart."""

ERRORS: Final[Mapping[str, type[PollError]]] = {
    "login-required": AuthError,
    **dict.fromkeys(("1002", "403"), PermissionMissing),
    "system-maintenance": Maintenance,
    **dict.fromkeys(
        ("base-request-exceed-frequency-limit", "rate-too-many-requests", "base-user-request-exceed-limit"),
        RateLimited,
    ),
    **dict.fromkeys(("510", "1006", "429"), RateLimited),
    **dict.fromkeys(
        ("account-get-accounts-inexistent-error", "account-account-id-inexistent", "base-record-invalid"),
        UnknownAccount,
    ),
}
TEMPORARY: Final = frozenset({"gateway-internal-error", "base-system-error", "timeout"})

_SUB_USER: Final = (
    "Tick the read permission for the key on HTX's API page. A sub-user's key may read accounts and balances only: "
    "leave `overview` out of `wallets` for it."
)


def sign(request: Request, credentials: Credentials, host: str, now_ms: int) -> Signed:
    """Base64 HMAC over method, host, path and the encoded query in byte order, which it then ends."""
    query = [
        *request.query,
        ("AccessKeyId", credentials.api_key.reveal()),
        ("SignatureMethod", "HmacSHA256"),
        ("SignatureVersion", "2"),
        ("Timestamp", utc_seconds(now_ms)),
    ]
    if request.endpoint is API_KEY:
        query.append(("accessKey", credentials.api_key.reveal()))
    joined = query_encoded(sorted(query))
    signature = hmac_base64(credentials.secret, f"GET\n{host.lower()}\n{request.path}\n{joined}")
    return Signed(f"{request.path}?{joined}&{query_encoded([('Signature', signature)])}")


def unwrap(status: int, payload: Any) -> Any:
    """Take off one of three envelopes: v1 (`status`, `err-code`), v2 (`code`, `message`), futures (`err_code`)."""
    if isinstance(payload, dict) and not payload.keys() & {"status", "code"} and status >= 400:
        raise refusal(status, shown(payload))
    if not isinstance(payload, dict) or not payload.keys() & {"status", "code"}:
        raise BadPayload(f"{shown(payload)} where `status` or `code` belongs")
    refuses = payload.get("success") is False or payload.get("ok") is False or status >= 400
    if not refuses and (payload.get("status") == "ok" or str(payload.get("code")) == "200"):
        return field(payload, "data")
    raise _refused(status, payload)


def _refused(status: int, payload: Mapping[str, Any]) -> PollError:
    code = next((payload[name] for name in ("err-code", "err_code", "code", "status") if name in payload), "")
    words = next((payload[name] for name in ("err-msg", "err_msg", "message", "msg") if payload.get(name)), "")
    text = f"{code} {words} {payload.get('status', '')}".lower()
    if str(code) in NOT_VALID or str(code) == "2000":
        return _not_valid(f"{code}: {cut(str(words), 200)}")
    if "maintain" in text or "maintenance" in text:
        return Maintenance(f"{cut(str(code), 60)}: {cut(str(words), 200)}")
    if "request limit" in text:
        return RateLimited(f"{cut(str(code), 60)}: {cut(str(words), 200)}")
    return refused(
        status, code, words, errors=ERRORS, temporary=TEMPORARY, advice={"1002": _SUB_USER, "403": _SUB_USER}
    )


def _not_valid(text: str) -> PollError:
    lower = text.lower()
    if "ip address" in lower or lower.startswith("2000"):
        return IpRefused(text, advice=_bind(text))
    if "submission time" in lower:
        return ClockRefused(text)
    if "expired" in lower:
        return AuthError(text, advice="The key has expired: create a new one on HTX's API page, bound to addresses.")
    if "permission" in lower:
        return PermissionMissing(text)
    if "access key" in lower:
        return AuthError(text, advice="HTX does not know this access key: copy it again from HTX's API page.")
    if "verification failure" in lower:
        return AuthError(text, advice="The secret does not belong to the access key, or a proxy rewrites the host.")
    return AuthError(text)


def _bind(text: str) -> str | None:
    """The advice for an IP refusal, with the address that HTX's message names after its last bracket."""
    for word in re.findall(r"[0-9A-Fa-f.:]{2,45}", text.rpartition("]")[2]):
        try:
            address = ipaddress.ip_address(word.strip(":") if "." in word else word.removeprefix(":"))
        except ValueError:
            continue
        return f"Add {address}, the address that HTX sees, to the key's allow-list on HTX's API page."
    return None


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
        ids.setdefault(wallet, []).append(_number(field(row, "id"), "account id"))
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


def _number(value: Any, where: str) -> str:
    """An id as it goes into a path or query: digits only, whatever the answer says."""
    text = str(value) if type(value) is int else value
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 20):
        raise BadPayload(f"{where}: {shown(value)} where digits belong")
    return text


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


def read_time() -> Reader[int]:
    """Read the exchange's clock."""
    answer = yield Request(TIME)
    return moment(answer, "timestamp")


def read_prices() -> Reader[Mapping[str, Any]]:
    """Read the last price of every pair; the prices are numbers."""
    answer = yield Request(TICKERS)
    return (yield from price_book(answer, "symbol", "close"))


def symbol(base: str, quote: str) -> str:
    """`btcusdt`."""
    return f"{base}{quote}".lower()


def read_key_info() -> Reader[KeyInfo]:
    """Read what the key may do, whether it is bound to addresses, and when it ends.

    Three steps: the user's number, the key of that user (`sign` names the key itself, since without it every key
    is listed), and the exchange's clock, because `validDays` counts from now (-1: never).
    """
    uid = _number((yield Request(UID)), "uid")
    keys = listing((yield Request(API_KEY, (("uid", uid),))), "keys")
    if len(keys) != 1:
        raise BadPayload(f"{len(keys)} keys where one was asked for")
    words = {word.strip() for word in name_of(field(keys[0], "permission"), "permission").split(",")}
    days = decimal(field(keys[0], "validDays"), "validDays", negative=True)
    now = moment((yield Request(TIME)), "timestamp")
    return KeyInfo(
        permissions={name: word in words for name, word in _PERMISSIONS.items()},
        ip_restricted=bool(field(keys[0], "ipAddresses")),
        expires=now / 1000 + float(days) * 86_400 if 0 <= days <= 36_500 else None,
    )


_PERMISSIONS: Final = {"read": "readOnly", "trade": "trade", "withdraw": "withdraw"}


def remaining(headers: Mapping[str, str]) -> int | None:
    """`X-HB-RateLimit-Requests-Remain`: calls left in the window."""
    return header_count(headers, "X-HB-RateLimit-Requests-Remain")


EXCHANGE: Final = Exchange(
    name="htx",
    credentials=("api_key", "secret"),
    apis={
        "": Api(
            host=HOST,
            endpoints=(ACCOUNTS, BALANCE, VALUATION, UID, API_KEY, TIME, TICKERS),
            sign=sign,
            unwrap=unwrap,
            time=read_time,
            main="spot",
            wallets={
                "spot": WalletSource(read_spot, (ACCOUNTS, BALANCE), lists_zeros=True),
                "overview": WalletSource(read_overview, (VALUATION,) * len(VALUED), overview=True, every=300.0),
            },
            prices=read_prices,
            price_endpoints=(TICKERS,),
            symbol=symbol,
            discover=discover,
            list_endpoints=(ACCOUNTS,),
            may_be_absent=may_be_absent,
            key_info=read_key_info,
            remaining=remaining,
            secret_names=("AccessKeyId", "accessKey", "Signature"),
        )
    },
    aliases=("huobi",),
)
