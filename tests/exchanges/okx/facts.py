"""What the shared tests must know of OKX."""

from functools import partial

from exporter.exchanges import okx
from exporter.exchanges.base import Endpoint, Request
from tests.exchanges.driver import credentials
from tests.exchanges.facts import ApiFacts, Facts, Sent, Shape
from tests.exchanges.okx.earn import flexible_alone

OURS = credentials("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "00112233445566778899AABBCCDDEEFF", "MadeUpPass1")
NEW_YEAR = 1735689600000

signed = partial(okx.sign, credentials=OURS, host="www.okx.com", now_ms=NEW_YEAR)

FACTS = Facts(
    ban_scope="ip",
    ban_seconds=300.0,
    apis={
        "": ApiFacts(
            path="/api/v5/account/balance",
            wallets={
                "unified": Shape(
                    keys=("data", 0, "details"),
                    row={
                        "ccy": "X",
                        "eq": "10",
                        "availBal": "1",
                        "availEq": "0.5",
                        "ordFrozen": "2",
                        "liab": "5",
                        "eqUsd": "9",
                        "upl": "-0.5",
                    },
                    currency="ccy",
                    required=("eq",),
                    optional=("availBal", "ordFrozen", "liab", "eqUsd", "upl"),
                    negative=("eq", "availBal", "eqUsd", "upl"),
                    net="eq",
                    mapped=("1", "2", "12", "10", "5"),
                ),
                "funding": Shape(
                    keys=("data",),
                    row={"ccy": "X", "availBal": "1", "frozenBal": "2", "bal": "3"},
                    currency="ccy",
                    required=("bal", "availBal"),
                    optional=("frozenBal",),
                    net="bal",
                    mapped=("1", "2", "0", "3", None),
                ),
                "earn": Shape(
                    keys=("data",),
                    row={"ccy": "X", "amt": "4"},
                    currency="ccy",
                    required=("amt",),
                    mapped=("0", "0", "4", "4", None),
                    read=flexible_alone,
                ),
            },
            sent=(
                Sent(
                    name="balance",
                    signed=signed(Request(okx.BALANCE)),
                    line="/api/v5/account/balance",
                    headers={
                        "OK-ACCESS-KEY": "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
                        "OK-ACCESS-SIGN": "qwi8lb68F0Apn6q7WPJcQXYV2SKiGDjSH8N6uhhdDoY=",
                        "OK-ACCESS-TIMESTAMP": "2025-01-01T00:00:00.000Z",
                        "OK-ACCESS-PASSPHRASE": "MadeUpPass1",
                    },
                ),
                Sent(
                    name="with a comma",
                    signed=signed(Request(okx.BALANCE, (("ccy", "BTC,ETH"),))),
                    line="/api/v5/account/balance?ccy=BTC%2CETH",
                    headers={"OK-ACCESS-SIGN": "9CjI0RBmy3GQxpyZUqjWv0bImUTtU+MQu03Z6zb+NY8="},
                ),
                Sent(
                    name="with a blank",
                    signed=signed(
                        Request(Endpoint("/api/v5/account/subaccount/balances", ()), (("subAcct", "desk one"),))
                    ),
                    line="/api/v5/account/subaccount/balances?subAcct=desk%20one",
                    headers={"OK-ACCESS-SIGN": "xQq+3Hj+WqIrGFUlvri7mMWLiQwLUHNz10XaT7wTDv4="},
                ),
            ),
            signature="OK-ACCESS-SIGN",
            harmless=("/api/v5/finance/staking-defi/orders-active",),
            refusal={"code": "50011", "msg": "{}", "data": []},
            price="last",
            values_itself=True,
            side=("funding", "/api/v5/asset/balances"),
            named={"earn": "/api/v5/finance/savings/balance"},
        )
    },
)
