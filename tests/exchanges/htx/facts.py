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

FACTS = Facts(
    ban_scope="ip",
    ban_seconds=300.0,
    apis={
        "": ApiFacts(
            path="/v1/account/accounts/{id}/balance",
            wallets={"spot": SPOT, "margin": MARGIN},
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
            reasons=dict.fromkeys(
                # Zeros are listed, so that a list is never short: with no amount in it that can be read it is none.
                ("empty_list", "a_missing_coin", *(f"amount_{kind}" for kind in UNREADABLE)),
                "payload",
            ),
        )
    },
)
