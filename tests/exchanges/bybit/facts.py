"""What the shared tests must know of Bybit."""

from functools import partial

from exporter.exchanges import bybit
from exporter.exchanges.base import Request
from tests.exchanges.bybit.earn import flexible_alone
from tests.exchanges.driver import credentials
from tests.exchanges.facts import ApiFacts, Facts, Sent, Shape

OURS = credentials("MadeUpBybitKey0001", "MadeUpBybitSecret000000000000000000001")
NEW_YEAR = 1735689600000

signed = partial(bybit.sign, credentials=OURS, host="api.bybit.com", now_ms=NEW_YEAR)

API = ApiFacts(
    path="/v5/account/wallet-balance",
    wallets={
        "unified": Shape(
            keys=("result", "list", 0, "coin"),
            row={
                "coin": "X",
                "equity": "10",
                "walletBalance": "13",
                "locked": "2",
                "totalOrderIM": "1",
                "totalPositionIM": "4",
                "bonus": "1",
                "borrowAmount": "4.5",
                "accruedInterest": "0.5",
                "usdValue": "9",
                "unrealisedPnl": "-0.5",
            },
            currency="coin",
            required=("equity", "walletBalance"),
            optional=(
                *("locked", "totalOrderIM", "totalPositionIM", "bonus"),
                *("borrowAmount", "accruedInterest", "usdValue", "unrealisedPnl"),
            ),
            absent=(
                *("locked", "totalOrderIM", "totalPositionIM", "bonus"),
                *("borrowAmount", "accruedInterest", "usdValue", "unrealisedPnl"),
            ),
            negative=("equity", "usdValue", "unrealisedPnl"),
            net="equity",
            mapped=("5", "3", "7.0", "10", "5.0"),
        ),
        "funding": Shape(
            keys=("result", "balance"),
            row={"coin": "X", "walletBalance": "3", "transferBalance": "1"},
            currency="coin",
            required=("walletBalance", "transferBalance"),
            net="walletBalance",
            mapped=("1", "0", "2", "3", None),
        ),
        "earn": Shape(
            keys=("result", "list"),
            row={"coin": "X", "amount": "4"},
            currency="coin",
            required=("amount",),
            mapped=("0", "0", "4", "4", None),
            read=flexible_alone,
        ),
    },
    sent=(
        Sent(
            name="unified",
            signed=signed(Request(bybit.UNIFIED, (("accountType", "UNIFIED"),))),
            line="/v5/account/wallet-balance?accountType=UNIFIED",
            headers={
                "X-BAPI-API-KEY": "MadeUpBybitKey0001",
                "X-BAPI-TIMESTAMP": "1735689600000",
                "X-BAPI-RECV-WINDOW": "5000",
                "X-BAPI-SIGN": "f92d51989e10723c27e81e3ae8e51cf81adb4fb83826932b3089afe829a37e14",
            },
        ),
        Sent(
            name="without a query",
            signed=signed(Request(bybit.KEY)),
            line="/v5/user/query-api",
            headers={"X-BAPI-SIGN": "0f3b522716385322ef4eee8b9ded331982a72295ea50e7b5648a97f12e747e8e"},
        ),
    ),
    signature="X-BAPI-SIGN",
    harmless=("/v5/asset/transfer/query-account-coins-balance",),
    refusal={"retCode": 10006, "retMsg": "{}", "result": {}},
    price="lastPrice",
    values_itself=True,
    side=("overview", "/v5/asset/asset-overview"),
    named={"funding": "/v5/asset/transfer/query-account-coins-balance", "earn": "/v5/earn/position"},
    reasons={"vendor_maintenance": "exchange"},
    minus_ones={"available": 3.0, "frozen": -2.0},
)

FACTS = Facts(
    ban_scope="ip",
    ban_seconds=600.0,
    ban=(403, '{"retCode": 10018, "retMsg": "access too frequent", "result": {}}'),
    apis={"": API},
)
