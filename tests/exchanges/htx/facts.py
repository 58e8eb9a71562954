"""What the shared tests must know of HTX."""

from functools import partial

from exporter.exchanges import htx
from exporter.exchanges.base import Request
from tests.exchanges.driver import credentials
from tests.exchanges.facts import UNREADABLE, ApiFacts, Facts, Sent, Shape

KEY = "a1b2c3d4-e5f60718-29304152-6a7b8"
OURS = credentials(KEY, "5e6f7a8b-9c0d1e2f-3a4b5c6d-7e8f9")
HOST = "api.huobi.pro"
NEW_YEAR = 1735689600000
AUTH = f"AccessKeyId={KEY}&SignatureMethod=HmacSHA256&SignatureVersion=2&Timestamp=2025-01-01T00%3A00%3A00"

HELD = ({"type": "trade", "balance": "1"}, {"type": "frozen", "balance": "2"})
TIED = ({"type": "lock", "balance": "4"}, {"type": "bank", "balance": "8"})
OWED = ({"type": "loan", "balance": "-16"}, {"type": "interest", "balance": "-32"})

SPOT = Shape(
    keys=("data", "list"),
    row={"currency": "X", "type": "trade", "balance": "1"},
    currency="currency",
    required=("balance",),
    kind="type",
    mapped=("1", "2", "12", "15", None),
    mapped_rows=(*HELD, *TIED),
    read=partial(htx.read_accounts, ("1",), False),
)
MARGIN = Shape(
    keys=("data", "list"),
    row={"currency": "X", "type": "trade", "balance": "1"},
    currency="currency",
    required=("balance",),
    negative=("balance",),
    kind="type",
    mapped=("1", "2", "12", "-33", "48"),
    mapped_rows=(*HELD, *TIED, *OWED),
    read=partial(htx.read_accounts, ("1",), True),
)
FUTURES = Shape(
    keys=("data", "details"),
    row={
        "currency": "X",
        "equity": "10",
        "isolated_equity": "0",
        "available_margin": "4",
        "initial_margin": "6",
        "cross_order_frozen": "1",
        "isolated_order_frozen": "0",
        "profit_unreal": "0",
        "isolated_profit_unreal": "0",
    },
    currency="currency",
    required=("equity",),
    optional=(
        *("available_margin", "isolated_equity", "cross_order_frozen", "isolated_order_frozen"),
        *("profit_unreal", "isolated_profit_unreal"),
    ),
    absent=(
        *("available_margin", "isolated_equity", "cross_order_frozen", "isolated_order_frozen"),
        *("profit_unreal", "isolated_profit_unreal"),
    ),
    negative=("equity", "available_margin", "isolated_equity", "profit_unreal", "isolated_profit_unreal"),
    net="equity",
    mapped=("4", "3", "8", "15", None),
    mapped_rows=({"isolated_equity": "5", "isolated_order_frozen": "2"},),
)

FACTS = Facts(
    ban_scope="ip",
    ban_seconds=300.0,
    apis={
        "": ApiFacts(
            path="/v1/account/accounts/{id}/balance",
            wallets={"spot": SPOT, "margin": MARGIN, "futures": FUTURES},
            sent=(
                Sent(
                    name="accounts",
                    signed=htx.sign(Request(htx.ACCOUNTS), OURS, HOST, NEW_YEAR),
                    line=f"/v1/account/accounts?{AUTH}&Signature=reMVey%2FyIsQtEzpvme%2BiUDRIO%2BButMmtbfhpRsvb3yo%3D",
                ),
                Sent(
                    name="balance",
                    signed=htx.sign(Request(htx.BALANCE, id="100009"), OURS, HOST, NEW_YEAR),
                    line=f"/v1/account/accounts/100009/balance?{AUTH}"
                    "&Signature=Qso5gM6LwQzQ6OIOYdmDxbXFxWkPA%2BU3lUpI%2BRUqWEo%3D",
                ),
                Sent(
                    name="futures",
                    signed=htx.sign(Request(htx.FUTURES), OURS, "api.hbdm.com", NEW_YEAR),
                    line=f"/v5/account/balance?{AUTH}&Signature=TWRtkKzzWD1Owz4rF9CEh5qaECiaBnyzsZS%2FSVTC9JY%3D",
                ),
                Sent(
                    name="key",
                    signed=htx.sign(Request(htx.API_KEY, (("uid", "123456"),)), OURS, HOST, NEW_YEAR),
                    line=f"/v2/user/api-key?{AUTH}&accessKey={KEY}&uid=123456"
                    "&Signature=5tPvLmQMZwvPmlaFThvclej3RwEpR5w%2Fy5TroHToFOk%3D",
                ),
            ),
            signature="Signature",
            refusal={"status": "error", "err-code": "rate-too-many-requests", "err-msg": "{}", "data": None},
            names_key_again=("/v2/user/api-key",),
            price="close",
            opening=([{"id": 1, "type": "spot"}],),
            side=("margin", "/v1/account/accounts/{id}/balance"),
            named={"futures": "/v5/account/balance"},
            reasons=dict.fromkeys(
                # Zeros are listed, so that a list is never short: with no amount in it that can be read it is none.
                ("empty_list", "a_missing_coin", *(f"amount_{kind}" for kind in UNREADABLE)),
                "payload",
            ),
        )
    },
)
